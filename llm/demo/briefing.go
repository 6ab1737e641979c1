package demo

import (
	"encoding/json"
	"strings"

	"github.com/askbob/bob/llm"
)

// briefing is what a prompt says, read back from its sections.
type briefing struct {
	known   bool // the prompt has sections at all
	request string
	step    string
	hasStep bool
	files   []fileInfo
	results []nodeResult
	tools   map[string]bool
	limits  limits
	repairs int // how often a plan was sent back
	wish    wish
	lang    tongue
}

// The shapes of JSON inside of sections and tool results. Fields that the model
// does not use are left out.
type (
	fileInfo struct {
		Name   string      `json:"name"`
		Kind   string      `json:"kind"`
		Media  string      `json:"media_type"`
		Bytes  int64       `json:"bytes"`
		Tables []tableInfo `json:"tables"`
		Text   string      `json:"text"`
	}
	tableInfo struct {
		Name    string       `json:"name"`
		Sheet   string       `json:"sheet"`
		Rows    int          `json:"rows"`
		Columns []columnInfo `json:"columns"`
		Notes   []string     `json:"notes"`
	}
	columnInfo struct {
		Name     string   `json:"name"`
		Header   string   `json:"header"`
		Type     string   `json:"type"`
		Nulls    int      `json:"nulls"`
		Distinct int      `json:"distinct"`
		Min      string   `json:"min"`
		Max      string   `json:"max"`
		Sample   []string `json:"sample"`
	}
	nodeResult struct {
		Path      string   `json:"path"`
		Title     string   `json:"title"`
		Status    string   `json:"status"`
		Optional  bool     `json:"optional"`
		Text      string   `json:"text"`
		Error     string   `json:"error"`
		Artifacts []string `json:"artifacts"`
	}
	// wish is what is to be different in a plan, and how many nodes that has.
	wish struct {
		Wish    string `json:"wish"`
		Cheaper bool   `json:"cheaper"`
		nodes   int
	}
	limits struct {
		Depth    int `json:"max_depth"`
		Children int `json:"max_children"`
		Nodes    int `json:"max_nodes"`
	}
)

// noLimits stands in for a prompt that names none; a plan is far smaller.
const noLimits = 1000

// readBriefing reads the newest prompt that has sections: later messages may be
// remarks on an earlier answer.
func readBriefing(r llm.Request) briefing {
	var b briefing
	prompt := ""
	for i, m := range r.Messages {
		if m.Role != llm.RoleUser {
			continue
		}
		_, opens := llm.SectionOf(m.Text, "request")
		_, said := llm.SectionOf(m.Text, "messages")
		switch {
		case opens || i == 0:
			prompt, b.repairs = m.Text, 0
		case !said: // what people say is no remark on an answer; no rule covers it
			b.repairs++
		}
	}
	b.request, b.known = llm.SectionOf(prompt, "request")
	if !b.known {
		b.request = prompt
	}
	b.request = strings.TrimSpace(b.request)
	b.step, b.hasStep = llm.SectionOf(prompt, "step")
	b.files = append(readList[fileInfo](prompt, "files"), readList[fileInfo](prompt, "artifacts")...)
	b.results = readList[nodeResult](prompt, "results")
	b.limits = readLimits(prompt)
	b.wish = readWish(prompt)
	b.tools = readTools(prompt, r.Tools)
	b.lang = tongueOf(b.request)
	return b
}

// readList decodes the entries of a section one by one, so that those before a
// cut are not lost with it.
func readList[T any](prompt, section string) []T {
	text, ok := llm.SectionOf(prompt, section)
	if !ok {
		return nil
	}
	dec := json.NewDecoder(strings.NewReader(text))
	if _, err := dec.Token(); err != nil {
		return nil
	}
	var list []T
	for dec.More() {
		var item T
		if err := dec.Decode(&item); err != nil {
			return list
		}
		list = append(list, item)
	}
	return list
}

func readLimits(prompt string) limits {
	l := limits{Depth: noLimits, Children: noLimits, Nodes: noLimits}
	if text, ok := llm.SectionOf(prompt, "limits"); ok {
		// Limits that cannot be read stay as they are; the planner checks the plan.
		_ = json.Unmarshal([]byte(text), &l)
	}
	return l
}

// readWish returns the zero value if no plan is to be changed.
func readWish(prompt string) wish {
	var w wish
	if text, ok := llm.SectionOf(prompt, "wish"); ok {
		// One that cannot be read is one that is not understood.
		_ = json.Unmarshal([]byte(text), &w)
		w.nodes = len(readList[planNode](prompt, "plan"))
	}
	return w
}

func readTools(prompt string, offered []llm.ToolSpec) map[string]bool {
	tools := map[string]bool{}
	for _, t := range readList[struct {
		Name string `json:"name"`
	}](prompt, "tools") {
		tools[t.Name] = true
	}
	for _, t := range offered {
		tools[t.Name] = true
	}
	return tools
}

// file returns the file of that name.
func (b briefing) file(name string) (fileInfo, bool) {
	for _, f := range b.files {
		if f.Name == name {
			return f, true
		}
	}
	return fileInfo{}, false
}
