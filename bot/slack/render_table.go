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

// table puts a table on the sheet: a message takes one as a table, all others stand in
// letters of one width. If it does not fit, its first rows are there.
func (w *rich) table(rows [][]bot.Cell) {
	if len(rows) == 0 || len(rows[0]) == 0 {
		return
	}
	if w.sheet.left.tables == 0 || len(rows[0]) > maxTableColumns {
		w.code(tableText(rows))
		return
	}
	w.flush()
	for n := min(len(rows), maxTableRows); n > 0; n = n * 3 / 4 {
		if w.sheet.add(tableBlock(rows[:n])) {
			w.full = w.full || n < len(rows)
			return
		}
	}
	w.full = true
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

// maxCell is how many columns of letters a cell of tableText takes.
const maxCell = 40

// tableText is a table in letters of one width.
func tableText(rows [][]bot.Cell) string {
	widths := make([]int, len(rows[0]))
	grid := make([][]string, len(rows))
	for i, row := range rows {
		grid[i] = make([]string, len(widths))
		for c := range min(len(row), len(widths)) {
			text := strings.Join(strings.Fields(row[c].Plain()), " ")
			grid[i][c] = ansi.Truncate(text, maxCell, "…")
			widths[c] = max(widths[c], ansi.StringWidth(grid[i][c]))
		}
	}
	var b strings.Builder
	for i, row := range grid {
		for c, text := range row {
			pad := strings.Repeat(" ", widths[c]-ansi.StringWidth(text))
			if rows[0][c].Align == "right" {
				text = pad + text
			} else {
				text += pad
			}
			row[c] = text
		}
		b.WriteString(strings.TrimRight(strings.Join(row, "  "), " ") + "\n")
		if i == 0 {
			for c := range row {
				row[c] = strings.Repeat("─", widths[c])
			}
			b.WriteString(strings.Join(row, "  ") + "\n")
		}
	}
	return strings.TrimRight(b.String(), "\n")
}
