package bot

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/askbob/bob/jobs"
)

const (
	// overview is how many jobs of each group are shown together.
	overview = 5
	// onePage is how many jobs of one group a page shows.
	onePage = 10
	// maxSought bounds the words that jobs are looked for by, in characters: they go
	// with every button of the page.
	maxSought = 40
)

// listing says which jobs a list shows.
type listing struct {
	group  jobs.JobGroup // empty: all
	status jobs.Status   // empty: any
	words  string        // in the title or request
	mine   bool
	page   int // from 0
}

// String is what parseListing reads.
func (l listing) String() string {
	who := "all"
	if l.mine {
		who = "mine"
	}
	return strings.Join([]string{string(l.group), string(l.status), who, strconv.Itoa(l.page), jobs.Shorten(oneLine(l.words), maxSought)}, ",")
}

// parseListing reads what String wrote; what it does not understand is left open.
func parseListing(arg string) listing {
	parts := append(strings.SplitN(arg, ",", 5), "", "", "", "", "")
	l := listing{mine: parts[2] != "all", words: oneLine(parts[4])}
	if f, ok := filters[parts[0]]; ok && f.group == jobs.JobGroup(parts[0]) {
		l.group = f.group
	}
	if f, ok := filters[parts[1]]; ok && f.status == jobs.Status(parts[1]) {
		l.status = f.status
	}
	if n, err := strconv.Atoi(parts[3]); err == nil && n > 0 && n < 1_000_000 {
		l.page = n
	}
	return l
}

// Home returns the list of jobs for a person.
func (c *Conversation) Home(ctx context.Context, q HomeQuery) (Page, error) {
	t := turn{place: q.Place, user: q.User}
	p, err := c.jobsPage(ctx, t, listing{group: q.Filter, mine: q.Mine, page: max(0, q.Page)})
	if e, ok := errors.AsType[*jobs.UserError](err); ok {
		return Page{Kind: PageJobs, Title: "Jobs", Parts: []Part{{Lines: []string{e.Message}}}}, nil
	}
	if err != nil {
		return Page{}, err
	}
	return *p, nil
}

// counts says how many jobs each group has.
type counts map[jobs.JobGroup]int

// groups in the order in which they are shown.
var groups = []struct { //nolint:gochecknoglobals // a constant table
	group jobs.JobGroup
	name  string
}{
	{jobs.GroupActive, "📋 Active"}, {jobs.GroupQueued, "⏳ Queued"}, {jobs.GroupFinished, "🏁 Finished"},
}

// jobsPage is the Jobs tab: what is active, what is queued, what is finished. Who may
// not see the jobs of others sees their own.
func (c *Conversation) jobsPage(ctx context.Context, t turn, l listing) (*Page, error) {
	sight, err := c.sight(ctx, t)
	if err != nil {
		return nil, err
	}
	if !sight.Others() {
		l.mine = true
	}
	p := &Page{Kind: PageJobs}
	total := counts{}
	for _, g := range groups {
		part, n, err := c.groupParts(ctx, t, &sight, l, g.group, g.name)
		if err != nil {
			return nil, err
		}
		total[g.group] = n
		p.Parts = append(p.Parts, part...)
	}
	if len(p.Parts) == 0 {
		p.Parts = append(p.Parts, Part{Lines: []string{emptyList(l)}})
	}
	p.Title = fmt.Sprintf("Jobs: %d active, %d queued, %d finished", total[jobs.GroupActive], total[jobs.GroupQueued], total[jobs.GroupFinished])
	p.Pager = pager(l, total)
	if l.page > 0 || l.words != "" || l.status != "" {
		return p, nil
	}
	foot, err := c.foot(ctx, t, &sight, l)
	p.Parts = append(p.Parts, foot...)
	return p, err
}

func emptyList(l listing) string {
	if l.words != "" || l.status != "" || l.group != "" || l.page > 0 {
		return "There is no such job."
	}
	return "There are no jobs yet. Say what you want done, with files if there are any."
}

// shows reports whether a listing is about a group.
func (l listing) shows(group jobs.JobGroup) bool {
	switch {
	case l.status != "":
		return (group == jobs.GroupFinished) == l.status.Final() && group != jobs.GroupQueued
	case l.group != "":
		return l.group == group
	}
	return true
}

