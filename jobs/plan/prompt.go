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

// defaultOutput is room for about fifty nodes and some reasoning, in tokens. A
// purse reserves all of it before the call.
const defaultOutput = 12_000

// The parts of the room that may go to one section, so that a huge one cannot crowd
// out the others: one in so many. What is one node's has what is left.
const (
	repairShare  = 5 // kept for an answer that is quoted back, and what is wrong with it
	sharedShare  = 3
	toolsShare   = 6
	problemShare = 3 // of a repair
	// failuresShare is what a plan that failed may take.
	failuresShare = 4
)

// prompt is the conversation in which one plan is made.
type prompt struct {
	request llm.Request
	limit   int // tokens of everything that is sent
}

// newPrompt builds the prompt of a briefing within the model's context. It returns
// an *llm.APIError of kind KindTooLong if that is too small for any plan.
func newPrompt(b jobs.Briefing, output int) (prompt, error) {
	output = min(output, b.Window()/4)
	r := llm.Request{Purpose: llm.PurposePlan, System: system, Schema: schema, MaxOutput: output}
	limit := b.Window() - output
	room := max(0, limit-int(llm.InputTokens(r)))
	// What every node's plan is told comes first and depends on no node.
	shared := b.Shared(room/sharedShare) + toolsSection(b.Tools, room/toolsShare)
	first, err := jobs.FitRequest(limit-room/repairShare, func(room int) llm.Request {
		r.Messages = []llm.Message{{Role: llm.RoleUser, Text: shared + sections(b, room) + task(b)}}
		return r
	})
	return prompt{request: first, limit: limit}, err
}

func (p prompt) first() llm.Request { return p.request }

// repair asks again, with the answer as it was and everything that is wrong with it.
func (p prompt) repair(answer string, problems Problems) (llm.Request, error) {
	return jobs.FitRequest(p.limit, func(room int) llm.Request {
		wrong := llm.Section("problems", jobs.Cut(problems.String(), room/problemShare, ""))
		said := jobs.Cut(strings.TrimSpace(cleanText(answer)), room-int(llm.Tokens(wrong)), "")
		if said == "" {
			said = "(no answer)" // providers refuse an empty message
		}
		text := "This plan cannot be used. What is wrong:\n\n" + wrong +
			"\nMend all of it and change nothing else without need. Send the whole plan again, as JSON and nothing else.\n"
		r := p.request
		r.Messages = []llm.Message{
			p.request.Messages[0],
			{Role: llm.RoleAssistant, Text: said},
			{Role: llm.RoleUser, Text: text},
		}
		return r
	})
}

// sections tells what belongs to the planned node: what is left for it, and if it is
// not the root, where it stands and what it is to do.
func sections(b jobs.Briefing, room int) string {
	text := llm.Section(jobs.SectionLimits, limits(b))
	step := b.Node.Prompt
	if b.Node.Parent == 0 {
		b.Place, step = nil, "" // the request says it all
	}
	text += failures(b, room/failuresShare)
	text += rewriting(b.Rewriting, room/rewriteShare)
	own, results := b.Own(step, room-int(llm.Tokens(text)))
	if len(results.Shortened) > 0 {
		own += "(Long results are shown in part. A step that depends on one gets it whole, or as a file.)\n"
	}
	return text + own
}

// failures tells what was tried before in place of the planned node, in about room
// tokens.
func failures(b jobs.Briefing, room int) string {
	if len(b.Failures) == 0 {
		return ""
	}
	type failure struct {
		Title  string `json:"title"`
		Prompt string `json:"prompt"`
		Error  string `json:"error"`
	}
	each := room / len(b.Failures) / 3
	var list []failure
	for _, f := range b.Failures {
		list = append(list, failure{jobs.Cut(f.Title, each, ""), jobs.Cut(f.Text, each, ""), jobs.Cut(f.Error, each, "")})
	}
	return llm.Section(jobs.SectionFailures, jobs.PromptJSON(list))
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
	return jobs.PromptJSON(left)
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
	if len(b.Failures) > 0 {
		text.WriteString(" It was planned before, and every step of that plan failed: " + jobs.SectionFailures +
			" says what was tried and why it failed. Do not try the same again: find another way.")
	}
	text.WriteString(rewriteTask(b.Rewriting))
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
