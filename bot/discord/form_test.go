package discord_test

import (
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/askbob/bob/bot"
	"github.com/askbob/bob/bot/discord/discordfake"
)

// form is one for a new job, with more fields than Discord takes.
func form() *bot.Form {
	return &bot.Form{
		Button: bot.Button{Action: bot.ActNew}, Title: "A new job for Bob, with a title that is too long for Discord", Submit: "Go",
		Fields: []bot.Field{
			{Key: "budget", Label: "Budget", Optional: true, Hint: "US dollars"},
			{Key: "request", Label: "What is to be done", Long: true, Value: "before", Max: 3000},
			{Key: "files", Label: "Files", Optional: true, Files: true},
			{Key: "priority", Label: "Priority", Value: "high", Choices: []bot.Choice{{Value: "low", Label: "Low"}, {Value: "high", Label: "High"}}},
			{Key: "a", Label: "A"},
			{Key: "b", Label: "", Optional: true},
		},
	}
}

// asked opens the form by /bob ask, and returns its labels by the names of their fields.
func (o *office) asked(t *testing.T) (keys []string, labels map[string]map[string]any) {
	t.Helper()
	token := o.Interact(o.event(usesCommand, bob("ask")))
	if c := o.ears.clicked(t); c.Button != (bot.Button{Action: bot.ActNew}) || c.Place != o.place(o.thread) {
		t.Errorf("clicked %+v", c)
	}
	got := o.answered(t, token)
	data := got.Answers[0]["data"].(map[string]any)
	if kindOf(got) != 9 || data["custom_id"] != "new||" {
		t.Fatalf("answered %v", got.Answers)
	}
	labels = map[string]map[string]any{}
	for _, c := range data["components"].([]any) {
		label := c.(map[string]any)
		key := label["component"].(map[string]any)["custom_id"].(string)
		keys, labels[key] = append(keys, key), label
	}
	return keys, labels
}

func TestForm_takesFiles(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.ears.click = func(bot.Click) (bot.Reply, error) { return bot.Reply{Form: form()}, nil }
	var fetched string
	o.ears.hear = func(m bot.Message) (bot.Reply, error) {
		for _, f := range m.Files {
			body, err := f.Open(t.Context())
			if err != nil {
				return bot.Reply{}, err
			}
			data, err := io.ReadAll(body)
			if err != nil || body.Close() != nil {
				return bot.Reply{}, err
			}
			fetched += f.Name + "=" + string(data) + ";"
		}
		return bot.Reply{Text: "Job submitted"}, nil
	}
	o.open(t)
	keys, labels := o.asked(t)
	if want := []string{"budget", "request", "files", "priority", "a"}; !slices.Equal(keys, want) {
		t.Errorf("the form has %v, want %v", keys, want)
	}
	want := map[string]any{"type": 19.0, "custom_id": "files", "min_values": 0.0, "max_values": 10.0, "required": false}
	if diff := cmp.Diff(want, labels["files"]["component"]); diff != "" {
		t.Error(diff)
	}

	label := func(component map[string]any) map[string]any {
		return map[string]any{"type": 18, "component": component}
	}
	first, second := o.AddFile("q4.csv", []byte("a;b")), o.AddFile("notes.md", []byte("# Q4"))
	token := o.Interact(o.event(submitsForm, map[string]any{
		"custom_id": "new||", "components": []any{
			label(map[string]any{"type": 4, "custom_id": "request", "value": "sum up"}),
			label(map[string]any{"type": 19, "custom_id": "files", "values": []any{first["id"], "4711", second["id"]}}),
			label(map[string]any{"type": 3, "custom_id": "priority", "values": []any{"low"}}),
			label(map[string]any{"type": 4, "custom_id": "budget", "value": "2"}),
		},
		"resolved": map[string]any{"attachments": map[string]any{first["id"].(string): first, second["id"].(string): second}},
	}))
	m := o.ears.message(t)
	if m.Text != "sum up" || m.Way != bot.WayForm || m.Place != o.place(o.thread) || m.User.ID != "700" || len(m.Keys) != 1 ||
		m.Draft != (bot.Draft{Budget: "2", Priority: "low"}) {
		t.Errorf("submitted %+v", m)
	}
	if got := o.answered(t, token); raw(got.Original) != "Job submitted" || !private(got.Original) {
		t.Errorf("answered %v", got.Answers)
	}
	if want := "q4.csv=a;b;notes.md=# Q4;"; fetched != want {
		t.Errorf("fetched %q, want %q", fetched, want)
	}
}

// TestForm_saysHowToAttachWhereNoFilesAreTaken has Discord refuse the field for files.
func TestForm_saysHowToAttachWhereNoFilesAreTaken(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.ears.click = func(bot.Click) (bot.Reply, error) { return bot.Reply{Form: form()}, nil }
	o.open(t)
	o.Fail(discordfake.Fault{Method: http.MethodPost, Path: "/interactions/", Status: http.StatusBadRequest, Code: 50035})
	keys, labels := o.asked(t)
	if want := []string{"budget", "request", "priority", "a", "b"}; !slices.Equal(keys, want) {
		t.Errorf("the form has %v, want %v", keys, want)
	}
	if text, _ := labels["request"]["description"].(string); !strings.Contains(text, "/bob ask") || !strings.Contains(text, "mentions Bob") {
		t.Errorf("the request's field says %q", text)
	}
}

// A form that is not one for a new job comes back as what was pressed.
func TestForm_ofAnAnswer(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.ears.click = func(bot.Click) (bot.Reply, error) { return bot.Reply{Text: "Your answer is with job_1."}, nil }
	o.open(t)
	token := o.Interact(o.event(submitsForm, map[string]any{"custom_id": "answer|job_1|1.2", "components": []any{
		map[string]any{"type": 1, "components": []any{map[string]any{"type": 4, "custom_id": "answer", "value": "2024"}}},
	}}))
	c := o.ears.clicked(t)
	if diff := cmp.Diff(map[string]string{"answer": "2024"}, c.Fields); diff != "" || c.Button != (bot.Button{Action: bot.ActAnswer, Job: "job_1", Arg: "1.2"}) {
		t.Errorf("submitted %+v: %s", c, diff)
	}
	if got := o.answered(t, token); raw(got.Original) != `Your answer is with job\_1.` || !private(got.Original) {
		t.Errorf("answered %v", got.Answers)
	}
}
