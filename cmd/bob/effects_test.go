package main

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/askbob/bob/jobs"
	"github.com/askbob/bob/jobs/run"
	"github.com/askbob/bob/jobs/tool"
	"github.com/askbob/bob/llm"
	"github.com/askbob/bob/llm/llmtest"
	"github.com/askbob/bob/storage"
)

// sender is a tool that acts, and remembers by which keys it was called.
type sender struct {
	mu   sync.Mutex
	keys []string
}

func (*sender) Spec() jobs.ToolSpec {
	return jobs.ToolSpec{Name: "send", Effect: jobs.EffectAct, Schema: llm.MustSchema("send",
		`{"type":"object","properties":{"to":{"type":"string"}},"required":["to"],"additionalProperties":false}`)}
}

func (s *sender) Call(ctx context.Context, _ jobs.Files, args json.RawMessage) (jobs.ToolResult, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.keys = append(s.keys, jobs.EffectKey(ctx))
	if strings.Contains(string(args), "nobody") {
		return jobs.ToolResult{}, &jobs.ToolError{Message: "there is nobody"}
	}
	return jobs.ToolResult{Text: "sent"}, nil
}

func (s *sender) sent() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.keys)
}

// killed is a store of a process that dies before a change of a kind is made.
type killed struct {
	*storage.Store

	before func(c jobs.Change) bool // nil: it lives
	mu     sync.Mutex
	dead   bool
}

var errDead = errors.New("killed")

// dies reports whether the process does not live to see changes made.
func (k *killed) dies(changes ...jobs.Change) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.dead = k.dead || k.before != nil && slices.ContainsFunc(changes, k.before)
	return k.dead
}

func (k *killed) Apply(ctx context.Context, changes ...jobs.Change) ([]jobs.Outcome, error) {
	if k.dies(changes...) {
		return nil, errDead
	}
	return k.Store.Apply(ctx, changes...)
}

func (k *killed) Entrust(ctx context.Context, c jobs.Change) (jobs.Outcome, error) {
	if k.dies(c) {
		return jobs.Outcome{}, errDead
	}
	return k.Store.Entrust(ctx, c)
}

// single is a run.Models of one model, a run.Planner of one step that sends, and a
// run.Combiner of nothing.
type single struct{ llm.Model }

func (single) Estimate(llm.Request) llm.Estimate { return llm.Estimate{Provider: "p", Model: "m"} }

func (s single) Pick(w run.Want) (llm.Model, int, error) { return w.Book(s), 0, nil }

func (single) Plan(context.Context, llm.Model, jobs.Briefing) (jobs.Plan, error) {
	return jobs.Plan{Steps: []jobs.Step{{Key: "1", Type: jobs.TypeTask, Title: "send", Prompt: "send it", Tools: []string{"send"}}}}, nil
}

func (single) Combine(context.Context, llm.Model, jobs.Briefing) (string, error) {
	return "", errors.ErrUnsupported
}

// mission is a job of one task that sends something, through several processes.
type mission struct {
	t    *testing.T
	path string
	tool *sender
}

const sendingJob jobs.JobID = "job_00000001"

