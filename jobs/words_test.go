package jobs_test

import (
	"testing"

	"github.com/askbob/bob/jobs"
)

func TestWords(t *testing.T) {
	t.Parallel()
	for got, want := range map[string]string{
		jobs.ReasonRateLimit.Words():                                  "waits for the model's rate limit",
		jobs.Reason("new_kind").Words():                               "new kind",
		jobs.Reason("").Words():                                       "",
		jobs.Summary{Total: 9, Completed: 4, Failed: 2}.Words():       "4 of 9 done, 2 failed",
		jobs.CostReport{USD: "0.031200000"}.Words():                   "$0.0312",
		jobs.CostReport{USD: "1", Budget: "2", Unpriced: 3}.Words():   "$1.00 of $2.00 (unpriced calls: 3)",
		jobs.CostReport{USD: "1", Exceeded: 1}.Words():                "$1.00 (calls dearer than reserved: 1)",
		jobs.Summary{}.Words() + jobs.CostReport{Budget: "2"}.Words(): "$0.00 of $2.00",
	} {
		if got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
