package terminal_test

import (
	"strconv"
	"strings"
	"testing"

	"github.com/charmbracelet/x/ansi"
)

// vt is a terminal small enough to trust: it prints, wraps, scrolls and knows the
// sequences that a progress may use. Any other one is a failure.
type vt struct {
	t          *testing.T
	cols, rows int
	runeByRune bool // how it measures emoji made of several characters

	lines    [][]string // the screen; a wide character is followed by ""
	scrolled []string   // what went off at the top
	row, col int
	wrap     bool
	writes   int
}

func newVT(t *testing.T, cols, rows int) *vt {
	t.Helper()
	v := &vt{t: t, cols: cols, rows: rows, wrap: true}
	for range rows {
		v.lines = append(v.lines, v.blank())
	}
	return v
}

func (v *vt) blank() []string { return strings.Split(strings.Repeat(" ", v.cols), "") }

func (v *vt) Write(data []byte) (int, error) {
	v.writes++
	for text := string(data); text != ""; {
		switch {
		case strings.HasPrefix(text, "\x1b["):
			end := 2 + strings.IndexFunc(text[2:], func(r rune) bool { return r >= '@' && r <= '~' })
			v.sequence(text[2:end], text[end])
			text = text[end+1:]
		case text[0] == '\r':
			v.col, text = 0, text[1:]
		case text[0] == '\n':
			v.down()
			text = text[1:]
		default:
			cluster, width := ansi.FirstGraphemeCluster(text, ansi.GraphemeWidth)
			if v.runeByRune {
				cluster = string([]rune(text)[:1])
				width = ansi.StringWidthWc(cluster)
			}
			if cluster[0] < ' ' || cluster == "\x7f" {
				v.t.Fatalf("control character %q", cluster)
			}
			v.print(cluster, width)
			text = text[len(cluster):]
		}
	}
	return len(data), nil
}

func (v *vt) sequence(params string, final byte) {
	n, _ := strconv.Atoi(params)
	switch {
	case final == 'm' || strings.HasPrefix(params, "?2026"):
	case params == "?7" && (final == 'h' || final == 'l'):
		v.wrap = final == 'h'
	case final == 'A':
		v.row = max(0, v.row-max(n, 1))
	case final == 'K':
		for i := v.col; i < v.cols; i++ {
			v.lines[v.row][i] = " "
		}
	case final == 'J':
		for i := v.row; i < v.rows; i++ {
			v.lines[i] = v.blank()
		}
	default:
		v.t.Fatalf("sequence ESC [ %s %c", params, final)
	}
}

func (v *vt) print(cluster string, width int) {
	if width == 0 {
		return
	}
	if v.col+width > v.cols {
		if !v.wrap {
			v.col = v.cols - width
		} else {
			v.col = 0
			v.down()
		}
	}
	v.lines[v.row][v.col] = cluster
	for i := 1; i < width; i++ {
		v.lines[v.row][v.col+i] = ""
	}
	v.col += width
}

func (v *vt) down() {
	if v.row++; v.row < v.rows {
		return
	}
	v.row--
	v.scrolled = append(v.scrolled, strings.TrimRight(strings.Join(v.lines[0], ""), " "))
	v.lines = append(v.lines[1:], v.blank())
}

// text is the screen down to its last line with something on it.
func (v *vt) text() string {
	var b strings.Builder
	for _, line := range v.lines {
		b.WriteString(strings.TrimRight(strings.Join(line, ""), " ") + "\n")
	}
	return strings.TrimRight(b.String(), "\n") + "\n"
}

// reflow makes the terminal narrower, wrapping what is on it, as most do.
func (v *vt) reflow(cols int) {
	narrow := newVT(v.t, cols, v.rows)
	for _, line := range v.lines[:v.row] {
		_, _ = narrow.Write([]byte(strings.TrimRight(strings.Join(line, ""), " ") + "\r\n"))
	}
	v.cols, v.lines, v.row = cols, narrow.lines, narrow.row
}
