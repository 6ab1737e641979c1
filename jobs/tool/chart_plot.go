package tool

import (
	"math"
	"slices"
	"strconv"

	"github.com/go-analyze/charts"
)

// The colours of a chart's texts and lines.
func chartInk() charts.Color  { return charts.Color{R: 0x1B, G: 0x25, B: 0x38, A: 255} }
func chartGray() charts.Color { return charts.Color{R: 0x5B, G: 0x66, B: 0x78, A: 255} }
func chartRule() charts.Color { return charts.Color{R: 0xE3, G: 0xE7, B: 0xEE, A: 255} }
func chartAxis() charts.Color { return charts.Color{R: 0xB4, G: 0xBC, B: 0xC9, A: 255} }

func chartPalette() []charts.Color {
	return []charts.Color{
		{R: 0x2F, G: 0x6F, B: 0xED, A: 255}, // blue
		{R: 0xF2, G: 0x8C, B: 0x38, A: 255}, // orange
		{R: 0x18, G: 0xA9, B: 0x99, A: 255}, // teal
		{R: 0xE2, G: 0x4B, B: 0x6A, A: 255}, // red
		{R: 0x7A, G: 0x5C, B: 0xD6, A: 255}, // violet
		{R: 0xE0, G: 0xB0, B: 0x2B, A: 255}, // yellow
		{R: 0x4C, G: 0x9F, B: 0xD8, A: 255}, // sky
		{R: 0x6B, G: 0xA5, B: 0x4A, A: 255}, // green
		{R: 0x9A, G: 0xA5, B: 0xB5, A: 255}, // grey: the rest of a pie
	}
}

func chartTheme() charts.ColorPalette {
	return charts.MakeTheme(charts.ThemeOption{
		AxisStrokeColor: chartAxis(), AxisSplitLineColor: chartRule(), BackgroundColor: charts.ColorTransparent,
		TextColor: chartGray(), TextColorTitle: chartInk(), TextColorLabel: chartInk(), TextColorLegend: chartInk(),
		SeriesColors: chartPalette(),
	})
}

// chartScale is where an axis begins and ends, and its step.
type chartScale struct {
	low, high, step float64
}

// chartSteps is about how many steps an axis has.
const chartSteps = 5

// chartScaleOf returns the axis of the values. Bars and areas stand on zero;
// a line or scatter may begin elsewhere if its values are far from zero.
func chartScaleOf(kind chartKind, series []chartSeries) chartScale {
	low, high := math.Inf(1), math.Inf(-1)
	for _, s := range series {
		l, h := chartRange(s.values)
		low, high = min(low, l), max(high, h)
	}
	zero := kind == chartBar || kind == chartArea || kind == chartPie
	if zero || low > 0 && low < (high-low)*1.5 {
		low = min(low, 0)
	}
	if zero {
		high = max(high, 0)
	}
	return chartNice(low, high)
}

func chartRange(values []float64) (low, high float64) {
	low, high = math.Inf(1), math.Inf(-1)
	for _, v := range values {
		if v != charts.GetNullValue() {
			low, high = min(low, v), max(high, v)
		}
	}
	return low, high
}

// chartNice widens a range to multiples of 1, 2, 2.5 or 5.
func chartNice(low, high float64) chartScale {
	switch {
	case low == 0 && high == 0:
		high = 1
	case low == high: // a flat line has room on both sides
		pad := math.Abs(low) / 10
		low, high = low-pad, high+pad
	}
	raw := (high - low) / chartSteps
	power := math.Pow(10, math.Floor(math.Log10(raw)))
	step := 10 * power
	for _, m := range []float64{1, 2, 2.5, 5} {
		if m*power >= raw {
			step = m * power
			break
		}
	}
	return chartScale{low: math.Floor(low/step+1e-9) * step, high: math.Ceil(high/step-1e-9) * step, step: step}
}

func (s chartScale) count() int { return int(math.Round((s.high-s.low)/s.step)) + 1 }

// chartOnly is how many labelled points are still read at a glance.
const chartOnly = 14

// plot draws the chart itself.
func (c *chartPicture) plot(p *charts.Painter) error {
	switch c.args.Kind {
	case chartBar:
		return c.bars(p)
	case chartPie:
		return c.pie(p)
	case chartScatter:
		return c.scatter(p)
	case chartLine, chartArea:
	}
	return c.lines(p)
}

func (c *chartPicture) valueAxis(s chartScale) charts.ValueAxisOption {
	return charts.ValueAxisOption{
		Min: charts.Ptr(s.low), Max: charts.Ptr(s.high), LabelCount: s.count(), Unit: s.step,
		RangeValuePaddingScale: charts.Ptr(0.0), PreferNiceIntervals: charts.Ptr(false),
		LabelFontStyle: c.font(chartLabelPx, chartGray()), ValueFormatter: c.numbers.text,
		SplitLineShow: charts.Ptr(true), SpineLineShow: charts.Ptr(false),
	}
}

func (c *chartPicture) legend() charts.LegendOption {
	return charts.LegendOption{
		Show: charts.Ptr(len(c.data.series) > 1), FontStyle: c.font(chartLabelPx, chartInk()),
		Offset: charts.OffsetStr{Left: charts.PositionLeft}, Symbol: charts.SymbolSquare,
	}
}

func (c *chartPicture) padding() charts.Box { return charts.NewBox(0, 0, chartLabelPx, 0) }

