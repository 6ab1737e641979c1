package demo_test

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	_ "modernc.org/sqlite"

	"github.com/askbob/bob/llm"
	"github.com/askbob/bob/llm/demo"
)

// The schemas of the tools, as strict as Bob's own.
var schemas = map[string]*llm.Schema{
	"files": llm.MustSchema("files", `{"type":"object","additionalProperties":false,"required":["action","name","offset","limit"],
		"properties":{"action":{"enum":["list","describe","read"]},"name":{"type":["string","null"]},
		"offset":{"type":["integer","null"]},"limit":{"type":["integer","null"]}}}`),
	"table_query": llm.MustSchema("table_query", `{"type":"object","additionalProperties":false,"required":["sql","limit"],
		"properties":{"sql":{"type":"string","maxLength":20000},"limit":{"type":["integer","null"],"maximum":500}}}`),
	"chart": llm.MustSchema("chart", `{"type":"object","additionalProperties":false,
		"required":["name","kind","title","sql","x_label","y_label","unit"],"properties":{
		"name":{"type":"string","minLength":1,"maxLength":60},"kind":{"enum":["bar","line","area","pie","scatter"]},
		"title":{"type":"string","maxLength":150},"sql":{"type":"string"},"x_label":{"type":["string","null"],"maxLength":80},
		"y_label":{"type":["string","null"],"maxLength":80},"unit":{"type":["string","null"],"maxLength":20}}}`),
	"deck": llm.MustSchema("deck", `{"type":"object","additionalProperties":false,"required":["name","title","subtitle","slides"],
		"properties":{"name":{"type":"string","minLength":1,"maxLength":60},"title":{"type":"string","maxLength":300},
		"subtitle":{"type":["string","null"]},"slides":{"type":"array","minItems":1,"items":{"type":"object",
		"additionalProperties":false,"required":["title","bullets","chart","table","notes"],"properties":{
		"title":{"type":"string","minLength":1,"maxLength":300},"bullets":{"type":"array","maxItems":30,"items":{"type":"string","maxLength":1000}},
		"chart":{"type":["string","null"]},"notes":{"type":["string","null"],"maxLength":4000},
		"table":{"type":["object","null"],"required":["columns","rows"],"properties":{
		"columns":{"type":"array","maxItems":12,"items":{"type":"string"}},
		"rows":{"type":"array","items":{"type":"array","items":{"type":"string"}}}}}}}}}}`),
	"document": llm.MustSchema("document", `{"type":"object","additionalProperties":false,"required":["name","title","markdown","formats"],
		"properties":{"name":{"type":"string"},"title":{"type":"string"},"markdown":{"type":"string","minLength":1},
		"formats":{"type":"array","minItems":1,"items":{"enum":["pdf","docx","html","md"]}}}}`),
	"calculate": llm.MustSchema("calculate", `{"type":"object","additionalProperties":false,"required":["expression"],
		"properties":{"expression":{"type":"string"}}}`),
	"now": llm.MustSchema("now", `{"type":"object","additionalProperties":false,"required":["zone"],
		"properties":{"zone":{"type":["string","null"]}}}`),
}

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
	turns     int
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

var (
	integer = regexp.MustCompile(`^-?\d+$`)
	real    = regexp.MustCompile(`^-?\d+\.\d+$`)
	date    = regexp.MustCompile(`^\d{4}-\d\d-\d\d`)
	german  = regexp.MustCompile(`^(\d\d)\.(\d\d)\.(\d{4})$`)
	comma   = regexp.MustCompile(`^(-?\d+),(\d+)$`)
)

