package main

import (
	"strings"
	"testing"
	"time"

	"github.com/askbob/bob/jobs"
	"github.com/askbob/bob/llm"
)

// script says what a foe does, by what it is asked.
type script func(asked) blow

func always(b blow) script { return func(asked) blow { return b } }

// at does it to requests of one kind, and answers the others.
func at(what string, b blow) script {
	return func(a asked) blow {
		if a.what == what {
			return b
		}
		return good
	}
}

// first does it to the first requests, and answers the others.
func first(n int, b blow) script {
	return func(a asked) blow {
		if a.nth <= n {
			return b
		}
		return good
	}
}

// trial is a small job under one fault, and how it must end. A job without faults
// takes four requests: a plan, two tasks, and one to combine them.
type trial struct {
	a, b   script                              // of the two providers; b nil: there is one
	open   func(url string) (llm.Model, error) // of a; nil: by OpenAI's format
	step   time.Duration
	status jobs.Status
	reason jobs.Reason // of the job, or of a step that did not make it
	says   string      // in its sentence
	asks   int         // requests to a
	asksB  int
	free   bool // nothing is spent
}

var trials = map[string]trial{
	"no fault": {a: always(good), status: jobs.StatusCompleted, asks: 4},

	"wrong key":              {a: always(wrongKey), status: jobs.StatusFailed, reason: jobs.ReasonModel, says: "check its api_key", asks: 1, free: true},
	"wrong key, two":         {a: always(wrongKey), b: always(good), status: jobs.StatusCompleted, asks: 1, asksB: 4},
	"no quota":               {a: always(noQuota), status: jobs.StatusFailed, reason: jobs.ReasonModel, says: "has no quota left", asks: 1, free: true},
	"no quota, two":          {a: always(noQuota), b: always(good), status: jobs.StatusCompleted, asks: 1, asksB: 4},
	"no such model":          {a: always(nowhere), status: jobs.StatusFailed, reason: jobs.ReasonModel, says: "has no model m: check llm.models", asks: 1, free: true},
	"no such model, two":     {a: always(nowhere), b: always(good), status: jobs.StatusCompleted, asks: 4, asksB: 4},
	"too long":               {a: always(tooLong), status: jobs.StatusFailed, reason: jobs.ReasonModel, says: "use a model with a larger one", asks: 1, free: true},
	"too long for a step":    {a: at(forWork, tooLong), status: jobs.StatusFailed, reason: jobs.ReasonModel, says: "does not fit the context of m", asks: 3},
	"refused":                {a: always(refused), status: jobs.StatusFailed, reason: jobs.ReasonContentPolicy, says: "refused the content", asks: 1, free: true},
	"refused, two":           {a: always(refused), b: always(good), status: jobs.StatusFailed, reason: jobs.ReasonContentPolicy, asks: 1, free: true},
	"filtered":               {a: at(forWork, filtered), status: jobs.StatusFailed, reason: jobs.ReasonContentPolicy, says: "refused the content", asks: 3},
	"filtered, to combine":   {a: at(forCombine, filtered), status: jobs.StatusPartial, reason: jobs.ReasonContentPolicy, says: "refused the content", asks: 4},
	"garbage for a plan":     {a: first(1, garbage), status: jobs.StatusCompleted, asks: 5},
	"garbage for any plan":   {a: at(forPlan, garbage), status: jobs.StatusCompleted, asks: 4}, // three plans, and one task instead
	"garbage for work":       {a: at(forWork, garbage), status: jobs.StatusFailed, reason: jobs.ReasonRetryAt, says: "could not be used", asks: 7},
	"garbage for work, two":  {a: at(forWork, garbage), b: always(good), status: jobs.StatusCompleted, asks: 4, asksB: 2},
	"cut plan":               {a: first(1, cut), status: jobs.StatusCompleted, asks: 5},
	"cut plans":              {a: at(forPlan, cut), status: jobs.StatusCompleted, asks: 3}, // two plans, and one task instead
	"cut work":               {a: at(forWork, cut), status: jobs.StatusFailed, reason: jobs.ReasonTruncated, says: "cut off at its length limit", asks: 7},
	"empty once":             {a: first(1, empty), status: jobs.StatusCompleted, asks: 5},
	"empty":                  {a: always(empty), status: jobs.StatusFailed, reason: jobs.ReasonRetryAt, says: "could not be used", asks: 3},
	"empty, to combine":      {a: at(forCombine, empty), status: jobs.StatusPartial, reason: jobs.ReasonRetryAt, says: "could not be used", asks: 6},
	"unknown tool":           {a: always(stranger), status: jobs.StatusCompleted, asks: 6},
	"wrong arguments":        {a: always(illFed), status: jobs.StatusCompleted, asks: 6},
	"tool loop":              {a: always(looping), status: jobs.StatusFailed, reason: jobs.ReasonModel, says: "within its turns", asks: 1 + 2*6},
	"10 MB":                  {a: at(forWork, huge), status: jobs.StatusFailed, reason: jobs.ReasonRetryAt, says: "could not be used", asks: 7},
	"10 MB once":             {a: first(1, huge), status: jobs.StatusCompleted, asks: 5},
	"hangs":                  {a: always(hang), step: time.Second, status: jobs.StatusFailed, reason: jobs.ReasonTimeout, says: "took too long", asks: 3},
	"breaks off":             {a: always(breakOff), status: jobs.StatusFailed, reason: jobs.ReasonRetryAt, says: "could not be used", asks: 3},
	"breaks off once":        {a: first(1, breakOff), status: jobs.StatusCompleted, asks: 5},
	"breaks off, two":        {a: always(breakOff), b: always(good), status: jobs.StatusCompleted, asks: 4, asksB: 4},
	"limited, then not":      {a: first(5, limited), status: jobs.StatusCompleted, asks: 9},
	"limited for a moment":   {a: first(1, later), status: jobs.StatusCompleted, asks: 5},
	"limited for an hour":    {a: always(tomorrow), status: jobs.StatusPlanning, reason: jobs.ReasonRateLimit, says: "takes requests again", asks: 1, free: true},
	"limited, two":           {a: always(tomorrow), b: always(good), status: jobs.StatusCompleted, asks: 1, asksB: 4},
	"limited for ever":       {a: always(limited), status: jobs.StatusFailed, reason: jobs.ReasonRateLimit, says: "kept refusing", asks: 60, free: true},
	"limited for ever, told": {a: always(later), status: jobs.StatusFailed, reason: jobs.ReasonRateLimit, says: "kept refusing", asks: 60, free: true},
	"500 once":               {a: first(1, broken), status: jobs.StatusCompleted, asks: 5},
	"500 for ever":           {a: always(broken), status: jobs.StatusFailed, reason: jobs.ReasonRetryAt, says: "did not answer", asks: 3, free: true},
	"500 for ever, two":      {a: always(broken), b: always(good), status: jobs.StatusCompleted, asks: 4, asksB: 4},
	"both are broken":        {a: always(broken), b: always(broken), status: jobs.StatusFailed, reason: jobs.ReasonRetryAt, says: "did not answer", asks: 3, asksB: 3, free: true},
}

