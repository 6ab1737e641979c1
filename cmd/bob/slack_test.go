package main

import (
	"archive/zip"
	"bufio"
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"io"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/askbob/bob/bot/slack/slackfake"
)

// office is a workspace of Slack in which Bob works, over a data directory that
// outlives him.
type office struct {
	t      *testing.T
	fake   *slackfake.Server
	data   string
	config string
	env    map[string]string
	stop   func() // waits for the end of bob serve; may be called again
}

// enterOffice starts bob serve in a workspace, with the model at an address or with
// the demo model. Settings are those of the environment.
func enterOffice(t *testing.T, model string, settings map[string]string) *office {
	t.Helper()
	fake, err := slackfake.Start(context.WithoutCancel(t.Context()), slackfake.Config{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(fake.Close)
	dir := t.TempDir()
	o := &office{t: t, fake: fake, data: filepath.Join(dir, "data"), config: filepath.Join(dir, "config.yaml"), env: slackSettings(fake)}
	text := "{}\n"
	if model != "" {
		text = "llm:\n  providers: [{name: p, kind: openai, base_url: " + strconv.Quote(model) + "}]\n" +
			"  models: [{model: m, provider: p, price: {input: 1, output: 2}}]\n"
	}
	if err := os.WriteFile(o.config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	maps.Copy(o.env, settings)
	o.start()
	return o
}

func slackSettings(fake *slackfake.Server) map[string]string {
	cfg := fake.Config()
	return map[string]string{
		"BOB_WEB_LISTEN": "127.0.0.1:0", "BOB_SLACK_API_URL": fake.URL(), "BOB_SLACK_BOT_TOKEN": cfg.Teams[0].Token, "BOB_SLACK_APP_TOKEN": cfg.AppToken,
	}
}

// start starts bob serve, and waits until he listens to Slack.
func (o *office) start() {
	o.t.Helper()
	o.wait(func() bool { return o.fake.Connected() == 0 }) // the line of the one before
	said, stderr := io.Pipe()
	p := process{args: []string{"serve", "--data", o.data, "--config", o.config}, stdout: io.Discard, stderr: stderr, env: func(name string) (string, bool) {
		value, ok := o.env[name]
		return value, ok
	}}
	ctx, cancel := context.WithCancel(o.t.Context())
	code := make(chan int, 1)
	go func() {
		code <- p.main(ctx)
		_ = stderr.Close() // never fails
	}()
	var log bytes.Buffer
	read := make(chan struct{})
	go func() {
		defer close(read)
		for lines := bufio.NewScanner(said); lines.Scan(); {
			log.WriteString(lines.Text() + "\n")
		}
	}()
	o.stop = sync.OnceFunc(func() {
		cancel()
		if got := <-code; got != exitOK {
			<-read
			o.t.Errorf("bob serve ended with %d: %s", got, &log)
		}
		<-read
	})
	o.t.Cleanup(func() { o.stop() }) // of the last start
	o.wait(func() bool { return o.fake.Connected() == 1 })
}

// wait waits for something that is seen in Slack.
func (o *office) wait(done func() bool) {
	o.t.Helper()
	ctx, cancel := context.WithTimeout(o.t.Context(), 4*time.Minute)
	defer cancel()
	if err := o.fake.Wait(ctx, done); err != nil {
		for _, m := range append(o.fake.Messages("T1", "C1"), o.fake.Messages("T1", "DUANN")...) {
			o.t.Log(o.words(&m))
		}
		o.t.Fatalf("waited in vain: %v", err)
	}
}

// words is a message for who reads a failed test.
func (o *office) words(m *slackfake.Message) string {
	text := m.User + " in " + m.Thread + ": " + m.Words()
	for _, f := range m.Files {
		text += " [" + f.Name + "]"
	}
	return text + "\n  buttons: " + strings.Join(m.Labels(), " | ")
}

// ask gives Bob a job by mention, with a table.
func (o *office) ask(request string, table []byte) (thread string, events []*slackfake.Delivery) {
	o.t.Helper()
	speech := slackfake.Speech{Team: "T1", Channel: "C1", User: "UANN", Text: "<@U0BOB> " + request}
	if table != nil {
		speech.Files = []*slackfake.File{o.fake.AddFile("q4-sales.csv", table)}
	}
	thread, events = o.fake.Say(speech)
	return thread, events
}

// said lists what Bob said in a thread, oldest first.
func (o *office) said(thread string) (list []slackfake.Message) {
	for _, m := range o.fake.Messages("T1", "C1") {
		if m.Bot && m.Thread == thread {
			list = append(list, m)
		}
	}
	return list
}

// until waits for a message of Bob's in a thread that has these words.
func (o *office) until(thread, words string) (found slackfake.Message) {
	o.t.Helper()
	o.wait(func() bool {
		for _, m := range o.said(thread) {
			if strings.Contains(m.Words(), words) {
				found = m
				return true
			}
		}
		return false
	})
	return found
}

// completed waits until the card of a thread says so of its job, below its title:
// steps of it may say it before.
func (o *office) completed(thread string) {
	o.t.Helper()
	o.wait(func() bool {
		return slices.ContainsFunc(o.said(thread), func(m slackfake.Message) bool {
			lines := strings.Split(m.Words(), "\n")
			return strings.Contains(m.Words(), "ID job_") && len(lines) > 1 && strings.TrimSpace(lines[1]) == "✅ Completed"
		})
	})
}

// press presses the button of a message that has a label.
func (o *office) press(m slackfake.Message, label string) *slackfake.Delivery {
	o.t.Helper()
	var blocks []struct {
		Elements []struct {
			Action string `json:"action_id"`
			Value  string `json:"value"`
			Text   struct {
				Text string `json:"text"`
			} `json:"text"`
		} `json:"elements"`
	}
	if err := json.Unmarshal(m.Blocks, &blocks); err != nil && len(blocks) == 0 {
		o.t.Fatal(err)
	}
	for _, b := range blocks {
		for _, e := range b.Elements {
			if e.Value != "" && e.Text.Text == label {
				return o.fake.Press("T1", "C1", m.TS, "UANN", e.Action, e.Value)
			}
		}
	}
	o.t.Fatalf("there is no button %q among %q", label, m.Labels())
	return nil
}

// files lists what was uploaded to a thread.
func (o *office) files(thread string) (list []*slackfake.File) {
	for _, m := range o.said(thread) {
		list = append(list, m.Files...)
	}
	return list
}

// theJob is the ID of the only job.
func (o *office) theJob() string {
	o.t.Helper()
	code, stdout, stderr := bob(o.t, "jobs", "--json", "--data", o.data)
	id := anyJob.FindAllString(stdout, -1)
	if slices.Sort(id); code != exitOK || len(slices.Compact(id)) != 1 {
		o.t.Fatalf("want one job, exit status %d: %s%s", code, stdout, stderr)
	}
	return id[0]
}

var anyJob = regexp.MustCompile(`job_[0-9a-z]{8}`)

// once checks that a thread has a card in a state and one message of the end, which
// mentions who asked, and returns both. Bob must have stopped: nothing comes any more.
func (o *office) once(thread, state, end string) (card, done slackfake.Message) {
	o.t.Helper()
	var cards, ends []slackfake.Message
	for _, m := range o.said(thread) {
		switch words := m.Words(); {
		case strings.Contains(words, "ID job_"):
			cards = append(cards, m)
		case strings.Contains(words, end+": "):
			ends = append(ends, m)
		}
	}
	if len(cards) != 1 || len(ends) != 1 {
		o.t.Fatalf("%d cards and %d messages of the end", len(cards), len(ends))
	}
	card, done = cards[0], ends[0]
	if !strings.Contains(card.Words(), state) || len(card.Pings()) > 0 || slices.Contains(card.Labels(), "Cancel") {
		o.t.Errorf("the card says: %s", o.words(&card))
	}
	if !slices.Equal(done.Pings(), []string{"UANN"}) {
		o.t.Errorf("the end pings %q: %s", done.Pings(), o.words(&done))
	}
	return card, done
}

// TestDoctor_slack says what works and what does not.
func TestDoctor_slack(t *testing.T) {
	t.Parallel()
	scopes := strings.Join(manifestScopes(t), ",")
	for name, test := range map[string]struct {
		scopes, token, app string
		want               []string
		code               int
	}{
		"all is well": {scopes: scopes, want: []string{"✓ slack token: bob in ", "✓ slack scopes: all ", "✓ slack home tab: ", "✓ slack socket: "}},
		"no scope":    {scopes: strings.Replace(scopes, "files:write,", "", 1), want: []string{"✗ slack scopes: missing files:write. Paste the manifest"}, code: exitBroken},
		"wrong token": {scopes: scopes, token: "xoxb-wrong", want: []string{"✗ slack token: Slack does not take slack.bot_token: invalid_auth."}, code: exitBroken},
		"wrong app":   {scopes: scopes, app: "xapp-wrong", want: []string{"✗ slack socket: Slack does not take slack.app_token: "}, code: exitBroken},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			fake, err := slackfake.Start(context.WithoutCancel(t.Context()), slackfake.Config{
				Teams: []slackfake.Team{{ID: "T1", Token: "xoxb-1", BotUser: "U0BOB", Scopes: test.scopes}},
			})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(fake.Close)
			env := slackSettings(fake)
			env["BOB_SLACK_BOT_TOKEN"] = cmp.Or(test.token, env["BOB_SLACK_BOT_TOKEN"])
			env["BOB_SLACK_APP_TOKEN"] = cmp.Or(test.app, env["BOB_SLACK_APP_TOKEN"])
			var out, errs bytes.Buffer
			p := process{args: []string{"doctor", "--data", filepath.Join(t.TempDir(), "data")}, stdout: &out, stderr: &errs, env: func(name string) (string, bool) {
				value, ok := env[name]
				return value, ok
			}}
			if code := p.main(t.Context()); code != test.code {
				t.Errorf("exit status %d: %s%s", code, &out, &errs)
			}
			for _, want := range test.want {
				if !strings.Contains(out.String(), want) {
					t.Errorf("no %q in:\n%s", want, &out)
				}
			}
		})
	}
}

// manifestScopes are the scopes that bob manifest slack asks for.
func manifestScopes(t *testing.T) []string {
	t.Helper()
	code, stdout, stderr := bob(t, "manifest", "slack")
	var m struct {
		OAuth struct {
			Scopes struct {
				Bot []string `json:"bot"`
			} `json:"scopes"`
		} `json:"oauth_config"`
	}
	if err := json.Unmarshal([]byte(stdout), &m); err != nil || code != exitOK || len(m.OAuth.Scopes.Bot) == 0 {
		t.Fatalf("exit status %d, %v: %s", code, err, stderr)
	}
	return m.OAuth.Scopes.Bot
}

// TestSlack_theSeedsJob is the example that Bob was made for: a person gives the job
// with a table in a channel, and gets the presentation. What Slack delivers again is
// one job.
func TestSlack_theSeedsJob(t *testing.T) {
	t.Parallel()
	o := enterOffice(t, "", nil)
	thread, events := o.ask("Analyze the Q4 sales data and create a presentation", sampleSales)
	o.fake.Again(events[0])
	again := o.fake.Again(events[len(events)-1])
	if _, err := again.Answer(t.Context()); err != nil {
		t.Error(err)
	}
	o.until(thread, "Completed: ")
	r := readReport(t, o.data, o.theJob())
	o.wait(func() bool { return len(o.files(thread)) == shownFiles(r) })
	o.completed(thread)
	o.stop()
	_, done := o.once(thread, "✅ Completed", "Completed")
	total, _ := sumOf(t, sampleSales, "Revenue")
	units, _ := sumOf(t, sampleSales, "Units")
	for _, want := range []string{thousands(total), strings.TrimSuffix(thousands(units), ".00"), "of 14 done", "took ", "$0.00 of $2.00", string(r.ID)} {
		if !strings.Contains(done.Words(), want) {
			t.Errorf("the end does not say %q: %s", want, o.words(&done))
		}
	}
	checkDeck(t, o.files(thread))
	if n := len(o.said(thread)); n > 6 {
		t.Errorf("Bob said %d things, want the card, a few milestones, the result and its files", n)
	}
	for _, m := range o.fake.Messages("T1", "C1") {
		if m.Bot && m.Thread != thread {
			t.Errorf("said outside the thread: %s", o.words(&m))
		}
	}
}

// checkDeck checks that what was uploaded first is the presentation, and can be opened.
func checkDeck(t *testing.T, files []*slackfake.File) {
	t.Helper()
	seen := map[string]bool{}
	for i, f := range files {
		ext := filepath.Ext(f.Name)
		if ext == ".png" || ext == ".svg" {
			continue
		}
		if i > 2 {
			t.Errorf("%s comes after pictures", f.Name)
		}
		seen[ext] = true
		switch ext {
		case ".pptx":
			checkSlides(t, f.Data)
		case ".pdf":
			if !bytes.HasPrefix(f.Data, []byte("%PDF-")) || !bytes.Contains(f.Data, []byte("%%EOF")) {
				t.Errorf("%s is no PDF", f.Name)
			}
		case ".html":
			if !bytes.Contains(f.Data, []byte("</html>")) {
				t.Errorf("%s is no whole page", f.Name)
			}
		}
	}
	if !seen[".pptx"] || !seen[".pdf"] || !seen[".html"] {
		t.Errorf("the presentation came as %v", seen)
	}
}

// checkSlides checks that a presentation has slides, and the chart of one.
func checkSlides(t *testing.T, data []byte) {
	t.Helper()
	archive, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	slides := 0
	for _, f := range archive.File {
		if ok, err := filepath.Match("ppt/slides/slide*.xml", f.Name); ok && err == nil {
			slides++
		}
	}
	if slides < 4 {
		t.Errorf("the presentation has %d slides", slides)
	}
}
