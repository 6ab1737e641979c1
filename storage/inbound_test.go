package storage_test

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/askbob/bob/jobs"
)

func (s *sorter) service() *jobs.Service {
	s.t.Helper()
	service, err := jobs.NewService(jobs.ServiceConfig{Store: s.store, Inspector: anyFile{}, Now: s.clock.Now})
	if err != nil {
		s.t.Fatalf("service: %v", err)
	}
	return service
}

// total counts all jobs.
func (s *sorter) total() int {
	s.t.Helper()
	_, total, err := s.store.Find(context.Background(), jobs.JobQuery{})
	if err != nil {
		s.t.Fatalf("find: %v", err)
	}
	return total
}

func TestService_Submit_ofAMessageThatComesAgainMakesOneJob(t *testing.T) {
	t.Parallel()
	s := newSorter(t)
	ctx := t.Context()
	r := jobs.Request{Text: "do it", Seen: []string{"slack:event:1", "slack:message:1"}, Place: thread("1"), User: "slack:T1:U1"}
	id, err := s.service().Submit(ctx, r)
	if err != nil || id == "" {
		t.Fatal(id, err)
	}
	s.reopen()
	for name, keys := range map[string][]string{
		"the same event": r.Seen, "another event of the same message": {"slack:event:2", "slack:message:1"}, "the event alone": {"slack:event:1"},
	} {
		r.Seen = keys
		if id, err := s.service().Submit(ctx, r); !errors.Is(err, jobs.ErrSeen) || id != "" {
			t.Errorf("%s: %q, %v; want ErrSeen", name, id, err)
		}
	}
	r.Seen = []string{"slack:event:2", "slack:message:2"} // its event was refused, but nothing was heard under it
	if _, err := s.service().Submit(ctx, r); err != nil {
		t.Errorf("another message: %v", err)
	}
	r.Seen = nil
	if _, err := s.service().Submit(ctx, r); err != nil {
		t.Errorf("without keys: %v", err)
	}
	if got := s.total(); got != 3 {
		t.Errorf("%d jobs, want 3", got)
	}
}

func TestService_Submit_refusesOnce(t *testing.T) {
	t.Parallel()
	s := newSorter(t)
	keys := []string{"slack:message:1"}
	_, err := s.service().Submit(t.Context(), jobs.Request{Text: " ", Seen: keys})
	if _, user := errors.AsType[*jobs.UserError](err); !user {
		t.Errorf("an empty request: %v", err)
	}
	if _, err = s.service().Submit(t.Context(), jobs.Request{Text: " ", Seen: keys}); !errors.Is(err, jobs.ErrSeen) {
		t.Errorf("the same again: %v, want ErrSeen", err)
	}
}

func TestService_Do_makesEveryKindOfChangeOnce(t *testing.T) {
	t.Parallel()
	s := newSorter(t)
	ctx := t.Context()
	by := jobs.Actor{User: "slack:T1:U1", Surface: "slack"}
	s.plan()
	s.park(s.give("job_2", thread("2")), 200)
	asks := s.give("job_3", thread("3"))
	s.must(jobs.Park{Fence: asks.Fence(), Reason: jobs.ReasonQuestion, Question: "Which year?"})
	for i, c := range []jobs.Change{
		jobs.Say{Job: "job_1", User: "ann", Text: "be short", By: by},
		jobs.Approve{Job: "job_1", Revision: 1, By: by},
		jobs.Command{Job: "job_1", Verb: jobs.VerbPause, By: by},
		jobs.SetBudget{Job: "job_2", Budget: 150, By: by},
		jobs.AddBudget{Job: "job_2", Amount: 50, By: by},
		jobs.Mute{Job: "job_2", Muted: true, By: by},
		jobs.FinishNow{Job: "job_2", By: by},
		jobs.Answer{Job: "job_3", Text: "2026", By: by},
		jobs.Feedback{Job: "job_2", Good: true, By: by},
		jobs.Feedback{Job: "job_2", By: by},
		jobs.Cancel{Job: "job_1", Reason: jobs.ReasonUser, By: by},
		nil,
	} {
		keys := []string{fmt.Sprintf("event %d", i)}
		if err := s.service().Do(ctx, keys, c); err != nil {
			t.Fatalf("%T: %v", c, err)
		}
		if i%4 == 0 {
			s.reopen()
		}
		if err := s.service().Do(ctx, keys, c); !errors.Is(err, jobs.ErrSeen) {
			t.Errorf("%T again: %v, want ErrSeen", c, err)
		}
	}
	want := []string{
		"job_1 say be short", "job_1 approve revision 1", "job_1 pause ", "job_2 budget 0.000000150", "job_2 add budget 0.000000050",
		"job_2 mute ", "job_2 finish ", "job_3 answer 2026", "job_2 feedback good", "job_2 feedback bad", "job_1 cancel ",
	}
	if diff := cmp.Diff(want, trail(t, s.cfg.Path, by)); diff != "" {
		t.Errorf("audit trail (-want +got):\n%s", diff)
	}
	if b := s.report("job_2").Cost.Budget; b != "0.000000200" {
		t.Errorf("budget %s, want what was added once", b)
	}
}

