package main

import (
	"regexp"
	"strings"
	"testing"
)

// What can be said to Bob can be chosen, also without naming the job in its thread.
func TestDiscord_commands(t *testing.T) {
	t.Parallel()
	g := newGuild(t)
	g.serve(t)
	thread, job, _ := g.plan(t)
	for _, c := range []struct {
		data map[string]any
		want string
	}{
		{bobCommand("priority", option(3, "level", "urgent")), "The priority is urgent now: " + job},
		{bobCommand("mute"), "You hear only of questions and the end of " + job},
		{bobCommand("mute", option(3, "news", "all"), option(3, "job", job)), "You hear of all milestones again of " + job},
		{bobCommand("budget", option(3, "amount", "+1")), "$1.00 more may be spent on " + job},
		{bobCommand("status", option(3, "step", "2.1")), "Step 2.1"},
		{bobCommand("skip", option(3, "step", "2.2")), "Skipping step 2.2 of " + job},
		{bobCommand("answer", option(3, "text", "3 apples")), "⚠️"},
		{bobCommand("pause", option(3, "job", "the newsletter")), "It is used so: pause [ID] [STEP]"},
		{bobCommand("schedules"), "There are none"},
		{bobCommand("finish"), "It ends with what there is: " + job},
	} {
		if text := said(g.use(t, thread, c.data)); !strings.Contains(text, c.want) {
			t.Errorf("%v says %q, want %q", c.data["options"], text, c.want)
		}
	}
	if len(g.Threads(g.channel)) != 1 || len(g.Messages(g.channel)) != 1 {
		t.Errorf("a command was taken for a job:\n%s", g.all())
	}
}

// A form takes the request and its files.
func TestDiscord_form(t *testing.T) {
	t.Parallel()
	g := newGuild(t)
	g.serve(t)
	form := g.use(t, g.channel, bobCommand("ask")).Answers[0]
	if form["type"] != 9.0 {
		t.Fatalf("/bob ask without words is answered %v", form)
	}
	file := g.AddFile("q4-sales.csv", sampleSales)
	label := func(component map[string]any) any { return map[string]any{"type": 18, "component": component} }
	said := said(g.answer(t, g.event(5, g.channel, map[string]any{
		"custom_id": form["data"].(map[string]any)["custom_id"],
		"components": []any{
			label(map[string]any{"type": 4, "custom_id": "request", "value": "Analyze the Q4 sales data and create a presentation"}),
			label(map[string]any{"type": 19, "custom_id": "files", "values": []any{file["id"]}}),
		},
		"resolved": map[string]any{"attachments": map[string]any{file["id"].(string): file}},
	})))
	if !regexp.MustCompile(`Job job_\w+ is on its way`).MatchString(said) {
		t.Fatalf("the form is answered %q", said)
	}
	g.until(t, "the thread", func() bool { return len(g.Threads(g.channel)) == 1 })
	thread := g.Threads(g.channel)[0]
	g.done(t, thread)
	g.once(t, thread)
	total, _ := sumOf(t, sampleSales, "Revenue")
	if text := wording(g.results(thread)[0].Body); !strings.Contains(text, thousands(total)) {
		t.Errorf("the result does not name the total of the file: %s", text)
	}
}
