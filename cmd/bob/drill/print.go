package drill

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
)

// shownViolations of one run are enough to see what it is about.
const shownViolations = 5

// Print writes the result for people: what was done, what was found, and a verdict.
func (r *Result) Print(w io.Writer) error {
	var text strings.Builder
	t := tabwriter.NewWriter(&text, 0, 0, 2, ' ', 0)
	faults, kinds := Faults(), Kinds()
	_, _ = fmt.Fprintln(t, "FAULT\tTIMES\tVIOLATION\tFOUND")
	for i := range max(len(faults), len(kinds)) {
		left, right := "\t", "\t"
		if i < len(faults) {
			left = fmt.Sprintf("%s\t%d", faults[i], r.Faults[faults[i]])
		}
		if i < len(kinds) {
			right = fmt.Sprintf("%s\t%d", kinds[i], r.Violations[kinds[i]])
		}
		_, _ = fmt.Fprintf(t, "%s\t%s\n", left, right)
	}
	_ = t.Flush() // a Builder takes all
	for line := range strings.Lines(text.String()) {
		if _, err := fmt.Fprintln(w, strings.TrimRight(line, " \n")); err != nil {
			return err
		}
	}
	_, err := fmt.Fprintf(w, "\n%d runs with %d jobs, %d steps and %d calls in %.1f s\n"+
		"restart to first claim: p50 %.0f ms, longest %.0f ms, of %d\n%s",
		r.Runs, r.Jobs, r.Nodes, r.Calls, r.Seconds, r.RestartP50, r.RestartMax, r.Restarts, r.verdict())
	if err == nil && r.Directory != "" {
		_, err = fmt.Fprintf(w, "The databases are in %s\n", r.Directory)
	}
	return err
}

func (r *Result) verdict() string {
	if r.OK() {
		return fmt.Sprintf("Nothing lost, doubled, overspent or stuck (seed %d).\n", r.Seed)
	}
	var text strings.Builder
	for _, f := range r.Failed {
		for i, v := range f.Violations {
			if i == shownViolations {
				fmt.Fprintf(&text, "  and %d more\n", len(f.Violations)-i)
				break
			}
			fmt.Fprintf(&text, "seed %d: %s: %s: %s\n", f.Seed, v.Kind, v.Job, v.Detail)
		}
		if f.Database != "" {
			fmt.Fprintf(&text, "  the database: %s\n", f.Database)
		}
	}
	fmt.Fprintf(&text, "BROKEN PROMISES in %d of %d runs. Repeat the first: bob drill --runs 1 --seed %d --keep\n", len(r.Failed), r.Runs, r.Failed[0].Seed)
	return text.String()
}
