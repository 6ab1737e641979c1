package terminal

import (
	"io"
	"slices"
	"strings"

	"github.com/charmbracelet/x/ansi"
)

// screen redraws a few lines in place at the bottom of a terminal. The cursor
// always rests at the beginning of the line below them.
type screen struct {
	w      io.Writer
	drawn  []string // what is on the terminal
	widths []int    // in columns
	cols   int      // of the terminal when it was drawn
}

// redraw replaces what is drawn by lines, which must be narrower than cols and
// fewer than rows. Everything goes out in one write, so that no frame is half
// there when another program writes too.
func (s *screen) redraw(lines []string, cols, rows int) error {
	if s.cols == cols && slices.Equal(s.drawn, lines) {
		return nil
	}
	var b strings.Builder
	// Without wrapping a character that is wider than we think cannot move the
	// lines below it.
	b.WriteString(ansi.SetModeSynchronizedOutput + ansi.ResetModeAutoWrap + "\r")
	if up := min(s.height(cols), rows-1); up > 0 {
		b.WriteString(ansi.CursorUp(up))
	}
	for _, line := range lines {
		b.WriteString(line + ansi.EraseLineRight + "\r\n")
	}
	b.WriteString(ansi.EraseScreenBelow + ansi.SetModeAutoWrap + ansi.ResetModeSynchronizedOutput)

	s.drawn, s.cols = lines, cols
	s.widths = s.widths[:0]
	for _, line := range lines {
		s.widths = append(s.widths, cells(line))
	}
	_, err := io.WriteString(s.w, b.String())
	return err
}

// height is how many rows the drawn lines take on a terminal that is now cols
// wide: terminals wrap what was there when they get narrower.
func (s *screen) height(cols int) int {
	rows := 0
	for _, width := range s.widths {
		rows++
		if cols < s.cols && width > 0 {
			rows += (width - 1) / cols
		}
	}
	return rows
}
