// Program bob takes a job, plans it as a tree, runs the tree and hands back one
// finished result. This package is the command line, the configuration and the
// only wiring of the parts; it holds no rule of theirs.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"strings"
	"syscall"
	_ "time/tzdata" // time zones, also where the system has none

	"github.com/spf13/cobra"

	"github.com/askbob/bob/bot/terminal"
	"github.com/askbob/bob/jobs"
)

// The exit statuses of DESIGN 11.1; interrupted is the shell's for SIGINT.
const (
	exitOK          = 0
	exitBroken      = 1 // of bob drill: a promise was broken
	exitUsage       = 2
	exitPartial     = 3
	exitFailed      = 4
	exitCancelled   = 5
	exitWaits       = 6
	exitInterrupted = 130
)

// gcPercent lets the heap grow to three times what is live before it is swept:
// little is live, and sweeping competes with the writer.
const gcPercent = 200

func main() {
	debug.SetGCPercent(gcPercent)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	p := process{args: os.Args[1:], stdin: os.Stdin, stdout: os.Stdout, stderr: os.Stderr, env: os.LookupEnv, environ: os.Environ()}
	code := p.main(ctx)
	stop()
	os.Exit(code)
}

// process is what a run of the program sees of the world.
type process struct {
	args           []string
	stdin          *os.File
	stdout, stderr io.Writer
	env            func(string) (string, bool)
	environ        []string

	config string // --config
	data   string // --data
	code   int    // what a command wants to exit with
}

// exitError ends the program with a status of its own.
type exitError struct {
	code int
	err  error // nil: everything was said
}

func (e *exitError) Error() string {
	if e.err == nil {
		return fmt.Sprintf("exit status %d", e.code)
	}
	return e.err.Error()
}

func (e *exitError) Unwrap() error { return e.err }

// main runs the command that the arguments name and returns the exit status.
// Errors are one line on stderr.
func (p *process) main(ctx context.Context) int {
	root := p.command() //nolint:contextcheck // commands take the context from cobra
	root.SetArgs(p.args)
	root.SetOut(p.stdout)
	root.SetErr(p.stderr)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return p.code
	}
	code := exitUsage
	text := err.Error()
	if ctx.Err() != nil && errors.Is(err, context.Canceled) { // before there was anything to hand back
		code, text = exitInterrupted, "interrupted"
	}
	if e, ok := errors.AsType[*exitError](err); ok {
		if code = e.code; e.err == nil {
			return code
		}
		text = e.err.Error()
	}
	if e, ok := errors.AsType[*jobs.UserError](err); ok {
		text = e.Message
	}
	p.sayf("bob: %s\n", terminal.Clean(text))
	return code
}

// sayf tells the person at the terminal. Whether stderr can be written to changes
// nothing.
func (p *process) sayf(format string, args ...any) {
	_, _ = fmt.Fprintf(p.stderr, format, args...)
}

func (p *process) command() *cobra.Command {
	root := &cobra.Command{
		Use:           "bob",
		Short:         "Give Bob a job and walk away: planned as a tree, run in the background, handed back finished",
		SilenceErrors: true, SilenceUsage: true, SuggestionsMinimumDistance: 2,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return nil
			}
			return unknownCommand(cmd, args[0])
		},
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.PersistentFlags().StringVar(&p.config, "config", p.setting("BOB_CONFIG", ""), "configuration file (default config.yaml if there is one)")
	root.PersistentFlags().StringVar(&p.data, "data", p.setting("BOB_DATA", "bob-data"), "directory that keeps the jobs")
	root.AddCommand(p.serveCommand(), p.submitCommand())
	root.AddCommand(p.controlCommands()...)
	root.AddCommand(p.runCommand(), p.demoCommand(), p.jobsCommand(), p.statusCommand(), p.resultsCommand(), p.modelsCommand(), p.costCommand(), p.scheduleCommand(), p.digestCommand(), p.benchCommand(), p.drillCommand(), p.drillChildCommand(), p.manifestCommand(), p.doctorCommand(), p.versionCommand())
	return root
}

// setting returns an environment variable, or fallback where it is not set.
func (p *process) setting(name, fallback string) string {
	if value, ok := p.env(name); ok && value != "" {
		return value
	}
	return fallback
}

func unknownCommand(cmd *cobra.Command, word string) error {
	hint := "see bob help"
	if near := cmd.SuggestionsFor(word); len(near) > 0 {
		hint = "did you mean " + strings.Join(near, " or ") + "?"
	}
	return fmt.Errorf("there is no command %q: %s", word, hint)
}

func (p *process) versionCommand() *cobra.Command {
	return &cobra.Command{
		Use: "version", Short: "Say which version this is", Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			_, err := fmt.Fprintln(p.stdout, "bob", version())
			return err
		},
	}
}

// version is what Go knows of the build.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	text := info.Main.Version
	if text == "" {
		text = "(devel)"
	}
	return text + " " + info.GoVersion
}

func (p *process) benchCommand() *cobra.Command {
	o := benchOptions{}
	cmd := &cobra.Command{
		Use: "bench", Short: "Measure the engine on a temporary database", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if o.nodes < 2 || o.fanout < 0 || o.workers < 1 || o.leaf < 0 || o.fanout == 1 {
				return errors.New("bench needs --nodes of at least 2, --workers of at least 1, and --fanout of 0 (flat) or at least 2")
			}
			if err := bench(cmd.Context(), o, p.stdout); err != nil {
				return &exitError{code: exitFailed, err: err}
			}
			return nil
		},
	}
	f := cmd.Flags()
	f.BoolVar(&o.json, "json", false, "print JSON")
	f.IntVar(&o.nodes, "nodes", 11_111, "nodes of the tree")
	f.IntVar(&o.fanout, "fanout", 10, "children of a branch; 0: all leaves below the root")
	f.IntVar(&o.workers, "workers", 256, "nodes worked on at once")
	f.IntVar(&o.submits, "submits", 2_000, "jobs to submit at 500 a second; 0: none")
	f.DurationVar(&o.leaf, "leaf", 0, "how long a leaf takes")
	return cmd
}
