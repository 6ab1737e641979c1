package demo

import (
	"fmt"
	"slices"
	"strings"

	"github.com/askbob/bob/llm"
)

// planAnswer is the JSON that a planner wants.
type planAnswer struct {
	Title     string     `json:"title"`
	Questions []string   `json:"questions"`
	Nodes     []planNode `json:"nodes"`
}

type planNode struct {
	Key         string    `json:"key"`
	Parent      *string   `json:"parent"`
	Type        string    `json:"type"`
	Title       string    `json:"title"`
	Description string    `json:"description"`
	Prompt      string    `json:"prompt"`
	DependsOn   []string  `json:"depends_on"`
	Tools       []string  `json:"tools"`
	Optional    bool      `json:"optional"`
	OnFailure   string    `json:"on_failure"`
	Seconds     int       `json:"estimate_seconds"`
	Expand      string    `json:"expand"`
	Needs       planNeeds `json:"needs"`
}

type planNeeds struct {
	Model       *string `json:"model"`
	Vision      bool    `json:"vision"`
	MinContext  int     `json:"min_context"`
	PrivateOnly bool    `json:"private_only"`
	MaxPrice    int     `json:"max_price_cents"`
}

// answerPlan gives the largest plan that fits the limits and the room for the
// answer. Each time a plan was sent back, the next smaller one is tried.
func answerPlan(b briefing, r llm.Request) (llm.Response, error) {
	shapes := plansFor(b)
	if b.wish.nodes > 0 {
		var ok bool
		if shapes, ok = wished(b, shapes); !ok {
			return llm.Response{}, fault(llm.KindInvalid, notUnderstood, llm.Usage{})
		}
	}
	skip := min(b.repairs, len(shapes)-1)
	for _, nodes := range shapes[skip:] {
		text := string(encode(planAnswer{Title: planTitle(b), Questions: []string{}, Nodes: nodes}))
		fits := fitsLimits(nodes, b.limits) && (r.MaxOutput == 0 || tokens(len(text)) <= int64(r.MaxOutput))
		if fits {
			return done(text), nil
		}
	}
	last := shapes[len(shapes)-1]
	return done(string(encode(planAnswer{Title: planTitle(b), Questions: []string{}, Nodes: last}))), nil
}

// plansFor returns the plans for a request, largest first; the last one has a
// single step.
func plansFor(b briefing) [][]planNode {
	p := drafter{b: b, t: b.lang}
	if b.hasStep {
		o, ok := orderOf(b.step)
		if !ok {
			o = guess(b.step, b)
		}
		p.readTable(o)
		o.Job = o.Job.behind()
		return [][]planNode{p.single(o)}
	}
	if !p.readTable(order{}) || !b.tools["table_query"] {
		return [][]planNode{p.single(noTable(b.request, b))}
	}
	kind := b.kind()
	deck := deckWords.in(kind) && b.tools["deck"]
	report := !deck && (reportWords.in(kind) || deckWords.in(kind)) && b.tools["document"]
	analysis := analysisWords.in(kind)
	switch {
	case deck:
		return p.presentation(jobPresent, jobDeck)
	case report:
		return p.presentation(jobReporting, jobReport)
	case chartWords.in(kind) && !analysis && b.tools["chart"]:
		return [][]planNode{p.single(p.tableOrder(jobChart))}
	case !analysis && p.asksFigure():
		return [][]planNode{p.single(p.tableOrder(jobAnswer))}
	}
	return p.analysis()
}

// drafter writes plans about one table.
type drafter struct {
	b    briefing
	t    tongue
	view view
	list []planNode
}

// readTable picks the table. It reports false if there is none.
func (p *drafter) readTable(o order) bool {
	f, t, ok := pick(p.b, o)
	if ok {
		p.view = look(f, t, p.b.request)
	}
	return ok
}

// pick returns the table that an order names, else the best one.
func pick(b briefing, o order) (fileInfo, tableInfo, bool) {
	if f, ok := b.file(o.File); ok {
		for _, t := range f.Tables {
			if t.Name == o.Table {
				return f, t, true
			}
		}
	}
	return choose(b.files, b.request)
}

