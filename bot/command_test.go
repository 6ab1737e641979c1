package bot

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/askbob/bob/jobs"
)

func TestParse_commands(t *testing.T) {
	t.Parallel()
	mine := listing{mine: true}
	tests := []struct {
		text string
		want order
	}{
		// Alone, with an ID, with a step.
		{"status", order{verb: verbStatus}},
		{"Status?", order{verb: verbStatus}},
		{"status job_7k3f9q2x", order{verb: verbStatus, job: "job_7k3f9q2x"}},
		{"/status job_7k3f9q2x", order{verb: verbStatus, job: "job_7k3f9q2x", signed: true}},
		{"/bob status `JOB_7K3F9Q2X`", order{verb: verbStatus, job: "job_7k3f9q2x"}},
		{"status job_7k3f9q2o", order{verb: verbStatus, job: "job_7k3f9q20"}},
		{"status job_7k3f9q2x 1.2", order{verb: verbStatus, job: "job_7k3f9q2x", path: "1.2"}},
		{"status of step 1.2 please", order{verb: verbStatus, path: "1.2"}},
		{"results job_1", order{verb: verbResults, job: "job_1"}},
		{"show me the results", order{verb: verbResults}},
		{"details", order{verb: verbStatus}},
		{"plan", order{verb: verbPlan}},
		{"show the plan for job_1", order{verb: verbPlan, job: "job_1"}},
		{"approve job_1 2", order{verb: verbApprove, job: "job_1", revision: 2}},
		{"approve the plan", order{verb: verbApprove}},
		{"approve revision 3", order{verb: verbApprove, revision: 3}},
		{"reject job_1", order{verb: verbReject, job: "job_1"}},
		{"cheaper", order{verb: verbCheaper}},
		{"edit the plan", order{verb: verbEdit}},
		{"pause it", order{verb: verbPause}},
		{"please pause job_1", order{verb: verbPause, job: "job_1"}},
		{"!resume", order{verb: verbResume, signed: true}},
		{"continue", order{verb: verbResume}},
		{"cancel 3", order{verb: verbCancel, path: "3"}},
		{"cancel this job now", order{verb: verbCancel}},
		{"stop!", order{verb: verbCancel}},
		{"retry", order{verb: verbRetry}},
		{"retry 1.2", order{verb: verbRetry, path: "1.2"}},
		{"retry everything that failed", order{verb: verbRetry}},
		{"retry job_1 1.2: compare regions only", order{verb: verbRetry, job: "job_1", path: "1.2", text: "compare regions only"}},
		{"rerun step 2: in euros: all of it", order{verb: verbRerun, path: "2", text: "in euros: all of it"}},
		{"skip 1.2.3", order{verb: verbSkip, path: "1.2.3"}},
		{"finish with what there is", order{verb: verbFinish}},
		{"budget 5", order{verb: verbBudget, amount: 5_000_000_000}},
		{"budget job_1 $2.50", order{verb: verbBudget, job: "job_1", amount: 2_500_000_000}},
		{"budget +1", order{verb: verbBudget, amount: 1_000_000_000, more: true}},
		{"budget 1 more dollar", order{verb: verbBudget, amount: 1_000_000_000, more: true}},
		{"budget step 1.2 $3", order{verb: verbBudget, path: "1.2", amount: 3_000_000_000}},
		{"budget", order{verb: verbBudget}},
		{"+$1", order{verb: verbBudget, amount: 1_000_000_000, more: true}},
		{"+ $1", order{verb: verbSubmit, text: "+ $1"}},
		{"priority high", order{verb: verbPriority, priority: jobs.PriorityHigh}},
		{"priority job_1 urgent", order{verb: verbPriority, job: "job_1", priority: jobs.PriorityUrgent}},
		{"mute", order{verb: verbMute}},
		{"unmute job_1", order{verb: verbUnmute, job: "job_1"}},

		// Lists, schedules, cost, help.
		{"jobs", order{verb: verbJobs, list: mine}},
		{"list", order{verb: verbJobs, list: mine}},
		{"list my jobs", order{verb: verbJobs, list: mine}},
		{"jobs all", order{verb: verbJobs}},
		{"jobs failed", order{verb: verbJobs, list: listing{status: jobs.StatusFailed, mine: true}}},
		{"jobs running", order{verb: verbJobs, list: listing{group: jobs.GroupActive, mine: true}}},
		{`jobs "q4 sales"`, order{verb: verbJobs, list: listing{words: "q4 sales", mine: true}}},
		{"jobs about sales", order{verb: verbJobs, list: listing{words: "sales", mine: true}}},
		{"jobs sales", order{verb: verbJobs, list: listing{words: "sales", mine: true}}},
		{`schedule "0 9 * * 1" Summarise the week`, order{verb: verbSchedule, text: `"0 9 * * 1" Summarise the week`, quoted: true}},
		{"schedule every Monday at 9 summarise the week", order{verb: verbSchedule, text: "every Monday at 9 summarise the week"}},
		{"schedule 0 9 * * 1 summarise the week", order{verb: verbSchedule, text: "0 9 * * 1 summarise the week"}},
		{"schedules", order{verb: verbSchedules}},
		{"schedule", order{verb: verbSchedules}},
		{"schedule list", order{verb: verbSchedules}},
		{"schedule pause sch_abc123", order{verb: verbPause, schedule: "sch_abc123"}},
		{"pause sch_abc123", order{verb: verbPause, schedule: "sch_abc123"}},
		{"remove schedule sch_abc123", order{verb: verbRemove, schedule: "sch_abc123"}},
		{"unschedule sch_abc123", order{verb: verbRemove, schedule: "sch_abc123"}},
		{"cost", order{verb: verbCost}},
		{"costs by users", order{verb: verbCost, group: jobs.CostByUser}},
		{"cost by job", order{verb: verbCost, group: jobs.CostByJob}},
		{"cost of this job", order{verb: verbCost}},
		{"cost job_1", order{verb: verbCost, job: "job_1"}},
		{"help", order{verb: verbHelp}},
		{"?", order{verb: verbHelp}},
		{"", order{verb: verbHelp}},
		{"help me", order{verb: verbHelp}},
		{"help with schedule", order{verb: verbHelp, topic: verbSchedule}},
		{"!aside", order{verb: verbAside, signed: true}},

		// Answers, and the way to hand in anything.
		{"answer job_1 in euros", order{verb: verbAnswer, job: "job_1", text: "in euros"}},
		{"answer job_1 1.2 in euros", order{verb: verbAnswer, job: "job_1", path: "1.2", text: "in euros"}},
		{"answer 1.2: in euros", order{verb: verbAnswer, path: "1.2", text: "in euros"}},
		{"submit: status", order{verb: verbSubmit, text: "status"}},

		// Small talk.
		{"Hello!", order{verb: verbGreet}},
		{"thanks, Bob", order{verb: verbSubmit, text: "thanks, Bob"}},
		{"Thank you!", order{verb: verbThanks}},
		{"👍", order{verb: verbThanks}},
	}
	for _, tt := range tests {
		if diff := cmp.Diff(tt.want, parse(tt.text, setting{}), cmp.AllowUnexported(order{}, listing{})); diff != "" {
			t.Errorf("%q:\n%s", tt.text, diff)
		}
	}
}

