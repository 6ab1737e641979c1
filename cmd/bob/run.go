package main

import (
	"bufio"
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"
	"golang.org/x/term"

	"github.com/askbob/bob/bot/terminal"
	"github.com/askbob/bob/jobs"
)

// runOptions are the flags of `bob run`.
type runOptions struct {
	files    []string
	out      string // empty: bob-out/<job id>
	json     bool
	budget   []string // USD, or PATH=USD of one branch
	finish   bool     // with what there is
	priority string
	model    string
	private  bool
	approve  string
	cheaper  bool   // the plan is to be made so
	change   string // how the plan is to be changed
	resume   string
	answers  []string // to what the job waits for; PATH=TEXT of one of several
	request  string

	attached []jobs.Attachment // besides files
	demo     bool
}

func (p *process) runCommand() *cobra.Command {
	o := runOptions{}
	cmd := &cobra.Command{
		Use:   `run [-f FILE]... "request"`,
		Short: "Run one job here, to its end",
		Example: `  bob run -f sales.csv "Analyze the Q4 sales data and create a presentation"
  bob run --resume job_7k3f9q2x --budget 3`,
		RunE: func(cmd *cobra.Command, args []string) error {
			o.request = strings.Join(args, " ")
			return p.runJob(cmd.Context(), o)
		},
	}
	o.flags(cmd)
	f := cmd.Flags()
	f.StringArrayVarP(&o.files, "file", "f", nil, "attach a file; may be given several times")
	f.StringVar(&o.resume, "resume", "", "go on with this job")
	f.BoolVar(&o.finish, "finish", false, "with --resume: skip what is not done, and finish with what there is")
	f.StringArrayVar(&o.answers, "answer", nil, "with --resume: the answer that the job waits for; PATH=TEXT if several steps do")
	f.StringVar(&o.approve, "approve", "", "auto, or ask before the plan runs (default jobs.approval at a terminal, else auto); with --resume, auto approves the plan")
	f.BoolVar(&o.cheaper, "cheaper", false, "with --resume: have the plan that waits for approval made cheaper")
	f.StringVar(&o.change, "change", "", "with --resume: have the plan that waits for approval changed as these words say")
	f.StringVar(&o.priority, "priority", "", "low, medium, high or urgent")
	return cmd
}

func (o *runOptions) flags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVarP(&o.out, "out", "o", "", "directory for the files that the job makes (default bob-out/<job id>)")
	f.BoolVar(&o.json, "json", false, "print the job's report as JSON")
	f.StringArrayVar(&o.budget, "budget", nil, "US dollars that the job may cost (default jobs.budget); with --resume also PATH=USD for one branch")
	f.StringVar(&o.model, "model", "", "use this model and no other")
	f.BoolVar(&o.private, "private", false, "send nothing of the job to providers that are not private")
}

// sampleSales is made-up data: what a small shop may have sold in a quarter.
//
//go:embed sample/q4-sales.csv
var sampleSales []byte

func (p *process) demoCommand() *cobra.Command {
	o := runOptions{
		demo: true, request: "Analyze the Q4 sales data and create a presentation",
		attached: []jobs.Attachment{{Name: "q4-sales.csv", Data: sampleSales}},
	}
	cmd := &cobra.Command{
		Use: "demo", Short: "Turn sample sales data into an analysis and slides", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return p.runJob(cmd.Context(), o) },
	}
	o.flags(cmd)
	return cmd
}

// check refuses options that contradict each other.
func (o *runOptions) check() error {
	switch {
	case o.approve != "" && o.approve != "auto" && o.approve != "ask":
		return fmt.Errorf("--approve is auto or ask, not %q", o.approve)
	case o.resume != "" && (o.request != "" || len(o.files) > 0 || o.priority != "" || o.model != "" || o.private):
		return errors.New("--resume goes on with a job as it is: leave out the request, -f, --priority, --model and --private")
	case o.finish && o.resume == "":
		return errors.New("--finish goes with --resume ID: it ends a job that was begun")
	case (o.cheaper || o.change != "") && o.resume == "":
		return errors.New("--cheaper and --change go with --resume ID: they change the plan of a job that waits for approval")
	case o.cheaper && o.change != "", (o.cheaper || o.change != "") && o.approve == "auto":
		return errors.New("--cheaper, --change and --approve auto exclude each other: give one of them")
	case len(o.answers) > 0 && o.resume == "":
		return errors.New("--answer goes with --resume ID: it answers a job that asked")
	case o.resume == "" && strings.TrimSpace(o.request) == "":
		return errors.New(`the request is missing: say what to do, such as bob run -f sales.csv "Analyze the sales"`)
	}
	return nil
}