func (p *drafter) tableOrder(j job) order {
	return order{Job: j, File: p.view.file, Table: p.view.table.Name}
}

// asksFigure reports whether a request is a question about columns of the table.
func (p *drafter) asksFigure() bool {
	question := strings.Contains(p.b.request, "?") || lexicon{
		"how", "what", "which", "who", "when", "total", "sum", "average", "count", "top", "best", "worst",
		"wie", "was", "welche*", "wer", "summe", "durchschnitt*",
	}.in(p.b.request)
	return question && p.b.request != ""
}

// add appends a node and returns its key.
func (p *drafter) add(parent, kind string, o order, title string, depends ...string) string {
	text := textOf(o.Job)
	subject := p.view.file
	switch o.Job {
	case jobCalculate:
		subject = o.Sum
	case jobNow:
		subject = oneLine(p.b.request, 80)
	case jobRead:
		subject = o.File
	default:
	}
	if title == "" {
		title = p.t.say(text.title, text.titleDE)
	}
	description := strings.Replace(p.t.say(text.text, text.textDE), "%s", label(subject), 1)
	key := string(o.Job)
	if o.Chart > 0 {
		key += fmt.Sprintf("_%d", o.Chart)
		description = title
	}
	node := planNode{
		Key: key, Type: kind, Title: oneLine(title, 100), Description: description, Prompt: description + p.details(o) + "\n" + o.line(),
		DependsOn: append([]string{}, depends...), Tools: p.tools(text), OnFailure: "finish", Seconds: text.seconds, Expand: "now",
	}
	if parent != "" {
		node.Parent = &parent
	}
	p.list = append(p.list, node)
	return key
}

// details say in a prompt what of the table is used.
func (p *drafter) details(o order) string {
	v := p.view
	if o.Table == "" {
		return ""
	}
	names := func(all []string) string { return p.t.list(all) }
	var measures, categories []string
	for _, m := range v.all() {
		measures = append(measures, m.name(p.t))
	}
	for _, c := range v.categories {
		categories = append(categories, c.name())
	}
	text := "\n" + p.t.say("Measures: %s.", "Kennzahlen: %s.", names(measures))
	if len(categories) > 0 {
		text += p.t.say(" Categories: %s.", " Kategorien: %s.", names(categories))
	}
	if v.time != nil {
		text += p.t.say(" Time: %s by %s.", " Zeit: %s nach %s.", v.time.title(), v.time.grain.name(p.t))
	}
	if note := v.period.note(p.t, v); note != "" {
		text += " " + note
	}
	return text
}

// tools are those of a job that there are.
func (p *drafter) tools(text jobText) []string {
	tools := []string{}
	for tool := range strings.SplitSeq(text.tools, ",") {
		if p.b.tools[tool] {
			tools = append(tools, tool)
		}
	}
	return tools
}

func (p *drafter) task(parent string, j job, depends ...string) string {
	return p.add(parent, "task", p.tableOrder(j), "", depends...)
}

func (p *drafter) subplan(parent string, j job, depends ...string) string {
	return p.add(parent, "subplan", p.tableOrder(j), "", depends...)
}

// take returns the nodes so far and starts afresh.
func (p *drafter) take() []planNode {
	nodes := p.list
	p.list = nil
	return nodes
}

// single is the plan of one step. One that needs no tool is one call.
func (p *drafter) single(o order) []planNode {
	kind := "task"
	if textOf(o.Job).tools == "" {
		kind = "api_call"
	}
	p.add("", kind, o, "")
	return p.take()
}

// fitsLimits reports whether a plan keeps all limits.
func fitsLimits(nodes []planNode, l limits) bool {
	depth, children := map[string]int{}, map[string]int{}
	for _, n := range nodes {
		parent := ""
		if n.Parent != nil {
			parent = *n.Parent
		}
		depth[n.Key] = depth[parent] + 1
		children[parent]++
		if depth[n.Key] > l.Depth || children[parent] > l.Children {
			return false
		}
	}
	return len(nodes) == 1 || len(nodes) <= l.Nodes
}

