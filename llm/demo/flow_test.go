package demo_test

import (
	"database/sql"
	"encoding/json"
	"testing"

	_ "modernc.org/sqlite"

	"github.com/askbob/bob/llm"
	"github.com/askbob/bob/llm/demo"
)

type column struct {
	Name     string   `json:"name"`
	Header   string   `json:"header"`
	Type     string   `json:"type"`
	Nulls    int      `json:"nulls"`
	Distinct int      `json:"distinct"`
	Min      string   `json:"min,omitempty"`
	Max      string   `json:"max,omitempty"`
	Sample   []string `json:"sample,omitempty"`
}

type table struct {
	Name    string   `json:"name"`
	Rows    int      `json:"rows"`
	Columns []column `json:"columns"`
}

type file struct {
	Name   string  `json:"name"`
	Kind   string  `json:"kind"`
	Tables []table `json:"tables,omitempty"`
	Text   string  `json:"text,omitempty"`
}

type result struct {
	Path      string   `json:"path"`
	Title     string   `json:"title"`
	Status    string   `json:"status"`
	Text      string   `json:"text,omitempty"`
	Error     string   `json:"error,omitempty"`
	Artifacts []string `json:"artifacts,omitempty"`
}

type slide struct {
	Title   string
	Bullets []string
	Chart   *string
	Table   *struct {
		Columns []string
		Rows    [][]string
	}
	Notes *string
}

type chartArgs struct {
	Name, Kind, Title, SQL string
	Unit                   *string
}

// bench is a job in memory: its files, its database and what tools were asked.
type bench struct {
	t       *testing.T
	db      *sql.DB
	model   *demo.Model
	request string
	files   []file
	broken  map[string]string // tools that fail, with their words
	limits  string
	lean    bool // prompts leave out the columns of tables

	charts    []chartArgs
	slides    []slide
	deckTitle string
	markdown  string
	queries   []string
}

func newBench(t *testing.T, request string) *bench {
	t.Helper()
	db, err := sql.Open("sqlite", ":memory:")
	if err != nil {
		t.Fatal(err)
	}
	db.SetMaxOpenConns(1)
	t.Cleanup(func() { _ = db.Close() })
	return &bench{
		t: t, db: db, model: demo.New(demo.Config{}), request: request, broken: map[string]string{},
		limits: `{"max_depth":5,"max_children":20,"max_nodes":200}`,
	}
}

func marshal(v any) string {
	data, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(data)
}

type node struct {
	Key       string
	Parent    *string
	Type      string
	Title     string
	Prompt    string
	DependsOn []string `json:"depends_on"`
	Tools     []string
}

type plan struct {
	Title     string
	Questions []string
	Nodes     []node
}

func (b *bench) planRequest() llm.Request {
	var tools []map[string]string
	for name := range schemas {
		tools = append(tools, map[string]string{"name": name, "description": "a tool"})
	}
	text := llm.Section("request", b.request) + llm.Section("files", marshal(b.files)) +
		llm.Section("tools", marshal(tools)) + llm.Section("limits", b.limits)
	return llm.Request{
		Purpose: llm.PurposePlan, Schema: planSchema,
		Messages: []llm.Message{{Role: llm.RoleUser, Text: text}},
	}
}

