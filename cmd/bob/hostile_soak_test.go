package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/askbob/bob/jobs"
)

const (
	// soakVar is how many jobs are soaked. Unset: shortSoak.
	soakVar   = "BOB_SOAK"
	shortSoak = 20
	// soakTime bounds a soak, so that its figures are printed before a test's time
	// is up.
	soakTime = 10 * time.Minute
)

func soakSize(t *testing.T) int {
	t.Helper()
	text, ok := os.LookupEnv(soakVar)
	if !ok {
		return shortSoak
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		t.Fatalf("%s is %q: it must be a number of jobs", soakVar, text)
	}
	return n
}

// TestSoak runs many jobs side by side over two providers with limits that fail and
// lie now and then.
//
//	BOB_SOAK=1000 go test ./cmd/bob -run Soak -timeout 30m -v
func TestSoak(t *testing.T) {
	t.Parallel()
	n := soakSize(t)
	w := world{seed: rand.Uint64(), violence: 6, lies: 4, faults: passing, large: true}
	a, b := newFoe(t, w.answers("a")), newFoe(t, w.answers("b"))
	s := besiege(t, besieged{
		dir: t.TempDir(), step: 30 * time.Second,
		settings: "jobs: {workers: 24, max_turns: 6, max_depth: 4, budget_per_user_day: 3, budget_per_workspace_month: 100}\n",
		limits:   ", max_concurrent: 12, requests_per_minute: 24000, tokens_per_minute: 900000000",
	}, a, b)
	defer s.lift()
	stop := s.watchPurses(20 * time.Millisecond)
	begun := time.Now()
	marks := s.flood(n)
	rested := s.soaked(t, n)
	looks, seen := stop()
	if err := s.halt(); err != nil { // if the time is up, some are still at work
		t.Error(err)
	}
	f := s.figures(marks)
	t.Logf("seed %d: %d jobs in %s, all at rest: %v\n%s", w.seed, n, time.Since(begun).Round(time.Second), rested, f.text)
	t.Logf("over budget %d in %d looks, stuck %d, uncounted %d, booked and not got %d, duplicated %d", len(seen), looks, f.stuck, f.uncounted, f.ungot, f.duplicated)
	if len(seen) > 0 || f.stuck+f.uncounted+f.ungot+f.duplicated > 0 {
		t.Errorf("over budget: %.2000s", fmt.Sprint(seen))
	}
	if !rested {
		t.Errorf("after %s some are still at work", soakTime)
		return
	}
	s.audit(marks)
}

// flood submits so many jobs with budgets of all sizes.
func (s *siege) flood(n int) map[string]jobs.JobID {
	s.Helper()
	marks := map[string]jobs.JobID{}
	for i := range n {
		mark := fmt.Sprintf("mark-%d", i)
		marks[mark] = s.submit(mark, jobs.Request{
			User: fmt.Sprint("user ", i%50), Workspace: fmt.Sprint("workspace ", i%3), Budget: funds[i%len(funds)],
		})
	}
	return marks
}

// soaked waits until no job has anything to do before tomorrow.
func (s *siege) soaked(t *testing.T, n int) bool {
	t.Helper()
	const news = 30 * time.Second
	for begun := time.Now(); time.Since(begun) < soakTime; {
		if s.rest(24*time.Hour, news) {
			return true
		}
		t.Logf("%s: %d of %d jobs are final, %d calls", time.Since(begun).Round(time.Second),
			s.count("SELECT count(*) FROM jobs WHERE final = 1"), n, s.count("SELECT count(*) FROM calls"))
	}
	return false
}

// figures are what a soak is measured by.
type figures struct {
	stuck      int64
	uncounted  int64 // requests without a line
	ungot      int64 // lines that cost something, or say that they were answered, without a request
	duplicated int64 // lines for one request
	text       string
}

func (s *siege) figures(marks map[string]jobs.JobID) figures {
	s.Helper()
	var f figures
	ends, reasons := map[jobs.Status]int{}, map[jobs.Reason]int{}
	var tasks int
	for _, id := range marks {
		r := s.report(id)
		ends[r.Status]++
		tasks += r.Summary.Total
		for _, n := range r.Nodes {
			if n.Reason != "" {
				reasons[n.Reason]++
			}
		}
		atWork := s.count(restless+" AND job_id = ?", time.Now().Add(24*time.Hour).UnixMilli(), string(id)) > 0
		if !atWork && stuck(r) != "" {
			f.stuck++
		}
	}
	for name, foe := range s.foes {
		booked := s.count("SELECT count(*) FROM calls WHERE provider = ?", name)
		unsent := s.count("SELECT count(*) FROM calls WHERE provider = ? AND "+wasUnsent, name)
		got := int64(foe.requests())
		f.uncounted += max(0, got-booked)
		f.ungot += max(0, booked-unsent-got)
		f.text += fmt.Sprintf("%s: %d requests, %d lines, %d of them perhaps unsent; ", name, got, booked, unsent)
	}
	f.duplicated = s.count("SELECT count(*) - count(DISTINCT request_id) FROM calls WHERE request_id <> ''")
	lines, err := s.h.service.Costs(context.Background(), jobs.CostQuery{By: jobs.CostByModel})
	s.must(err)
	for _, line := range lines {
		f.text += fmt.Sprintf("%s $%s; ", line.Key, line.Spent())
	}
	f.text += fmt.Sprintf("%d calls beyond what was reserved; %d steps\nends %v, reasons of steps %v",
		s.count("SELECT count(*) FROM calls WHERE cost > reserved"), tasks, ends, reasons)
	return f
}
