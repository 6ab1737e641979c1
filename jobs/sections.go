package jobs

import (
	"slices"
	"strings"
	"time"

	"github.com/askbob/bob/llm"
)

// Shares of a prompt's room, one in so many, so that a huge part cannot crowd out
// the others.
const (
	requestShare   = 2 // of what all nodes share; the files have the rest
	stepShare      = 3 // of what is one node's; the results have the rest
	placeShare     = 16
	messagesShare  = 6
	artifactsShare = 6
)

// Shared tells in about room tokens what is the same for every node of a job: the
// request and its attachments. Prompts begin with it, and the same room gives the
// same bytes at any time, so that providers can cache it.
func (b Briefing) Shared(room int) string {
	text := llm.Section(SectionRequest, Cut(b.Request, room/requestShare, ""))
	return text + FilesSection(SectionFiles, b.Files, room-int(llm.Tokens(text)))
}

// Own tells in about room tokens what belongs to one node: its place, the files
// made so far, the results it builds on, what people said, and last what it is to
// do. An empty step, place or list is left out.
func (b Briefing) Own(step string, room int) (string, FittedResults) {
	place := section(SectionPlace, Cut(strings.Join(b.Place, " > "), room/placeShare, ""))
	made := FilesSection(SectionArtifacts, b.Artifacts, room/artifactsShare)
	said := messagesSection(b.Messages, room/messagesShare)
	todo := section(SectionStep, Cut(step, room/stepShare, ""))
	results := FitResults(b.Results, room-int(llm.Tokens(place+made+said+todo)))
	return place + made + results.Section() + said + todo, results
}

func section(name, text string) string {
	if text == "" {
		return ""
	}
	return llm.Section(name, text)
}

// told is a message of a person as models see it.
type told struct {
	User     string `json:"user,omitempty"`
	At       string `json:"at"`
	Question string `json:"question,omitempty"`
	Text     string `json:"text"`
}

// messagesSection frames what people said, the newest if not all fit.
func messagesSection(list []Said, room int) string {
	if len(list) == 0 {
		return ""
	}
	left := room - PromptSize([]told{})
	var shown []told
	for _, m := range slices.Backward(list) {
		most := max(left/2, room/4)
		t := told{User: brief(m.User, maxSpeaker), At: m.At.UTC().Format(time.RFC3339), Text: Cut(m.Text, most, "")}
		if m.Question != "" {
			t.Question = Cut(m.Question, most/2, "")
		}
		if left -= PromptSize(t); left < 0 && len(shown) > 0 {
			break
		}
		shown = append(shown, t)
	}
	slices.Reverse(shown)
	return llm.Section(SectionMessages, PromptJSON(shown)) + Omitted(len(list), len(shown), "older messages")
}

// maxSpeaker is what of a person's name is shown, in bytes.
const maxSpeaker = 80

// Tell is a message that reaches a model in the middle of its work. Its length was
// bounded when it was said.
func (s Said) Tell() string {
	word := "This was said while you work. Take it into account.\n"
	if s.Question != "" {
		word = "This is the answer to the question in it. Go on with your step.\n"
	}
	return messagesSection([]Said{s}, MaxSaid*4) + word
}