// titleNoise are words of a request that do not name its subject.
var titleNoise = lexicon{ //nolint:gochecknoglobals // a constant table
	"analy*", "the", "a", "an", "and", "or", "create*", "make", "build", "please", "bob", "me", "my", "our", "this", "these", "that",
	"of", "for", "from", "in", "on", "with", "to", "write", "give", "show", "do", "data", "dataset", "file", "csv", "xlsx", "excel",
	"table", "spreadsheet", "attached", "attachment", "summar*", "prepare", "generate", "can", "could", "you", "i", "need", "want",
	"last", "latest", "quarter*", "first", "second", "third", "fourth", "full", "short", "quick", "report*", "turn", "into", "it", "is",
	"und", "oder", "die", "der", "das", "den", "dem", "des", "ein", "eine", "einen", "einer", "bitte", "mir", "uns", "mein*", "unser*",
	"erstell*", "mach*", "schreib*", "zeig*", "daten", "datei", "tabelle", "quartal*", "letzte*", "viertes", "vierten", "aus", "von", "für", "mit",
	"auswert*", "werte", "what", "how", "which", "was", "wie", "welche*", "insights", "trends", "figures", "numbers", "zahlen", "at", "look",
	"diese*", "dazu", "zu", "zur", "zum", "im", "daraus", "beigefügte*", "angehängte*", "by", "nach", "best", "good", "nice",
	"about", "über", "regarding", "as", "using", "based", "some", "all", "key", "main", "be", "are", "were", "there", "draw",
}

// maxSubject is how many words of a request become its title.
const maxSubject = 3

// subject is what a request is about: its first words that are not noise.
func subject(request string) string {
	var kept []string
	for _, word := range strings.FieldsFunc(request, func(r rune) bool { return strings.ContainsRune(" ,.;:!?\t\n\"'()", r) }) {
		noise := titleNoise.in(word) || deckWords.in(word) || chartWords.in(word) || analysisWords.in(word) ||
			quarterOf(word) != 0 || yearOf(word) != 0 || strings.ContainsAny(word, "/\\<>@|`*")
		switch {
		case noise && len(kept) > 0:
			return strings.Join(kept, " ")
		case !noise:
			kept = append(kept, capital(word))
		}
		if len(kept) == maxSubject {
			break
		}
	}
	return strings.Join(kept, " ")
}

// planTitle names the job: "Sales Analysis & Presentation".
func planTitle(b briefing) string {
	t := b.lang
	p := drafter{b: b, t: t}
	if !p.readTable(order{}) {
		return oneLine(firstOr(b.request, "Demo"), 80)
	}
	kind := b.kind()
	plain := !deckWords.in(kind) && !reportWords.in(kind) && !analysisWords.in(kind)
	switch {
	case plain && chartWords.in(kind):
		if c, ok := p.view.wantedChart(t, b.request); ok {
			return oneLine(c.title, 80)
		}
	case plain && p.asksFigure():
		return oneLine(b.request, 80)
	}
	about := subject(b.request)
	if about == "" {
		parts := words(baseName(p.view.file))
		for i := range parts {
			parts[i] = capital(parts[i])
		}
		about = strings.Join(slices.Clip(first(parts, maxSubject)), " ")
	}
	about = oneLine(label(about), 60)
	switch {
	case deckWords.in(kind):
		return about + t.say(" Analysis & Presentation", ": Analyse & Präsentation")
	case reportWords.in(kind):
		return about + t.say(" Analysis & Report", ": Analyse & Bericht")
	case chartWords.in(kind) && !analysisWords.in(kind):
		return about + t.say(" Chart", ": Diagramm")
	}
	return about + t.say(" Analysis", ": Analyse")
}

func firstOr(text, fallback string) string {
	if strings.TrimSpace(text) == "" {
		return fallback
	}
	return text
}
