package terminal_test

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/askbob/bob/bot/terminal"
	"github.com/askbob/bob/jobs"
)

var update = flag.Bool("update", false, "write the golden files anew")

func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", file, diff)
	}
}

// noon is when everything here is looked at.
func noon() time.Time { return time.Date(2026, 1, 5, 12, 0, 0, 0, time.UTC) }

func before(d time.Duration) *time.Time {
	t := noon().Add(-d)
	return &t
}

// tree is a builder of reports' nodes.
type tree struct {
	nodes []jobs.NodeReport
	ids   map[string]jobs.NodeID
}

func (t *tree) add(path, title string, s jobs.Status, change ...func(*jobs.NodeReport)) {
	if t.ids == nil {
		t.ids = map[string]jobs.NodeID{}
	}
	id := jobs.NodeID(len(t.nodes) + 1)
	t.ids[path] = id
	n := jobs.NodeReport{ID: id, Path: path, Title: title, Status: s}
	if path != "" {
		up := ""
		if i := strings.LastIndex(path, "."); i > 0 {
			up = path[:i]
		}
		parent := t.ids[up]
		n.Parent = &parent
	}
	for _, f := range change {
		f(&n)
	}
	t.nodes = append(t.nodes, n)
}

func since(d time.Duration) func(*jobs.NodeReport) {
	return func(n *jobs.NodeReport) { n.StartedAt = before(d) }
}

func took(d time.Duration) func(*jobs.NodeReport) {
	return func(n *jobs.NodeReport) { n.StartedAt, n.CompletedAt = before(d+time.Minute), before(time.Minute) }
}

func because(r jobs.Reason, text string) func(*jobs.NodeReport) {
	return func(n *jobs.NodeReport) { n.Reason, n.Error = r, text }
}

func step(text string) func(*jobs.NodeReport) {
	return func(n *jobs.NodeReport) { n.CurrentStep = text }
}

// sales is the job of the design's example in the middle of its work.
func sales() *jobs.Report {
	var t tree
	t.add("", "Sales Analysis & Presentation", jobs.StatusWaitingForChildren)
	t.add("1", "Data Analysis", jobs.StatusPartial, took(5*time.Minute))
	t.add("1.1", "Load and validate data", jobs.StatusCompleted, took(130*time.Second))
	t.add("1.1.1", "Load CSV files", jobs.StatusCompleted, took(3200*time.Millisecond))
	t.add("1.1.2", "Validate data integrity", jobs.StatusCompleted, took(42*time.Second))
	t.add("1.2", "売上データの分析 📊", jobs.StatusCompleted, took(90*time.Second))
	t.add("1.3", "Create visualizations", jobs.StatusFailed, took(20*time.Second),
		because(jobs.ReasonTimeout, "The chart\x1b[31m tool\x07 did not answer.\nTry it again."))
	t.add("2", "Presentation Creation", jobs.StatusWaitingForChildren, since(4*time.Minute))
	t.add("2.1", "Design structure", jobs.StatusCompleted, took(12*time.Second))
	t.add("2.2", "Create slides", jobs.StatusRunning, since(63*time.Second), step("turn 3 of 8: deck"))
	t.add("2.3", "Review and finalize", jobs.StatusQueued, because(jobs.ReasonDependency, ""))
	return &jobs.Report{
		ID: "job_7k3f9q2x", Title: "Sales Analysis & Presentation", Request: "Analyze the Q4 sales data",
		Status: jobs.StatusWaitingForChildren, Priority: jobs.PriorityMedium, Progress: 65.9,
		Current: "Creating slide templates", CreatedAt: *before(13 * time.Minute), StartedAt: before(12 * time.Minute),
		ElapsedMS: 600_000, RemainingMS: 480_000,
		Cost:   jobs.CostReport{USD: "0.240000000", Budget: "2.00"},
		Tokens: jobs.Tokens{Input: 1000, Output: 847},
		Summary: jobs.Summary{
			Total: 7, Completed: 4, Failed: 1, Running: 1, Queued: 1,
		},
		Nodes: t.nodes,
	}
}

func ended(r *jobs.Report, s jobs.Status) *jobs.Report {
	r.Status, r.Current, r.CompletedAt, r.ElapsedMS = s, "", before(0), 720_000
	return r
}

func onTerminal(v *vt, color bool) *terminal.Progress {
	return terminal.NewProgress(v, terminal.Config{
		TTY: true, Color: color, Width: func() (int, int) { return v.cols, v.rows },
	})
}

func TestProgress_drawsTheTreeForTheTerminalsSize(t *testing.T) {
	t.Parallel()
	for _, size := range [][2]int{{100, 30}, {60, 12}, {40, 8}, {24, 5}} {
		name := fmt.Sprintf("%dx%d", size[0], size[1])
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			v := newVT(t, size[0], size[1])
			onTerminal(v, false).Show(sales(), noon())
			golden(t, "tree-"+name+".txt", v.text())
		})
	}
}