// runJob runs one job to its end, or as far as it gets.
func (p *process) runJob(ctx context.Context, o runOptions) (err error) {
	if err := o.check(); err != nil {
		return err
	}
	attached, err := readFiles(o.files)
	if err != nil {
		return err
	}
	o.attached = append(o.attached, attached...)
	h, err := p.open(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, h.close()) }()
	r := &runner{p: p, h: h, o: o, tty: isTerminal(p.stderr)}
	return h.writing(ctx, func() error { return r.run(ctx) })
}

// readFiles reads the attachments; a file that is too large is not read.
func readFiles(paths []string) ([]jobs.Attachment, error) {
	var list []jobs.Attachment
	for _, path := range paths {
		info, err := os.Stat(path)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return nil, &jobs.UserError{Message: fmt.Sprintf("There is no file %s: check the path after -f.", path), Err: err}
		case err != nil:
			return nil, &jobs.UserError{Message: fmt.Sprintf("The file %s cannot be read (%v): check its permissions.", path, reasonOf(err)), Err: err}
		case info.IsDir():
			return nil, &jobs.UserError{Message: fmt.Sprintf("%s is a directory: name the files in it, each after its own -f.", path)}
		case info.Size() > jobs.MaxFile:
			return nil, &jobs.UserError{Message: fmt.Sprintf("The file %s has %.1f MiB, at most %d MiB are taken: split it or leave out columns.",
				path, float64(info.Size())/(1<<20), jobs.MaxFile>>20)}
		}
		data, err := os.ReadFile(path) //nolint:gosec // the user's own file
		if err != nil {
			return nil, &jobs.UserError{Message: fmt.Sprintf("The file %s cannot be read (%v): check its permissions.", path, reasonOf(err)), Err: err}
		}
		list = append(list, jobs.Attachment{Name: filepath.Base(path), Data: data})
	}
	return list, nil
}

// reasonOf leaves out what a path error repeats.
func reasonOf(err error) error {
	if e, ok := errors.AsType[*fs.PathError](err); ok {
		return e.Err
	}
	return err
}

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// runner is one `bob run`.
type runner struct {
	p   *process
	h   *house
	o   runOptions
	tty bool
	id  jobs.JobID
}

func (r *runner) run(ctx context.Context) error {
	if err := r.begin(ctx); err != nil {
		return err
	}
	work, err := r.h.runner(r.person())
	if err != nil {
		return err
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	g, ctx := errgroup.WithContext(ctx)
	var report *jobs.Report
	g.Go(func() error {
		if err := work.Run(ctx); err != nil {
			return err
		}
		return context.Cause(ctx)
	})
	g.Go(func() error {
		defer stop()
		var err error
		report, err = r.watch(ctx)
		return err
	})
	err = g.Wait()
	if report == nil {
		return r.interrupted(err)
	}
	return r.end(context.WithoutCancel(ctx), report)
}

// person reports whether somebody can be asked.
func (r *runner) person() bool { return r.tty && term.IsTerminal(int(r.p.stdin.Fd())) }

// begin submits the job, or finds the one to go on with.
func (r *runner) begin(ctx context.Context) error {
	if r.o.resume != "" {
		return r.goOn(ctx)
	}
	budget, err := r.budget()
	if err != nil {
		return err
	}
	if err := r.h.models.check(r.o.model, r.o.private); err != nil {
		return err
	}
	r.id, err = r.h.service.Submit(ctx, jobs.Request{
		Text: r.o.request, Files: r.o.attached, Priority: jobs.Priority(r.o.priority), Model: r.o.model,
		Private: r.o.private, Budget: budget, Approval: r.approval(),
	})
	if err != nil {
		return err
	}
	r.h.only.Store(&r.id)
	r.p.sayf("Job %s submitted. If this is interrupted, go on with: bob run --resume %s\n", r.id, r.id)
	if r.h.models.onlyDemo() {
		r.p.sayf("No model is configured: the built-in demo model works by rules. Set OPENAI_API_KEY for a real one.\n")
	}
	return nil
}

func (r *runner) goOn(ctx context.Context) error {
	id := jobs.JobID(r.o.resume)
	report, err := r.h.service.Status(ctx, id)
	if err != nil {
		return noSuchJob(id, err)
	}
	r.id = id
	r.h.only.Store(&r.id)
	if err := r.decide(ctx, report); err != nil {
		return err
	}
	if err := r.setBudgets(ctx); err != nil {
		return err
	}
	if err := r.giveAnswers(ctx); err != nil {
		return err
	}
	switch {
	case report.Status.Final():
		return nil
	case r.o.finish:
		return r.h.service.Do(ctx, nil, jobs.FinishNow{Job: id, By: terminalUser()})
	case report.Cost.Shortage != nil && report.Cost.Shortage.Until != nil:
		return r.h.service.TryAgain(ctx, id) // the day may be over, or the limit another one
	}
	return nil
}

func noSuchJob(id jobs.JobID, err error) error {
	if errors.Is(err, jobs.ErrNotFound) {
		return &jobs.UserError{Message: fmt.Sprintf("There is no job %q here: bob jobs lists those there are.", id), Err: err}
	}
	return err
}

// redraw bounds how often the report is read: an eye sees no more.
const redraw = 100 * time.Millisecond

// watch shows the job until it is final or waits for a person.
func (r *runner) watch(ctx context.Context) (*jobs.Report, error) {
	knock, stop := r.h.feed.Subscribe(r.id)
	defer stop()
	progress := r.progress()
	defer func() { progress.Close() }()
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		report, err := r.h.service.Report(ctx, r.id)
		if err != nil {
			return nil, err
		}
		progress.Show(report, time.Now())
		if report.Status.Final() {
			return report, nil
		}
		if waitsForPerson(report) {
			// A report's nodes are read after its head: only now do both say the same.
			if report, err = r.h.service.Report(ctx, r.id); err != nil {
				return nil, err
			}
			if r.person() {
				progress.Close()
			}
			if ok, err := r.ask(ctx, report); err != nil || !ok {
				return report, err
			}
			progress = r.progress()
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(redraw):
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-knock:
		case <-tick.C:
		}
	}
}

