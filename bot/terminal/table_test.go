package terminal_test

import (
	"strings"
	"testing"
	"time"

	"github.com/askbob/bob/bot/terminal"
	"github.com/askbob/bob/jobs"
)

func TestTable(t *testing.T) {
	t.Parallel()
	running, done, queued := sales(), ended(sales(), jobs.StatusCompleted), sales()
	done.ID, done.Title, done.Progress, done.CreatedAt = "job_00000001", "データ整理 "+strings.Repeat("long ", 20), 100, *before(50 * time.Hour)
	queued.ID, queued.Title, queued.Request = "job_00000002", "", "Review\x1b[31m user_auth.py"
	queued.Status, queued.Progress, queued.Cost = jobs.StatusAwaitingApproval, 0, jobs.CostReport{}
	golden(t, "table.txt", terminal.Table([]jobs.Report{*running, *done, *queued}, noon()))
}

func TestTable_saysHowToStartTheFirstJob(t *testing.T) {
	t.Parallel()
	if got := terminal.Table(nil, noon()); !strings.Contains(got, "bob run") {
		t.Errorf("Table of no jobs = %q", got)
	}
}

func TestColumns_thatDoNotFitComeBelow(t *testing.T) {
	t.Parallel()
	rows := [][]string{{"NAME", "ONE", "TWO", "THREE"}, {"データ", "1\x1b[31m", strings.Repeat("2", 12), "3"}}
	for width, want := range map[int]string{
		0:  "NAME    ONE  TWO           THREE\nデータ  1    222222222222  3\n",
		32: "NAME    ONE  TWO           THREE\nデータ  1    222222222222  3\n",
		31: "NAME    ONE  TWO\nデータ  1    222222222222\n\nNAME    THREE\nデータ  3\n",
		1:  "NAME    ONE\nデータ  1\n\nNAME    TWO\nデータ  222222222222\n\nNAME    THREE\nデータ  3\n",
	} {
		if got := terminal.Columns(rows, width); got != want {
			t.Errorf("at %d columns:\n%s\nwant\n%s", width, got, want)
		}
	}
}

func TestDetail(t *testing.T) {
	t.Parallel()
	queued := &jobs.Report{
		ID: "job_00000002", Title: "Code Review", Status: jobs.StatusQueued, Reason: jobs.ReasonSlot,
		Priority: jobs.PriorityMedium, CreatedAt: *before(time.Minute), RemainingMS: 300_000,
	}
	done := ended(sales(), jobs.StatusCompleted)
	done.Progress = 100
	done.Artifacts = []jobs.ArtifactReport{{Name: "q4\x1b]0;x\x07.pptx", Bytes: 31_200, Node: "2.2"}, {Name: "chart.png", Bytes: 900, Node: "1.3"}}
	for name, r := range map[string]*jobs.Report{"running": sales(), "queued": queued, "done": done} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			golden(t, "detail-"+name+".txt", terminal.Detail(r, noon()))
		})
	}
}

func TestClean_keepsTextAndTakesAwayWhatSteersATerminal(t *testing.T) {
	t.Parallel()
	tests := map[string]struct{ text, want string }{
		"text":              {"Größe: 5 € — 日本語 👩‍💻\n\tok", "Größe: 5 € — 日本語 👩‍💻\n\tok"},
		"colours":           {"a\x1b[1;31mb\x1b[0mc", "abc"},
		"a title":           {"a\x1b]0;pwned\x07b\x1b]8;;http://x\x1b\\c", "abc"},
		"an open sequence":  {"a\x1b]52;c;everything behind it", "a]52;c;everything behind it"},
		"C1 controls":       {"a\u009b31mb\u0085c", "a31mbc"},
		"bells, backspaces": {"a\a\b\r\x7fb", "ab"},
		"bidi":              {"a\u202e\u2066\u200fb", "ab"},
		"tags, zero widths": {"a\u200b\ufeff\U000e0041b", "ab"},
		"invalid UTF-8":     {"a\xff\x9bb", "a\ufffdb"},
		"piles of marks":    {"a" + strings.Repeat("\u0301", 50), "a" + strings.Repeat("\u0301", 4)},
		"line separators":   {"a\u2028b", "a\nb"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := terminal.Clean(tt.text); got != tt.want {
				t.Errorf("Clean(%q) = %q, want %q", tt.text, got, tt.want)
			}
		})
	}
}
