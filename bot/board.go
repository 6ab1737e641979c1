package bot

import "sync"

// Board remembers which cards a Delivery put up until the Reporter of the surface has
// heard of it: what is up as it should be needs no edit. A nil Board knows nothing. It is
// safe for concurrent use.
type Board struct {
	mu sync.Mutex
	up map[Placed]digest
}

// maxBoard bounds the cards that no Reporter asked for.
const maxBoard = 10_000

// NewBoard returns an empty Board.
func NewBoard() *Board { return &Board{up: map[Placed]digest{}} }

func (b *Board) put(at Placed, c Card) {
	if b == nil {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.up) >= maxBoard {
		clear(b.up)
	}
	b.up[at] = digestOf(c)
}

// take returns what was put up, and forgets it; zero: it is not known.
func (b *Board) take(at Placed) digest {
	if b == nil {
		return digest{}
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	d := b.up[at]
	delete(b.up, at)
	return d
}