// groupParts are the jobs of one group, and how many it has in all.
func (c *Conversation) groupParts(ctx context.Context, t turn, sight *jobs.Sight, l listing, group jobs.JobGroup, name string) ([]Part, int, error) {
	q := jobs.JobQuery{Workspace: t.place.Scope(), Group: group, Status: l.status, Words: l.words, Sight: sight, Limit: overview}
	if l.mine {
		q.User = t.name()
	}
	shown := l.shows(group)
	switch {
	case !shown:
		q.Limit, q.Status, q.Words = 0, "", "" // only counted
	case l.group != "" || l.status != "":
		q.Limit, q.Offset = onePage, l.page*onePage
	}
	list, n, err := c.cfg.Places.Find(ctx, q)
	if err != nil || !shown || len(list) == 0 {
		return nil, n, err
	}
	parts := []Part{{Head: fmt.Sprintf("%s (%d)", name, n)}}
	for i := range list {
		parts = append(parts, entry(&list[i], group, c.cfg.Now()))
	}
	if more := n - q.Offset - len(list); more > 0 {
		parts = append(parts, Part{Lines: []string{fmt.Sprintf("… and %d more.", more)}})
	}
	return parts, n, nil
}

// entry is one job of the list.
func entry(r *jobs.Report, group jobs.JobGroup, now time.Time) Part {
	part := Part{Head: fmt.Sprintf("%s [%s] %s", stateMark(r.Status), upper(stateName(r.Status)), titleOf(r)), Buttons: entryButtons(r)}
	switch group {
	case jobs.GroupQueued:
		part.Lines = queuedLines(r)
	case jobs.GroupFinished:
		part.Lines = finishedLines(r, now)
	case jobs.GroupActive:
		part.Lines = activeLines(r, now)
	}
	part.Lines = append(part.Lines, "🆔 "+string(r.ID))
	return part
}

func upper(name string) string { return strings.ToUpper(name) }

func activeLines(r *jobs.Report, now time.Time) []string {
	lines := []string{fmt.Sprintf("📊 Progress: %d%%", percent(r.Progress))}
	if done := r.Summary.Words(); done != "" {
		lines[0] += " (" + done + ")"
	}
	if r.StartedAt != nil {
		text := "⏱️ Running: " + jobs.HumanDuration(r.Elapsed(now))
		if r.RemainingMS > 0 {
			text += ", est. remaining: " + jobs.HumanMS(r.RemainingMS)
		}
		lines = append(lines, text)
	}
	if text := oneLine(r.Current); text != "" {
		lines = append(lines, "🔄 Current: "+jobs.Shorten(text, maxSnippet))
	}
	for _, w := range r.Waiting {
		if w.Status == jobs.StatusWaitingForInput || w.Status == jobs.StatusAwaitingApproval {
			lines = append(lines, "❓ "+jobs.Shorten(oneLine(w.Text), 2*maxSnippet)+", for "+jobs.HumanDuration(now.Sub(w.Since)))
		}
	}
	return append(lines, fmt.Sprintf("💰 Cost so far: %s (%s)", oneLine(r.Cost.Words()), r.Tokens.Words()))
}

func queuedLines(r *jobs.Report) []string {
	lines := []string{"🎯 Priority: " + capital(string(r.Priority))}
	if f := r.Forecast; f != nil {
		lines = append(lines, "📊 Est: "+joined(f.TimeWords(), f.CostWords()))
	} else if r.RemainingMS > 0 {
		lines = append(lines, "📊 Est: "+jobs.HumanMS(r.RemainingMS))
	}
	if r.Reason != "" {
		lines = append(lines, "⏸️ "+capital(reasonWords(r.Reason)))
	}
	return lines
}

func finishedLines(r *jobs.Report, now time.Time) []string {
	lines := []string{fmt.Sprintf("💰 Cost: %s (%s)", oneLine(r.Cost.Words()), r.Tokens.Words())}
	if r.CompletedAt != nil {
		lines = append(lines, fmt.Sprintf("🕐 %s %s", capital(stateName(r.Status)), ago(*r.CompletedAt, now)))
	}
	if text := oneLine(r.Error); text != "" && r.Status != jobs.StatusCompleted {
		lines = append(lines, "⚠️ "+jobs.Shorten(text, 2*maxSnippet))
	}
	return lines
}

func capital(text string) string {
	first, size := utf8.DecodeRuneInString(text)
	if size == 0 {
		return ""
	}
	return string(unicode.ToUpper(first)) + text[size:]
}

