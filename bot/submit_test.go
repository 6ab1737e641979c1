package bot_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/askbob/bob/bot"
	"github.com/askbob/bob/jobs"
)

func TestConversation_Hear_newJobs(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	for _, way := range []bot.Way{bot.WayMention, bot.WayDirect} {
		if got := h.says(ann, way, general, "translate this"); got.Text != "" || got.Job == "" {
			t.Errorf("%s: %+v", way, got)
		}
	}
	if got := h.says(ann, bot.WayCommand, general, "translate this"); got.Text != `Job job_new00003 is on its way. "status job_new00003" says how far it is.` {
		t.Errorf("%+v", got)
	}
	reply, err := h.Hear(t.Context(), bot.Message{
		Keys: []string{"form"}, Place: general, User: ann, Way: bot.WayForm, Text: "status",
		Draft: bot.Draft{Budget: "$0.50", Priority: "High", Approval: "Over $1"},
	})
	if err != nil || reply.Job == "" {
		t.Fatal(reply, err)
	}
	r := h.requests[3]
	if want := (jobs.Approval{Mode: jobs.ApproveOver, Over: 1_000_000_000}); r.Text != "status" || r.Budget != 500_000_000 || r.Priority != jobs.PriorityHigh || r.Approval != want {
		t.Errorf("%+v", r)
	}
	for text, draft := range map[string]bot.Draft{
		`"a lot" is no budget`:             {Budget: "a lot"},
		`"-1" is no budget`:                {Budget: "-1"},
		`"soon" is no priority`:            {Priority: "soon"},
		`"maybe" does not say when to ask`: {Approval: "maybe"},
	} {
		reply, err := h.Hear(t.Context(), bot.Message{Keys: []string{text}, Place: general, User: ann, Way: bot.WayForm, Text: "do it", Draft: draft})
		if err != nil || !reply.Warning || !strings.Contains(reply.Text, text) {
			t.Errorf("%+v: %+v, %v, want %q", draft, reply, err, text)
		}
	}
	if len(h.requests) != 4 {
		t.Errorf("%d jobs", len(h.requests))
	}
}

// TestConversation_Hear_filesTakeTurnsInMemory has more large files come at once than are
// to be in memory.
func TestConversation_Hear_filesTakeTurnsInMemory(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const messages, together = 7, 4
		h := newHouse(t)
		var opened atomic.Int64
		lost := make(chan struct{})
		large := bot.File{Name: "a.csv", Size: jobs.MaxFile, Open: func(context.Context) (io.ReadCloser, error) {
			opened.Add(1)
			<-lost
			return nil, errors.New("403")
		}}
		for i := range messages {
			go func() {
				reply, err := h.Hear(t.Context(), bot.Message{
					Keys: []string{fmt.Sprint(i)}, Place: general, User: ann, Way: bot.WayForm, Text: "read it", Files: []bot.File{large, large, large, large},
				})
				if err != nil || !strings.Contains(reply.Text, "could not be fetched") {
					t.Errorf("%+v, %v", reply, err)
				}
			}()
		}
		synctest.Wait()
		if got := h.says(ann, bot.WayForm, general, "a text alone"); got.Job == "" {
			t.Errorf("a message without files: %+v", got)
		}
		for i := range messages {
			synctest.Wait()
			if got, want := int(opened.Load()), min(messages, together+i); got != want {
				t.Errorf("the files of %d messages were opened, want %d", got, want)
			}
			lost <- struct{}{}
		}
		synctest.Wait()
	})
}

