package main

import (
	"encoding/csv"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/askbob/bob/jobs"
)

// purseTest is a data directory in which the demo model costs money.
type purseTest struct {
	t         *testing.T
	data, out string
	config    string
	sales     string
}

func newPurseTest(t *testing.T, settings string) *purseTest {
	t.Helper()
	dir := t.TempDir()
	p := &purseTest{t: t, data: filepath.Join(dir, "data"), out: filepath.Join(dir, "out"), config: filepath.Join(dir, "bob.yaml"), sales: filepath.Join(dir, "sales.csv")}
	p.configure(settings)
	p.write(p.sales, string(fewSales()))
	return p
}

func (p *purseTest) write(path, text string) {
	p.t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		p.t.Fatal(err)
	}
}

func (p *purseTest) configure(settings string) {
	p.t.Helper()
	p.write(p.config, `
llm:
  providers: [{name: demo, kind: demo}]
  models: [{model: demo, provider: demo, price: {input: 1.8, output: 3.6}}]
`+settings)
}

func (p *purseTest) bob(args ...string) (code int, stdout, stderr string) {
	p.t.Helper()
	args = append(args, "--data", p.data, "--config", p.config)
	if args[0] == "run" {
		args = append(args, "-o", p.out, "--json")
	}
	return bob(p.t, args...)
}

// start runs the sales job with more arguments, which must end with that status.
func (p *purseTest) start(want int, args ...string) (jobs.Report, string) {
	p.t.Helper()
	return p.goOn(want, append(args, "-f", p.sales, "Analyze the Q4 sales data and create a presentation")...)
}

func (p *purseTest) goOn(want int, args ...string) (jobs.Report, string) {
	p.t.Helper()
	code, stdout, stderr := p.bob(append([]string{"run"}, args...)...)
	if code != want {
		p.t.Fatalf("bob run %v: exit status %d, want %d: %s", args, code, want, stderr)
	}
	return report(p.t, stdout), stderr
}