// process works on the job with a model that does those steps, until ok says that it
// is enough, or the process dies. It returns the job as it is then, and what the
// model was asked.
func (m *mission) process(before func(c jobs.Change) bool, ok func(s *jobs.Service, r *jobs.Report) bool, steps ...llmtest.Step) (*jobs.Report, []llm.Request) {
	m.t.Helper()
	log, feed := slog.New(slog.DiscardHandler), &jobs.Feed{}
	local := storage.NewLocal(storage.LocalConfig{Workers: 2, Now: time.Now})
	disk, err := storage.Open(m.t.Context(), storage.Config{Path: m.path, Log: log, Now: time.Now, Dispatcher: local, Feed: feed})
	if err != nil {
		m.t.Fatal(err)
	}
	script := llmtest.NewScript(steps...)
	store := &killed{Store: disk, before: before}
	crew, err := run.NewCrew(run.CrewConfig{
		Store: store, Models: single{script}, Planner: single{}, Combiner: single{}, Gather: func([]jobs.NodeResult) string { return "" },
		Tools: []jobs.Tool{m.tool},
	})
	if err != nil {
		m.t.Fatal(err)
	}
	r, err := run.New(run.Config{Store: store, Dispatcher: local, Hands: crew, Log: log, Now: time.Now, Worker: "test"})
	if err != nil {
		m.t.Fatal(err)
	}
	service, err := jobs.NewService(jobs.ServiceConfig{Store: disk, Inspector: &tool.Inspector{}, Now: time.Now})
	if err != nil {
		m.t.Fatal(err)
	}
	ctx, stop := context.WithCancel(m.t.Context())
	var writer, work errgroup.Group
	writing, stopWriter := context.WithCancel(context.WithoutCancel(ctx))
	writer.Go(func() error { return disk.Run(writing) })
	submit := jobs.Submit{Job: jobs.NewJob{
		ID: sendingJob, Key: "once", Title: "send", Request: "send", Priority: jobs.PriorityMedium, Budget: -1, Weight: time.Second,
	}}
	if _, err := disk.Apply(ctx, submit); err != nil {
		m.t.Fatal(err)
	}
	work.Go(func() error {
		defer stop()
		return r.Run(ctx)
	})
	report := m.await(ctx, feed, service, ok)
	stop()
	if err := work.Wait(); (err != nil) != (before != nil) {
		m.t.Errorf("the process ended with %v", err)
	}
	stopWriter()
	if err := errors.Join(writer.Wait(), disk.Close()); err != nil {
		m.t.Error(err)
	}
	return report, script.Requests()
}

func (m *mission) await(ctx context.Context, feed *jobs.Feed, service *jobs.Service, ok func(s *jobs.Service, r *jobs.Report) bool) *jobs.Report {
	m.t.Helper()
	knock, stop := feed.Subscribe(sendingJob)
	defer stop()
	limit := time.After(20 * time.Second)
	for {
		r, err := service.Report(context.WithoutCancel(ctx), sendingJob)
		if err != nil {
			m.t.Fatal(err)
		}
		if ok(service, r) {
			return r
		}
		select {
		case <-ctx.Done():
			return r
		case <-knock:
		case <-limit:
			m.t.Fatalf("the job is stuck: %+v", r)
		}
	}
}

func newMission(t *testing.T) *mission {
	t.Helper()
	return &mission{t: t, path: filepath.Join(t.TempDir(), "bob.db"), tool: &sender{}}
}

func change[T jobs.Change](c jobs.Change) bool {
	_, ok := c.(T)
	return ok
}

func send(to string) llmtest.Step { return llmtest.Call("1", "send", `{"to": "`+to+`"}`) }

func final(_ *jobs.Service, r *jobs.Report) bool { return r.Status.Final() }

func never(*jobs.Service, *jobs.Report) bool { return false }

func inDoubt(_ *jobs.Service, r *jobs.Report) bool {
	return r.Status == jobs.StatusWaitingForInput && r.Reason == jobs.ReasonEffectUnknown
}

// answered waits for a doubt and answers it.
func (m *mission) answered(text string) func(s *jobs.Service, r *jobs.Report) bool {
	done := false
	return func(s *jobs.Service, r *jobs.Report) bool {
		if !done && inDoubt(s, r) {
			done = true
			if err := s.Answer(m.t.Context(), jobs.Answer{Job: sendingJob, Text: text}); err != nil {
				m.t.Error(err)
			}
			return false
		}
		return r.Status.Final()
	}
}

func lastTold(requests []llm.Request) string {
	messages := requests[0].Messages
	return messages[len(messages)-1].Text
}

