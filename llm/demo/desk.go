package demo

import (
	"encoding/json"
	"fmt"
	"hash/fnv"
	"strconv"
	"strings"

	"github.com/askbob/bob/llm"
)

// desk is where a step calls tools. A step is a function that runs from its
// beginning at every turn: calls that were answered return at once, the others
// are noted and the step is run again when their results are there. So a turn
// depends on nothing but the messages.
type desk struct {
	briefing
	specs map[string]json.RawMessage
	known map[string]llm.ToolResult
	asked []llm.ToolCall
	calls int
}

func newDesk(b briefing, r llm.Request) *desk {
	d := &desk{briefing: b, specs: map[string]json.RawMessage{}, known: map[string]llm.ToolResult{}}
	for _, t := range r.Tools {
		d.specs[t.Name] = t.Parameters
	}
	for _, m := range r.Messages {
		for _, result := range m.Results {
			d.known[result.ID] = result
		}
	}
	return d
}

// waiting reports whether results are missing; the step then returns.
func (d *desk) waiting() bool { return len(d.asked) > 0 }

// has reports whether the step may call a tool.
func (d *desk) has(tool string) bool {
	_, ok := d.specs[tool]
	return ok
}

// call returns the result of a tool, or false while it is missing.
func (d *desk) call(tool string, args map[string]any) (llm.ToolResult, bool) {
	if !d.has(tool) {
		return llm.ToolResult{Name: tool, Error: true, Text: "the tool " + tool + " is not available in this step"}, true
	}
	raw := encode(conform(args, d.specs[tool]))
	d.calls++
	h := fnv.New32a()
	_, _ = h.Write(append([]byte(tool), raw...)) // a hash never fails
	id := fmt.Sprintf("demo_%d_%08x", d.calls, h.Sum32())
	if result, ok := d.known[id]; ok {
		return result, true
	}
	d.asked = append(d.asked, llm.ToolCall{ID: id, Name: tool, Args: raw})
	return llm.ToolResult{}, false
}

// grid is the outcome of a query.
type grid struct {
	Columns   []string `json:"columns"`
	Rows      [][]any  `json:"rows"`
	Count     int      `json:"row_count"`
	Truncated bool     `json:"truncated"`
	sql       string
	fault     string // empty: it worked
}

// maxRows is how many rows a query asks for at most: as many as people can read
// and charts can show.
const maxRows = 200

// query runs SQL. While the result is missing the grid is empty.
func (d *desk) query(sql string) grid {
	g := grid{sql: sql}
	result, ok := d.call("table_query", map[string]any{"sql": sql, "limit": maxRows})
	switch {
	case !ok:
		return g
	case result.Error:
		g.fault = oneLine(result.Text, maxFault)
		return g
	}
	dec := json.NewDecoder(strings.NewReader(result.Text))
	dec.UseNumber()
	if err := dec.Decode(&g); err != nil {
		g.fault = "the answer of table_query cannot be read: " + oneLine(err.Error(), maxFault)
		g.Rows = nil
	}
	return g
}

// maxFault bounds what is quoted of a tool's error.
const maxFault = 300

// text returns a cell as text, empty for a missing one.
func (g grid) text(row, col int) string {
	switch v := g.cell(row, col).(type) {
	case string:
		return v
	case json.Number:
		return v.String()
	case bool:
		return strconv.FormatBool(v)
	}
	return ""
}

// num returns a cell as a number, false if it is none.
func (g grid) num(row, col int) (float64, bool) {
	x, err := strconv.ParseFloat(strings.TrimSpace(g.text(row, col)), 64)
	return x, err == nil
}

func (g grid) cell(row, col int) any {
	if row < 0 || row >= len(g.Rows) || col < 0 || col >= len(g.Rows[row]) {
		return nil
	}
	return g.Rows[row][col]
}

// conform fits arguments to a tool's schema: a property that is required and may
// be null is there, one that may not be null is left out instead.
func conform(args map[string]any, schema json.RawMessage) map[string]any {
	var s schemaShape
	if json.Unmarshal(schema, &s) != nil || len(s.Properties) == 0 {
		return args
	}
	fitted := map[string]any{}
	for name, value := range args {
		property, known := s.Properties[name]
		if !known || value == nil && !property.nullable() {
			continue
		}
		fitted[name] = property.fit(value)
	}
	for _, name := range s.Required {
		if property, known := s.Properties[name]; known && property.nullable() {
			if _, there := fitted[name]; !there {
				fitted[name] = nil
			}
		}
	}
	return fitted
}

// schemaShape is the part of a JSON schema that conform looks at.
type schemaShape struct {
	Type       any                    `json:"type"`
	Properties map[string]schemaShape `json:"properties"`
	Required   []string               `json:"required"`
	AnyOf      []schemaShape          `json:"anyOf"`
	OneOf      []schemaShape          `json:"oneOf"`
	MaxLength  int                    `json:"maxLength"`
}

func (s schemaShape) nullable() bool {
	switch t := s.Type.(type) {
	case string:
		return t == "null"
	case []any:
		for _, one := range t {
			if one == "null" {
				return true
			}
		}
		return false
	}
	for _, one := range append(s.AnyOf, s.OneOf...) {
		if one.nullable() {
			return true
		}
	}
	return len(s.AnyOf)+len(s.OneOf) == 0
}

// fit shortens a text to what the schema allows.
func (s schemaShape) fit(value any) any {
	if text, ok := value.(string); ok && s.MaxLength > 0 {
		return oneLineUnless(text, s.MaxLength)
	}
	return value
}
