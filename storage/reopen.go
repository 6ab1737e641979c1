package storage

import (
	"fmt"

	"github.com/askbob/bob/jobs"
)

// reopening is what runs again: leaves, and the branches above them. It is worked
// out as a whole before a row is changed.
type reopening struct {
	u        *unit
	leaves   map[int64]*nodeState
	branches map[int64]*nodeState
	follow   map[int64]bool // nodes whose dependants were looked at
}

// runAgain lets what did not succeed below a node run again, or, for VerbRerun, all
// of it; and what was skipped for it or built on its results. Finished work beside
// it is kept, and a branch that is at work goes on with the results it began with.
func (u *unit) runAgain(s *nodeState, c jobs.Command) error {
	if !s.status.Final() && s.desired == jobs.DesiredCancel {
		return s.over()
	}
	if c.Prompt != "" && s.phase != jobs.PhaseWork {
		return &jobs.UserError{Message: s.called() + " has steps of its own: give the new prompt to one of them."}
	}
	if err := u.flush(); err != nil {
		return err
	}
	r := &reopening{u: u, leaves: map[int64]*nodeState{}, branches: map[int64]*nodeState{}, follow: map[int64]bool{}}
	if err := r.choose(s, c.Verb); err != nil {
		return err
	}
	if err := r.prune(s); err != nil {
		return err
	}
	if err := u.exec("UPDATE jobs SET finishing = 0 WHERE id = ?", string(s.job)); err != nil {
		return err
	}
	if c.Prompt != "" {
		if err := u.exec("UPDATE nodes SET prompt = ? WHERE id = ?", c.Prompt, s.id); err != nil {
			return err
		}
	}
	return r.carryOut()
}

// choose collects the leaves that a command names, and all that follows from them.
func (r *reopening) choose(s *nodeState, verb jobs.Verb) error {
	list, err := r.u.finalLeaves(s)
	if err != nil {
		return err
	}
	for _, leaf := range list {
		if leaf.reason == jobs.ReasonReplanned && s.reason != jobs.ReasonReplanned {
			continue // set aside: only who names it means it
		}
		if verb == jobs.VerbRerun || leaf.status != jobs.StatusCompleted {
			if err := r.add(leaf); err != nil {
				return err
			}
		}
	}
	switch {
	case len(r.leaves) > 0:
		return nil
	case s.phase == jobs.PhaseCombine && (s.status == jobs.StatusPartial || s.status == jobs.StatusFailed):
		return r.above(s) // only its last step, the combining, did not succeed
	case verb == jobs.VerbRerun || !s.status.Final():
		return &jobs.UserError{Message: s.called() + " has nothing yet that could run again."}
	}
	return &jobs.UserError{Message: fmt.Sprintf("%s is %s and nothing in it failed: rerun a step to run it again.", s.called(), s.status)}
}

// finalLeaves lists the leaves of a subtree that came to an end.
func (u *unit) finalLeaves(s *nodeState) ([]*nodeState, error) {
	if s.phase != jobs.PhaseCombine {
		if !s.status.Final() {
			return nil, nil
		}
		return []*nodeState{s}, nil
	}
	return u.find(`SELECT id FROM nodes WHERE job_id = ? AND phase <> 'combine' AND completed_at > 0
		AND (? = '' OR substr(path, 1, length(?) + 1) = ? || '.') ORDER BY id`, string(s.job), s.path, s.path, s.path)
}

// add takes a leaf, the branches above it, and what depends on any of them.
func (r *reopening) add(leaf *nodeState) error {
	if r.leaves[leaf.id] != nil {
		return nil
	}
	r.leaves[leaf.id] = leaf
	if err := r.dependants(leaf); err != nil {
		return err
	}
	if leaf.parent == 0 {
		return nil
	}
	parent, err := r.u.load(leaf.parent)
	if err != nil {
		return err
	}
	return r.above(parent)
}

// above takes a branch and those above it.
func (r *reopening) above(s *nodeState) error {
	for r.branches[s.id] == nil {
		r.branches[s.id] = s
		if s.status.Final() {
			if err := r.dependants(s); err != nil {
				return err
			}
		}
		if s.parent == 0 {
			return nil
		}
		var err error
		if s, err = r.u.load(s.parent); err != nil {
			return err
		}
	}
	return nil
}

// dependants takes what depends on a node and came to an end: it was skipped for
// it, or built on a result that will be another. What a person or a quorum ended
// stays ended.
func (r *reopening) dependants(on *nodeState) error {
	if on.dependants == 0 || r.follow[on.id] {
		return nil
	}
	r.follow[on.id] = true
	list, err := r.u.dependants(on.id)
	if err != nil {
		return err
	}
	for _, d := range list {
		leaves, err := r.u.finalLeaves(d)
		if err != nil {
			return err
		}
		for _, leaf := range leaves {
			if leaf.reason == jobs.ReasonUser || leaf.reason == jobs.ReasonNotNeeded || leaf.reason == jobs.ReasonReplanned {
				continue
			}
			if err := r.add(leaf); err != nil {
				return err
			}
		}
	}
	return nil
}

// prune drops leaves that could not start, because something else that they depend
// on has failed and stays so. It refuses if asked is among them.
func (r *reopening) prune(asked *nodeState) error {
	lone := len(r.leaves) == 0 // only the combining of asked runs again
	for again := true; again; {
		again = false
		for id, leaf := range r.leaves {
			lost, err := r.lostDependency(leaf)
			if err != nil {
				return err
			}
			if lost == nil {
				continue
			}
			if id == asked.id {
				return &jobs.UserError{Message: fmt.Sprintf("%s depends on step %s, which is %s: retry that one.", asked.called(), lost.path, lost.status)}
			}
			delete(r.leaves, id)
			again = true
		}
		if again && !lone {
			if err := r.onlyAbove(); err != nil {
				return err
			}
		}
	}
	if len(r.leaves) == 0 && !lone {
		return &jobs.UserError{Message: asked.called() + " depends on steps that failed: retry those."}
	}
	return nil
}

// onlyAbove keeps the branches above the leaves that are left.
func (r *reopening) onlyAbove() error {
	clear(r.branches)
	for _, s := range r.leaves {
		for parent := s.parent; parent != 0 && r.branches[parent] == nil; {
			p, err := r.u.load(parent)
			if err != nil {
				return err
			}
			r.branches[parent] = p
			parent = p.parent
		}
	}
	return nil
}

// lostDependency returns what a leaf, or a branch above it, depends on and that
// will never satisfy it, nil if there is nothing.
func (r *reopening) lostDependency(s *nodeState) (*nodeState, error) {
	for {
		ons, err := r.u.dependencies(s)
		if err != nil {
			return nil, err
		}
		for _, on := range ons {
			if on.status.Final() && !jobs.Satisfies(on.status, on.optional) && r.leaves[on.id] == nil && r.branches[on.id] == nil {
				return on, nil
			}
		}
		if s.parent == 0 {
			return nil, nil
		}
		if s, err = r.u.load(s.parent); err != nil {
			return nil, err
		}
	}
}
