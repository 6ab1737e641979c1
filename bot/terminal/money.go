package terminal

import (
	"strings"

	"github.com/dustin/go-humanize"

	"github.com/askbob/bob/jobs"
)

// Forecast says in a line what the job's plan was foretold to cost and take, and,
// once it is over, what it did. It is empty for a job without a forecast.
func Forecast(r *jobs.Report) string {
	f := r.Forecast
	if f == nil {
		return ""
	}
	text := f.Words()
	if r.Status.Final() {
		text += "; it was " + joined(jobs.ShortUSD(r.Cost.USD), jobs.HumanMS(r.ElapsedMS))
	}
	return "Forecast: " + oneLine(text)
}

// Costs lists sums of the ledger for `bob cost`, with their total below. Amounts
// are exact, in US dollars.
func Costs(by jobs.CostGroup, lines []jobs.CostLine) string {
	if len(lines) == 0 {
		return "No model was called in that time.\n"
	}
	rows := [][]string{{strings.ToUpper(string(by)), "SETTLED", "LOST", "RESERVED", "TOKENS", "CALLS", "UNPRICED"}}
	if by == jobs.CostByJob {
		rows[0] = append(rows[0], "TITLE")
	}
	total := jobs.CostLine{Key: "total"}
	for i := range lines {
		total.Add(&lines[i])
		rows = append(rows, costRow(&lines[i], by))
	}
	rows = append(rows, costRow(&total, by))
	alignRight(rows, 1, 7)
	return columns(rows)
}

func costRow(l *jobs.CostLine, by jobs.CostGroup) []string {
	key := oneLine(l.Key)
	if key == "" {
		key = "(terminal)"
	}
	row := []string{
		key, l.Settled.String(), l.Lost.String(), l.Reserved.String(),
		humanize.Comma(l.Tokens.Sum()), humanize.Comma(int64(l.Calls)), humanize.Comma(int64(l.Unpriced)),
	}
	if by == jobs.CostByJob {
		row = append(row, cut(oneLine(l.Title), maxTableTitle))
	}
	return row
}

// alignRight puts the texts of some columns at the right edge of their column.
func alignRight(rows [][]string, from, to int) {
	for i := from; i < to; i++ {
		width := 0
		for _, row := range rows {
			width = max(width, cells(row[i]))
		}
		for _, row := range rows {
			row[i] = strings.Repeat(" ", width-cells(row[i])) + row[i]
		}
	}
}
