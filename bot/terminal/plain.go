package terminal

import (
	"fmt"
	"time"

	"github.com/dustin/go-humanize"

	"github.com/askbob/bob/jobs"
)

const (
	// restEvery spaces the lines that are no news by themselves.
	restEvery = time.Second
	// maxPlain bounds one piece of a line, in columns: logs are searched, not read
	// at length, and an error may be a page.
	maxPlain = 300
	// milestoneStep is the share of a job whose crossing is news, in percent.
	milestoneStep = 25
)

// journal turns reports into lines, one for each change since the last report.
type journal struct {
	begun    bool
	status   jobs.Status
	nodes    map[jobs.NodeID]jobs.Status
	quarters int // milestones passed

	rest string    // the last line about the rest
	last time.Time // when a line was last written
}

// lines returns what is new in r.
func (j *journal) lines(r *jobs.Report, now time.Time) []string {
	if j.nodes == nil {
		j.nodes = make(map[jobs.NodeID]jobs.Status, len(r.Nodes))
	}
	var news []string
	if status := jobStatus(r); status != j.status && !status.Final() {
		news = append(news, j.jobLine(r, now))
	}
	for i := range r.Nodes {
		if line := j.nodeLine(&r.Nodes[i], now); line != "" {
			news = append(news, line)
		}
	}
	news = append(news, j.progressLines(r, now, len(news) > 0)...)
	if status := jobStatus(r); status != j.status && status.Final() {
		news = append(news, j.jobLine(r, now))
	}
	j.status, j.begun = jobStatus(r), true
	if len(news) > 0 {
		j.last = now
	}
	stamp := fmt.Sprintf("%11s  ", jobs.HumanDuration(r.Elapsed(now)))
	for i := range news {
		news[i] = stamp + news[i]
	}
	return news
}

func (j *journal) jobLine(r *jobs.Report, now time.Time) string {
	status := jobStatus(r)
	line := fmt.Sprintf("%s %s %s: %s", status.Mark(), oneLine(string(r.ID)), statusWords(status), cut(jobTitle(r), maxPlain))
	if status.Final() {
		line = joined(line, r.Summary.Words(), jobs.HumanDuration(r.Elapsed(now)), oneLine(r.Cost.Words()), r.Tokens.Words())
	} else if r.Summary.Total > 0 {
		line = joined(line, humanize.Comma(int64(r.Summary.Total))+" steps")
	}
	return joined(line, cut(activity(r), maxPlain))
}

// nodeLine is empty for a node that did not change, for one that only moved
// between waiting states, and for the root, whose line is the job's.
func (j *journal) nodeLine(n *jobs.NodeReport, now time.Time) string {
	before, known := j.nodes[n.ID]
	j.nodes[n.ID] = n.Status
	switch {
	case n.Path == "" || known && before == n.Status:
		return ""
	case !j.begun && n.Status.Final(): // done before anybody looked
		return ""
	case n.Status == jobs.StatusQueued || n.Status == jobs.StatusWaitingForChildren:
		return ""
	}
	line := fmt.Sprintf("%s %s %s: ", n.Status.Mark(), oneLine(n.Path), cut(oneLine(n.Title), maxPlain))
	if n.Status == jobs.StatusRunning {
		line += "started"
		if n.Attempts > 1 {
			line += fmt.Sprintf(" (attempt %d)", n.Attempts)
		}
		return line
	}
	line += statusWords(n.Status)
	if n.Reason != "" && n.Status != jobs.StatusCompleted {
		line += ": " + reasonWords(n.Reason)
	}
	if n.Error != "" {
		line += ": " + cut(oneLine(n.Error), maxPlain)
	}
	return joined(line, n.ElapsedWords(now))
}

// progressLines is a milestone when one was crossed, however many at once; else,
// when nothing else is told and not too often, what goes on.
func (j *journal) progressLines(r *jobs.Report, now time.Time, told bool) []string {
	quarters := percent(r.Progress) / milestoneStep
	crossed := quarters > j.quarters && j.begun
	j.quarters = max(j.quarters, quarters)
	if r.Status.Final() {
		return nil
	}
	rest := joined(fmt.Sprintf("%d%%", percent(r.Progress)), r.Summary.Words(), cut(activity(r), maxPlain))
	quiet := told || !j.begun || rest == j.rest || now.Sub(j.last) < restEvery
	switch {
	case crossed:
		j.rest = rest
		return []string{joined(fmt.Sprintf("%d%%", percent(r.Progress)), r.Summary.Words(), r.RemainingWords(), oneLine(r.Cost.Words()))}
	case quiet:
		return nil
	}
	j.rest = rest
	return []string{rest}
}
