package tool

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/askbob/bob/jobs"
	"github.com/askbob/bob/llm"
)

// Chart draws charts of what a query returns.
type Chart struct {
	query Querier
	fonts *fontSet
	spec  jobs.ToolSpec
}

var _ jobs.Tool = (*Chart)(nil)

// chartKind is the form of a chart.
type chartKind string

const (
	chartBar     chartKind = "bar"
	chartLine    chartKind = "line"
	chartArea    chartKind = "area"
	chartPie     chartKind = "pie"
	chartScatter chartKind = "scatter"
)

// chartArgs is what the model asks for.
type chartArgs struct {
	Name   string    `json:"name"`
	Kind   chartKind `json:"kind"`
	Title  string    `json:"title"`
	SQL    string    `json:"sql"`
	XLabel *string   `json:"x_label"`
	YLabel *string   `json:"y_label"`
	Unit   *string   `json:"unit"`
}

const chartSchema = `{
 "type":"object","additionalProperties":false,
 "required":["name","kind","title","sql","x_label","y_label","unit"],
 "properties":{
  "name":{"type":"string","minLength":1,"maxLength":60,"description":"file name without ending"},
  "kind":{"type":"string","enum":["bar","line","area","pie","scatter"]},
  "title":{"type":"string","maxLength":150,"description":"what the chart shows, best as a finding"},
  "sql":{"type":"string","minLength":1,"maxLength":10000,"description":"one SELECT: label, value [, value2 ...]; for scatter x, y [, y2 ...], all numbers. ORDER BY decides the order."},
  "x_label":{"type":["string","null"],"maxLength":80},
  "y_label":{"type":["string","null"],"maxLength":80},
  "unit":{"type":["string","null"],"maxLength":20,"description":"of the values, such as $, EUR, % or pcs"}
 }}`

// newChart returns the tool "chart".
func newChart(q Querier, fonts *fontSet) *Chart {
	return &Chart{query: q, fonts: fonts, spec: jobs.ToolSpec{
		Name: "chart",
		Description: "Draw a chart of what a SELECT over the job's tables returns, as NAME.png and NAME.svg. " +
			"First column: labels; each further column: a series named after it. " +
			fmt.Sprintf("At most %d bars groups, %d points of a line or area, %d points of a scatter; ", chartMaxBars, chartMaxLine, chartMaxScatter) +
			fmt.Sprintf("a pie keeps the %d largest slices and sums up the rest. ", chartMaxSlices-1) +
			"Use bar to compare, line or area for time, pie for few shares of a whole, scatter for two measures. " +
			"A deck or document shows the chart by its name.",
		Schema: llm.MustSchema("chart", chartSchema),
		Effect: jobs.EffectMake,
	}}
}

// Spec describes the tool.
func (c *Chart) Spec() jobs.ToolSpec { return c.spec }

// Call runs the query and draws its rows.
func (c *Chart) Call(ctx context.Context, files jobs.Files, raw json.RawMessage) (jobs.ToolResult, error) {
	var args chartArgs
	if err := json.Unmarshal(raw, &args); err != nil {
		return jobs.ToolResult{}, outputFault("the arguments are not what chart takes: %v", err)
	}
	name, err := outputName(args.Name, ".png", ".svg")
	if err != nil {
		return jobs.ToolResult{}, err
	}
	data, err := c.read(ctx, files, args)
	if err != nil {
		return jobs.ToolResult{}, err
	}
	png, svg, err := chartDraw(c.fonts.shaper(), args, data)
	if err != nil {
		return jobs.ToolResult{}, err
	}
	picture, err := outputKeep(ctx, files, name+".png", outputPNG, png)
	if err != nil {
		return jobs.ToolResult{}, err
	}
	vector, err := outputKeep(ctx, files, name+".svg", outputSVG, svg)
	if err != nil {
		return jobs.ToolResult{}, err
	}
	facts := map[string]any{"points": data.points, "series": len(data.series)}
	if data.note != "" {
		facts["note"] = data.note
	}
	return outputMade([]jobs.Artifact{picture, vector}, facts)
}
