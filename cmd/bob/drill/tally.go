package drill

import (
	"sync"
	"time"
)

// tally counts what a drill does and finds. It is safe for concurrent use.
type tally struct {
	mu       sync.Mutex
	faults   map[Fault]int
	found    map[Kind]int
	restarts []time.Duration // from the start of a process to its first claim
	jobs     int
	nodes    int
	calls    int
}

func newTally() *tally { return &tally{faults: map[Fault]int{}, found: map[Kind]int{}} }

func (t *tally) fault(f Fault) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.faults[f]++
}

func (t *tally) restart(d time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.restarts = append(t.restarts, d)
}

func (t *tally) add(list []Violation) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, v := range list {
		t.found[v.Kind]++
	}
}

func (t *tally) sized(jobs, nodes, calls int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.jobs, t.nodes, t.calls = t.jobs+jobs, t.nodes+nodes, t.calls+calls
}
