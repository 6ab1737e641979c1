package bot_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/askbob/bob/bot"
	"github.com/askbob/bob/jobs"
)

// TestStory is a day with Bob, told from its first word to its last.
func TestStory(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	expect := func(what string, got bot.Reply, want bot.Reply, news ...string) {
		t.Helper()
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("%s: %s", what, diff)
		}
		if did := h.news(); !slices.Equal(did, news) {
			t.Fatalf("%s: did %q, want %q", what, did, news)
		}
	}
	const id = jobs.JobID("job_new00001")
	by := "By:{User:slack:T1:UA Surface:slack}"
	done := func(text string) bot.Reply { return bot.Reply{Text: text, Job: id, Public: true} }
	const title = " job_new00001 (Analyze the Q4 sales)."

	// Ann drops a job, with a file. The card will say all there is to say.
	expect("request", h.says(ann, bot.WayMention, thread, "Analyze the Q4 sales", file("q4.csv", "a,b\n1,2\n")), bot.Reply{Job: id}, "submit job_new00001")
	want := jobs.Request{
		Text: "Analyze the Q4 sales", Files: []jobs.Attachment{{Name: "q4.csv", Data: []byte("a,b\n1,2\n")}}, Budget: 2_000_000_000,
		User: "slack:T1:UA", Workspace: "slack:T1", Channel: "slack:T1:C1", Place: thread, Seen: []string{"event-1"},
	}
	if diff := cmp.Diff(want, h.requests[0]); diff != "" {
		t.Fatal(diff)
	}
	r := h.find(id)

	// It plans, and asks whether the plan may run.
	r.Status, r.PlanRevision = jobs.StatusAwaitingApproval, 1
	h.plan = jobs.Plan{Steps: []jobs.Step{
		{Key: "1", Type: jobs.TypePlan, Title: "Data"},
		{Key: "1.1", Parent: "1", Type: jobs.TypeTask, Title: "Load", Prompt: "Load the CSV"},
		{Key: "1.2", Parent: "1", Type: jobs.TypeTask, Title: "Check", Prompt: "Check it"},
	}}
	reply := h.clicks(ann, bot.Button{Action: bot.ActEdit, Job: id, Arg: "1"}, nil)
	if got, want := reply.Form.Fields[0].Value, "# 1 Data\n1.1 Load the CSV\n1.2 Check it"; got != want {
		t.Fatalf("the plan's form has %q, want %q", got, want)
	}
	expect("edit", h.clicks(ann, reply.Form.Button, map[string]string{bot.FieldSteps: "# 1 Data\n1.1 Load the CSV and drop duplicates\n- 1.2\n+ 1 Draw a chart"}),
		bot.Reply{Text: "The plan is changed, it is revision 2 now. It still waits for approval:" + title, Job: id},
		"edit job_new00001 1 by slack:T1:UA: [{Op:prompt Path:1.1 Before: Title: Prompt:Load the CSV and drop duplicates DependsOn:[] Tools:[]} "+
			"{Op:drop Path:1.2 Before: Title: Prompt: DependsOn:[] Tools:[]} {Op:add Path:1 Before: Title: Prompt:Draw a chart DependsOn:[] Tools:[]}]")

	// The button of the old plan runs nothing; a word in the thread runs the new one.
	reply = h.clicks(ann, bot.Button{Action: bot.ActApprove, Job: id, Arg: "1"}, nil)
	if !reply.Warning || reply.Page == nil || !strings.Contains(reply.Text, "the newest revision is 2") || len(h.news()) != 0 {
		t.Fatalf("a stale approval: %+v", reply)
	}
	expect("approve", h.says(ann, bot.WayReply, thread, "Go ahead!"), done("Plan 2 runs now:"+title), "jobs.Approve{Job:job_new00001 Revision:2 "+by+"}")

	// People talk in the thread. Bob takes what is for it.
	expect("aside", h.says(bea, bot.WayReply, thread, "!aside lunch at one?"), bot.Reply{})
	expect("steer", h.says(ann, bot.WayReply, thread, "use euros, not dollars"), done("Noted, it is taken into account from now on by"+title),
		"jobs.Say{Job:job_new00001 Path: User:Ann Text:use euros, not dollars "+by+"}")
	expect("steer a step", h.says(ann, bot.WayReply, thread, "1.3: a bar chart, please"), done("Noted for step 1.3 of"+title),
		"jobs.Say{Job:job_new00001 Path:1.3 User:Ann Text:a bar chart, please "+by+"}")
	reply = h.says(bea, bot.WayReply, thread, "no, use dollars")
	if !reply.Warning || reply.Public || !strings.Contains(reply.Text, "Only the person who asked for this job") || len(h.news()) != 0 {
		t.Fatalf("a stranger steers: %+v", reply)
	}
	expect("pause", h.says(ann, bot.WayReply, thread, "pause"), done("Pausing"+title),
		"jobs.Command{Job:job_new00001 Path: Verb:pause "+by+" Prompt: Priority:}")
	expect("typo", h.says(ann, bot.WayReply, thread, "resmue"), bot.Reply{
		Text: `I know no command "resmue". Did you mean "resume"? If it is a job, say "submit: resmue …".`, Warning: true,
	})
	expect("resume", h.says(ann, bot.WayReply, thread, "!resume"), done("Going on with"+title),
		"jobs.Command{Job:job_new00001 Path: Verb:resume "+by+" Prompt: Priority:}")

	// It asks. What is said now is the answer, even a word that is a command.
	ask := func() {
		r.Waiting = []jobs.Wait{{Path: "1.1", Status: jobs.StatusWaitingForInput, Reason: jobs.ReasonQuestion, Since: noon, Text: "Step 1.1 (Load) waits for an answer: Cost or revenue?"}}
	}
	ask()
	expect("answer", h.says(ann, bot.WayReply, thread, "cost"), done("Your answer is with step 1.1 of"+title),
		"jobs.Answer{Job:job_new00001 Path:1.1 Text:cost "+by+"}")
	ask()
	expect("answer by name", h.says(ann, bot.WayMention, thread, "Cost"), done("Your answer is with step 1.1 of"+title),
		"jobs.Answer{Job:job_new00001 Path:1.1 Text:Cost "+by+"}")
	ask()
	expect("command by name", h.says(ann, bot.WayMention, thread, "skip 1.1"), done("Skipping step 1.1 of"+title),
		"jobs.Command{Job:job_new00001 Path:1.1 Verb:skip "+by+" Prompt: Priority:}")
	r.Waiting = nil

	// It runs out of money, and gets some.
	r.Cost.Shortage = &jobs.Shortage{Add: "1.000000000", Question: "The job's budget is $2.00."}
	expect("what yes?", h.says(ann, bot.WayReply, thread, "yes"), bot.Reply{
		Text: `Say what you want: "+$1.00" adds money, "finish" ends it with what there is, "cancel" stops it`, Job: id, Warning: true,
	})
	expect("more money", h.says(ann, bot.WayReply, thread, "+$1"), done("$1.00 more may be spent on"+title),
		"jobs.AddBudget{Job:job_new00001 Amount:1.000000000 "+by+"}")
	r.Cost.Shortage = nil

	// It is done. Thanks cost nothing; what comes next goes on from there.
	r.Status, r.Result, r.Nodes = jobs.StatusCompleted, "Revenue grew by 12 %.", nil
	h.given, h.made = []jobs.FileInfo{{Name: "q4.csv", SHA256: "1"}}, []jobs.FileInfo{{Name: "q4.pptx", SHA256: "2"}}
	expect("thanks", h.says(ann, bot.WayReply, thread, "Thank you!"), bot.Reply{})
	expect("too late", h.says(ann, bot.WayReply, thread, "pause"), bot.Reply{
		Text: `Job job_new00001 (Analyze the Q4 sales) is over (completed): there is nothing to pause. ` +
			`"results job_new00001" shows what came out, "rerun job_new00001" does it again.`, Job: id, Warning: true,
	})
	expect("follow up", h.says(ann, bot.WayReply, thread, "now the same for Q3"), bot.Reply{Job: "job_new00002"}, "submit job_new00002")
	next := h.requests[1]
	wantText := "now the same for Q3\n\n(This goes on from job job_new00001, \"Analyze the Q4 sales\". What was asked there and what came out is in the file " +
		"job_new00001.md; its own files are attached too.)"
	if diff := cmp.Diff(wantText, next.Text); diff != "" {
		t.Fatal(diff)
	}
	var names []string
	for _, f := range next.Stored {
		names = append(names, f.Name)
	}
	if want := []string{"job_new00001.md", "q4.pptx", "q4.csv"}; !slices.Equal(names, want) || next.Place != thread {
		t.Fatalf("the next job has %v in %+v, want %v", names, next.Place, want)
	}
	if back := string(h.accepted[0].Data); !strings.Contains(back, "Revenue grew by 12 %.") || !strings.Contains(back, "Analyze the Q4 sales") {
		t.Fatalf("the next job is told %q", back)
	}

	// Elsewhere nobody hears Bob.
	other := thread
	other.Thread = "200.1"
	expect("another thread", h.says(ann, bot.WayReply, other, "cancel"), bot.Reply{})
}