func TestHostile_faultsEndAsTheyShould(t *testing.T) {
	t.Parallel()
	for name, tt := range trials {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tt.run(t)
		})
	}
}

func (tt trial) run(t *testing.T) {
	t.Helper()
	foes := []*foe{newFoe(t, tt.a)}
	if tt.b != nil {
		foes = append(foes, newFoe(t, tt.b))
	}
	s := besiege(t, besieged{dir: t.TempDir(), step: tt.step, open: tt.open, settings: "jobs: {max_turns: 6, workers: 1}\n"}, foes...)
	defer s.lift()
	stop := s.watchPurses(time.Millisecond)
	id := s.submit("mark-1", jobs.Request{Budget: amount(t, "0.5")})
	if !s.rest(10*time.Second, patience) {
		t.Errorf("it does not come to rest")
	}
	if looks, seen := stop(); looks == 0 || len(seen) > 0 {
		t.Errorf("in %d looks: %v", looks, seen)
	}
	r := s.report(id)
	if r.Status != tt.status || !tt.tells(r) {
		t.Errorf("got %s, want %s for %q with %q:%s", r.Status, tt.status, tt.reason, tt.says, words(r))
	}
	if got := s.foes["a"].requests(); got != tt.asks {
		t.Errorf("a got %d requests, want %d", got, tt.asks)
	}
	if f := s.foes["b"]; f != nil && f.requests() != tt.asksB {
		t.Errorf("b got %d requests, want %d", f.requests(), tt.asksB)
	}
	if free := amount(t, r.Cost.USD) == 0; free != tt.free {
		t.Errorf("it cost %s", r.Cost.USD)
	}
	s.audit(map[string]jobs.JobID{"mark-1": id})
}

// tells reports whether the job, or one of its steps, gives the reason and says it.
func (tt trial) tells(r *jobs.Report) bool {
	if tt.reason == "" {
		return true
	}
	found := r.Reason == tt.reason && strings.Contains(r.Error, tt.says)
	for _, n := range r.Nodes {
		found = found || n.Reason == tt.reason && strings.Contains(n.Error, tt.says)
	}
	for _, w := range r.Waiting {
		found = found || w.Reason == tt.reason && strings.Contains(w.Text, tt.says)
	}
	return found
}

// words lists what a report says of each node.
func words(r *jobs.Report) string {
	text := "\njob: " + string(r.Reason) + ": " + r.Error
	for _, n := range r.Nodes {
		text += "\n" + n.Path + " " + string(n.Status) + " " + string(n.Reason) + ": " + n.Error
	}
	return text
}
