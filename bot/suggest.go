package bot

import (
	"context"
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
func (c *Conversation) Suggest(ctx context.Context, at jobs.Place, user, begin string) ([]Choice, error) {
	t := turn{place: at, user: User{ID: user}}
	begin = strings.ToLower(oneLine(jobs.Shorten(begin, maxChoice)))
	queries := []jobs.JobQuery{{User: t.name()}}
	if c.seesOthers(t) {
		queries = append(queries, jobs.JobQuery{})
	}
	var list []Choice
	seen := map[jobs.JobID]bool{}
	for _, q := range queries {
		q.Workspace, q.Words, q.Limit = at.Scope(), begin, recent
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