func (r *runner) progress() *terminal.Progress {
	return terminal.NewProgress(r.p.stderr, terminal.Config{TTY: r.tty, Width: r.size, Color: r.tty && !r.noColor()})
}

func (r *runner) size() (cols, rows int) {
	f, ok := r.p.stderr.(*os.File)
	if !ok {
		return 80, 24
	}
	cols, rows, err := term.GetSize(int(f.Fd()))
	if err != nil {
		return 80, 24
	}
	return cols, rows
}

func (r *runner) noColor() bool {
	_, ok := r.p.env("NO_COLOR")
	return ok
}

// waitsForPerson reports whether nothing goes on without one.
func waitsForPerson(r *jobs.Report) bool {
	waits := false
	for _, n := range r.Nodes {
		switch n.Status {
		case jobs.StatusWaitingForInput, jobs.StatusAwaitingApproval:
			waits = true
		case jobs.StatusRunning, jobs.StatusPlanning:
			return false
		case jobs.StatusQueued:
			if n.Reason != jobs.ReasonDependency && n.Reason != jobs.ReasonApproval {
				return false
			}
		default:
		}
	}
	return waits
}

// ask puts to the person at the terminal what the job waits for, and reports
// whether it can go on.
func (r *runner) ask(ctx context.Context, report *jobs.Report) (bool, error) {
	if !r.person() {
		return false, nil
	}
	switch {
	case report.Status == jobs.StatusAwaitingApproval:
		return r.askPlan(ctx, report)
	case report.Cost.Shortage != nil:
		return r.askMoney(ctx, report.Cost.Shortage)
	}
	return r.askQuestions(ctx, report)
}

// answer reads a line of the person at the terminal, in small letters; empty if
// there is none.
func (r *runner) answer() string { return strings.ToLower(r.line()) }

// line reads a line of the person at the terminal; empty if there is none.
func (r *runner) line() string {
	line, err := bufio.NewReader(r.p.stdin).ReadString('\n')
	if err != nil {
		return ""
	}
	return strings.TrimSpace(line)
}

// interrupted says how to go on with a job that did not end.
func (r *runner) interrupted(err error) error {
	again := "go on with: bob run --resume " + string(r.id)
	switch {
	case errors.Is(err, jobs.ErrDiskFull), errors.Is(err, syscall.ENOSPC):
		return &exitError{code: exitFailed, err: fmt.Errorf("the disk is full, the job is kept as it was: free some space, then %s", again)}
	case err == nil, errors.Is(err, context.Canceled):
		return &exitError{code: exitInterrupted, err: fmt.Errorf("interrupted, nothing is lost: %s", again)}
	}
	r.h.log.Error("run ended", "err", err)
	return &exitError{code: exitFailed, err: fmt.Errorf("the job could not go on (%w): %s", err, again)}
}
