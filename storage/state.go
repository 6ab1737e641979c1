package storage

import (
	"errors"
	"fmt"
	"time"

	"github.com/askbob/bob/jobs"
)

// nodeState is what of a node moves, and what of it decides how others move. A
// unit loads it once and writes it once.
type nodeState struct {
	id     int64
	job    jobs.JobID
	parent int64
	path   string
	depth  int
	typ    jobs.Type

	optional  bool
	onFailure jobs.OnFailure
	priority  jobs.Priority

	// The rest is written back.
	title                     string
	status, verdict           jobs.Status
	reason                    jobs.Reason
	phase                     jobs.Phase
	desired                   jobs.Desired
	attempt, tries            int
	epoch                     int64
	owner                     string
	ready                     bool
	notBefore                 int64
	started, claimed, ended   int64
	step                      string
	steps, totalSteps         int
	openChildren, openDeps    int
	dependants                int
	kids                      jobs.Children
	n                         jobs.Counts
	busy                      int         // nodes below that workers hold
	before                    jobs.Status // of a paused node: what it goes back to
	beforeReason              jobs.Reason
	provider, model, errorMsg string

	result *jobs.Finish // to be written; nil: none

	dirty      bool
	counted    bool  // only counters changed
	doneBefore int64 // n.WeightDone when it was loaded
}

const loadState = `SELECT job_id, parent_id, path, depth, type, optional, on_failure, priority,
  title, status, verdict, reason, phase, desired, attempt, tries, epoch, owner, ready, not_before,
  started_at, claimed_at, completed_at, current_step, steps_completed, total_steps,
  open_children, open_deps, dependants,
  c_completed, c_partial, c_failed, c_skipped, c_cancelled, o_good, o_bad,
  l_total, l_completed, l_failed, l_running, l_skipped, l_cancelled, weight, weight_done,
  tokens_in, tokens_read, tokens_write, tokens_out, cost, unpriced, provider, model, error, busy, before, before_reason
FROM nodes WHERE id = ?`

const (
	saveColumns = `UPDATE nodes SET
  title = ?, status = ?, verdict = ?, reason = ?, phase = ?, desired = ?, attempt = ?, tries = ?, epoch = ?, owner = ?,
  ready = ?, not_before = ?, started_at = ?, claimed_at = ?, completed_at = ?, current_step = ?, steps_completed = ?,
  total_steps = ?, open_children = ?, open_deps = ?, dependants = ?,
  c_completed = ?, c_partial = ?, c_failed = ?, c_skipped = ?, c_cancelled = ?, o_good = ?, o_bad = ?,
  l_total = ?, l_completed = ?, l_failed = ?, l_running = ?, l_skipped = ?, l_cancelled = ?, weight = ?, weight_done = ?,
  tokens_in = ?, tokens_read = ?, tokens_write = ?, tokens_out = ?, cost = ?, unpriced = ?,
  provider = ?, model = ?, error = ?, busy = ?, before = ?, before_reason = ?`
	saveState = saveColumns + " WHERE id = ?"
	// saveResult is saveState for a branch that came to a result.
	saveResult = saveColumns + ", result = ?, result_sha256 = ?, summary = '' WHERE id = ?"
)

// saveCounts is saveState for a branch whose leaves moved while it did not.
const saveCounts = `UPDATE nodes SET open_children = ?,
  c_completed = ?, c_partial = ?, c_failed = ?, c_skipped = ?, c_cancelled = ?, o_good = ?, o_bad = ?,
  l_total = ?, l_completed = ?, l_failed = ?, l_running = ?, l_skipped = ?, l_cancelled = ?, weight = ?, weight_done = ?,
  tokens_in = ?, tokens_read = ?, tokens_write = ?, tokens_out = ?, cost = ?, unpriced = ?, busy = ?
WHERE id = ?`

