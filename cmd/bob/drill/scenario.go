package drill

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/askbob/bob/jobs"
	"github.com/askbob/bob/llm"
)

// scenario is what a seed draws for one run.
type scenario struct {
	seed    uint64
	rng     *rand.Rand // of the run's one thread of acts
	work    []submission
	acts    []act
	timeout time.Duration // of a job
}

// act is something that a run does, after a pause.
type act struct {
	after time.Duration
	what  Fault
}

// Sizes of a run. The acts last about two seconds.
const (
	minJobs, moreJobs = 3, 4
	minActs, moreActs = 20, 25
	longestPause      = 100 * time.Millisecond
)

// drawScenario draws the jobs of a run and what is done to them.
func drawScenario(seed uint64) *scenario {
	s := &scenario{seed: seed, rng: draws(seed, "scenario")}
	for i := range minJobs + s.rng.IntN(moreJobs) {
		s.work = append(s.work, s.submission(i+1))
	}
	for range minActs + s.rng.IntN(moreActs) {
		s.acts = append(s.acts, act{after: time.Duration(s.rng.Int64N(int64(longestPause))), what: s.fault()})
	}
	s.timeout = []time.Duration{0, 0, 30 * time.Minute, 2 * time.Hour}[s.rng.IntN(4)]
	return s
}

func (s *scenario) submission(i int) submission {
	w := submission{
		Key: fmt.Sprintf("drill:%d:%d", s.seed, i), Text: fmt.Sprintf("Carry out the drill's job [d%d]", i),
		Priority: []jobs.Priority{jobs.PriorityLow, jobs.PriorityMedium, jobs.PriorityHigh, jobs.PriorityUrgent}[s.rng.IntN(4)],
		Budget:   -1, Ask: s.rng.IntN(8) == 0,
	}
	switch s.rng.IntN(4) {
	case 0: // enough for the plan and some of the steps
		w.Budget = llm.Money(50+s.rng.IntN(100)) * llm.Dollar / 1000
	case 1, 2:
		w.Budget = 20 * llm.Dollar
	}
	if s.rng.IntN(3) == 0 {
		w.File = "month,revenue\n" + strings.Repeat(fmt.Sprintf("2025-%02d,%d\n", 1+s.rng.IntN(12), s.rng.IntN(1000)), 1+s.rng.IntN(20))
	}
	return w
}

// fault draws what an act does: control most often, for nothing races more.
func (s *scenario) fault() Fault {
	weights := []struct {
		what Fault
		of20 int
	}{
		{FaultKill, 4},
		{FaultKillBoot, 1},
		{FaultDuplicate, 2},
		{FaultEarly, 1},
		{FaultControl, 5},
		{FaultRepeat, 2},
		{FaultRace, 3},
		{FaultFull, 1},
		{FaultClock, 1},
	}
	n := s.rng.IntN(20)
	for _, w := range weights {
		if n -= w.of20; n < 0 {
			return w.what
		}
	}
	return FaultControl
}

// target is a node that a person may point at.
type target struct {
	job  jobs.JobID
	path string
}

// command draws what a person may do to a node, sensible or not.
func (s *scenario) command(at target) jobs.Command {
	verbs := []jobs.Verb{
		jobs.VerbPause, jobs.VerbPause, jobs.VerbResume, jobs.VerbResume, jobs.VerbRetry, jobs.VerbRetry, jobs.VerbRerun,
		jobs.VerbSkip, jobs.VerbPriority, jobs.VerbCancel,
	}
	c := jobs.Command{Job: at.job, Path: at.path, Verb: verbs[s.rng.IntN(len(verbs))], By: jobs.Actor{User: "drill", Surface: "drill"}}
	switch {
	case s.rng.IntN(20) == 0:
		c.Path = "9.9"
	case s.rng.IntN(6) == 0 && c.Verb != jobs.VerbCancel: // most jobs are to come to a result
		c.Path = ""
	}
	switch {
	case c.Verb == jobs.VerbPriority:
		c.Path, c.Priority = "", jobs.PriorityHigh
	case c.Verb == jobs.VerbRetry && c.Path != "" && s.rng.IntN(3) == 0:
		c.Prompt = fmt.Sprintf("Do it another way [d0/%s].", c.Path)
	}
	return c
}
