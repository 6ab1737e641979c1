package jobs_test

import (
	"testing"
	"time"

	"github.com/charmbracelet/x/ansi"

	"github.com/askbob/bob/jobs"
)

func TestStatus_Mark_isOneCellWide(t *testing.T) {
	t.Parallel()
	for _, s := range append(jobs.Statuses(), "nonsense") {
		if m := s.Mark(); ansi.StringWidth(m) != 1 || ansi.StringWidthWc(m) != 1 {
			t.Errorf("the mark %q of %s is not one cell wide", m, s)
		}
	}
}

func TestHumanDuration(t *testing.T) {
	t.Parallel()
	for d, want := range map[time.Duration]string{
		-time.Hour:                        "0 s",
		0:                                 "0 s",
		40 * time.Millisecond:             "40 ms",
		3299 * time.Millisecond:           "3.2 s",
		9999 * time.Millisecond:           "9.9 s",
		59_999 * time.Millisecond:         "59 s",
		time.Minute:                       "1 min",
		125 * time.Second:                 "2 min 5 s",
		12*time.Minute + 59*time.Second:   "12 min",
		time.Hour + 5*time.Minute:         "1 h 5 min",
		24 * time.Hour:                    "1 d",
		51*time.Hour + 59*time.Minute + 1: "2 d 3 h",
	} {
		if got := jobs.HumanDuration(d); got != want {
			t.Errorf("HumanDuration(%s) = %q, want %q", d, got, want)
		}
	}
}

func TestShortUSD(t *testing.T) {
	t.Parallel()
	for decimal, want := range map[string]string{
		"": "$0.00", "0.240000000": "$0.24", "2.00": "$2.00", "0.003100000": "$0.0031", "unknown": "unknown",
	} {
		if got := jobs.ShortUSD(decimal); got != want {
			t.Errorf("ShortUSD(%q) = %q, want %q", decimal, got, want)
		}
	}
}