// entryButtons are what a person can do with a job of the list.
func entryButtons(r *jobs.Report) []Button {
	button := func(a Action, label string) Button { return Button{Action: a, Job: r.ID, Label: label} }
	details := button(ActDetails, "📋 View details")
	switch {
	case r.Status.Good():
		list := []Button{button(ActResults, "📄 View results"), button(ActAgain, "🔄 Run again")}
		if r.Status == jobs.StatusPartial {
			list = append(list, button(ActRetry, "🔁 Retry failed"))
		}
		return list
	case r.Status.Final():
		return []Button{details, button(ActRetry, "🔁 Retry"), button(ActAgain, "🔄 Run again")}
	case r.Status == jobs.StatusAwaitingApproval:
		return []Button{button(ActPlan, "🗺️ View plan"), approveButton(r), cancelButton(r.ID, "")}
	case r.Status == jobs.StatusPaused || r.Desired == jobs.DesiredPause:
		return []Button{details, button(ActResume, "▶️ Resume"), cancelButton(r.ID, "")}
	}
	return []Button{details, button(ActPause, "⏸️ Pause"), cancelButton(r.ID, "")}
}

func approveButton(r *jobs.Report) Button {
	return Button{Action: ActApprove, Job: r.ID, Arg: strconv.Itoa(r.PlanRevision), Label: "▶️ Run", Style: StylePrimary}
}

func cancelButton(id jobs.JobID, path string) Button {
	what := "the whole job"
	if path != "" {
		what = "step " + path + " and all below it"
	}
	return Button{
		Action: ActCancel, Job: id, Arg: path, Label: "❌ Cancel", Style: StyleDanger,
		Confirm: &Confirm{Title: "Cancel?", Text: "This ends " + what + ". What is done stays.", Yes: "Cancel it", No: "Go on"},
	}
}

// pager are the filters, and the pages before and behind this one.
func pager(l listing, total counts) []Button {
	to := func(label string, change func(l *listing)) Button {
		next := l
		next.page = 0
		change(&next)
		return Button{Action: ActJobs, Arg: next.String(), Label: label}
	}
	var list []Button
	if l.group != "" || l.status != "" || l.words != "" {
		list = append(list, to("All", func(n *listing) { *n = listing{mine: l.mine} }))
	}
	for _, g := range groups {
		if g.group != l.group && total[g.group] > 0 {
			_, name, _ := strings.Cut(g.name, " ")
			list = append(list, to(fmt.Sprintf("%s (%d)", name, total[g.group]), func(n *listing) { n.group, n.status = g.group, "" }))
		}
	}
	if l.mine {
		list = append(list, to("Everybody's", func(n *listing) { n.mine = false }))
	} else {
		list = append(list, to("Only mine", func(n *listing) { n.mine = true }))
	}
	if l.page > 0 {
		list = append(list, to("◀ Newer", func(n *listing) { n.page = l.page - 1 }))
	}
	if total[l.group] > (l.page+1)*onePage && l.group != "" {
		list = append(list, to("Older ▶", func(n *listing) { n.page = l.page + 1 }))
	}
	return append(list, Button{Action: ActNew, Label: "➕ New job", Style: StylePrimary})
}

// foot says below the jobs what the month has cost, and what is scheduled.
func (c *Conversation) foot(ctx context.Context, t turn, sight *jobs.Sight, l listing) ([]Part, error) {
	sum, err := c.monthTotal(ctx, t, sight, l.mine)
	if err != nil {
		return nil, err
	}
	whose := "jobs that you may see"
	switch {
	case l.mine:
		whose = "your jobs"
	case sight.All:
		whose = "all jobs"
	}
	parts := []Part{{Lines: []string{fmt.Sprintf("💰 This month, %s: %s", whose, sumWords(sum))}}}
	list, err := c.schedulesOf(ctx, t)
	if err != nil {
		return nil, err
	}
	var lines []string
	active := 0
	for _, s := range list {
		if s.State != jobs.ScheduleActive || l.mine && s.Owner.User != t.name() {
			continue
		}
		if active++; active <= 3 && !s.Slots.Next.IsZero() {
			lines = append(lines, fmt.Sprintf("%s · %s", slot(s.Slots.Next, s.Zone), jobs.Shorten(oneLine(s.Request), maxSnippet)))
		}
	}
	if active == 0 {
		return parts, nil
	}
	lines = append(lines, `"schedules" lists all of them.`)
	return append(parts, Part{Head: fmt.Sprintf("🔁 Schedules (%d)", active), Lines: lines}), nil
}
