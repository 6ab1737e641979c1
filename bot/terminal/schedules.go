package terminal

import (
	"fmt"
	"strings"
	"time"

	"github.com/askbob/bob/jobs"
)

// slotLayout is a time at which a schedule is due, for people.
const slotLayout = "Mon 2 Jan 2006 15:04 MST"

// Schedules lists schedules for `bob schedule list` in the order given: id, state,
// next slot in the schedule's zone, when it is due and what it does.
func Schedules(list []jobs.ScheduleReport) string {
	if len(list) == 0 {
		return "There are no schedules. Add one: bob schedule add \"every Monday at 9\" \"what you want done\"\n"
	}
	rows := [][]string{{"ID", "STATUS", "NEXT", "WHEN", "REQUEST"}}
	for _, s := range list {
		next := "-"
		if s.Next != nil {
			next = s.Next.Format(slotLayout)
		}
		rows = append(rows, []string{
			oneLine(string(s.ID)), oneLine(string(s.Status)), next,
			cut(oneLine(s.Words), maxTableWords), cut(oneLine(s.Request), maxTableTitle),
		})
	}
	return columns(rows)
}

// maxTableWords bounds the column of when schedules are due.
const maxTableWords = 40

// Schedule is the page of one schedule for `bob schedule show` and for one that
// was just added, with the times at which it is due next.
func Schedule(s jobs.ScheduleReport, next []time.Time) string {
	lines := []string{fmt.Sprintf("%s [%s] %s", oneLine(string(s.ID)), strings.ToUpper(oneLine(string(s.Status))), oneLine(s.Words))}
	add := func(name, text string) {
		if text != "" {
			lines = append(lines, "  "+pad(name, len("So far:"))+" "+text)
		}
	}
	add("Does:", cut(oneLine(s.Request), detailCols))
	add("When:", oneLine(s.Spec)+", "+oneLine(s.TimeZone))
	for i, t := range next {
		add([]string{"Next:", ""}[min(i, 1)], t.Format(slotLayout))
	}
	if s.Waiting != nil {
		add("Waits:", "the run of "+s.Waiting.Format(slotLayout)+" for the end of "+oneLine(string(s.LastJob)))
	}
	add("Rules:", fmt.Sprintf("missed runs: %s, overlapping runs: %s", oneLine(string(s.Missed)), oneLine(string(s.Overlap))))
	add("Cost:", limitWords(s.Budget, "a run")+", "+limitWords(s.Month, "a month"))
	add("Files:", oneLine(strings.Join(s.Files, ", ")))
	if c := s.Counts; c != (jobs.CountsReport{}) {
		add("So far:", fmt.Sprintf("%d started, %d skipped, %d missed", c.Started, c.Skipped, c.Missed))
	}
	if len(s.Runs) > 0 {
		lines = append(lines, "", "Last runs")
	}
	for _, r := range s.Runs {
		lines = append(lines, "  "+r.Slot.Format(slotLayout)+"  "+joined(oneLine(string(r.Status)), oneLine(string(r.Job)), oneLine(r.Note)))
	}
	return strings.Join(lines, "\n") + "\n"
}

func limitWords(usd, per string) string {
	if usd == "" {
		return "no limit " + per
	}
	return "at most " + oneLine(jobs.ShortUSD(usd)) + " " + per
}