func TestProgress_redrawsInPlaceBelowWhatWasThere(t *testing.T) {
	t.Parallel()
	v := newVT(t, 80, 18)
	_, _ = v.Write([]byte("$ bob run\r\n"))
	p := onTerminal(v, true)
	for i := range 50 {
		r := sales()
		r.Nodes = r.Nodes[:1+i%len(r.Nodes)]
		p.Show(r, noon().Add(time.Duration(i)*time.Second))
	}
	p.Show(ended(sales(), jobs.StatusPartial), noon())
	p.Close()
	_, _ = v.Write([]byte("$ next"))

	if len(v.scrolled) > 0 {
		t.Errorf("lines went off the top: %q", v.scrolled)
	}
	golden(t, "final-80x18.txt", v.text())
	if !v.wrap {
		t.Error("the terminal was left without wrapping")
	}
}

func TestProgress_scrollsOnceAtTheBottomAndNeverAgain(t *testing.T) {
	t.Parallel()
	v := newVT(t, 70, 14)
	for i := range 13 {
		_, _ = fmt.Fprintf(v, "old %d\r\n", i)
	}
	p := onTerminal(v, false)
	for i := range 20 {
		p.Show(sales(), noon().Add(time.Duration(i)*time.Second))
	}
	for i, line := range v.scrolled {
		if want := fmt.Sprintf("old %d", i); line != want {
			t.Errorf("line %d off the top is %q, want %q", i, line, want)
		}
	}
}

// anyReport draws reports of any form, with texts that may hold anything.
func anyReport(rt *rapid.T) *jobs.Report {
	text := rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{
		"👨‍👩‍👧‍👦 family", "स्ते", "日本語のタイトル", "\x1b[2J\x1b[H", "\u202eevil", "z\u0301\u0301\u0301\u0301\u0301\u0301algo", "a\nb\tc",
	}))
	var tr tree
	tr.add("", "root", jobs.StatusWaitingForChildren)
	paths := []string{""}
	for range rapid.IntRange(0, 40).Draw(rt, "nodes") {
		up := rapid.SampledFrom(paths).Draw(rt, "parent")
		path := strings.TrimPrefix(fmt.Sprintf("%s.%d", up, len(paths)), ".")
		paths = append(paths, path)
		tr.add(path, text.Draw(rt, "title"), rapid.SampledFrom(jobs.Statuses()).Draw(rt, "status"),
			since(time.Minute), step(text.Draw(rt, "step")), because("", text.Draw(rt, "error")))
	}
	return &jobs.Report{
		ID: "job_1", Title: text.Draw(rt, "title"), Status: rapid.SampledFrom(jobs.Statuses()).Draw(rt, "status"),
		Progress: rapid.Float64().Draw(rt, "progress"), Current: text.Draw(rt, "current"), Nodes: tr.nodes,
	}
}

func TestProgress_neverOverflowsWhateverItShows(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		v := newVT(t, rapid.IntRange(20, 90).Draw(rt, "cols"), rapid.IntRange(3, 20).Draw(rt, "rows"))
		v.runeByRune = rapid.Bool().Draw(rt, "runeByRune")
		p := onTerminal(v, rapid.Bool().Draw(rt, "color"))
		for i := range 3 {
			p.Show(anyReport(rt), noon().Add(time.Duration(i)*time.Second))
		}
		if len(v.scrolled) > 0 || v.row >= v.rows || v.col != 0 {
			rt.Fatalf("the drawing left the screen; cursor at %d,%d:\n%s", v.row, v.col, v.text())
		}
	})
}

func TestProgress_survivesATerminalThatGetsNarrower(t *testing.T) {
	t.Parallel()
	v := newVT(t, 80, 40)
	_, _ = v.Write([]byte("$ bob run\r\n"))
	p := onTerminal(v, false)
	p.Show(sales(), noon())
	v.reflow(40)
	p.Show(sales(), noon().Add(time.Second))
	p.Show(sales(), noon().Add(2*time.Second))

	want := newVT(t, 40, 40)
	_, _ = want.Write([]byte("$ bob run\r\n"))
	onTerminal(want, false).Show(sales(), noon().Add(2*time.Second))
	if diff := cmp.Diff(want.text(), v.text()); diff != "" {
		t.Errorf("not as drawn on a narrow terminal at once (-want +got):\n%s", diff)
	}
}

func TestProgress_redrawsNoMoreOftenThanAnEyeFollows(t *testing.T) {
	t.Parallel()
	v := newVT(t, 80, 24)
	p := onTerminal(v, false)
	for i := range 100 {
		r := sales()
		r.Current = fmt.Sprintf("step %d", i)
		p.Show(r, noon().Add(time.Duration(i)*time.Millisecond))
	}
	if v.writes != 1 {
		t.Errorf("drew %d times within 100 ms, want once", v.writes)
	}
	p.Close()
	p.Show(sales(), noon().Add(time.Hour))
	if v.writes != 2 || !strings.Contains(v.text(), "step 99") {
		t.Errorf("after %d writes the last state is not what Close left:\n%s", v.writes, v.text())
	}
}

