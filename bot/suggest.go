package bot

import (
	"context"
	"errors"
	"strings"

	"github.com/askbob/bob/jobs"
)

const (
	// maxChoices is how many suggestions are shown: no platform shows more.
	maxChoices = 25
	// maxChoice bounds the label of one, in characters, as the narrowest platform does.
	maxChoice = 100
	// recent is how many of the newest jobs that have the words are looked at.
	recent = 100
)

// Suggest returns the jobs whose ID or title begins so, for autocompletion: the
// person's own first, newest first.
func (c *Conversation) Suggest(ctx context.Context, at jobs.Place, user User, begin string) ([]Choice, error) {
	t := turn{place: at, user: user}
	sight, err := c.sight(ctx, t)
	if _, refused := errors.AsType[*jobs.UserError](err); refused {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	begin = strings.ToLower(oneLine(jobs.Shorten(begin, maxChoice)))
	queries := []jobs.JobQuery{{User: t.name()}}
	if sight.Others() {
		queries = append(queries, jobs.JobQuery{})
	}
	var list []Choice
	seen := map[jobs.JobID]bool{}
	for _, q := range queries {
		q.Workspace, q.Words, q.Sight, q.Limit = at.Scope(), begin, &sight, recent
		found, _, err := c.cfg.Places.Find(ctx, q)
		if err != nil {
			return nil, err
		}
		for i := range found {
			r := &found[i]
			if len(list) == maxChoices || seen[r.ID] || !begins(r, begin) {
				continue
			}
			seen[r.ID] = true
			label := stateMark(r.Status) + " " + titleOf(r) + " · " + string(r.ID)
			list = append(list, Choice{Value: string(r.ID), Label: jobs.Shorten(label, maxChoice)})
		}
	}
	return list, nil
}

// begins reports whether a job's ID, its title or a word of it begins so.
func begins(r *jobs.Report, begin string) bool {
	title := strings.ToLower(titleOf(r))
	return strings.HasPrefix(string(r.ID), begin) || strings.HasPrefix(title, begin) || strings.Contains(title, " "+begin)
}