func TestParse_requestsThatBeginWithAVerbStayRequests(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"Cancel the newsletter and write to all subscribers why",
		"cancel my subscription at the gym",
		"stop the bleeding in our churn: analyse the attached data",
		"status report for the board, with last quarter's numbers",
		"plan a trip to Rome in May",
		"plan for job_7k3f9q2x and what comes after it",
		"list all customers who bought twice",
		"list customers",
		"jobs in Berlin for welders: make a table",
		"results of the election by district as a chart",
		"help Anna write a letter to her landlord",
		"help me write a letter",
		"schedule a meeting with Anna next week and draft the invitation",
		"budget for a wedding with 80 guests",
		"budget of 5 departments compared",
		"priority list for the release",
		"retry logic in Go: explain three ways",
		"resume review: look at the attached CV",
		"cost of living in Lisbon compared with Porto",
		"cost by region for Q4",
		"answer the customer's mail below",
		"answer 3 questions about the attached file",
		"submit the tax form",
		"skip the intro and summarise the attached talk",
		"pause between tasks: how long is best for productivity?",
		"edit this text so that it is shorter: lorem ipsum",
		"remove duplicates from the attached list",
		"finish the attached slides",
		"approve or reject? Compare both offers and say which is better",
		"mute swans: how many live in Hamburg?",
		"continue the story in the attached file",
		"details about the French revolution",
		"Analyze the Q4 sales data and create a presentation",
		"What is 17% of 340?",
		"bitcoin",
		"/etc/passwd is broken: what can I do?",
		"!important: translate the attached file",
		"planet",
		"past tense of all verbs in the attached text",
		"statsu of our servers in a table",
		strings.Repeat("status ", 40),
	} {
		want := order{verb: verbSubmit, text: strings.TrimSpace(text)}
		if diff := cmp.Diff(want, parse(text, setting{}), cmp.AllowUnexported(order{}, listing{})); diff != "" {
			t.Errorf("%q:\n%s", text, diff)
		}
	}
}

