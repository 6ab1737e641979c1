package slack

import (
	"slices"
	"strings"

	"github.com/charmbracelet/x/ansi"
	slackapi "github.com/slack-go/slack"

	"github.com/askbob/bob/bot"
)

// noText stands in cells without text: Slack takes no empty ones.
const noText = "–"

// Slack does not say what a cell holds. These are a column of letters of one width, and
// a cell of a table.
const (
	maxCell     = 40
	maxCellText = 1_000
)

// table puts a table on the sheet: a message takes one as a table, all others stand in
// letters of one width. If it does not fit, its first rows are there.
func (w *rich) table(rows [][]bot.Cell) {
	if len(rows) == 0 || len(rows[0]) == 0 {
		return
	}
	if w.sheet.left.tables == 0 || len(rows[0]) > maxTableColumns {
		text, short := tableText(rows)
		w.short = w.short || short
		w.code(text)
		return
	}
	w.flush()
	w.short = shorten(rows) || w.short
	for n := min(len(rows), maxTableRows); n > 0; n = n * 3 / 4 {
		if w.sheet.add(tableBlock(rows[:n])) {
			w.full = w.full || n < len(rows)
			return
		}
	}
	w.full = true
}

// shorten cuts the cells that are too long, and reports whether there are any.
func shorten(rows [][]bot.Cell) bool {
	short := false
	for _, row := range rows {
		for i := range row {
			if sizeOfSpans(row[i].Spans) > maxCellText {
				row[i].Spans = []bot.Span{{Text: cut(row[i].Plain(), maxCellText)}}
				short = true
			}
		}
	}
	return short
}

func tableBlock(rows [][]bot.Cell) *slackapi.TableBlock {
	table := slackapi.NewTableBlock("")
	for _, head := range rows[0] {
		table.ColumnSettings = append(table.ColumnSettings, slackapi.ColumnSetting{Align: alignOf(head.Align), IsWrapped: true})
	}
	for i, row := range rows {
		var cells []slackapi.TableCell
		for column := range rows[0] {
			var cell bot.Cell
			if column < len(row) {
				cell = row[column]
			}
			cells = append(cells, tableCell(cell, i == 0))
		}
		table.AddRow(cells...)
	}
	return table
}

func alignOf(align string) slackapi.ColumnAlignment {
	switch align {
	case "right":
		return slackapi.ColumnAlignmentRight
	case "center":
		return slackapi.ColumnAlignmentCenter
	}
	return slackapi.ColumnAlignmentLeft
}

func tableCell(cell bot.Cell, head bool) slackapi.TableCell {
	spans := cell.Spans
	if head {
		spans = bold(spans)
	}
	switch styled := slices.ContainsFunc(spans, func(s bot.Span) bool { return s.Link != "" || styleOf(s) != nil }); {
	case len(spans) == 0:
		return slackapi.NewTableRawTextCell(noText)
	case styled:
		return slackapi.NewTableRichTextCell(slackapi.NewRichTextSection(inline(spans)...))
	}
	return slackapi.NewTableRawTextCell(cell.Plain())
}

// tableText is a table in letters of one width. It reports whether cells were cut.
func tableText(rows [][]bot.Cell) (text string, short bool) {
	widths := make([]int, len(rows[0]))
	grid := make([][]string, len(rows))
	for i, row := range rows {
		grid[i] = make([]string, len(widths))
		for c := range min(len(row), len(widths)) {
			cell := strings.Join(strings.Fields(row[c].Plain()), " ")
			grid[i][c] = ansi.Truncate(cell, maxCell, "…")
			short = short || grid[i][c] != cell
			widths[c] = max(widths[c], ansi.StringWidth(grid[i][c]))
		}
	}
	var lines []string
	for i, row := range grid {
		rules := make([]string, len(row))
		for c, cell := range row {
			pad := strings.Repeat(" ", widths[c]-ansi.StringWidth(cell))
			if row[c] = cell + pad; rows[0][c].Align == "right" {
				row[c] = pad + cell
			}
			rules[c] = strings.Repeat("─", widths[c])
		}
		if lines = append(lines, strings.TrimRight(strings.Join(row, "  "), " ")); i == 0 {
			lines = append(lines, strings.Join(rules, "  "))
		}
	}
	return strings.Join(lines, "\n"), short
}
