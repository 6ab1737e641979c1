package main

import (
	"context"
	"errors"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/askbob/bob/bot"
	"github.com/askbob/bob/bot/bottest"
	"github.com/askbob/bob/jobs"
	"github.com/askbob/bob/storage"
)

// spoken is a real store whose jobs are seen on a platform in memory.
type spoken struct {
	t     *testing.T
	store *storage.Store
	front *bottest.FrontEnd
	stop  func() // once
}

func speak(t *testing.T, path string, front *bottest.FrontEnd) *spoken {
	t.Helper()
	feed, log := &jobs.Feed{}, slog.New(slog.DiscardHandler)
	store, err := storage.Open(t.Context(), storage.Config{Path: path, Log: log, Now: time.Now, Feed: feed})
	if err != nil {
		t.Fatal(err)
	}
	shown, said := feed.Watch(), feed.Watch()
	reporter, err := bot.NewReporter(bot.ReporterConfig{
		FrontEnd: front, Places: store, Reports: store, Writer: store, Changes: shown, Now: time.Now, Log: log,
	})
	if err != nil {
		t.Fatal(err)
	}
	delivery, err := bot.NewDelivery(bot.DeliveryConfig{
		FrontEnd: front, Outbox: store, Places: store, Reports: store, Writer: store, Changes: said, Now: time.Now, Log: log,
	})
	if err != nil {
		t.Fatal(err)
	}
	storeCtx, stopStore := context.WithCancel(context.Background())
	ctx, cancel := context.WithCancel(context.Background())
	var rows, voices errgroup.Group
	rows.Go(func() error { return store.Run(storeCtx) })
	voices.Go(func() error { return reporter.Run(ctx) })
	voices.Go(func() error { return delivery.Run(ctx) })
	stopped := false
	s := &spoken{t: t, store: store, front: front}
	s.stop = func() {
		if stopped {
			return
		}
		stopped = true
		cancel()
		err := voices.Wait()
		shown.Stop()
		said.Stop()
		stopStore()
		if err := errors.Join(err, rows.Wait(), store.Close()); err != nil {
			t.Error(err)
		}
	}
	t.Cleanup(s.stop)
	return s
}

func (s *spoken) apply(c jobs.Change) jobs.Outcome {
	s.t.Helper()
	out, err := s.store.Apply(s.t.Context(), c)
	if err != nil || out[0].Err != nil {
		s.t.Fatalf("%T: %v %v", c, err, out)
	}
	return out[0]
}

func (s *spoken) claim(job jobs.JobID) *jobs.Node {
	s.t.Helper()
	ready, err := s.store.Ready(s.t.Context(), job, 0, 1)
	if err != nil || len(ready) != 1 {
		s.t.Fatalf("%d nodes are ready, %v", len(ready), err)
	}
	return s.apply(jobs.Claim{Fence: ready[0].Fence, Worker: "test"}).Node
}

// pass lets time go by.
func (s *spoken) pass(d time.Duration) {
	<-time.After(d)
	synctest.Wait()
}

func (s *spoken) texts() (list []string) {
	for _, u := range s.front.Up() {
		switch {
		case u.Post.Card != nil:
			list = append(list, u.Post.Card.State)
		case len(u.Post.Files) > 0:
			var names []string
			for _, f := range u.Post.Files {
				names = append(names, f.Name)
			}
			list = append(list, strings.Join(names, ", "))
		default:
			text, _, _ := strings.Cut(u.Post.Text, "\n")
			list = append(list, text)
		}
	}
	return list
}

func (s *spoken) shows(want ...string) {
	s.t.Helper()
	if got := s.texts(); !slices.Equal(got, want) {
		s.t.Errorf("people see %q, want %q", got, want)
	}
}

// TestVoice_aJobIsSeenToItsEnd runs a job by hand on a real database, through a lost
// answer, a restart and a second run of the same job.
func TestVoice_aJobIsSeenToItsEnd(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		path, front := filepath.Join(t.TempDir(), "bob.db"), bottest.New("slack")
		s := speak(t, path, front)
		place := jobs.Place{Surface: "slack", Workspace: "T1", Channel: "C1"}
		front.Peer().Break(bottest.BreakLost)
		job := s.apply(jobs.Submit{Job: jobs.NewJob{
			ID: "job_00000001", Title: "Q4", Request: "do it", Priority: jobs.PriorityMedium, Budget: -1, Weight: time.Second,
			User: place.UserOf("U1"), Place: place,
		}}).Job
		s.pass(20 * time.Second)
		s.shows("🧭 Planning")
		root := s.claim(job)
		s.apply(jobs.Become{Fence: root.Fence(), Title: "Q4", Step: jobs.Step{Key: "1", Type: jobs.TypeTask, Title: "Q4", Prompt: "x"}})
		leaf := s.claim(job)
		s.pass(5 * time.Second)
		s.shows("▶️ Running")
		if _, err := s.store.Files(leaf).Create(t.Context(), "q4.csv", "text/csv", []byte("a\n")); err != nil {
			t.Fatal(err)
		}
		s.stop()

		s = speak(t, path, front)
		s.apply(jobs.Finish{Node: s.claim(job), Status: jobs.StatusCompleted, Result: "Sales grew."})
		s.pass(20 * time.Second)
		s.shows("✅ Completed", "✅ **Completed: Q4** (job_00000001)", "q4.csv")
		up := front.Up()
		if up[1].Placed.Place != up[0].Placed.Place || up[1].Post.Mention != "U1" || !strings.HasSuffix(up[1].Post.Text, "\n\nSales grew.") {
			t.Errorf("the end is told as %+v", up[1])
		}
		if cards, err := s.store.Cards(t.Context(), "slack"); err != nil || len(cards) != 0 {
			t.Errorf("cards that are not at their end: %v, %v", cards, err)
		}
		if left, err := s.store.Notices(t.Context(), job); err != nil || len(left) != 0 {
			t.Errorf("still to be said: %v, %v", left, err)
		}
		s.stop()

		s = speak(t, path, front)
		s.pass(time.Minute)
		if got := len(front.Up()); got != 3 {
			t.Errorf("%d messages after a restart, want the 3 from before", got)
		}
		s.apply(jobs.Command{Job: job, Verb: jobs.VerbRerun})
		again := s.claim(job)
		s.pass(10 * time.Second)
		if got := s.texts()[0]; got != "▶️ Running" {
			t.Errorf("run again, the card says %q", got)
		}
		s.apply(jobs.Finish{Node: again, Status: jobs.StatusFailed, Reason: jobs.ReasonModel, Error: "No key."})
		s.pass(20 * time.Second)
		if got := s.texts(); got[0] != "❌ Failed: the model's provider refused" || len(got) < 4 || !strings.HasPrefix(got[3], "❌ **Failed") {
			t.Errorf("after the second end people see %q", got)
		}
	})
}