func TestConversation_Hear_filesThatCannotBeHadAreNoJob(t *testing.T) {
	t.Parallel()
	broken := errors.New("403")
	tests := map[string]struct {
		files []bot.File
		want  string
	}{
		"refused": {[]bot.File{{Name: "a.csv", Open: func(context.Context) (io.ReadCloser, error) { return nil, broken }}}, `"a.csv" could not be fetched`},
		"cut off": {[]bot.File{{Name: "a.csv", Open: func(context.Context) (io.ReadCloser, error) {
			return half{new(bool)}, nil
		}}}, `"a.csv" could not be fetched`},
		"announced too large": {[]bot.File{{Name: "a.csv", Size: jobs.MaxFile + 1}}, `"a.csv" has more than 25 MiB`},
		"too large all the same": {[]bot.File{{Name: "a.csv", Open: func(context.Context) (io.ReadCloser, error) {
			return io.NopCloser(io.LimitReader(zeros{}, jobs.MaxFile+10)), nil
		}}}, `"a.csv" has more than 25 MiB`},
		"too large together": {slices.Repeat([]bot.File{{Name: "a.csv", Size: jobs.MaxFile, Open: func(context.Context) (io.ReadCloser, error) {
			return io.NopCloser(io.LimitReader(zeros{}, jobs.MaxFile)), nil
		}}}, 5), "together have more than 100 MiB"},
		"too many": {make([]bot.File, jobs.MaxFiles+1), "51 files are too many"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t)
			got := h.says(ann, bot.WayMention, general, "analyze this", tt.files...)
			if !got.Warning || !strings.Contains(got.Text, tt.want) || len(h.requests) > 0 {
				t.Errorf("%+v, want %q", got, tt.want)
			}
		})
	}
}

func TestConversation_Hear_closesFilesThatBreakOff(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	closed := false
	h.says(ann, bot.WayMention, general, "analyze this", bot.File{Name: "a.csv", Open: func(context.Context) (io.ReadCloser, error) { return half{&closed}, nil }})
	if !closed {
		t.Error("it is open")
	}
}

// half is a file that breaks off.
type half struct{ closed *bool }

func (half) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }
func (h half) Close() error           { *h.closed = true; return nil }

// zeros is a file without end.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

func TestConversation_Hear_aStopIsNotThePersonsFault(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	ctx, stop := context.WithCancel(t.Context())
	m := bot.Message{Keys: []string{"k"}, Place: general, User: ann, Way: bot.WayMention, Text: "analyze", Files: []bot.File{
		{Name: "a.csv", Open: func(ctx context.Context) (io.ReadCloser, error) { stop(); return nil, ctx.Err() }},
	}}
	if reply, err := h.Hear(ctx, m); !errors.Is(err, context.Canceled) || reply != (bot.Reply{}) {
		t.Errorf("%+v, %v", reply, err)
	}
	m.Files = nil
	if reply, err := h.Hear(t.Context(), m); err != nil || reply.Job == "" {
		t.Errorf("sent again: %+v, %v", reply, err)
	}
}

func TestConversation_Hear_faultsOfBobAreErrors(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.job("job_00000001", jobs.StatusRunning, nil)
	h.refuse = jobs.ErrDiskFull
	m := bot.Message{Keys: []string{"k"}, Place: general, User: ann, Way: bot.WayCommand, Text: "pause job_00000001"}
	if _, err := h.Hear(t.Context(), m); !errors.Is(err, jobs.ErrDiskFull) {
		t.Errorf("got %v", err)
	}
}

func TestConversation_Hear_followUpsStayWithinTheBoundsOfAJob(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.job("job_00000001", jobs.StatusFailed, func(r *jobs.Report) { r.Error = "No valid plan." })
	h.made = slices.Repeat([]jobs.FileInfo{{Name: "chart.png"}}, 40)
	h.given = slices.Repeat([]jobs.FileInfo{{Name: "data.csv"}}, 20)
	h.says(ann, bot.WayReply, thread, "try it with this", file("data.csv", "1"))
	r := h.requests[0]
	names := map[string]bool{}
	for _, f := range r.Stored {
		names[f.Name] = true
	}
	if len(r.Stored) != jobs.MaxFiles || len(names) != jobs.MaxFiles || r.Stored[0].Name != "data.csv" || r.Stored[1].Name != "job_00000001.md" {
		t.Errorf("%d files, %d names, first %v", len(r.Stored), len(names), r.Stored[:2])
	}
	if !strings.Contains(r.Text, "(12 files of that job are left out: a job takes at most 50.)") {
		t.Error(r.Text)
	}
	if back := string(h.accepted[1].Data); !strings.Contains(back, "## Error\n\nNo valid plan.") {
		t.Error(back)
	}
}
