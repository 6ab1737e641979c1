package terminal

import (
	"io"
	"strings"
	"sync"
	"time"

	"github.com/askbob/bob/jobs"
)

// Config configures a Progress.
type Config struct {
	TTY   bool                    // false: plain lines, without any escape sequence
	Width func() (cols, rows int) // the terminal's size now; nil or zero: 80 and 24
	Color bool                    // colours, which only repeat what the words say
}

// The size of a terminal that does not tell it, and the smallest that is drawn
// for: below it lines are cut by the terminal.
const (
	defaultCols = 80
	defaultRows = 24
	minCols     = 20
	minRows     = 2
)

// redrawEvery is as fast as an eye follows; redrawing more often costs a slow
// connection more than it shows.
const redrawEvery = 100 * time.Millisecond

// Progress shows a running job. It is safe for concurrent use. A writer that
// fails ends the showing silently: the job goes on without an audience.
type Progress struct {
	cfg Config

	mu      sync.Mutex
	screen  screen
	journal journal
	pending *jobs.Report // shown at the next chance
	now     time.Time    // of the latest Show
	drawn   time.Time    // when the screen was last redrawn
	over    bool         // closed, or the writer failed
}

// NewProgress returns a Progress that writes to w.
func NewProgress(w io.Writer, cfg Config) *Progress {
	return &Progress{cfg: cfg, screen: screen{w: w}}
}

// Show shows the job as r says it is at now: on a terminal by redrawing its tree
// in place, a few times a second at most, elsewhere by a line for each change. r
// must not be changed afterwards. After Close it does nothing.
func (p *Progress) Show(r *jobs.Report, now time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.over {
		return
	}
	p.now = now
	if !p.cfg.TTY {
		p.write(p.journal.lines(r, now))
		return
	}
	p.pending = r
	if since := now.Sub(p.drawn); since >= redrawEvery || since < 0 || r.Status.Final() {
		p.redraw()
	}
}

// Close leaves the last state on the terminal and the cursor below it.
func (p *Progress) Close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.pending != nil && !p.over {
		p.redraw()
	}
	p.over = true
}

func (p *Progress) redraw() {
	cols, rows := p.size()
	// The last column stays free: some terminals wrap as soon as it is filled. The
	// last row is the cursor's.
	lines := draw(p.pending, p.now, sheet{cols: cols - 1, rows: rows - 1, color: p.cfg.Color})
	p.pending, p.drawn = nil, p.now
	if err := p.screen.redraw(lines, cols, rows); err != nil {
		p.over = true
	}
}

func (p *Progress) size() (cols, rows int) {
	if p.cfg.Width != nil {
		cols, rows = p.cfg.Width()
	}
	if cols <= 0 {
		cols = defaultCols
	}
	if rows <= 0 {
		rows = defaultRows
	}
	return max(cols, minCols), max(rows, minRows)
}

func (p *Progress) write(lines []string) {
	if len(lines) == 0 {
		return
	}
	if _, err := io.WriteString(p.screen.w, strings.Join(lines, "\n")+"\n"); err != nil {
		p.over = true
	}
}