// moving lists pointers to what loadState reads from title on and saveState
// writes, in their order.
func (s *nodeState) moving() []any {
	return []any{
		&s.title, &s.status, &s.verdict, &s.reason, &s.phase, &s.desired, &s.attempt, &s.tries, &s.epoch, &s.owner,
		&s.ready, &s.notBefore, &s.started, &s.claimed, &s.ended, &s.step, &s.steps,
		&s.totalSteps, &s.openChildren, &s.openDeps, &s.dependants,
		&s.kids.Completed, &s.kids.Partial, &s.kids.Failed, &s.kids.Skipped, &s.kids.Cancelled,
		&s.kids.OptionalGood, &s.kids.OptionalBad,
		&s.n.Total, &s.n.Completed, &s.n.Failed, &s.n.Running, &s.n.Skipped, &s.n.Cancelled, &s.n.Weight, &s.n.WeightDone,
		&s.n.Tokens.Input, &s.n.Tokens.CacheRead, &s.n.Tokens.CacheWrite, &s.n.Tokens.Output, &s.n.Cost, &s.n.Unpriced,
		&s.provider, &s.model, &s.errorMsg, &s.busy, &s.before, &s.beforeReason,
	}
}

// seen returns the state of a node if it is in memory, else nil.
func (u *unit) seen(id int64) *nodeState {
	if s, ok := u.nodes[id]; ok {
		return s
	}
	s, ok := u.w.states[id]
	if ok {
		s.doneBefore = s.n.WeightDone
		u.nodes[id] = s
	}
	return s
}

// load returns the state of a node. It returns jobs.ErrNotFound if there is none.
func (u *unit) load(id int64) (*nodeState, error) {
	if s := u.seen(id); s != nil {
		return s, nil
	}
	delete(u.w.ready, id) // who loads it may change it
	if err := u.settleRow(id); err != nil {
		return nil, err
	}
	s := &nodeState{id: id}
	dest := append([]any{&s.job, &s.parent, &s.path, &s.depth, &s.typ, &s.optional, &s.onFailure, &s.priority}, s.moving()...)
	if err := u.read(loadState, []any{id}, dest...); err != nil {
		return nil, err
	}
	s.doneBefore = s.n.WeightDone
	u.nodes[id] = s
	return s, nil
}

// states loads nodes.
func (u *unit) states(ids []int64) ([]*nodeState, error) {
	list := make([]*nodeState, 0, len(ids))
	for _, id := range ids {
		s, err := u.load(id)
		if err != nil {
			return nil, err
		}
		list = append(list, s)
	}
	return list, nil
}

// find loads the nodes whose ids a query lists.
func (u *unit) find(text string, args ...any) ([]*nodeState, error) {
	ids, err := u.ids(text, args...)
	if err != nil {
		return nil, err
	}
	return u.states(ids)
}

// dependants loads what depends on a node.
func (u *unit) dependants(id int64) ([]*nodeState, error) {
	return u.find("SELECT node_id FROM deps WHERE on_id = ?", id)
}

// dependencies loads what a node depends on.
func (u *unit) dependencies(s *nodeState) ([]*nodeState, error) {
	return u.find("SELECT on_id FROM deps WHERE node_id = ?", s.id)
}

// held returns the state of a node if the worker with this fence still holds it,
// jobs.ErrStale if not.
func (u *unit) held(f jobs.Fence) (*nodeState, error) {
	s, err := u.load(int64(f.Node))
	if errors.Is(err, jobs.ErrNotFound) { // the transaction that made it failed, or its job was forgotten
		return nil, fmt.Errorf("node %d: %w", f.Node, jobs.ErrStale)
	}
	if err != nil {
		return nil, err
	}
	if s.epoch != f.Epoch || s.owner == "" {
		return nil, fmt.Errorf("node %d: %w", f.Node, jobs.ErrStale)
	}
	return s, nil
}

// flush writes what was changed in memory.
func (u *unit) flush() error {
	if err := u.settleRows(); err != nil {
		return err
	}
	for _, s := range u.nodes {
		if err := u.save(s); err != nil {
			return err
		}
	}
	return nil
}

