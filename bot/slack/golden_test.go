package slack

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	slackapi "github.com/slack-go/slack"

	"github.com/askbob/bob/bot"
)

var update = flag.Bool("update", false, "write the golden files anew")

// message is what goes to Slack of a message.
type message struct {
	Text   string           `json:"text"`
	Blocks []slackapi.Block `json:"blocks"`
}

// payloads are what goes to Slack for every fixture.
func payloads() map[string]any {
	out := map[string]any{
		"home":    homeView(homePage()),
		"details": modalView(detailsPage()),
		"form":    formView(newJobForm()),
	}
	for name, c := range cards() {
		blocks, text := cardBlocks(c)
		out["card_"+name] = message{text, blocks}
	}
	for name, p := range posts() {
		blocks, text := postBlocks(p)
		out[name] = message{text, blocks}
	}
	blocks, text := replyBlocks(helpReply())
	out["reply_help"] = message{text, blocks}
	blocks, text = replyBlocks(bot.Reply{Text: "There is no job job_0000. Did you mean job_7k3f9q2x?", Warning: true})
	out["reply_warning"] = message{text, blocks}
	blocks, text = pageBlocks(homePage(), surfaceMessage)
	out["page_jobs"] = message{text, blocks}
	return out
}

func TestGolden(t *testing.T) {
	t.Parallel()

	for name, payload := range payloads() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := pretty(t, payload)
			path := filepath.Join("testdata", name+".golden.json")
			if *update {
				if err := os.WriteFile(path, got, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatalf("%v (run the test with -update)", err)
			}
			if diff := cmp.Diff(string(want), string(got)); diff != "" {
				t.Errorf("%s differs (-want +got):\n%s", path, diff)
			}
		})
	}
}

func pretty(tb testing.TB, payload any) []byte {
	tb.Helper()
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(payload); err != nil {
		tb.Fatal(err)
	}
	return out.Bytes()
}