// addCSV puts a table into the job, with its types as a reader of CSV would find them.
func (b *bench) addCSV(name, text string, separator rune) {
	b.t.Helper()
	r := csv.NewReader(strings.NewReader(text))
	r.Comma = separator
	records, err := r.ReadAll()
	if err != nil {
		b.t.Fatal(err)
	}
	for _, row := range records[1:] {
		for i := range row {
			row[i] = german.ReplaceAllString(row[i], "$3-$2-$1")
			if separator == ';' {
				row[i] = comma.ReplaceAllString(row[i], "$1.$2")
			}
		}
	}
	tb := table{Name: strings.TrimSuffix(name, ".csv"), Rows: len(records) - 1}
	var definitions []string
	for i, header := range records[0] {
		c := describe(header, i, records[1:])
		tb.Columns = append(tb.Columns, c)
		kind := map[string]string{"integer": "INTEGER", "real": "REAL"}[c.Type]
		definitions = append(definitions, fmt.Sprintf("%q %s", header, cmp.Or(kind, "TEXT")))
	}
	b.exec(fmt.Sprintf("CREATE TABLE %q (%s)", tb.Name, strings.Join(definitions, ", ")))
	for _, row := range records[1:] {
		values := make([]string, len(row))
		for i, value := range row {
			values[i] = "'" + strings.ReplaceAll(value, "'", "''") + "'"
			if value == "" {
				values[i] = "NULL"
			}
		}
		b.exec(fmt.Sprintf("INSERT INTO %q VALUES (%s)", tb.Name, strings.Join(values, ", ")))
	}
	b.files = append(b.files, file{Name: name, Kind: "table", Tables: []table{tb}})
}

func (b *bench) exec(statement string) {
	b.t.Helper()
	if _, err := b.db.ExecContext(b.t.Context(), statement); err != nil {
		b.t.Fatal(statement, err)
	}
}

