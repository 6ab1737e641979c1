package main

import (
	"bytes"
	"context"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/askbob/bob/bot/discord/discordfake"
	"github.com/askbob/bob/jobs"
)

// guild is a Discord server with one channel, and a bob serve that Ann talks to there.
type guild struct {
	*discordfake.Server

	id, channel, data string
	stop              func() // ends bob serve, and waits for its end
}

const ann = "700"

// newGuild makes a guild. It runs no bob serve yet.
func newGuild(t *testing.T) *guild {
	t.Helper()
	g := &guild{Server: discordfake.New(), data: filepath.Join(t.TempDir(), "data")}
	t.Cleanup(g.Close)
	g.id = g.AddGuild("600")
	g.channel = g.AddChannel(g.id, "", discordfake.TextChannel)
	return g
}

// serve runs bob serve in this process, with the demo model, until stop or the end of
// the test.
func (g *guild) serve(t *testing.T) {
	t.Helper()
	g.until(t, "the end of the line of the one before", func() bool { return g.Lines() == 0 })
	settings := map[string]string{
		"BOB_WEB_LISTEN": "127.0.0.1:0", "BOB_DISCORD_TOKEN": discordfake.Token, "BOB_DISCORD_API_URL": g.URL(),
	}
	var environ []string
	for name, value := range settings {
		environ = append(environ, name+"="+value)
	}
	said := &bytes.Buffer{} // read after the end only
	p := process{
		args: []string{"serve", "--data", g.data}, stdout: said, stderr: said, environ: environ,
		env: func(name string) (string, bool) { value, ok := settings[name]; return value, ok },
	}
	ctx, cancel := context.WithCancel(t.Context())
	code := make(chan int, 1)
	go func() { code <- p.main(ctx) }()
	g.stop = sync.OnceFunc(func() {
		cancel()
		if got := <-code; got != exitOK {
			t.Errorf("bob serve ended with %d: %s", got, said)
		}
	})
	t.Cleanup(g.stop)
	g.until(t, "the gateway", func() bool { return g.Lines() == 1 })
}

func (g *guild) until(t *testing.T, what string, done func() bool) {
	t.Helper()
	ctx, stop := context.WithTimeout(t.Context(), 4*time.Minute)
	defer stop()
	if err := g.Wait(ctx, done); err != nil {
		t.Fatalf("waited for %s: %v; the threads say\n%s", what, err, g.all())
	}
}

// all is everything that stands in the channel and its threads.
func (g *guild) all() string {
	var out strings.Builder
	for _, at := range append([]string{g.channel}, g.Threads(g.channel)...) {
		for _, m := range g.Messages(at) {
			out.WriteString(at + ": " + wording(m.Body) + "\n")
			for _, b := range buttonsOf(m.Body) {
				out.WriteString("  [" + b["label"].(string) + "]")
			}
			for _, f := range m.Files {
				out.WriteString("  {" + f.Name + "}")
			}
			out.WriteString("\n")
		}
	}
	return out.String()
}

