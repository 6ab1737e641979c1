package tool

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-analyze/charts"

	"github.com/askbob/bob/jobs"
)

// What a chart can show and still be read.
const (
	chartMaxBars    = 40
	chartMaxLine    = 400
	chartMaxScatter = 2000
	chartMaxSlices  = 9    // the last one stands for the rest
	chartMaxRowsPie = 5000 // to sum up
	chartMaxSeries  = 6
	chartLabelMax   = 200 // characters of a label that are looked at
	chartOther      = "Other"
)

// chartData is the rows of the query, as the chart shows them.
type chartData struct {
	labels []string
	xs     []float64 // of a scatter instead of labels
	series []chartSeries
	points int
	note   string // for the model; empty: nothing to say
}

type chartSeries struct {
	name   string
	values []float64 // charts.GetNullValue() where there is none
}

func chartLimit(kind chartKind) int {
	switch kind {
	case chartBar:
		return chartMaxBars
	case chartScatter:
		return chartMaxScatter
	case chartPie:
		return chartMaxRowsPie
	case chartLine, chartArea:
	}
	return chartMaxLine
}

// read runs the query and checks that its rows can be drawn.
func (c *Chart) read(ctx context.Context, files jobs.Files, args chartArgs) (chartData, error) {
	limit := chartLimit(args.Kind)
	columns, rows, err := c.query.Query(ctx, files, args.SQL, limit+1)
	if err != nil {
		return chartData{}, fmt.Errorf("query the chart's data: %w", err)
	}
	if err := chartFits(args.Kind, columns, rows, limit); err != nil {
		return chartData{}, err
	}
	data := chartData{points: len(rows)}
	for i, column := range columns[1:] {
		values, err := chartColumn(column, rows, i+1)
		if err != nil {
			return chartData{}, err
		}
		data.series = append(data.series, chartSeries{name: column, values: values})
	}
	switch args.Kind {
	case chartScatter:
		data.xs, err = chartColumn(columns[0], rows, 0)
		if err == nil {
			err = chartWhole(columns[0], data.xs)
		}
	case chartPie:
		data.labels = chartLabels(rows)
		err = data.pie()
	case chartBar, chartLine, chartArea:
		data.labels = chartLabels(rows)
	}
	return data, err
}

func chartFits(kind chartKind, columns []string, rows [][]any, limit int) error {
	switch {
	case len(columns) < 2:
		return outputFault("the SELECT returns %d column(s): a chart needs a label and at least one value, SELECT label, value FROM ...", len(columns))
	case kind == chartPie && len(columns) > 2:
		return outputFault("a pie shows one series, the SELECT returns %d: choose one value or use bar", len(columns)-1)
	case len(columns)-1 > chartMaxSeries:
		return outputFault("the SELECT returns %d series, at most %d can be told apart: choose the most important or draw several charts", len(columns)-1, chartMaxSeries)
	case len(rows) == 0:
		return outputFault("the SELECT returns no rows, there is nothing to draw: check its WHERE and try it with table_query")
	case len(rows) > limit && kind == chartBar:
		return outputFault("the SELECT returns more than %d rows, too many bars: keep the largest with ORDER BY value DESC LIMIT %d, GROUP BY something coarser, or use line", limit, limit)
	case len(rows) > limit:
		return outputFault("the SELECT returns more than %d rows, too many for a %s chart: GROUP BY something coarser (week, month) or sample", limit, kind)
	}
	return nil
}

func chartLabels(rows [][]any) []string {
	labels := make([]string, len(rows))
	for i, row := range rows {
		labels[i] = chartLabel(row[0])
	}
	return labels
}

// chartLabel writes a value of the first column for people.
func chartLabel(value any) string {
	var text string
	switch v := value.(type) {
	case nil:
		return "(none)"
	case string:
		text = v
	case []byte:
		text = string(v)
	case float64:
		text = strconv.FormatFloat(v, 'f', -1, 64)
	case time.Time:
		text = v.Format("2006-01-02")
		if v.Hour()+v.Minute()+v.Second() > 0 {
			text = v.Format("2006-01-02 15:04")
		}
	default:
		text = fmt.Sprint(v)
	}
	text = strings.Join(strings.Fields(text), " ")
	if runes := []rune(text); len(runes) > chartLabelMax {
		text = string(runes[:chartLabelMax]) + "…"
	}
	if text == "" {
		return "(empty)"
	}
	return text
}

// chartColumn returns a column as numbers, charts.GetNullValue() for NULL.
func chartColumn(name string, rows [][]any, column int) ([]float64, error) {
	values := make([]float64, len(rows))
	found := false
	for i, row := range rows {
		if column >= len(row) {
			return nil, fmt.Errorf("row %d has %d of the columns", i+1, len(row))
		}
		if row[column] == nil {
			values[i] = charts.GetNullValue()
			continue
		}
		number, ok := chartFloat(row[column])
		if !ok {
			return nil, outputFault("column %q holds %q in row %d, which is no number: CAST it, or put the label first (SELECT label, value)", name, chartLabel(row[column]), i+1)
		}
		values[i], found = number, true
	}
	if !found {
		return nil, outputFault("column %q holds no value at all, only NULL: check the SELECT", name)
	}
	return values, nil
}

func chartFloat(value any) (float64, bool) {
	var number float64
	switch v := value.(type) {
	case int64:
		number = float64(v)
	case int:
		number = float64(v)
	case float64:
		number = v
	case bool:
		if v {
			number = 1
		}
	case string, []byte:
		parsed, err := strconv.ParseFloat(strings.TrimSpace(fmt.Sprintf("%s", v)), 64)
		if err != nil {
			return 0, false
		}
		number = parsed
	default:
		return 0, false
	}
	return number, !math.IsNaN(number) && math.Abs(number) < chartHuge
}

// chartHuge is beyond what an axis can be laid out for.
const chartHuge = 1e100

func chartWhole(name string, values []float64) error {
	for i, v := range values {
		if v == charts.GetNullValue() {
			return outputFault("column %q is NULL in row %d: a scatter needs every x, add WHERE %s IS NOT NULL", name, i+1, name)
		}
	}
	return nil
}

// pie keeps the largest slices and sums up the rest.
func (d *chartData) pie() error {
	type slice struct {
		label string
		value float64
	}
	var parts []slice
	total := 0.0
	for i, v := range d.series[0].values {
		switch {
		case v == charts.GetNullValue() || v == 0:
			continue
		case v < 0:
			return outputFault("%q is %v: a pie cannot show negative values, use bar", d.labels[i], v)
		}
		total += v
		parts = append(parts, slice{d.labels[i], v})
	}
	if total <= 0 {
		return outputFault("every value is 0 or NULL, a pie would be empty: use bar or check the SELECT")
	}
	slices.SortStableFunc(parts, func(a, b slice) int { return cmp.Compare(b.value, a.value) })
	if len(parts) > chartMaxSlices {
		rest := slice{label: chartOther}
		for _, s := range parts[chartMaxSlices-1:] {
			rest.value += s.value
		}
		d.note = fmt.Sprintf("the %d smallest slices are summed up as %s", len(parts)-chartMaxSlices+1, chartOther)
		parts = append(parts[:chartMaxSlices-1], rest)
	}
	d.labels, d.series[0].values = nil, nil
	for _, s := range parts {
		d.labels = append(d.labels, s.label)
		d.series[0].values = append(d.series[0].values, s.value)
	}
	d.points = len(parts)
	return nil
}