func TestProgress_showsWhatRunsWhenNotEverythingFits(t *testing.T) {
	t.Parallel()
	var tr tree
	tr.add("", "big", jobs.StatusWaitingForChildren)
	for i := range 20 {
		tr.add(fmt.Sprint(i+1), "Branch", jobs.StatusWaitingForChildren)
		for k := range 500 {
			s := jobs.StatusCompleted
			switch {
			case i == 17 && k == 321:
				s = jobs.StatusRunning
			case i == 4 && k == 7:
				s = jobs.StatusWaitingForInput
			case k > 400:
				s = jobs.StatusQueued
			}
			tr.add(fmt.Sprintf("%d.%d", i+1, k+1), "Step", s)
		}
	}
	v := newVT(t, 80, 20)
	onTerminal(v, false).Show(&jobs.Report{ID: "job_1", Title: "big", Status: jobs.StatusRunning, Nodes: tr.nodes}, noon())
	golden(t, "tree-big.txt", v.text())
}

func TestProgress_withoutATerminalWritesALineForEachChange(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	p := terminal.NewProgress(&out, terminal.Config{Color: true})
	now := noon()
	show := func(change func(r *jobs.Report), later time.Duration) {
		r := sales()
		r.Nodes = slices.Clone(r.Nodes)
		change(r)
		now = now.Add(later)
		p.Show(r, now)
	}
	planning := func(r *jobs.Report) {
		r.Status, r.Nodes, r.Summary, r.Progress = jobs.StatusPlanning, r.Nodes[:1], jobs.Summary{}, 0
	}
	show(planning, 0)
	show(func(r *jobs.Report) { r.Progress = 3 }, 2*time.Second)
	show(func(r *jobs.Report) { r.Progress, r.Current = 4, "Writing" }, 2*time.Second)
	show(func(r *jobs.Report) { r.Progress, r.Current = 4, "Writing" }, 5*time.Second)          // nothing new
	show(func(r *jobs.Report) { r.Progress, r.Current = 4, "Reading" }, 2*time.Second)          // worth a line,
	show(func(r *jobs.Report) { r.Progress, r.Current = 4, "Too soon" }, time.Millisecond)      // but not two
	show(func(r *jobs.Report) { r.Progress = 80 }, time.Millisecond)                            // three milestones at once
	show(func(r *jobs.Report) { r.Nodes[9].Status = jobs.StatusCompleted }, 2*time.Millisecond) // a step ends
	show(func(r *jobs.Report) {
		r.Nodes[9].Status, r.Nodes[9].Attempts = jobs.StatusRunning, 2
	}, time.Millisecond)
	show(func(r *jobs.Report) { ended(r, jobs.StatusPartial); r.Reason = jobs.ReasonChildrenFailed }, time.Second)
	p.Close()

	if strings.ContainsAny(out.String(), "\x1b\x07\r") {
		t.Error("the lines have control characters")
	}
	golden(t, "plain.txt", out.String())
}

func TestProgress_ofAResumedJobDoesNotRepeatWhatWasDone(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	terminal.NewProgress(&out, terminal.Config{}).Show(sales(), noon())
	want := "     12 min  ● job_7k3f9q2x running: Sales Analysis & Presentation · 7 steps · Creating slide templates\n" +
		"     12 min  ● 2.2 Create slides: started\n"
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// brokenPipe is a reader that went away.
type brokenPipe struct{ writes int }

func (b *brokenPipe) Write([]byte) (int, error) {
	b.writes++
	return 0, errors.New("broken pipe")
}

func TestProgress_endsSilentlyWhenNobodyReads(t *testing.T) {
	t.Parallel()
	for _, tty := range []bool{true, false} {
		w := &brokenPipe{}
		p := terminal.NewProgress(w, terminal.Config{TTY: tty})
		p.Show(sales(), noon())
		p.Show(ended(sales(), jobs.StatusFailed), noon().Add(time.Minute))
		p.Close()
		if w.writes != 1 {
			t.Errorf("tty %t: %d writes to a broken pipe, want 1", tty, w.writes)
		}
	}
}

func TestProgress_usesColoursOnlyWhenToldTo(t *testing.T) {
	t.Parallel()
	for _, color := range []bool{true, false} {
		var out bytes.Buffer
		p := terminal.NewProgress(&out, terminal.Config{TTY: true, Color: color})
		p.Show(sales(), noon())
		if got := strings.Contains(out.String(), "\x1b[36m●"); got != color {
			t.Errorf("Color %t: the mark of a running step is coloured: %t", color, got)
		}
	}
}

func BenchmarkProgress_ofAHundredThousandNodes(b *testing.B) {
	var tr tree
	tr.add("", "big", jobs.StatusWaitingForChildren)
	for i := range 100 {
		tr.add(fmt.Sprint(i+1), "Branch", jobs.StatusWaitingForChildren)
		for k := range 1000 {
			tr.add(fmt.Sprintf("%d.%d", i+1, k+1), "Step", jobs.StatusQueued)
		}
	}
	r := &jobs.Report{ID: "job_1", Title: "big", Status: jobs.StatusRunning, Nodes: tr.nodes}
	p := terminal.NewProgress(&bytes.Buffer{}, terminal.Config{TTY: true})
	now := noon()
	for b.Loop() {
		now = now.Add(time.Second)
		p.Show(r, now)
	}
}
