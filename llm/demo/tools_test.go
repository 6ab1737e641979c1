package demo_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/askbob/bob/llm"
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
	if !strings.HasPrefix(a.SQL, "SELECT ") {
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