func (u *unit) save(s *nodeState) error {
	dirty, counted := s.dirty, s.counted
	s.dirty, s.counted = false, false
	if !dirty && counted {
		n := &s.n
		_, err := u.write(saveCounts, s.openChildren, s.kids.Completed, s.kids.Partial, s.kids.Failed, s.kids.Skipped, s.kids.Cancelled,
			s.kids.OptionalGood, s.kids.OptionalBad, n.Total, n.Completed, n.Failed, n.Running, n.Skipped, n.Cancelled, n.Weight, n.WeightDone,
			n.Tokens.Input, n.Tokens.CacheRead, n.Tokens.CacheWrite, n.Tokens.Output, int64(n.Cost), n.Unpriced, s.busy, s.id)
		return err
	}
	if !dirty {
		return nil
	}
	delete(u.w.ready, s.id)
	if s.ready && s.desired == jobs.DesiredRun {
		u.w.isReady(s.id, s.epoch)
	}
	args := make([]any, 0, 52)
	for _, p := range s.moving() {
		args = append(args, value(p))
	}
	text := saveState
	if s.result != nil {
		text, args = saveResult, append(args, s.result.Result, s.result.Blob)
		s.result = nil
	}
	_, err := u.write(text, append(args, s.id)...)
	return err
}

// value returns what a pointer of moving points at, as the driver takes it.
func value(p any) any {
	switch p := p.(type) {
	case *int:
		return *p
	case *int64:
		return *p
	case *string:
		return *p
	case *bool:
		return *p
	case *jobs.Status:
		return string(*p)
	case *jobs.Reason:
		return string(*p)
	case *jobs.Phase:
		return string(*p)
	case *jobs.Desired:
		return string(*p)
	case *jobs.Money:
		return int64(*p)
	}
	panic(fmt.Sprintf("no column type for %T", p)) // a field of nodeState was given a new type
}

// evict writes a node and forgets it, so that a statement of its own may change
// the row.
func (u *unit) evict(id int64) error {
	delete(u.w.states, id)
	if err := u.settleRow(id); err != nil {
		return err
	}
	s, ok := u.nodes[id]
	if !ok {
		return nil
	}
	delete(u.nodes, id)
	return u.save(s)
}

// above calls fn for every ancestor of a node, from its parent up to the root.
func (u *unit) above(parent int64, fn func(s *nodeState)) error {
	for parent != 0 {
		s, err := u.load(parent)
		if err != nil {
			return err
		}
		fn(s)
		s.counted = true
		parent = s.parent
	}
	return nil
}

// announce tells the dispatcher of a node that became ready.
func (u *unit) announce(s *nodeState) {
	s.ready, s.dirty = true, true
	u.ready = append(u.ready, jobs.Ready{
		Fence: jobs.Fence{Node: jobs.NodeID(s.id), Epoch: s.epoch},
		Job:   s.job, Rank: s.priority.Rank(), NotBefore: fromMS(s.notBefore), Known: s.node(),
	})
}

// fence is that of the claim on the node.
func (s *nodeState) fence() jobs.Fence { return jobs.Fence{Node: jobs.NodeID(s.id), Epoch: s.epoch} }

// node is what a claim needs of the state.
func (s *nodeState) node() *jobs.Node {
	return &jobs.Node{
		ID: jobs.NodeID(s.id), Job: s.job, Parent: jobs.NodeID(s.parent), Path: s.path, Depth: s.depth, Type: s.typ, Title: s.title,
		Priority: s.priority, Optional: s.optional, Status: s.status, Phase: s.phase, Verdict: s.verdict, Attempt: s.attempt, Tries: s.tries,
		Epoch: s.epoch, Dependants: s.dependants, Started: fromMS(s.started), NotBefore: fromMS(s.notBefore),
		Counts: jobs.Counts{Weight: s.n.Weight},
	}
}

func millis(d time.Duration) int64 { return d.Milliseconds() }
