package tool_test

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"image/png"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/askbob/bob/jobs"
	"github.com/askbob/bob/jobs/tool"
)

// outputTool returns one of the tools over what a query answers.
func outputTool(t *testing.T, name string, q tool.Querier) jobs.Tool {
	t.Helper()
	for _, made := range tool.NewOutput(q) {
		if made.Spec().Name == name {
			return made
		}
	}
	t.Fatalf("there is no tool %s", name)
	return nil
}

// outputCall calls a tool with arguments that its schema allows.
func outputCall(t *testing.T, made jobs.Tool, files jobs.Files, args map[string]any) (jobs.ToolResult, error) {
	t.Helper()
	raw, err := json.Marshal(args)
	if err != nil {
		t.Fatal(err)
	}
	if err := made.Spec().Schema.Validate(raw); err != nil {
		t.Fatalf("arguments: %v", err)
	}
	return made.Call(t.Context(), files, raw)
}

func chartArguments(kind string) map[string]any {
	return map[string]any{
		"name": "sales", "kind": kind, "title": "Revenue <by> region", "sql": "SELECT region, revenue FROM sales",
		"x_label": nil, "y_label": "Revenue", "unit": "$",
	}
}

func regions() *fakeQuery {
	return &fakeQuery{columns: []string{"region", "revenue"}, rows: [][]any{
		{"North & East", int64(1234567)}, {"الرياض", 900000.0}, {"東京", "450000"}, {"हिन्दी", nil}, {nil, int64(12)},
	}}
}

func TestChart_drawsEveryKindAsPNGAndSVG(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"bar", "line", "area", "pie", "scatter"} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			q, files := regions(), newMemoryFiles()
			if kind == "scatter" {
				q = &fakeQuery{columns: []string{"price", "volume"}, rows: [][]any{{1.5, int64(10)}, {99.0, int64(-4)}, {7.0, nil}}}
			}
			result, err := outputCall(t, outputTool(t, "chart", q), files, chartArguments(kind))
			if err != nil {
				t.Fatal(err)
			}
			var said struct {
				Files  []string `json:"files"`
				Points int      `json:"points"`
			}
			if err := json.Unmarshal([]byte(result.Text), &said); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff([]string{"sales.png", "sales.svg"}, said.Files); diff != "" {
				t.Error(diff)
			}
			config, err := png.DecodeConfig(bytes.NewReader(files.data["sales.png"]))
			if err != nil || config.Width < 1600 || config.Height < 900 {
				t.Errorf("picture of %d x %d: %v", config.Width, config.Height, err)
			}
			wellFormed(t, "sales.svg", files.data["sales.svg"])
		})
	}
}

// wellFormed reports XML that a parser would refuse.
func wellFormed(t *testing.T, name string, data []byte) {
	t.Helper()
	decoder := xml.NewDecoder(bytes.NewReader(data))
	for {
		if _, err := decoder.Token(); err != nil {
			if !errors.Is(err, io.EOF) {
				t.Errorf("%s: %v", name, err)
			}
			return
		}
	}
}

func TestChart_SVGHoldsTheLabelsAsTheyWereWritten(t *testing.T) {
	t.Parallel()
	files := newMemoryFiles()
	if _, err := outputCall(t, outputTool(t, "chart", regions()), files, chartArguments("bar")); err != nil {
		t.Fatal(err)
	}
	svg := string(files.data["sales.svg"])
	for _, want := range []string{">North &amp; East<", ">الرياض<", ">東京<", ">हिन्दी<", ">(none)<", ">Revenue &lt;by&gt; region<", ">$1,234,567<", ">$900,000<", ">$0<", ">$1,250,000<"} {
		if !strings.Contains(svg, want) {
			t.Errorf("the SVG lacks %s", want)
		}
	}
	for _, r := range svg {
		if r >= 0xE000 && r <= 0xF8FF {
			t.Fatalf("the SVG has the private character %U", r)
		}
	}
}

func TestChart_barsStandOnZero(t *testing.T) {
	t.Parallel()
	for name, values := range map[string][]any{"high": {90, 260}, "negative": {-90, -260}, "both": {-90, 260}, "zero": {0, 0}} {
		q := &fakeQuery{columns: []string{"label", "value"}, rows: [][]any{{"a", values[0]}, {"b", values[1]}}}
		files := newMemoryFiles()
		args := chartArguments("bar")
		if _, err := outputCall(t, outputTool(t, "chart", q), files, args); err != nil {
			t.Fatal(err)
		}
		if svg := string(files.data["sales.svg"]); !strings.Contains(svg, ">$0<") && !strings.Contains(svg, ">$0.0<") {
			t.Errorf("%s: the axis has no zero", name)
		}
	}
}