func (c *chartPicture) bars(p *charts.Painter) error {
	option := charts.NewBarChartOptionWithData(c.values())
	option.Theme, option.Legend, option.Padding = chartTheme(), c.legend(), c.padding()
	option.Horizontal = c.across
	option.ValueAxis = []charts.ValueAxisOption{c.valueAxis(c.scale)}
	labels := c.labels
	if c.across { // the first row belongs on top
		labels = chartReversed(labels)
		for i := range option.SeriesList {
			option.SeriesList[i].Values = chartReversed(option.SeriesList[i].Values)
		}
	}
	option.CategoryAxis = charts.CategoryAxisOption{Labels: labels, LabelFontStyle: c.font(c.labelPx, chartGray()), LabelCount: len(labels)}
	option.ValueFormatter = c.numbers.text
	show := len(c.data.series) == 1 && len(c.labels) <= chartOnly
	for i := range option.SeriesList {
		option.SeriesList[i].Name = c.data.series[i].name
		option.SeriesList[i].Label = charts.SeriesLabel{
			Show: charts.Ptr(show), FontStyle: c.font(chartLabelPx, chartInk()), ValueFormatter: c.numbers.exact,
		}
	}
	if show && c.across {
		option.Padding.Right = chartWidth / 10 // for the labels behind the bars
	}
	return p.BarChart(option)
}

func chartReversed[T any](list []T) []T {
	list = slices.Clone(list)
	slices.Reverse(list)
	return list
}

func (c *chartPicture) values() [][]float64 {
	var values [][]float64
	for _, s := range c.data.series {
		values = append(values, slices.Clone(s.values))
	}
	return values
}

func (c *chartPicture) lines(p *charts.Painter) error {
	option := charts.NewLineChartOptionWithData(c.values())
	option.Theme, option.Legend, option.Padding = chartTheme(), c.legend(), c.padding()
	option.YAxis = []charts.YAxisOption{c.valueAxis(c.scale)}
	option.XAxis = charts.XAxisOption{Labels: c.labels, LabelFontStyle: c.font(chartLabelPx, chartGray()), BoundaryGap: charts.Ptr(true), LabelCount: len(c.labels)}
	option.LineStrokeWidth = 4
	option.ValueFormatter = c.numbers.text
	if c.args.Kind == chartArea {
		option.FillArea, option.FillOpacity = charts.Ptr(true), 45
	}
	option.Symbol = charts.Symbol{Shape: charts.SymbolDot, Size: 6}
	if len(c.labels) > chartOnly*3 {
		option.Symbol = charts.Symbol{Shape: charts.SymbolNone}
	}
	for i := range option.SeriesList {
		option.SeriesList[i].Name = c.data.series[i].name
	}
	return p.LineChart(option)
}

func (c *chartPicture) pie(p *charts.Painter) error {
	s := c.data.series[0]
	option := charts.NewPieChartOptionWithData(s.values)
	option.Theme, option.Padding = chartTheme(), c.padding()
	option.Legend = charts.LegendOption{Show: charts.Ptr(false)}
	option.Radius = strconv.Itoa(p.Height() * 2 / 5)
	option.SegmentGap = 3
	total := option.SeriesList.SumSeries()
	for i := range option.SeriesList {
		text := c.labels[i] + "  " + c.numbers.exact(s.values[i]) + "  (" + chartPercent(s.values[i]/total) + ")"
		option.SeriesList[i].Name = strconv.Itoa(i)
		option.SeriesList[i].Label = charts.SeriesLabel{
			Show: charts.Ptr(true), FontStyle: c.font(chartLabelPx, chartInk()),
			LabelFormatter: func(int, string, float64) (string, *charts.LabelStyle) { return text, nil },
		}
	}
	return p.PieChart(option)
}

func chartPercent(share float64) string {
	decimals := 0
	if share < 0.1 {
		decimals = 1
	}
	return strconv.FormatFloat(share*100, 'f', decimals, 64) + "%"
}

// chartGrid is how finely the x axis of a scatter is divided: the library places
// points on numbered positions only.
const chartGrid = 120

func (c *chartPicture) scatter(p *charts.Painter) error {
	low, high := chartRange(c.data.xs)
	scale := chartNice(low, high)
	steps := scale.count() - 1
	slots := steps*chartGrid + 1
	grid := make([][][]float64, len(c.data.series))
	for i, s := range c.data.series {
		grid[i] = make([][]float64, slots)
		for k, v := range s.values {
			at := int(math.Round((c.data.xs[k] - scale.low) / scale.step * chartGrid))
			at = min(max(at, 0), slots-1)
			grid[i][at] = append(grid[i][at], v)
		}
	}
	labels := make([]string, slots)
	numbers := chartFormat(scale.step, "")
	for i := range steps + 1 {
		labels[i*chartGrid] = numbers.text(scale.low + float64(i)*scale.step)
	}
	option := charts.NewScatterChartOptionWithSeries(charts.NewSeriesListScatterMultiValue(grid))
	option.Theme, option.Legend, option.Padding = chartTheme(), c.legend(), c.padding()
	option.YAxis = []charts.YAxisOption{c.valueAxis(c.scale)}
	option.XAxis = charts.XAxisOption{
		Labels: labels, LabelFontStyle: c.font(chartLabelPx, chartGray()), BoundaryGap: charts.Ptr(false), LabelCount: steps + 1,
	}
	option.ValueFormatter = c.numbers.text
	option.Symbol = charts.Symbol{Shape: charts.SymbolDot, Size: 6}
	for i := range option.SeriesList {
		option.SeriesList[i].Name = c.data.series[i].name
	}
	return p.ScatterChart(option)
}