func describe(header string, at int, rows [][]string) column {
	c := column{Name: header, Header: header, Type: "integer"}
	seen := map[string]int{}
	var values []string
	for _, row := range rows {
		value := row[at]
		if value == "" {
			c.Nulls++
			continue
		}
		seen[value]++
		values = append(values, value)
	}
	for _, value := range values {
		switch {
		case date.MatchString(value) && (c.Type == "date" || c.Type == "integer"):
			c.Type = "date"
		case integer.MatchString(value) && (c.Type == "integer" || c.Type == "real"):
		case real.MatchString(value) && (c.Type == "integer" || c.Type == "real"):
			c.Type = "real"
		default:
			c.Type = "text"
		}
	}
	c.Distinct = min(len(seen), 1000)
	if c.Type != "text" && len(values) > 0 {
		slices.SortFunc(values, func(x, y string) int {
			a, errA := strconv.ParseFloat(x, 64)
			b, errB := strconv.ParseFloat(y, 64)
			if errA == nil && errB == nil {
				return cmp.Compare(a, b)
			}
			return strings.Compare(x, y)
		})
		c.Min, c.Max = values[0], values[len(values)-1]
	}
	for value := range seen {
		c.Sample = append(c.Sample, value)
	}
	slices.Sort(c.Sample)
	c.Sample = c.Sample[:min(len(c.Sample), 8)]
	return c
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
	"required":["model","vision","min_context","private_only"],"properties":{"model":{"type":["string","null"]},
	"vision":{"type":"boolean"},"min_context":{"type":"integer"},"private_only":{"type":"boolean"}}}}}}}}`)

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
	for range maxTurns {
		b.turns++
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
	b.t.Fatalf("%s takes more than %d turns", n.Key, maxTurns)
	return "", nil
}

func (b *bench) tool(ctx context.Context, call llm.ToolCall) (text string, made []string, err error) {
	if words, ok := b.broken[call.Name]; ok {
		return "", nil, fmt.Errorf("%s", words)
	}
	if err := schemas[call.Name].Validate(call.Args); err != nil {
		b.t.Errorf("%s %s: %v", call.Name, call.Args, err)
		return "", nil, err
	}
	switch call.Name {
	case "files":
		return b.filesTool(call.Args)
	case "table_query":
		text, err = b.queryTool(ctx, call.Args)
		return text, nil, err
	case "chart":
		made, err = b.chartTool(ctx, call.Args)
	case "deck":
		made, err = b.deckTool(call.Args)
	case "document":
		made, err = b.documentTool(call.Args)
	case "calculate":
		return `{"result":"57.8"}`, nil, nil
	case "now":
		return `{"now":"2026-01-02T03:04:05Z"}`, nil, nil
	}
	for _, name := range made {
		b.files = append(b.files, file{Name: name, Kind: "binary"})
	}
	return marshal(map[string]any{"files": made}), made, err
}

func (b *bench) filesTool(args json.RawMessage) (string, []string, error) {
	var a struct{ Action, Name string }
	if err := json.Unmarshal(args, &a); err != nil {
		return "", nil, err
	}
	if a.Action == "list" {
		return marshal(b.files), nil, nil
	}
	for _, f := range b.files {
		if f.Name == a.Name && a.Action == "describe" {
			return marshal(f), nil, nil
		}
		if f.Name == a.Name {
			return f.Text, nil, nil
		}
	}
	return "", nil, fmt.Errorf("there is no file %q", a.Name)
}

func (b *bench) rows(ctx context.Context, query string) (columns []string, rows [][]any, err error) {
	found, err := b.db.QueryContext(ctx, query)
	if err != nil {
		return nil, nil, fmt.Errorf("SQL: %w", err)
	}
	defer func() { _ = found.Close() }()
	if columns, err = found.Columns(); err != nil {
		return nil, nil, err
	}
	for found.Next() {
		row := make([]any, len(columns))
		targets := make([]any, len(columns))
		for i := range row {
			targets[i] = &row[i]
		}
		if err := found.Scan(targets...); err != nil {
			return nil, nil, err
		}
		rows = append(rows, row)
	}
	return columns, rows, found.Err()
}

func (b *bench) queryTool(ctx context.Context, args json.RawMessage) (string, error) {
	var a struct {
		SQL   string
		Limit int
	}
	if err := json.Unmarshal(args, &a); err != nil {
		return "", err
	}
	if !strings.HasPrefix(a.SQL, "SELECT ") || strings.Contains(a.SQL, ";") {
		return "", fmt.Errorf("one SELECT is allowed, not %s", a.SQL)
	}
	b.queries = append(b.queries, a.SQL)
	columns, rows, err := b.rows(ctx, a.SQL)
	if err != nil {
		b.t.Errorf("%s: %v", a.SQL, err)
		return "", err
	}
	cut := len(rows) > a.Limit
	rows = rows[:min(len(rows), a.Limit)]
	return marshal(map[string]any{"columns": columns, "rows": rows, "row_count": len(rows), "truncated": cut}), nil
}

func (b *bench) chartTool(ctx context.Context, args json.RawMessage) ([]string, error) {
	var a chartArgs
	if err := json.Unmarshal(args, &a); err != nil {
		return nil, err
	}
	columns, rows, err := b.rows(ctx, a.SQL)
	switch {
	case err != nil:
		b.t.Errorf("chart: %s: %v", a.SQL, err)
		return nil, err
	case len(columns) != 2 || len(rows) == 0:
		b.t.Errorf("chart %s has %d columns and %d rows", a.Name, len(columns), len(rows))
	}
	b.charts = append(b.charts, a)
	return []string{a.Name + ".png", a.Name + ".svg"}, nil
}

func (b *bench) deckTool(args json.RawMessage) ([]string, error) {
	var a struct {
		Name, Title string
		Slides      []slide
	}
	if err := json.Unmarshal(args, &a); err != nil {
		return nil, err
	}
	for _, s := range a.Slides {
		if s.Chart != nil && !slices.ContainsFunc(b.files, func(f file) bool { return f.Name == *s.Chart }) {
			return nil, fmt.Errorf("there is no chart %q", *s.Chart)
		}
		if s.Table == nil {
			continue
		}
		for _, row := range s.Table.Rows {
			if len(row) != len(s.Table.Columns) {
				b.t.Errorf("slide %q: a row of %d cells for %d columns", s.Title, len(row), len(s.Table.Columns))
			}
		}
	}
	b.slides, b.deckTitle = a.Slides, a.Title
	return []string{a.Name + ".pptx", a.Name + ".pdf", a.Name + ".html"}, nil
}

func (b *bench) documentTool(args json.RawMessage) ([]string, error) {
	var a struct {
		Name, Markdown string
		Formats        []string
	}
	if err := json.Unmarshal(args, &a); err != nil {
		return nil, err
	}
	b.markdown = a.Markdown
	var made []string
	for _, format := range a.Formats {
		made = append(made, a.Name+"."+format)
	}
	return made, nil
}
