package main

import (
	"context"
	"io"
	"log/slog"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/askbob/bob/bot"
	"github.com/askbob/bob/jobs"
	"github.com/askbob/bob/jobs/schedule"
	"github.com/askbob/bob/jobs/tool"
)

// talkJobs is the service of a test in which no plan is made cheaper.
type talkJobs struct{ *jobs.Service }

func (talkJobs) Cheaper(context.Context, jobs.Actor, jobs.JobID, int) error { return nil }

// talkSchedules lets a conversation keep schedules.
type talkSchedules struct{ *schedule.Keeper }

func (s talkSchedules) Add(ctx context.Context, d bot.ScheduleDraft) (jobs.Schedule, error) {
	return s.Keeper.Add(ctx, schedule.Draft(d))
}

// talk is a conversation over a real store and a real engine.
type talk struct {
	*api
	*bot.Conversation

	t      *testing.T
	events int
}

var square = jobs.Place{Surface: "slack", Workspace: "T1", Channel: "C1", Thread: "100.1"}

func startTalk(t *testing.T, p *puppets) *talk {
	t.Helper()
	a := startAPI(t, p, 4)
	service, err := jobs.NewService(jobs.ServiceConfig{Store: a.store, Inspector: &tool.Inspector{}, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	keeper, err := schedule.New(schedule.Config{Store: a.store, Jobs: service, Log: slog.New(slog.DiscardHandler), Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	c, err := bot.NewConversation(bot.Config{
		Jobs: talkJobs{service}, Places: a.store, Files: a.store, Schedules: talkSchedules{keeper}, Gate: jobs.Access{}, Now: time.Now, Budget: -1,
	})
	if err != nil {
		t.Fatal(err)
	}
	return &talk{api: a, Conversation: c, t: t}
}

func (k *talk) says(way bot.Way, text string, files ...bot.File) bot.Reply {
	k.t.Helper()
	k.events++
	m := bot.Message{
		Keys: []string{"slack:event-" + strconv.Itoa(k.events)}, Place: square, User: bot.User{ID: "UA", Name: "Ann"}, Text: text, Way: way, Files: files,
	}
	reply, err := k.Hear(k.t.Context(), m)
	if err != nil {
		k.t.Fatalf("%q: %v", text, err)
	}
	if again, err := k.Hear(k.t.Context(), m); err != nil || again != (bot.Reply{}) {
		k.t.Fatalf("%q, heard again: %+v, %v", text, again, err)
	}
	return reply
}

// TestTalk_overTheRealStore tries what a conversation asks of jobs and their store:
// every message is heard twice, and done once.
func TestTalk_overTheRealStore(t *testing.T) {
	t.Parallel()
	gate := make(chan struct{})
	k := startTalk(t, &puppets{steps: []jobs.Step{leaf("a"), leaf("b", "a")}, gate: gate})
	csv := bot.File{Name: "q4.csv", Open: func(context.Context) (io.ReadCloser, error) {
		return io.NopCloser(strings.NewReader("month,revenue\n1,5\n2,6\n")), nil
	}}
	first := k.says(bot.WayMention, "Analyze the Q4 sales", csv).Job
	k.until(t, "/"+string(first), func(r *jobs.Report) bool { return r.Summary.Running == 1 })

	if got := k.says(bot.WayReply, "use euros"); got.Warning || got.Job != first {
		t.Errorf("steering: %+v", got)
	}
	if got := k.says(bot.WayReply, "mute"); got.Warning {
		t.Errorf("mute: %+v", got)
	}
	if got := k.says(bot.WayReply, "budget 3"); got.Warning {
		t.Errorf("budget: %+v", got)
	}
	if got := k.says(bot.WayReply, "priority high"); got.Warning {
		t.Errorf("priority: %+v", got)
	}
	if got := k.says(bot.WayCommand, "jobs").Page; got == nil || got.Title != "Jobs: 1 active, 0 queued, 0 finished" {
		t.Errorf("jobs: %+v", got)
	}
	if got := k.says(bot.WayReply, "approve"); !got.Warning || !strings.Contains(got.Text, "does not wait for approval") {
		t.Errorf("approve: %+v", got)
	}
	close(gate)
	done := k.until(t, "/"+string(first), func(r *jobs.Report) bool { return r.Status.Final() })
	if done.Cost.Budget != "3.000000000" || done.Priority != jobs.PriorityHigh || done.Status != jobs.StatusCompleted {
		t.Errorf("in the end: %s, %s, %s", done.Status, done.Priority, done.Cost.Budget)
	}
	if got := k.says(bot.WayReply, "pause"); !got.Warning || !strings.Contains(got.Text, "there is nothing to pause") {
		t.Errorf("too late: %+v", got)
	}
	for _, text := range []string{"results", "status 1", "plan", "cost", "schedules", "help"} {
		if got := k.says(bot.WayMention, text); got.Page == nil || got.Warning {
			t.Errorf("%s: %+v", text, got)
		}
	}
	next := k.says(bot.WayReply, "now the same for Q3").Job
	if next == "" || next == first {
		t.Fatalf("the follow-up is %q", next)
	}
	given, _, err := k.store.FilesOf(t.Context(), next)
	if err != nil || len(given) != 2 || given[0].Name != string(first)+".md" || given[1].Name != "q4.csv" || len(given[1].Tables) != 1 {
		t.Errorf("the follow-up has %+v, %v", given, err)
	}
	if got := k.says(bot.WayMention, `schedule "every day at 9" What happened?`); got.Warning {
		t.Errorf("schedule: %+v", got)
	}
	list, err := k.store.Schedules(t.Context())
	if err != nil || len(list) != 1 || list[0].Owner.Place() != square || list[0].Request != "What happened?" {
		t.Errorf("schedules: %+v, %v", list, err)
	}
	k.until(t, "/"+string(next), func(r *jobs.Report) bool { return r.Status.Final() })
}
