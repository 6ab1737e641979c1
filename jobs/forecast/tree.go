package forecast

import (
	"container/heap"
	"math/rand/v2"

	"github.com/askbob/bob/jobs"
)

// item is a piece of work in the mind: a leaf, a combine step, or, free, a gate
// that opens when what a branch depends on is done.
type item struct {
	guess

	free bool
	next []int // items that wait for it
	deps int   // how many it waits for
}

// What a subplan that is planned later is taken to grow into: tasks, and rounds of
// them one after another.
const (
	laterTasks, laterTasksHigh   = 3, 8
	laterRounds, laterRoundsHigh = 2, 4
)

// layOut makes items of a plan: for every leaf one, for every branch a gate and a
// combine step.
func layOut(b *book, n *jobs.Node, p jobs.Plan) ([]item, error) {
	if step := p.OneStep(); step != nil {
		g, err := b.leaf(n.Type, step)
		return []item{{guess: g}}, err
	}
	l := &layout{book: b, ends: map[string]int{}, gates: map[string]int{}, kids: map[string]int{}}
	for i := range p.Steps {
		l.kids[p.Steps[i].Parent]++
	}
	if err := l.branch("", n.Type, n.Needs); err != nil {
		return nil, err
	}
	for i := range p.Steps {
		if err := l.step(&p.Steps[i]); err != nil {
			return nil, err
		}
	}
	for i := range p.Steps {
		s := &p.Steps[i]
		start, gated := l.gates[s.Key]
		if !gated {
			start = l.ends[s.Key]
		}
		for _, key := range s.DependsOn {
			if end, ok := l.ends[key]; ok {
				l.edge(end, start)
			}
		}
	}
	return l.items, nil
}

type layout struct {
	book  *book
	items []item
	ends  map[string]int // of a step: the item whose end is the step's
	gates map[string]int // of a branch
	kids  map[string]int
}

func (l *layout) add(it item) int {
	l.items = append(l.items, it)
	return len(l.items) - 1
}

func (l *layout) edge(from, to int) {
	l.items[from].next = append(l.items[from].next, to)
	l.items[to].deps++
}

// branch adds the gate and the combine step of a branch. One that has a single
// child passes its result on.
func (l *layout) branch(key string, typ jobs.Type, needs jobs.Requirements) error {
	combine := item{free: true}
	if l.kids[key] > 1 {
		g, err := l.book.guess(ask{typ: typ, phase: jobs.PhaseCombine, needs: needs})
		if err != nil {
			return err
		}
		combine = item{guess: g}
	}
	l.gates[key] = l.add(item{free: true})
	l.ends[key] = l.add(combine)
	return nil
}

// step adds a step below its branch.
func (l *layout) step(s *jobs.Step) error {
	if s.Type.Leaf() || s.Later {
		g, err := l.book.leaf(s.Type, s)
		if err != nil {
			return err
		}
		l.ends[s.Key] = l.add(item{guess: g})
		l.edge(l.gates[s.Parent], l.ends[s.Key])
	} else {
		if err := l.branch(s.Key, s.Type, s.Needs); err != nil {
			return err
		}
		l.edge(l.gates[s.Parent], l.gates[s.Key])
		l.edge(l.gates[s.Key], l.ends[s.Key])
	}
	l.edge(l.ends[s.Key], l.ends[s.Parent])
	return nil
}

// leaf guesses a leaf of that type, or a subplan that is planned later.
func (b *book) leaf(typ jobs.Type, s *jobs.Step) (guess, error) {
	work := ask{typ: typ, phase: jobs.PhaseWork, call: s.Type == jobs.TypeAPICall, needs: s.Needs, estimate: s.Estimate}
	if !s.Later {
		return b.guess(work)
	}
	work.typ, work.call, work.estimate = jobs.TypeTask, false, 0
	task, err := b.guess(work)
	if err != nil {
		return guess{}, err
	}
	plan, err := b.guess(ask{typ: typ, phase: jobs.PhasePlan, needs: s.Needs})
	planCost, planTook := plan.spreads()
	taskCost, taskTook := task.spreads()
	return guess{
		cost:   planCost.plus(taskCost.times(laterTasks, laterTasksHigh)),
		took:   planTook.plus(taskTook.times(laterRounds, laterRoundsHigh)),
		priced: plan.priced && task.priced,
	}, err
}

// play lets the items run once with so many workers, and returns what that cost
// and how long it took.
func play(items []item, workers int, dice *rand.Rand) (cost, took float64) {
	deps := make([]int, len(items))
	var ready []int
	for i := range items {
		if deps[i] = items[i].deps; deps[i] == 0 {
			ready = append(ready, i)
		}
	}
	var busy running
	for len(ready) > 0 || len(busy) > 0 {
		var ended int
		switch {
		case len(ready) > 0 && items[ready[0]].free:
			ended, ready = ready[0], ready[1:]
		case len(ready) > 0 && len(busy) < workers:
			i := ready[0]
			ready = ready[1:]
			c, t := items[i].draw(dice)
			cost += c
			heap.Push(&busy, ending{took + t, i})
			continue
		default:
			first, _ := heap.Pop(&busy).(ending)
			took, ended = first.at, first.item
		}
		for _, i := range items[ended].next {
			if deps[i]--; deps[i] == 0 {
				ready = append(ready, i)
			}
		}
	}
	return cost, took
}

// ending is when an item under way will be done.
type ending struct {
	at   float64
	item int
}

// running is a heap of endings, the first one on top.
type running []ending

func (h running) Len() int           { return len(h) }
func (h running) Less(i, j int) bool { return h[i].at < h[j].at }
func (h running) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }

// Push appends an item; only container/heap calls it.
func (h *running) Push(x any) { *h = append(*h, x.(ending)) } //nolint:forcetypeassert // only heap calls it

// Pop takes the last item; only container/heap calls it.
func (h *running) Pop() any {
	last := (*h)[len(*h)-1]
	*h = (*h)[:len(*h)-1]
	return last
}
