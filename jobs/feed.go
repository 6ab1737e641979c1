package jobs

import (
	"encoding/json"
	"sync"
	"time"
)

// Happening is one committed step of a job: what changed, in the order of Seq.
type Happening struct {
	Seq   int64           `json:"seq"`
	Job   JobID           `json:"job"`
	At    time.Time       `json:"at"`
	Moves json.RawMessage `json:"moves"` // a list of Move as it was stored: most only pass it on
}

// List returns the moves.
func (h *Happening) List() (moves []Move, err error) {
	err = json.Unmarshal(h.Moves, &moves)
	return moves, err
}

// Move is one node's change.
type Move struct {
	Node   NodeID `json:"n"`
	Event  Event  `json:"e"`
	From   Status `json:"f,omitempty"`
	Status Status `json:"s"`
	Reason Reason `json:"r,omitempty"`
}

// Feed tells subscribers that something was committed. It only knocks: whoever is
// told reads the rows, so that a slow reader misses nothing and delays nobody. The
// zero value is ready; safe for concurrent use.
type Feed struct {
	mu      sync.Mutex
	subs    map[JobID]map[chan struct{}]struct{}
	watches map[*Watch]struct{}
}

// Subscribe returns a channel that receives when something of job changed; several
// changes may be one knock. The caller must call stop.
func (f *Feed) Subscribe(job JobID) (knock <-chan struct{}, stop func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	ch := make(chan struct{}, 1)
	if f.subs == nil {
		f.subs = map[JobID]map[chan struct{}]struct{}{}
	}
	if f.subs[job] == nil {
		f.subs[job] = map[chan struct{}]struct{}{}
	}
	f.subs[job][ch] = struct{}{}
	return ch, func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		delete(f.subs[job], ch)
		if len(f.subs[job]) == 0 {
			delete(f.subs, job)
		}
	}
}

// Publish knocks at the subscribers of the jobs, and tells those who watch all. An
// empty ID stands for the schedules. It never blocks.
func (f *Feed) Publish(jobs ...JobID) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, job := range jobs {
		for ch := range f.subs[job] {
			select {
			case ch <- struct{}{}:
			default:
			}
		}
	}
	for w := range f.watches {
		w.add(jobs)
	}
}
