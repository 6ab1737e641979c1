package bot_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/askbob/bob/bot"
	"github.com/askbob/bob/jobs"
)

// sign is a stop sign, at a card or at no job in particular.
func sign(id jobs.JobID) bot.Button { return bot.Button{Action: bot.ActStop, Job: id} }

func TestConversation_Click_aStopSignPausesAndSaysSoToAll(t *testing.T) {
	t.Parallel()
	for name, id := range map[string]jobs.JobID{"at the card": running, "at the thread": ""} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t)
			h.job(over, jobs.StatusPartial, nil)
			h.job(running, jobs.StatusRunning, nil)
			reply := h.clicks(ann, sign(id), nil)
			want := "jobs.Command{Job:job_00000001 Path: Verb:pause By:{User:slack:T1:UA Surface:slack} Prompt: Priority:}"
			if did := h.news(); !slices.Equal(did, []string{want}) {
				t.Errorf("did %q, want %q", did, want)
			}
			for _, words := range []string{"pausing job_00000001", `"resume job_00000001"`, `"cancel job_00000001"`} {
				if !strings.Contains(reply.Text, words) || !reply.Public || reply.Warning {
					t.Errorf("said %+v, want %q, to all", reply, words)
				}
			}
		})
	}
}

func TestConversation_Click_aStopSignThatChangesNothing(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		status jobs.Status
		change func(r *jobs.Report)
		want   string
	}{
		"paused":       {jobs.StatusPaused, nil, "is paused already"},
		"being paused": {jobs.StatusRunning, func(r *jobs.Report) { r.Desired = jobs.DesiredPause }, "is paused already"},
		"over":         {jobs.StatusCompleted, nil, "nothing to pause"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t)
			h.job(running, c.status, c.change)
			for _, id := range []jobs.JobID{running, ""} {
				reply := h.clicks(ann, sign(id), nil)
				if did := h.news(); len(did) > 0 || !strings.Contains(reply.Text, c.want) || reply.Public {
					t.Errorf("at %q: did %q and said %+v", id, did, reply)
				}
			}
		})
	}
}

func TestConversation_Click_aStopSignElsewhereIsNobodysBusiness(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.job(running, jobs.StatusRunning, nil)
	for _, at := range []jobs.Place{general, {Surface: "slack", Workspace: "T1", Channel: "C1", Thread: "999.9"}} {
		reply, err := h.Click(t.Context(), bot.Click{Keys: []string{"k" + at.Thread}, Place: at, User: ann, Button: sign("")})
		if err != nil || reply != (bot.Reply{}) || len(h.news()) > 0 {
			t.Errorf("at %+v: said %+v, %v", at, reply, err)
		}
	}
	if reply := h.clicks(ann, sign("not a job"), nil); !reply.Warning || len(h.news()) > 0 {
		t.Errorf("of no job: said %+v", reply)
	}
}

func TestConversation_Click_aStopSignNeedsTheRightToCancel(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.access = jobs.Access{MembersMaySteer: true}
	h.job(running, jobs.StatusRunning, nil)
	for _, id := range []jobs.JobID{running, ""} {
		reply := h.clicks(bea, sign(id), nil)
		if did := h.news(); len(did) > 0 || !reply.Warning || reply.Public {
			t.Errorf("bea did %q and was told %+v", did, reply)
		}
	}
}
