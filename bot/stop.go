package bot

import (
	"context"
	"fmt"

	"github.com/askbob/bob/jobs"
)

// stop takes a stop sign: a reaction, or the platform's own button. Nobody was asked
// whether they are sure, so it pauses the job, which can be undone, and says how to end
// it. Without a job it means the one of the thread; where there is none it says nothing:
// people put stop signs on much that is not Bob's.
func (c *Conversation) stop(ctx context.Context, t turn, id jobs.JobID) (Reply, error) {
	o := order{verb: verbPause, job: id}
	if id == "" {
		thread, err := c.thread(ctx, t.place)
		if err != nil || len(thread) == 0 {
			return Reply{}, err
		}
		if o.job, err = c.inQuestion(ctx, thread, o); err != nil {
			return Reply{}, err
		}
	}
	f, err := c.find(ctx, t, o.job, jobs.ActCancel)
	if err != nil {
		return Reply{}, err
	}
	if err := sensible(o, f.Report); err != nil {
		return Reply{Job: f.ID}, err
	}
	if f.Status == jobs.StatusPaused || f.Desired == jobs.DesiredPause {
		return Reply{Job: f.ID, Text: stopped("Job %s is paused already.", f)}, nil
	}
	pause := jobs.Command{Job: f.ID, Verb: jobs.VerbPause, By: t.by()}
	if err := c.cfg.Jobs.Do(ctx, t.spend(), pause); err != nil {
		return Reply{Job: f.ID}, err
	}
	return Reply{Job: f.ID, Text: stopped("Stop sign seen: pausing %s.", f), Public: f.posted.Place == t.place}, nil
}

// stopped says what happened to a job that was stopped, and what can become of it.
func stopped(what string, f found) string {
	return fmt.Sprintf(what, called(f.Report)) + fmt.Sprintf(" \"resume %s\" goes on with it, \"cancel %s\" ends it.", f.ID, f.ID)
}