func TestEffects_ofACallThatMayHaveHappenedAPersonIsAsked(t *testing.T) {
	t.Parallel()
	m := newMission(t)
	m.process(change[jobs.Did], never, send("ann"))
	if n := len(m.tool.sent()); n != 1 {
		t.Fatalf("sent %d times", n)
	}
	r, requests := m.process(nil, inDoubt)
	if len(requests) != 0 || len(r.Waiting) != 1 {
		t.Fatalf("%d calls of the model, waiting for %+v", len(requests), r.Waiting)
	}
	for _, want := range []string{`send with {"to":"ann"}`, `"happened" or "again"`} {
		if !strings.Contains(r.Waiting[0].Text, want) {
			t.Errorf("%q does not say %q", r.Waiting[0].Text, want)
		}
	}
	r, _ = m.process(nil, func(s *jobs.Service, r *jobs.Report) bool { // what says neither changes nothing
		err := s.Answer(t.Context(), jobs.Answer{Job: sendingJob, Text: "perhaps"})
		if _, ok := errors.AsType[*jobs.UserError](err); !ok {
			t.Errorf("perhaps: %v, want a UserError", err)
		}
		return true
	})
	if !inDoubt(nil, r) {
		t.Errorf("got %s, %s", r.Status, r.Reason)
	}
	r, requests = m.process(nil, m.answered("It happened."), send("ann"), llmtest.Text("done"))
	if r.Status != jobs.StatusCompleted || r.Result != "done" || len(m.tool.sent()) != 1 {
		t.Errorf("got %s %q, sent %d times; want it done and not sent again", r.Status, r.Result, len(m.tool.sent()))
	}
	if told := lastTold(requests); !strings.Contains(told, "took effect") {
		t.Errorf("the model is told %q", told)
	}
	if text := requests[0].Messages[1].Text; !strings.Contains(text, jobs.ToldHappened) || !strings.Contains(text, "It is not known whether") {
		t.Errorf("the model is told %q", text)
	}
}

func TestEffects_areRepeatedWithTheSameKeyIfAPersonSaysSo(t *testing.T) {
	t.Parallel()
	m := newMission(t)
	m.process(change[jobs.Did], never, send("ann"))
	r, _ := m.process(nil, m.answered("again"), send("ann"), llmtest.Text("done"))
	keys := m.tool.sent()
	if r.Status != jobs.StatusCompleted || len(keys) != 2 || keys[0] != keys[1] || keys[0] == "" {
		t.Errorf("got %s, sent by %q; want twice by one key", r.Status, keys)
	}
}

func TestEffects_thatAreDoneAreNotRepeatedAfterACrash(t *testing.T) {
	t.Parallel()
	m := newMission(t)
	m.process(change[jobs.Checkpoint], never, send("ann"))
	r, requests := m.process(nil, final, send("ann"), send("nobody"), send("bob"), llmtest.Text("done"))
	keys := m.tool.sent()
	if r.Status != jobs.StatusCompleted || len(keys) != 3 || len(slices.Compact(slices.Sorted(slices.Values(keys)))) != 3 {
		t.Errorf("got %s, sent by %q; want three by keys of their own", r.Status, keys)
	}
	messages := requests[1].Messages
	if got := messages[len(messages)-1].Results[0]; got.Text != "sent" || got.Error {
		t.Errorf("the model is told %+v, want the result that was kept", got)
	}
	messages = requests[2].Messages
	if got := messages[len(messages)-1].Results[0]; got.Text != "there is nobody" || !got.Error {
		t.Errorf("the model is told %+v, want the tool's fault", got)
	}
	r, _ = m.process(nil, func(s *jobs.Service, r *jobs.Report) bool {
		if len(m.tool.sent()) == 3 && r.Status == jobs.StatusCompleted {
			if err := s.Control(t.Context(), jobs.Command{Job: sendingJob, Verb: jobs.VerbRerun}); err != nil {
				t.Error(err)
			}
			return false
		}
		return r.Status.Final()
	}, send("ann"), llmtest.Text("again"))
	if keys := m.tool.sent(); r.Result != "again" || len(keys) != 4 || slices.Contains(keys[:3], keys[3]) {
		t.Errorf("rerun: %q, sent by %q; want it sent anew by another key", r.Result, keys)
	}
}

func TestEffects_inDoubtCanBeCancelled(t *testing.T) {
	t.Parallel()
	m := newMission(t)
	m.process(change[jobs.Did], never, send("ann"))
	m.process(nil, inDoubt)
	r, _ := m.process(nil, func(s *jobs.Service, r *jobs.Report) bool {
		if inDoubt(s, r) {
			if err := s.Do(t.Context(), nil, jobs.Cancel{Job: sendingJob, Reason: jobs.ReasonUser}); err != nil {
				t.Error(err)
			}
		}
		return r.Status.Final()
	})
	if r.Status != jobs.StatusCancelled || len(m.tool.sent()) != 1 {
		t.Errorf("got %s, sent %d times", r.Status, len(m.tool.sent()))
	}
}
