package plan

import (
	"encoding/json"
	"errors"
	"io"
	"math"
	"strings"

	"github.com/askbob/bob/jobs"
)

// Draft is a plan as a model wrote it, its texts cleaned. Nothing of it was judged
// yet: see Validate.
type Draft struct {
	Title     string      `json:"title"`
	Questions []string    `json:"questions"`
	Nodes     []DraftNode `json:"nodes"`
}

// DraftNode is one node of a Draft.
type DraftNode struct {
	Key         string            `json:"key"`
	Parent      string            `json:"parent"` // empty: the planned node
	Type        jobs.Type         `json:"type"`
	Title       string            `json:"title"`
	Description string            `json:"description"`
	Prompt      string            `json:"prompt"`
	DependsOn   []string          `json:"depends_on"`
	Tools       []string          `json:"tools"`
	Optional    bool              `json:"optional"`
	OnFailure   jobs.OnFailure    `json:"on_failure"`
	Estimate    int64             `json:"estimate_seconds"`
	Expand      string            `json:"expand"` // now or later
	Needs       jobs.Requirements `json:"needs"`
}

const (
	expandNow   = "now"
	expandLater = "later"
)

func (n *DraftNode) later() bool { return n.Expand == expandLater }

func (d *Draft) blank() bool { return len(d.Nodes) == 0 && len(d.Questions) == 0 }

// maxAnswer bounds an answer in bytes: a hundred nodes with the longest texts are
// about half of it.
const maxAnswer = 1 << 20

// Parse reads a model's answer. It looks past code fences, prose around the JSON
// and left-out fields whose absence means only one thing. It never mends a cut
// answer: half a plan is none. The draft is as good as it could be read even when
// there are problems with its form, and zero if it could not be read at all.
func Parse(answer string) (Draft, Problems) {
	object, problem := find(answer)
	if problem != "" {
		return Draft{}, Problems{problem}
	}
	data, err := json.Marshal(tidy(object))
	if err != nil {
		// What was decoded from JSON and only lost values can be encoded again.
		return Draft{}, Problems{"the answer could not be read: " + err.Error()}
	}
	var problems Problems
	if err := schema.Validate(data); err != nil {
		problems = append(problems, strings.Split(err.Error(), "; ")...)
	}
	var d Draft
	if err := json.Unmarshal(data, &d); err != nil {
		if len(problems) == 0 {
			problems = Problems{"the answer has not the form of a plan: " + err.Error()}
		}
		return Draft{}, problems
	}
	return d, problems
}

// find returns the one JSON object of an answer, or says why there is none.
func find(answer string) (object map[string]any, problem string) {
	if len(answer) > maxAnswer {
		return nil, "the answer is too long: send a plan of fewer nodes with shorter texts"
	}
	text := pastThoughts(strings.ToValidUTF8(answer, ""))
	start := objectStart(text)
	if start < 0 {
		return nil, "the answer holds no JSON object: send the plan as one JSON object and nothing else"
	}
	dec := json.NewDecoder(strings.NewReader(text[start:]))
	dec.UseNumber()
	err := dec.Decode(&object)
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF):
		return nil, "the answer ends in the middle of its JSON: send the whole plan, a smaller one if it does not fit"
	case err != nil:
		return nil, "the answer is not valid JSON: " + err.Error()
	case objectStart(text[start+int(dec.InputOffset()):]) >= 0:
		return nil, "the answer holds more than one JSON object: send one plan and nothing else"
	}
	return unwrap(object), ""
}

// pastThoughts drops the reasoning that some local models write before they answer.
func pastThoughts(text string) string {
	text = strings.TrimSpace(text)
	if !strings.HasPrefix(text, "<think>") {
		return text
	}
	_, rest, ended := strings.Cut(text, "</think>")
	if !ended {
		return "" // cut off while it thought
	}
	return rest
}

// objectStart returns where a JSON object begins: at a brace before a key or before
// its other half, which prose does not have. -1: nowhere.
func objectStart(text string) int {
	for from := 0; ; {
		i := strings.IndexByte(text[from:], '{')
		if i < 0 {
			return -1
		}
		from += i + 1
		inside := strings.TrimLeft(text[from:], " \t\r\n")
		if inside == "" || inside[0] == '"' || inside[0] == '}' {
			return from - 1
		}
	}
}

// unwrap returns the plan in {"plan": {...}}, as some models answer.
func unwrap(object map[string]any) map[string]any {
	if len(object) != 1 {
		return object
	}
	for _, v := range object {
		if inner, ok := v.(map[string]any); ok && (inner["nodes"] != nil || inner["questions"] != nil) {
			return inner
		}
	}
	return object
}

// tidy cleans the texts of a decoded answer and fills in what can only mean one
// thing, so that neither costs another call.
func tidy(object map[string]any) map[string]any {
	object, _ = clean(object).(map[string]any)
	// A plan without nodes asks questions, one without questions asks none.
	if object["nodes"] != nil {
		fill(object, map[string]any{"questions": []any{}, "title": ""})
	} else if object["questions"] != nil {
		fill(object, map[string]any{"nodes": []any{}, "title": ""})
	}
	oneLine(object, "title")
	nodes, _ := object["nodes"].([]any)
	for _, n := range nodes {
		if node, ok := n.(map[string]any); ok {
			tidyNode(node)
		}
	}
	return object
}

func tidyNode(node map[string]any) {
	fill(node, map[string]any{
		"parent": nil, "description": "", "prompt": "", "depends_on": []any{}, "tools": []any{}, "optional": false,
		"on_failure": "", "estimate_seconds": 0, "expand": expandNow, "needs": map[string]any{},
	})
	if needs, ok := node["needs"].(map[string]any); ok {
		fill(needs, map[string]any{"model": nil, "vision": false, "min_context": 0, "private_only": false, "max_price_cents": 0})
	}
	oneLine(node, "title")
	if text, ok := node["description"].(string); ok {
		node["description"] = clip(text, maxDescription)
	}
	for _, name := range []string{"key", "parent"} {
		if text, ok := node[name].(string); ok {
			node[name] = strings.TrimSpace(text)
		}
	}
	if keys, ok := node["depends_on"].([]any); ok {
		for i := range keys {
			if text, ok := keys[i].(string); ok {
				keys[i] = strings.TrimSpace(text)
			}
		}
	}
}

// fill sets what is absent or null.
func fill(object, defaults map[string]any) {
	for name, value := range defaults {
		if object[name] == nil {
			object[name] = value
		}
	}
}

func oneLine(object map[string]any, name string) {
	if text, ok := object[name].(string); ok {
		object[name] = cleanTitle(text)
	}
}

// clean drops from all texts of v what does not belong into text, and makes its
// numbers ones that can be judged.
func clean(v any) any {
	switch v := v.(type) {
	case string:
		return cleanText(v)
	case json.Number:
		return whole64(v)
	case []any:
		for i := range v {
			v[i] = clean(v[i])
		}
	case map[string]any:
		for name := range v {
			v[name] = clean(v[name])
		}
	}
	return v
}

// farOut is beyond every bound of Validate and exact in every number format.
const farOut = 1e15

// whole64 rounds a number. One too large for anything becomes farOut.
func whole64(n json.Number) int64 {
	f, err := n.Float64()
	if err != nil || math.Abs(f) > farOut {
		f = math.Copysign(farOut, f)
	}
	return int64(math.Round(f))
}