// wording is all that people read in a message.
func wording(body map[string]any) string {
	text, _ := body["content"].(string)
	embeds, _ := body["embeds"].([]any)
	for _, e := range embeds {
		embed, _ := e.(map[string]any)
		for _, key := range []string{"title", "description"} {
			if s, _ := embed[key].(string); s != "" {
				text += "\n" + s
			}
		}
		if footer, _ := embed["footer"].(map[string]any); footer != nil {
			text += "\n" + footer["text"].(string)
		}
	}
	return strings.ReplaceAll(text, `\`, "") // of the escapes
}

// buttonsOf are the buttons of a message, in their order.
func buttonsOf(body map[string]any) []map[string]any {
	var out []map[string]any
	rows, _ := body["components"].([]any)
	for _, row := range rows {
		fields, _ := row.(map[string]any)
		list, _ := fields["components"].([]any)
		for _, b := range list {
			out = append(out, b.(map[string]any))
		}
	}
	return out
}

// event is what Ann does in a channel or thread.
func (g *guild) event(kind int, at string, data map[string]any) map[string]any {
	return map[string]any{
		"type": kind, "data": data, "guild_id": g.id, "channel_id": at,
		"member": map[string]any{"user": map[string]any{"id": ann, "username": "ann"}, "permissions": "0", "nick": "Ann"},
	}
}

// option is one option of a command: 3 is a text, 11 a file.
func option(kind int, name, value string) any {
	return map[string]any{"name": name, "type": kind, "value": value}
}

// use has Ann use a command, and returns what Bob says to her.
func (g *guild) use(t *testing.T, at string, data map[string]any) discordfake.Interaction {
	t.Helper()
	return g.answer(t, g.event(2, at, data))
}

func (g *guild) answer(t *testing.T, event map[string]any) discordfake.Interaction {
	t.Helper()
	token := g.Interact(event)
	g.until(t, "an answer", func() bool {
		i := g.Interaction(token)
		kind := float64(0)
		if len(i.Answers) == 1 {
			kind = i.Answers[0]["type"].(float64)
		}
		_, whole := i.Original["content"] // else only buttons changed, and the words follow
		return whole || len(i.Followups) > 0 || kind > 7
	})
	return g.Interaction(token)
}

// bobCommand is a use of /bob.
func bobCommand(sub string, options ...any) map[string]any {
	return map[string]any{"id": "1", "name": "bob", "type": 1, "options": []any{
		map[string]any{"name": sub, "type": 1, "options": options},
	}}
}

// ask has Ann give Bob the seed's job with that table, and returns its thread and ID.
func (g *guild) ask(t *testing.T, table []byte, options ...any) (thread, job string) {
	t.Helper()
	file := g.AddFile("q4-sales.csv", table)
	data := bobCommand("ask", append(options,
		option(3, "task", "Analyze the Q4 sales data and create a presentation"), option(11, "file", file["id"].(string)))...)
	data["resolved"] = map[string]any{"attachments": map[string]any{file["id"].(string): file}}
	before := len(g.Threads(g.channel))
	said := wording(g.use(t, g.channel, data).Original)
	job = regexp.MustCompile(`job_\w+`).FindString(said)
	if job == "" {
		t.Fatalf("the answer names no job: %s", said)
	}
	g.until(t, "the thread", func() bool { return len(g.Threads(g.channel)) > before })
	threads := g.Threads(g.channel)
	return threads[len(threads)-1], job
}

// card is the message that the thread began with.
func (g *guild) card(thread string) discordfake.Message {
	for _, m := range g.Messages(g.channel) {
		if m.ID == thread {
			return m
		}
	}
	return discordfake.Message{}
}

// job is the ID of the job of a thread.
func (g *guild) job(thread string) string {
	for _, m := range append([]discordfake.Message{g.card(thread)}, g.Messages(thread)...) {
		if id := regexp.MustCompile(`job_\w+`).FindString(wording(m.Body)); id != "" {
			return id
		}
	}
	return ""
}

// message is a message as it stands now.
func (g *guild) message(t *testing.T, at, id string) discordfake.Message {
	t.Helper()
	for _, m := range g.Messages(at) {
		if m.ID == id {
			return m
		}
	}
	t.Fatalf("message %s is gone: %s", id, g.all())
	return discordfake.Message{}
}

// direct is where Bob speaks to Ann alone; empty: he did not yet.
func (g *guild) direct() string {
	id := ""
	for _, r := range g.Requests("POST", "/channels/") {
		if at := strings.Split(r.Path, "/")[2]; at != g.channel {
			if c, ok := g.Channel(at); ok && c.Type == discordfake.DirectChannel {
				id = at
			}
		}
	}
	return id
}

// press has Ann press the button of that label below a message.
func (g *guild) press(t *testing.T, m *discordfake.Message, label string) discordfake.Interaction {
	t.Helper()
	return g.answer(t, g.pressing(t, m, label))
}

// pressing is the event of a button.
func (g *guild) pressing(t *testing.T, m *discordfake.Message, label string) map[string]any {
	t.Helper()
	for _, b := range buttonsOf(m.Body) {
		if b["label"] == label {
			event := g.event(3, m.Channel, map[string]any{"custom_id": b["custom_id"], "component_type": 2})
			event["message"] = map[string]any{
				"id": m.ID, "channel_id": m.Channel, "content": m.Body["content"], "components": m.Body["components"], "flags": m.Body["flags"],
			}
			return event
		}
	}
	t.Fatalf("there is no button %q: %s", label, g.all())
	return nil
}

// results are the messages of a thread that say that the job is done.
func (g *guild) results(thread string) []discordfake.Message {
	return slices.DeleteFunc(g.Messages(thread), func(m discordfake.Message) bool {
		return m.Author != discordfake.BotID || !strings.Contains(wording(m.Body), "**Completed: ")
	})
}

// files are the files that Bob attached in a thread.
func (g *guild) files(thread string) []discordfake.File {
	var out []discordfake.File
	for _, m := range g.Messages(thread) {
		out = append(out, m.Files...)
	}
	return out
}

// done waits until the job of a thread was handed back, with its last file.
func (g *guild) done(t *testing.T, thread string) {
	t.Helper()
	g.until(t, "the result", func() bool {
		return len(g.results(thread)) > 0 && strings.HasPrefix(g.card(thread).Body["content"].(string), "**✅ Completed**")
	})
	job := regexp.MustCompile(`job_\w+`).FindString(wording(g.card(thread).Body))
	code, stdout, stderr := bob(t, "results", job, "--json", "--data", g.data)
	if code != exitOK {
		t.Fatalf("exit status %d: %s", code, stderr)
	}
	want := shownFiles(report(t, stdout))
	g.until(t, "the files", func() bool { return len(g.files(thread)) >= want })
}

// shownFiles counts the files of a job that go up: a chart does as a picture alone.
func shownFiles(r jobs.Report) (n int) {
	for _, a := range r.Artifacts {
		if filepath.Ext(a.Name) != ".svg" {
			n++
		}
	}
	return n
}

// once checks that a thread has one result, each file once, and one card.
func (g *guild) once(t *testing.T, thread string) {
	t.Helper()
	if got := g.results(thread); len(got) != 1 {
		t.Errorf("the result stands there %d times:\n%s", len(got), g.all())
	}
	seen := map[string]bool{}
	for _, f := range g.files(thread) {
		if seen[f.Name] {
			t.Errorf("%s was attached twice", f.Name)
		}
		seen[f.Name] = true
	}
	if threads := g.Threads(g.channel); len(threads) != 1 {
		t.Errorf("there are %d threads, want 1", len(threads))
	}
	if list := g.Messages(g.channel); len(list) != 1 {
		t.Errorf("%d messages stand in the channel, want the card:\n%s", len(list), g.all())
	}
}

// plan has Ann ask for a job whose plan waits for her, and returns the message that
// asks her to approve it.
func (g *guild) plan(t *testing.T) (thread, job string, asks discordfake.Message) {
	t.Helper()
	thread, job = g.ask(t, fewSales(), option(3, "approval", "always"))
	g.until(t, "the plan", func() bool { return len(g.asking(thread)) > 0 })
	return thread, job, g.asking(thread)[0]
}

// asking are the messages of a thread that ask for approval.
func (g *guild) asking(thread string) []discordfake.Message {
	return slices.DeleteFunc(g.Messages(thread), func(m discordfake.Message) bool {
		return !slices.ContainsFunc(buttonsOf(m.Body), func(b map[string]any) bool { return b["label"] == "Run" && b["disabled"] != true })
	})
}

func (g *guild) cardSays(t *testing.T, thread, state string) {
	t.Helper()
	g.until(t, "a card that says "+state, func() bool { return strings.HasPrefix(wording(g.card(thread).Body), "**"+state) })
}

// said is what Bob answered to Ann alone, in whatever way.
func said(i discordfake.Interaction) string {
	text := wording(i.Original)
	for _, f := range i.Followups {
		text += wording(f)
	}
	return text
}
