package run

import (
	"fmt"
	"testing"
	"time"

	"github.com/askbob/bob/jobs"
)

func TestRunner_outcome_ofAShortPurse(t *testing.T) {
	t.Parallel()
	short := func(spent, reserved jobs.Money) error {
		return fmt.Errorf("reserve: %w", &jobs.ShortError{Need: 10, Purses: []jobs.Purse{{Kind: jobs.PurseJob, Budget: 100, Spent: spent, Reserved: reserved}}})
	}
	tests := map[string]struct {
		err  error
		node jobs.Node
		want string
	}{
		"spent":                          {short(95, 0), jobs.Node{Phase: jobs.PhaseWork}, "park budget"},
		"held by calls under way":        {short(50, 45), jobs.Node{Phase: jobs.PhaseWork}, "retry budget uncounted"},
		"held by others for ever":        {short(50, 45), jobs.Node{Phase: jobs.PhaseWork, Tries: maxTries}, "park budget"},
		"too little even then":           {short(91, 5), jobs.Node{Phase: jobs.PhaseWork}, "park budget"},
		"for one answer":                 {short(95, 0), jobs.Node{Phase: jobs.PhaseCombine}, "park budget"},
		"for one answer nobody asks for": {short(95, 0), jobs.Node{Phase: jobs.PhaseCombine, Finishing: true}, "partial budget"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := testRunner(time.Now())
			c := r.outcome(t.Context(), &tt.node, tt.err)
			if got := describe(c); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
			if p, ok := c.(jobs.Park); ok && (p.Shortage == nil || p.Question == "") {
				t.Errorf("got %+v, want what is missing", p)
			}
			if f, ok := c.(jobs.Finish); ok && f.Result != "what there is" {
				t.Errorf("got %q, want what there is", f.Result)
			}
		})
	}
}