func TestChart_pieSumsUpSmallSlices(t *testing.T) {
	t.Parallel()
	q := &fakeQuery{columns: []string{"label", "value"}}
	for i := range 30 {
		q.rows = append(q.rows, []any{fmt.Sprintf("slice %d", i), int64(100 - i)})
	}
	files := newMemoryFiles()
	result, err := outputCall(t, outputTool(t, "chart", q), files, chartArguments("pie"))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(result.Text, `"points":9`) || !strings.Contains(result.Text, "Other") {
		t.Errorf("result %s", result.Text)
	}
	if svg := string(files.data["sales.svg"]); !strings.Contains(svg, "Other  $1,793") { // 92 down to 71
		t.Error("the rest is not summed up")
	}
}

func TestChart_refusesWhatCannotBeRead(t *testing.T) {
	t.Parallel()
	many := make([][]any, 500)
	for i := range many {
		many[i] = []any{fmt.Sprint(i), int64(i)}
	}
	cases := map[string]struct {
		kind  string
		query *fakeQuery
		say   string
	}{
		"one column":     {"bar", &fakeQuery{columns: []string{"a"}, rows: [][]any{{"x"}}}, "SELECT label, value"},
		"no rows":        {"bar", &fakeQuery{columns: []string{"a", "b"}}, "no rows"},
		"too many bars":  {"bar", &fakeQuery{columns: []string{"a", "b"}, rows: many}, "LIMIT 40"},
		"too long line":  {"line", &fakeQuery{columns: []string{"a", "b"}, rows: many}, "GROUP BY"},
		"words":          {"bar", &fakeQuery{columns: []string{"a", "b"}, rows: [][]any{{"x", "many"}}}, `"many"`},
		"only NULL":      {"bar", &fakeQuery{columns: []string{"a", "b"}, rows: [][]any{{"x", nil}}}, "only NULL"},
		"negative slice": {"pie", &fakeQuery{columns: []string{"a", "b"}, rows: [][]any{{"x", -1}}}, "use bar"},
		"empty pie":      {"pie", &fakeQuery{columns: []string{"a", "b"}, rows: [][]any{{"x", 0}}}, "empty"},
		"series":         {"bar", &fakeQuery{columns: []string{"a", "b", "c", "d", "e", "f", "g", "h"}, rows: [][]any{{}}}, "at most 6"},
		"scatter NULL":   {"scatter", &fakeQuery{columns: []string{"a", "b"}, rows: [][]any{{nil, 1}, {2, 2}}}, "IS NOT NULL"},
		"bad SQL":        {"bar", &fakeQuery{err: &jobs.ToolError{Message: "no such table: sale"}}, "no such table"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			files := newMemoryFiles()
			_, err := outputCall(t, outputTool(t, "chart", c.query), files, chartArguments(c.kind))
			fault, ok := errors.AsType[*jobs.ToolError](err)
			if !ok || !strings.Contains(fault.Message, c.say) {
				t.Errorf("got %v, want a fault that says %q", err, c.say)
			}
			if len(files.data) > 0 {
				t.Error("a file was made all the same")
			}
		})
	}
}

func TestChart_takesOddValues(t *testing.T) {
	t.Parallel()
	q := &fakeQuery{columns: []string{"label", "value"}}
	made := outputTool(t, "chart", q)
	for name, rows := range map[string][][]any{
		"one point": {{"a", 5}}, "huge": {{"a", 1e15}, {"b", -3e12}}, "tiny": {{"a", 1e-7}, {"b", 2e-7}},
		"flat": {{"a", 5}, {"b", 5}}, "gaps": {{"a", nil}, {"b", 5}, {"c", nil}}, "empty label": {{"", 1}, {"\x00\x01", 2}},
		"emoji": {{"🚀 rocket", 1}, {strings.Repeat("long label ", 40), 2}}, "bytes": {{[]byte("a"), []byte("7")}},
	} {
		q.rows = rows
		for _, kind := range []string{"bar", "area"} {
			files := newMemoryFiles()
			if _, err := outputCall(t, made, files, chartArguments(kind)); err != nil {
				t.Errorf("%s, %s: %v", name, kind, err)
			}
			wellFormed(t, name, files.data["sales.svg"])
		}
	}
}