var planSchema = llm.MustSchema("plan", `{"type":"object","additionalProperties":false,"required":["title","questions","nodes"],
	"properties":{"title":{"type":"string","minLength":1,"maxLength":200},"questions":{"type":"array","maxItems":0},
	"nodes":{"type":"array","minItems":1,"items":{"type":"object","additionalProperties":false,
	"required":["key","parent","type","title","description","prompt","depends_on","tools","optional","on_failure","estimate_seconds","expand","needs"],
	"properties":{"key":{"type":"string","minLength":1,"maxLength":40},"parent":{"type":["string","null"]},
	"type":{"enum":["plan","subplan","task","api_call"]},"title":{"type":"string","minLength":1,"maxLength":120},
	"description":{"type":"string","maxLength":500},"prompt":{"type":"string","minLength":1,"maxLength":4000},
	"depends_on":{"type":"array","items":{"type":"string"}},"tools":{"type":"array","items":{"type":"string"}},
	"optional":{"type":"boolean"},"on_failure":{"type":"string"},"estimate_seconds":{"type":"integer","minimum":0},
	"expand":{"enum":["now","later"]},"needs":{"type":"object","additionalProperties":false,
	"required":["model","vision","min_context","private_only","max_price_cents"],"properties":{"model":{"type":["string","null"]},
	"vision":{"type":"boolean"},"min_context":{"type":"integer"},"private_only":{"type":"boolean"},
	"max_price_cents":{"type":"integer"}}}}}}}}`)

func (b *bench) plan() plan {
	b.t.Helper()
	resp, err := b.model.Generate(b.t.Context(), b.planRequest())
	if err != nil {
		b.t.Fatal(err)
	}
	if err := planSchema.Validate([]byte(resp.Text)); err != nil {
		b.t.Fatalf("plan %s: %v", resp.Text, err)
	}
	var p plan
	if err := json.Unmarshal([]byte(resp.Text), &p); err != nil {
		b.t.Fatal(err)
	}
	b.checkPlan(p)
	return p
}

// checkPlan finds what a planner refuses.
func (b *bench) checkPlan(p plan) {
	b.t.Helper()
	known := map[string]node{}
	children := map[string]int{}
	for _, n := range p.Nodes {
		if _, twice := known[n.Key]; twice {
			b.t.Errorf("key %s twice", n.Key)
		}
		if n.Parent != nil {
			if _, ok := known[*n.Parent]; !ok {
				b.t.Errorf("%s comes before its parent %s", n.Key, *n.Parent)
			}
			children[*n.Parent]++
		}
		for _, tool := range n.Tools {
			if schemas[tool] == nil {
				b.t.Errorf("%s wants the unknown tool %s", n.Key, tool)
			}
		}
		known[n.Key] = n
	}
	for _, n := range p.Nodes {
		leaf := n.Type == "task" || n.Type == "api_call"
		if leaf == (children[n.Key] > 0) {
			b.t.Errorf("%s is a %s with %d children", n.Key, n.Type, children[n.Key])
		}
		for _, d := range n.DependsOn {
			if _, ok := known[d]; !ok || d == n.Key {
				b.t.Errorf("%s depends on %s", n.Key, d)
			}
		}
	}
}

// run plans and carries out the job; it returns the answer and all results by key.
func (b *bench) run() (answer string, results map[string]result) {
	b.t.Helper()
	p := b.plan()
	results = map[string]result{}
	for len(results) < len(p.Nodes) {
		before := len(results)
		for _, n := range p.Nodes {
			if _, finished := results[n.Key]; !finished && ready(n, p, results) {
				results[n.Key] = b.do(n, p, results)
			}
		}
		if len(results) == before {
			b.t.Fatalf("nothing is ready, %d of %d done", before, len(p.Nodes))
		}
	}
	if len(p.Nodes) == 1 {
		return results[p.Nodes[0].Key].Text, results
	}
	return b.combine("", childrenOf("", p, results)), results
}

func ready(n node, p plan, results map[string]result) bool {
	for at := &n; at != nil; at = parentOf(at, p) {
		for _, d := range at.DependsOn {
			if _, ok := results[d]; !ok {
				return false
			}
		}
	}
	for _, child := range p.Nodes {
		if child.Parent != nil && *child.Parent == n.Key {
			if _, ok := results[child.Key]; !ok {
				return false
			}
		}
	}
	return true
}

func parentOf(n *node, p plan) *node {
	for i := range p.Nodes {
		if n.Parent != nil && p.Nodes[i].Key == *n.Parent {
			return &p.Nodes[i]
		}
	}
	return nil
}

