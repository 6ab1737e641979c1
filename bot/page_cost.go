package bot

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/dustin/go-humanize"

	"github.com/askbob/bob/jobs"
)

// maxCostLines is how many lines of the ledger a page shows.
const maxCostLines = 20

func comma(n int) string { return humanize.Comma(int64(n)) }

func byteWords(n int64) string { return humanize.Bytes(uint64(max(0, n))) }

// sumWords is what some calls cost.
func sumWords(l jobs.CostLine) string {
	text := fmt.Sprintf("%s (%s, %s)", l.Spent().Short(), l.Tokens.Words(), callWords(l.Calls))
	if l.Reserved > 0 {
		text += fmt.Sprintf(", %s reserved", l.Reserved.Short())
	}
	if l.Unpriced > 0 {
		text += fmt.Sprintf(", %s of unknown price", callWords(l.Unpriced))
	}
	return text
}

func callWords(n int) string {
	if n == 1 {
		return "1 call"
	}
	return comma(n) + " calls"
}

// thisMonth asks for the calls since the month began for the person, of their own
// jobs or of all that they may see in their workspace.
func (c *Conversation) thisMonth(t turn, sight *jobs.Sight, mine bool, by jobs.CostGroup) jobs.CostQuery {
	zone := c.zone(t.user)
	now := c.cfg.Now().In(zone)
	q := jobs.CostQuery{By: by, Since: time.Date(now.Year(), now.Month(), 1, 0, 0, 0, 0, zone), Zone: zone, Workspace: t.place.Scope(), Sight: sight}
	if mine {
		q.User = t.name()
	}
	return q
}

func (c *Conversation) monthTotal(ctx context.Context, t turn, sight *jobs.Sight, mine bool) (jobs.CostLine, error) {
	lines, err := c.cfg.Jobs.Costs(ctx, c.thisMonth(t, sight, mine, jobs.CostByModel))
	return total(lines), err
}

func total(lines []jobs.CostLine) jobs.CostLine {
	var sum jobs.CostLine
	for i := range lines {
		sum.Add(&lines[i])
	}
	return sum
}

// costPage is what the month has cost, added up by a group; by jobs if none is named.
// Jobs that the person may not see do not count.
func (c *Conversation) costPage(ctx context.Context, t turn, by jobs.CostGroup) (*Page, error) {
	sight, err := c.sight(ctx, t)
	if err != nil {
		return nil, err
	}
	mine := !sight.Others()
	if by == "" {
		by = jobs.CostByJob
	}
	lines, err := c.cfg.Jobs.Costs(ctx, c.thisMonth(t, &sight, mine, by))
	if err != nil {
		return nil, err
	}
	sum := total(lines)
	whose := "of the jobs that you may see"
	switch {
	case mine:
		whose = "of your jobs"
	case sight.All:
		whose = "of everybody"
	}
	p := &Page{Kind: PageCost, Title: "Cost this month, " + whose, Parts: []Part{{Head: "Total: " + sumWords(sum)}}}
	if by != jobs.CostByDay {
		slices.SortStableFunc(lines, func(a, b jobs.CostLine) int { return int(min(1, max(-1, b.Spent()-a.Spent()))) })
	}
	p.Parts = append(p.Parts, costPart("By "+string(by), lines, func(l *jobs.CostLine) string { return costKey(by, l) }))
	return p, nil
}

func costPart(head string, lines []jobs.CostLine, key func(l *jobs.CostLine) string) Part {
	part := Part{Head: head}
	for i := range lines {
		if i == maxCostLines {
			rest := total(lines[i:])
			part.Lines = append(part.Lines, fmt.Sprintf("%d more: %s", len(lines)-i, sumWords(rest)))
			break
		}
		part.Lines = append(part.Lines, key(&lines[i])+": "+sumWords(lines[i]))
	}
	if len(lines) == 0 {
		part.Lines = []string{"No model was called in that time."}
	}
	return part
}

// costKey names a line for people of its workspace.
func costKey(by jobs.CostGroup, l *jobs.CostLine) string {
	key := l.Key
	switch by {
	case jobs.CostByUser:
		key = jobs.LocalUser(key)
	case jobs.CostByChannel:
		key = key[strings.LastIndexByte(key, ':')+1:]
	case jobs.CostByJob:
		key += " " + jobs.Shorten(oneLine(l.Title), maxCalled)
	default:
	}
	if key = oneLine(key); key == "" {
		return "others"
	}
	return key
}

// jobCostPage is what a job has cost, by the models it asked.
func (c *Conversation) jobCostPage(ctx context.Context, id jobs.JobID) (*Page, error) {
	r, err := c.cfg.Jobs.Report(ctx, id)
	if err != nil {
		return nil, err
	}
	var lines []jobs.CostLine
	for i := range r.Calls {
		call := callLine(&r.Calls[i])
		at := slices.IndexFunc(lines, func(l jobs.CostLine) bool { return l.Key == call.Key })
		if at < 0 {
			lines = append(lines, call)
			continue
		}
		lines[at].Add(&call)
	}
	p := &Page{Kind: PageCost, Title: "Cost of " + titleOf(r), Parts: []Part{
		{Head: "Total: " + oneLine(r.Cost.Words()) + " (" + r.Tokens.Words() + ")", Lines: []string{"🆔 Job ID: " + string(r.ID)}},
		costPart("By purpose and model", lines, func(l *jobs.CostLine) string { return l.Key }),
	}}
	if text := forecastWords(r); text != "" {
		p.Parts[0].Lines = append(p.Parts[0].Lines, "🔮 Forecast: "+text)
	}
	return p, nil
}

// callLine is one call of the ledger as a sum.
func callLine(call *jobs.CallReport) jobs.CostLine {
	l := jobs.CostLine{
		Key: oneLine(call.Purpose + ", " + call.Provider + "/" + call.Model), Calls: 1,
		Tokens: jobs.Tokens{Input: call.Input, CacheRead: call.CacheRead, CacheWrite: call.CacheWrite, Output: call.Output},
	}
	amount, err := jobs.ParseMoney(call.CostUSD)
	switch {
	case err != nil:
		l.Unpriced = 1
	case call.Status == jobs.CallLost:
		l.Lost = amount
	case call.Status == jobs.CallSent:
		l.Reserved = amount
	default:
		l.Settled = amount
	}
	return l
}
