package terminal

import (
	"fmt"
	"strings"

	"github.com/askbob/bob/jobs"
)

// Digest is the page of `bob digest`: what happened, what waits and what is due.
func Digest(d jobs.Digest) string {
	lines := []string{oneLine(d.Headline())}
	for _, part := range []struct {
		name string
		of   jobs.DigestJobs
	}{{"Finished", d.Finished}, {"Failed", d.Failed}, {"Waiting for a person", d.Waiting}} {
		rows := make([][]string, 0, len(part.of.Jobs))
		for _, j := range part.of.Jobs {
			rows = append(rows, []string{
				oneLine(string(j.ID)), oneLine(strings.ReplaceAll(string(j.Status), "_", " ")),
				oneLine(strings.ReplaceAll(string(j.Reason), "_", " ")), cut(oneLine(j.Title), maxTableTitle),
			})
		}
		lines = append(lines, digestPart(part.name, part.of.Total, rows)...)
	}
	rows := make([][]string, 0, len(d.Due.Schedules))
	for _, s := range d.Due.Schedules {
		rows = append(rows, []string{
			oneLine(string(s.ID)), s.Next.Format(slotLayout), cut(oneLine(s.Words), maxTableWords), cut(oneLine(s.Request), maxTableTitle),
		})
	}
	lines = append(lines, digestPart("Due within a day", d.Due.Total, rows)...)
	return strings.Join(lines, "\n") + "\n"
}

// digestPart is a table with its name above it; nothing where there is nothing.
func digestPart(name string, total int, rows [][]string) []string {
	if total == 0 || len(rows) == 0 {
		return nil
	}
	lines := []string{"", name, strings.TrimSuffix(columns(rows), "\n")}
	if more := total - len(rows); more > 0 {
		lines = append(lines, fmt.Sprintf("and %d more", more))
	}
	return lines
}