func childrenOf(key string, p plan, results map[string]result) []result {
	var list []result
	for _, n := range p.Nodes {
		if n.Parent == nil && key == "" || n.Parent != nil && *n.Parent == key {
			list = append(list, results[n.Key])
		}
	}
	return list
}

func (b *bench) do(n node, p plan, results map[string]result) result {
	r := result{Path: n.Key, Title: n.Title, Status: "completed"}
	children := childrenOf(n.Key, p, results)
	switch {
	case n.Type == "task" || n.Type == "api_call":
		var sources []result
		for _, d := range n.DependsOn {
			sources = append(sources, results[d])
		}
		r.Text, r.Artifacts = b.leaf(n, sources)
	case len(children) == 1:
		r.Text = children[0].Text
	default:
		r.Text = b.combine(n.Prompt, children)
	}
	for _, child := range children {
		r.Artifacts = append(r.Artifacts, child.Artifacts...)
	}
	return r
}

func (b *bench) combine(step string, children []result) string {
	b.t.Helper()
	text := llm.Section("request", b.request)
	if step != "" {
		text += llm.Section("step", step)
	}
	var bare []file
	for _, f := range b.files {
		bare = append(bare, file{Name: f.Name, Kind: f.Kind})
	}
	text += llm.Section("files", marshal(bare)) + llm.Section("results", marshal(children)) + "\nWrite the combined result now.\n"
	resp, err := b.model.Generate(b.t.Context(), llm.Request{
		Purpose: llm.PurposeCombine, Messages: []llm.Message{{Role: llm.RoleUser, Text: text}},
	})
	if err != nil {
		b.t.Fatal(err)
	}
	return resp.Text
}

// maxTurns is what Bob allows a task.
const maxTurns = 12

// leaf runs the turns of a task.
func (b *bench) leaf(n node, sources []result) (text string, artifacts []string) {
	b.t.Helper()
	files := b.files
	if b.lean {
		files = nil
		for _, f := range b.files {
			files = append(files, file{Name: f.Name, Kind: f.Kind})
		}
	}
	prompt := llm.Section("request", b.request) + llm.Section("files", marshal(files)) +
		llm.Section("results", marshal(sources)) + llm.Section("step", n.Prompt)
	r := llm.Request{Purpose: llm.PurposeTurn, Messages: []llm.Message{{Role: llm.RoleUser, Text: prompt}}}
	for _, name := range n.Tools {
		r.Tools = append(r.Tools, llm.ToolSpec{Name: name, Parameters: schemas[name].JSON})
	}
	return b.turnsOf(r)
}

func (b *bench) turnsOf(r llm.Request) (text string, artifacts []string) {
	b.t.Helper()
	for range maxTurns {
		resp, err := b.model.Generate(b.t.Context(), r)
		if err != nil {
			b.t.Fatal(err)
		}
		if resp.Stop == llm.StopDone {
			return resp.Text, artifacts
		}
		answers := llm.Message{Role: llm.RoleTool}
		ids := map[string]bool{}
		for _, call := range resp.Calls {
			if ids[call.ID] {
				b.t.Errorf("two calls have the ID %s", call.ID)
			}
			ids[call.ID] = true
			text, made, err := b.tool(b.t.Context(), call)
			answer := llm.ToolResult{ID: call.ID, Name: call.Name, Text: text}
			if err != nil {
				answer.Text, answer.Error = err.Error(), true
			}
			artifacts = append(artifacts, made...)
			answers.Results = append(answers.Results, answer)
		}
		r.Messages = append(r.Messages, llm.Message{Role: llm.RoleAssistant, Text: resp.Text, Calls: resp.Calls}, answers)
	}
	b.t.Fatalf("more than %d turns: %s", maxTurns, r.Messages[0].Text)
	return "", nil
}