func TestParse_hintsAtMistypedCommands(t *testing.T) {
	t.Parallel()
	for text, meant := range map[string]string{
		"statsu":            `Did you mean "status"?`,
		"pasue job_1":       `Did you mean "pause job_1"?`,
		"cancle":            `Did you mean "cancel"?`,
		"resutls job_1":     `Did you mean "results job_1"?`,
		"aprove job_1 2":    `Did you mean "approve job_1 2"?`,
		"retyr 1.2":         `Did you mean "retry 1.2"?`,
		"budgt 5":           `Did you mean "budget 5"?`,
		"priorty high":      `Did you mean "priority high"?`,
		"shedules":          `Did you mean "schedules"?`,
		"jbos":              `Did you mean "jobs"?`,
		"hepl":              `Did you mean "help"?`,
		"!frobnicate":       `"help" lists all commands`,
		"!statis":           `Did you mean "status"?`,
		"frobnicate job_1":  `I know no command "frobnicate"`,
		"job_1":             `Say "status job_1"`,
		"schedul every day": `Did you mean "schedule every day"?`,
	} {
		got := parse(text, setting{})
		if got.verb != verbHint || !strings.Contains(got.text, meant) {
			t.Errorf("%q: %q %q, want a hint with %q", text, got.verb, got.text, meant)
		}
	}
}

func TestParse_readsMoreWhereItIsSaidSo(t *testing.T) {
	t.Parallel()
	tests := []struct {
		text string
		at   setting
		want order
	}{
		{"submit the tax form", setting{explicit: true}, order{verb: verbSubmit, text: "the tax form"}},
		{"answer in euros", setting{thread: true}, order{verb: verbAnswer, text: "in euros"}},
		{"answer 1.2 in euros", setting{explicit: true}, order{verb: verbAnswer, path: "1.2", text: "in euros"}},
		{"answer: 3 apples", setting{explicit: true}, order{verb: verbAnswer, text: "3 apples"}},
		{"answer job_1: 3 apples", setting{}, order{verb: verbAnswer, job: "job_1", text: "3 apples"}},
		{"answer job_1 1.2: 3 apples", setting{}, order{verb: verbAnswer, job: "job_1", path: "1.2", text: "3 apples"}},
		{"cancel the newsletter", setting{explicit: true, thread: true}, order{verb: verbSubmit, text: "cancel the newsletter"}},
	}
	for _, tt := range tests {
		if diff := cmp.Diff(tt.want, parse(tt.text, tt.at), cmp.AllowUnexported(order{}, listing{})); diff != "" {
			t.Errorf("%q:\n%s", tt.text, diff)
		}
	}
}

func TestDistance(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		a, b string
		want int
	}{
		{"status", "status", 0},
		{"statsu", "status", 1},
		{"stats", "status", 1},
		{"sttas", "status", 2},
		{"", "ab", 2},
		{"übung", "ubung", 1},
		{"abcdef", "ghijkl", 6},
		{"a", "abcdefgh", 3},
	} {
		if got := distance(tt.a, tt.b, 2); got != tt.want && (got <= 2 || tt.want <= 2) {
			t.Errorf("distance(%q, %q) = %d, want %d", tt.a, tt.b, got, tt.want)
		}
	}
}

// FuzzParse holds for any text: nothing panics, a request keeps its text, and what is
// read is of the form that the rest relies on.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		"", "status job_1", "!aside", "answer 1.2: x", `schedule "every day" x`, "/bob", "!", "/", "budget $", "+", "jobs about", "job_", "\x00", "？", "submit:",
		"retry 1.2 : ", "1.2.3.4.5", "budget step 1 2", strings.Repeat("a ", 100),
	} {
		f.Add(seed, false, false)
		f.Add(seed, true, true)
	}
	f.Fuzz(func(t *testing.T, text string, thread, explicit bool) {
		o := parse(text, setting{thread: thread, explicit: explicit})
		switch {
		case o.verb == "":
			t.Fatalf("%q has no verb", text)
		case o.verb == verbSubmit && !strings.Contains(text, o.text):
			t.Fatalf("%q became %q", text, o.text)
		case o.verb == verbHint && o.text == "":
			t.Fatalf("%q got an empty hint", text)
		case o.path != "" && !isPath(o.path), o.amount < 0, o.revision < 0:
			t.Fatalf("%q became %+v", text, o)
		case o.job != "" && !jobPattern.MatchString(string(o.job)):
			t.Fatalf("%q became job %q", text, o.job)
		}
	})
}
