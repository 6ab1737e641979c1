package plan

import (
	_ "embed"
	"fmt"
	"strings"

	"github.com/askbob/bob/jobs"
	"github.com/askbob/bob/llm"
)

// system is what a model must know to plan, whatever the request.
//
//go:embed prompts/system.md
var system string

// The bounds of a planning call, in tokens.
const (
	// defaultOutput is room for about fifty nodes and some reasoning. A purse
	// reserves all of it before the call.
	defaultOutput = 12_000
	// unknownContext is assumed of a model whose context nobody told us: every
	// current model takes as much.
	unknownContext = 32_000
	// framing is for the schema and what stands around the sections.
	framing = 1500
	// minRoom is left for the briefing even of a tiny model; if that is too much,
	// the provider says so.
	minRoom = 1000
)

// The parts of the room that may go to one section, so that a huge one cannot crowd
// out the others: one in so many. Files and results share what is left.
const (
	answerShare  = 4 // of an answer that is quoted back
	requestShare = 3
	stepShare    = 6
	placeShare   = 20
	toolsShare   = 4
	resultsShare = 2 // if there are files too
)

// prompt is the conversation in which one plan is made.
type prompt struct {
	request llm.Request
	quote   int // bytes of an answer that may be quoted back
}

// newPrompt builds the prompt of a briefing within the model's context.
func newPrompt(b jobs.Briefing, output int) prompt {
	context := contextOf(b)
	output = min(output, context/4)
	room := bytesOf(max(context-output-len(system)/3-framing, minRoom))
	quote := room / answerShare
	return prompt{
		request: llm.Request{
			Purpose:   llm.PurposePlan,
			System:    system,
			Messages:  []llm.Message{{Role: llm.RoleUser, Text: sections(b, room-quote) + task(b)}},
			Schema:    schema,
			MaxOutput: output,
		},
		quote: quote,
	}
}

func (p prompt) first() llm.Request { return p.request }

// repair asks again, with the answer as it was and everything that is wrong with it.
func (p prompt) repair(answer string, problems Problems) llm.Request {
	said := shorten(strings.TrimSpace(cleanText(answer)), p.quote)
	if said == "" {
		said = "(no answer)" // providers refuse an empty message
	}
	text := "This plan cannot be used. What is wrong:\n\n" + llm.Section("problems", problems.String()) +
		"\nMend all of it and change nothing else without need. Send the whole plan again, as JSON and nothing else.\n"
	r := p.request
	r.Messages = []llm.Message{
		p.request.Messages[0],
		{Role: llm.RoleAssistant, Text: said},
		{Role: llm.RoleUser, Text: text},
	}
	return r
}

// sections tells what is known, each kind of it in its own section.
func sections(b jobs.Briefing, room int) string {
	text := llm.Section(jobs.SectionRequest, shorten(b.Request, room/requestShare))
	if b.Node.Parent != 0 {
		if len(b.Place) > 0 {
			text += llm.Section(jobs.SectionPlace, shorten(strings.Join(b.Place, " > "), room/placeShare))
		}
		if b.Node.Prompt != "" {
			text += llm.Section(jobs.SectionStep, shorten(b.Node.Prompt, room/stepShare))
		}
	}
	tools := toolsSection(b.Tools, room/toolsShare)
	text += tools + llm.Section(jobs.SectionLimits, limits(b))
	room -= len(text)
	results := ""
	if len(b.Results) > 0 {
		share := room
		if len(b.Files) > 0 {
			share = room / resultsShare
		}
		results = resultsSection(b.Results, share)
	}
	return text + filesSection(b.Files, room-len(results)) + results
}

// limits is what is left for this plan.
func limits(b jobs.Briefing) string {
	room := roomOf(b)
	left := struct {
		MaxDepth    int    `json:"max_depth"`
		MaxChildren int    `json:"max_children"`
		MaxNodes    int    `json:"max_nodes"`
		Budget      string `json:"budget_usd,omitempty"`
		MayAsk      bool   `json:"may_ask"`
	}{MaxDepth: room.MaxDepth, MaxChildren: room.MaxChildren, MaxNodes: room.MaxNodes, MayAsk: b.MayAsk}
	if b.Budget >= 0 {
		left.Budget = strings.TrimPrefix(b.Budget.Short(), "$")
	}
	return encode(left)
}

// task ends the prompt with what is to be done now.
func task(b jobs.Briefing) string {
	var text strings.Builder
	text.WriteString("\nPlan the request now.")
	if b.Node.Parent != 0 {
		text.Reset()
		fmt.Fprintf(&text, "\nPlan one step of the job now: %s Plan only that; the rest of the request is planned elsewhere. "+
			"What is null as parent hangs below this step.", stepName(b))
	}
	if len(b.Tools) == 0 {
		text.WriteString(" There are no tools.")
	}
	if !b.MayAsk {
		text.WriteString(" There is nobody to answer questions: leave them empty.")
	}
	if room := roomOf(b); room.MaxDepth < 1 || room.MaxNodes < 2 || room.MaxChildren < 2 {
		text.WriteString(" There is room for one node only: send a single task or api_call.")
	}
	return text.String() + "\n"
}

// stepName says which section tells what the planned step is. Its title was written
// by a model and stays in its section.
func stepName(b jobs.Briefing) string {
	if b.Node.Prompt == "" {
		return "the last one named in " + jobs.SectionPlace + "."
	}
	return "the one told in " + jobs.SectionStep + "."
}

func contextOf(b jobs.Briefing) int {
	if b.Context <= 0 {
		return unknownContext
	}
	return b.Context
}

// bytesOf is how many bytes of a prompt fit into so many tokens. JSON and other
// scripts than Latin have about 2.5 bytes a token, prose more: rather too few than
// too many.
func bytesOf(tokens int) int { return tokens * 5 / 2 }
