package storage

import "github.com/askbob/bob/jobs"

// window is what Local knows of one job.
type window struct {
	job   jobs.JobID
	rank  int
	turn  int64 // of its next node
	seq   int64 // of its place in the line
	place int   // in the line, or nowhere

	idle  []jobs.Ready          // to hand out now, the next one last
	later int                   // nodes that wait for their time
	busy  int                   // nodes in hand
	held  map[jobs.NodeID]int64 // waiting here or in hand: the newest epoch of each
	more  bool                  // the store has, or may have, ready nodes that are not held
	from  jobs.NodeID           // the first of those
}

// defaultWindow is large enough to ask the store seldom.
const defaultWindow = 8192

// nowhere is the place of a window that is not in the line.
const nowhere = -1

// waiting is how many nodes wait here.
func (w *window) waiting() int { return len(w.idle) + w.later }

// miss notes that the store has, or may have, a ready node that is not held.
func (w *window) miss(id jobs.NodeID) {
	if !w.more || id < w.from {
		w.from = id
	}
	w.more = true
}

// room is how many nodes to read so that a window of that size is filled: what is
// held already is read too.
func (w *window) room(size int) int {
	n := size - w.waiting()
	for id := range w.held {
		n += count(id >= w.from)
	}
	return n
}

// line is a heap of windows: by priority, then by turn, then who came first.
type line []*window

func (q line) Len() int { return len(q) }
func (q line) Less(i, j int) bool {
	switch {
	case q[i].rank != q[j].rank:
		return q[i].rank > q[j].rank
	case q[i].turn != q[j].turn:
		return q[i].turn < q[j].turn
	}
	return q[i].seq < q[j].seq
}

func (q line) Swap(i, j int) {
	q[i], q[j] = q[j], q[i]
	q[i].place, q[j].place = i, j
}

// Push appends a window; only container/heap calls it.
func (q *line) Push(x any) {
	w := x.(*window) //nolint:forcetypeassert // only heap calls it
	w.place = len(*q)
	*q = append(*q, w)
}

// Pop takes the last window; only container/heap calls it.
func (q *line) Pop() any {
	w := pop((*[]*window)(q))
	w.place = nowhere
	return w
}

// laterHeap is ordered by time.
type laterHeap []jobs.Ready

func (h laterHeap) Len() int           { return len(h) }
func (h laterHeap) Less(i, j int) bool { return h[i].NotBefore.Before(h[j].NotBefore) }
func (h laterHeap) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }

// Push appends a node; only container/heap calls it.
func (h *laterHeap) Push(x any) { *h = append(*h, x.(jobs.Ready)) } //nolint:forcetypeassert // only heap calls it

// Pop takes the last node; only container/heap calls it.
func (h *laterHeap) Pop() any { return pop((*[]jobs.Ready)(h)) }

// pop takes the last of a list, and keeps nothing of it.
func pop[T any](list *[]T) T {
	var none T
	end := len(*list) - 1
	last := (*list)[end]
	(*list)[end] = none
	*list = (*list)[:end]
	return last
}