func amount(t *testing.T, text string) jobs.Money {
	t.Helper()
	m, err := jobs.ParseMoney(text)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func lastLine(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return lines[len(lines)-1]
}

func TestE2E_aBudgetThatIsTooSmallWaitsAndGoesOnWithMore(t *testing.T) {
	t.Parallel()
	p := newPurseTest(t, "")
	r, stderr := p.start(exitWaits, "--budget", "0.09")
	if spent := amount(t, r.Cost.USD); spent == 0 || spent > amount(t, "0.09") || amount(t, r.Cost.Reserved) != 0 {
		t.Errorf("spent %s and reserved %s of 0.09", r.Cost.USD, r.Cost.Reserved)
	}
	if r.Cost.Shortage == nil || r.Cost.Shortage.Purse != jobs.PurseJob || r.Cost.Shortage.Add != "1.000000000" {
		t.Errorf("the report lacks what is missing: %+v", r.Cost.Shortage)
	}
	last := lastLine(stderr)
	for _, want := range []string{"waits for money", "The job's budget is $0.0900", "--resume " + string(r.ID) + " --budget 1.09", "--finish"} {
		if !strings.Contains(last, want) {
			t.Errorf("%q does not say %q", last, want)
		}
	}
	before := r
	r, _ = p.goOn(exitOK, "--resume", string(r.ID), "--budget", "1.09")
	if r.Status != jobs.StatusCompleted || r.Cost.Budget != "1.090000000" || r.Cost.Shortage != nil {
		t.Errorf("got %s, %+v", r.Status, r.Cost)
	}
	for i, call := range before.Calls {
		if r.Calls[i].ID != call.ID || r.Calls[i].CostUSD != call.CostUSD {
			t.Errorf("call %d changed from %+v to %+v", i, call, r.Calls[i])
		}
	}
}

func TestE2E_finishWithWhatThereIs(t *testing.T) {
	t.Parallel()
	p := newPurseTest(t, "")
	r, _ := p.start(exitWaits, "--budget", "0.12")
	if r.Summary.Completed == 0 {
		t.Fatalf("nothing was done for $0.12: %+v", r.Summary)
	}
	done := r.Summary.Completed
	r, stderr := p.goOn(exitPartial, "--resume", string(r.ID), "--finish")
	if r.Status != jobs.StatusPartial || r.Summary.Completed != done || r.Summary.Skipped != r.Summary.Total-done {
		t.Errorf("got %s, %+v after %d were done: %s", r.Status, r.Summary, done, stderr)
	}
	if spent := amount(t, r.Cost.USD); spent > amount(t, "0.12") {
		t.Errorf("finishing cost %s of 0.12", r.Cost.USD)
	}
	gaps := 0
	for _, n := range r.Nodes {
		if n.Depth == 1 && !n.Status.Good() {
			gaps++
			if !strings.Contains(r.Result, n.Title) {
				t.Errorf("the answer does not name the gap %q: %s", n.Title, r.Result)
			}
		}
	}
	if gaps == 0 {
		t.Errorf("no branch is missing for $0.12")
	}
	if code, _, stderr := p.bob("run", "--finish", "x"); code != exitUsage || !strings.Contains(stderr, "--resume") {
		t.Errorf("--finish of a new job: exit status %d, %s", code, stderr)
	}
}

func TestE2E_aPersonsDayIsBounded(t *testing.T) {
	t.Parallel()
	p := newPurseTest(t, "jobs: {budget_per_user_day: 0.30, budget_time_zone: Europe/Berlin}\n")
	p.start(exitOK)
	r, stderr := p.start(exitWaits)
	s := r.Cost.Shortage
	if s == nil || s.Purse != jobs.PurseUserDay || s.Add != "" || s.Until == nil || s.Until.Before(time.Now()) {
		t.Fatalf("got %+v, want a shortage of the day's purse until midnight", s)
	}
	if last := lastLine(stderr); !strings.Contains(last, "budget per person and day is $0.30") || strings.Contains(last, "--budget") {
		t.Errorf("got %q, want the day's purse, and no offer to add to the job's", last)
	}
	p.configure("jobs: {budget_per_user_day: 2}\n")
	if r, _ = p.goOn(exitOK, "--resume", string(r.ID)); r.Status != jobs.StatusCompleted {
		t.Errorf("got %s with a higher limit", r.Status)
	}
}

func TestE2E_aBranchCanHaveABudgetOfItsOwn(t *testing.T) {
	t.Parallel()
	p := newPurseTest(t, "")
	r, _ := p.start(exitWaits, "--approve", "ask")
	r, stderr := p.goOn(exitWaits, "--resume", string(r.ID), "--approve", "auto", "--budget", "2=0.001")
	if s := r.Cost.Shortage; s == nil || s.Purse != jobs.PurseBranch || !strings.Contains(s.Question, "step 2") {
		t.Fatalf("got %+v, want a shortage of branch 2: %s", s, stderr)
	}
	if r, _ = p.goOn(exitOK, "--resume", string(r.ID), "--budget", "2=1"); r.Status != jobs.StatusCompleted {
		t.Errorf("got %s", r.Status)
	}
	for args, want := range map[string]string{"9=1": "no step 9", "=1": "PATH=USD", "1=much": "--budget", "0.0001": "cannot be less"} {
		if code, _, stderr := p.bob("run", "--resume", string(r.ID), "--budget", args); code != exitUsage || !strings.Contains(stderr, want) {
			t.Errorf("--budget %s: exit status %d, %q; want %q", args, code, stderr, want)
		}
	}
	if code, _, stderr := p.bob("run", "--budget", "1=2", "x"); code != exitUsage || !strings.Contains(stderr, "no branches yet") {
		t.Errorf("a new job's branch: exit status %d, %s", code, stderr)
	}
}

func TestE2E_plansAreForetoldAndComparedWithTheOutcome(t *testing.T) {
	t.Parallel()
	p := newPurseTest(t, "")
	r, _ := p.start(exitWaits, "--approve", "ask")
	f := r.Forecast
	if f == nil || amount(t, f.CostLow) <= 0 || amount(t, f.CostHigh) < amount(t, f.CostLow) || f.TimeHighMS < f.TimeLowMS || f.Unpriced != 0 {
		t.Fatalf("got %+v, want ranges", f)
	}
	_, stdout, _ := p.bob("status", string(r.ID))
	if !strings.Contains(stdout, "Forecast: $") || strings.Contains(stdout, "it was") {
		t.Errorf("the plan is shown without a forecast: %s", stdout)
	}
	r, _ = p.goOn(exitOK, "--resume", string(r.ID), "--approve", "auto")
	_, stdout, _ = p.bob("status", string(r.ID))
	if !strings.Contains(stdout, "; it was "+jobs.ShortUSD(r.Cost.USD)) {
		t.Errorf("the forecast is not compared with the outcome: %s", stdout)
	}
	for range 3 {
		r, _ = p.start(exitOK)
	}
	if r.Forecast.Learned == 0 {
		t.Errorf("nothing was learned from three jobs: %+v", r.Forecast)
	}
	was := amount(t, r.Cost.USD)
	if low, high := amount(t, r.Forecast.CostLow), amount(t, r.Forecast.CostHigh); was < low*2/3 || was > high*3/2 {
		t.Errorf("after three like it the job was foretold to cost %s to %s, and cost %s", r.Forecast.CostLow, r.Forecast.CostHigh, r.Cost.USD)
	}
}

func TestE2E_cost_agreesWithTheReports(t *testing.T) {
	t.Parallel()
	p := newPurseTest(t, "")
	done, _ := p.start(exitOK)
	waits, _ := p.start(exitWaits, "--budget", "0.1")
	want := amount(t, done.Cost.USD) + amount(t, waits.Cost.USD)
	calls := len(done.Calls) + len(waits.Calls)
	for _, by := range jobs.CostGroups() {
		_, stdout, stderr := p.bob("cost", "--by", string(by), "--json")
		var got costsJSON
		if err := json.Unmarshal([]byte(stdout), &got); err != nil {
			t.Fatalf("%v: %s", err, stderr)
		}
		if got.Total.Spent != want.String() || got.Total.Calls != calls || got.Total.Reserved != jobs.Money(0).String() {
			t.Errorf("by %s: %+v, the reports say %s and %d calls", by, got.Total, want, calls)
		}
	}
	_, stdout, _ := p.bob("cost", "--by", "job", "--csv")
	rows, err := csv.NewReader(strings.NewReader(stdout)).ReadAll()
	if err != nil || len(rows) != 3 || rows[1][0] != string(waits.ID) || rows[1][2] != waits.Cost.USD || rows[2][2] != done.Cost.USD {
		t.Errorf("got %v %v, want a row for each job", rows, err)
	}
	_, stdout, _ = p.bob("cost")
	if !strings.Contains(lastLine(stdout), want.String()) {
		t.Errorf("the table's total is not %s: %s", want, stdout)
	}
	today := time.Now().UTC().Format(time.DateOnly)
	if _, stdout, _ = p.bob("cost", "--until", "2020-01-01"); !strings.Contains(stdout, "No model was called") {
		t.Errorf("got %s long ago", stdout)
	}
	if _, stdout, _ = p.bob("cost", "--since", "2020-01-01", "--until", today); !strings.Contains(lastLine(stdout), want.String()) {
		t.Errorf("got %s until today, want all", stdout)
	}
	for _, args := range [][]string{{"--by", "moon"}, {"--since", "yesterday"}, {"--since", today, "--until", "2020-01-01"}, {"--json", "--csv"}} {
		if code, stdout, stderr := p.bob(append([]string{"cost"}, args...)...); code != exitUsage || stdout != "" || strings.Count(stderr, "\n") != 1 {
			t.Errorf("bob cost %v: exit status %d, %q", args, code, stderr)
		}
	}
}

func TestLoadConfig_readsWhatJobsMayCost(t *testing.T) {
	t.Parallel()
	got, err := load(t, "jobs: {approval: always, budget_per_user_day: 5, budget_time_zone: Asia/Kathmandu}", map[string]string{
		"BOB_JOBS_BUDGET_PER_WORKSPACE_MONTH": "0",
	})
	if err != nil {
		t.Fatal(err)
	}
	j := got.Jobs
	if j.approval().Mode != jobs.ApproveAlways || limit(j.BudgetPerUserDay) == nil || *limit(j.BudgetPerWorkspaceMonth) != 0 || j.zone().String() != "Asia/Kathmandu" {
		t.Errorf("got %+v", j)
	}
	if d := defaults().Jobs; limit(d.BudgetPerUserDay) != nil || limit(d.BudgetPerWorkspaceMonth) != nil || d.zone() != time.UTC {
		t.Errorf("limits by default: %+v", d)
	}
	_, err = load(t, "jobs: {approval: sometimes, budget_time_zone: Mars/Base}", nil)
	for _, want := range []string{`jobs.approval: "sometimes" must be never, always or an amount such as over $1`, `jobs.budget_time_zone is "Mars/Base"`} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
}