// trail lists what the audit trail has of somebody, as "job verb detail".
func trail(t *testing.T, path string, by jobs.Actor) []string {
	t.Helper()
	db := readOnly(t, path)
	rows, err := db.QueryContext(t.Context(), "SELECT job_id || ' ' || verb || ' ' || detail FROM audit WHERE user_name = ? AND surface = ? ORDER BY id", by.User, by.Surface)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	var list []string
	for rows.Next() {
		var text string
		if err := rows.Scan(&text); err != nil {
			t.Fatal(err)
		}
		list = append(list, text)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return list
}

func TestService_Do_remembersWhatWasRefused(t *testing.T) {
	t.Parallel()
	s := newSorter(t)
	s.give("job_1", thread("1"))
	for name, c := range map[string]jobs.Change{
		"by the store":   jobs.Approve{Job: "job_1", Revision: 1},
		"at once":        jobs.AddBudget{Job: "job_1"},
		"an unknown job": jobs.FinishNow{Job: "job_none"},
	} {
		keys := []string{name}
		err := s.service().Do(t.Context(), keys, c)
		if _, user := errors.AsType[*jobs.UserError](err); !user && !errors.Is(err, jobs.ErrNotFound) {
			t.Errorf("%s: %v, want a refusal", name, err)
		}
		if err := s.service().Do(t.Context(), keys, c); !errors.Is(err, jobs.ErrSeen) {
			t.Errorf("%s, again: %v, want ErrSeen", name, err)
		}
	}
	if err := s.service().Do(t.Context(), nil, jobs.Delivered{}); err == nil {
		t.Error("a change that no person makes was made")
	}
	if err := s.service().Do(t.Context(), []string{""}, jobs.Mute{Job: "job_1"}); err != nil {
		t.Errorf("an empty key: %v", err)
	}
	if err := s.service().Do(t.Context(), []string{""}, jobs.Mute{Job: "job_1"}); err != nil {
		t.Errorf("an empty key is none, but: %v", err)
	}
}

func TestStore_Once_forgetsKeysAfterTheirTimeAndFewAtOnce(t *testing.T) {
	t.Parallel()
	s := newSorter(t)
	for i := range 100 {
		s.must(jobs.Once{Keys: []string{fmt.Sprint(i)}})
	}
	s.pass(jobs.SeenFor)
	if err := s.apply(jobs.Once{Keys: []string{"7"}}).Err; !errors.Is(err, jobs.ErrSeen) {
		t.Errorf("at the end of the time: %v, want ErrSeen", err)
	}
	s.pass(time.Millisecond)
	s.must(jobs.Once{Keys: []string{"7"}}) // as if it were new
	if got := count(t, s.cfg.Path, "inbound"); got != 96 {
		t.Errorf("%d keys after one more came, want 96", got)
	}
	for i := range 40 {
		s.must(jobs.Once{Keys: []string{fmt.Sprint("new ", i)}})
	}
	if got := count(t, s.cfg.Path, "inbound"); got != 41 {
		t.Errorf("%d keys, want the 41 new ones", got)
	}
}

// However often and in whatever mixture events are delivered, and whenever the process
// dies: what each says happens once.
func TestStore_Once_hasOneEffectWhateverComesAgain(t *testing.T) {
	t.Parallel()
	s, n := newSorter(t), 0
	rapid.Check(t, func(rt *rapid.T) {
		n++
		s.t = rt
		p := thread(fmt.Sprint(n)) // of this run alone
		first := s.give(jobs.JobID(fmt.Sprintf("job_%d", n)), p).Job
		const messages = 4
		heard, spent := map[int]bool{}, jobs.Money(100)
		for range rapid.IntRange(3, 12).Draw(rt, "length") {
			if rapid.IntRange(0, 7).Draw(rt, "dies") == 0 {
				s.reopen()
			}
			s.pass(time.Duration(rapid.IntRange(0, 60).Draw(rt, "minutes")) * time.Minute)
			var batch []jobs.Change
			var of []int
			for range rapid.IntRange(1, 4).Draw(rt, "batch") {
				m := rapid.IntRange(1, messages).Draw(rt, "message")
				event := fmt.Sprintf("event %d of %d in %d", rapid.IntRange(1, 3).Draw(rt, "event"), m, n)
				keys := []string{fmt.Sprintf("message %d in %d", m, n), event}
				if rapid.Bool().Draw(rt, "swapped") {
					slices.Reverse(keys)
				}
				batch, of = append(batch, jobs.Once{Keys: keys, Do: effect(first, p, m)}), append(of, m)
			}
			out, err := s.store.Apply(context.Background(), batch...)
			if err != nil {
				rt.Fatalf("apply: %v", err)
			}
			for i, m := range of {
				if seen := errors.Is(out[i].Err, jobs.ErrSeen); seen != heard[m] || !seen && m != 3 && out[i].Err != nil {
					rt.Fatalf("message %d, heard before: %v, got %v", m, heard[m], out[i].Err)
				}
				if !heard[m] && m == 2 {
					spent += 7
				}
				heard[m] = true
			}
			want := 1
			if heard[1] {
				want++
			}
			if heard[4] {
				want++
			}
			if list, err := s.store.JobsAt(context.Background(), p, 9); err != nil || len(list) != want {
				rt.Fatalf("%v %v, want %d jobs", list, err, want)
			}
			if got := s.report(first).Cost.Budget; got != spent.String() {
				rt.Fatalf("budget %s, want %s", got, spent)
			}
		}
	})
}

// effect is what a message says: two make jobs, one adds money, one is refused.
func effect(first jobs.JobID, p jobs.Place, message int) jobs.Change {
	switch message {
	case 2:
		return jobs.AddBudget{Job: first, Amount: 7}
	case 3:
		return jobs.Approve{Job: first, Revision: 5}
	}
	id := first + jobs.JobID(fmt.Sprintf("_%d_%s", message, rand.Text())) // each is another, if it is made
	return jobs.Submit{Job: jobs.NewJob{ID: id, Title: "t", Request: "r", Priority: jobs.PriorityMedium, Budget: -1, Weight: time.Second, Place: p}}
}
