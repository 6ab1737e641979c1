package tool

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/go-analyze/charts"
	"github.com/golang/freetype/truetype"
)

// The form of a chart, in pixels. Slides show it at about a third of its size, so
// that text of 26 pixels is still read there.
const (
	chartWidth      = 1600
	chartHeight     = 900
	chartMargin     = 48
	chartTitlePx    = 40
	chartLabelPx    = 25
	chartTitleLines = 2
	chartDPI        = 96  // of the chart library
	chartLabelEm    = 16  // the longest label of an axis
	chartNameEm     = 16  // the longest name of a series or slice
	chartAxisEm     = 45  // the longest name of an axis
	chartRowPx      = 30  // a lying bar needs at least
	chartHead       = 260 // what a chart has above and below its bars
)

// chartPicture is one chart on its way to its two forms.
type chartPicture struct {
	args    chartArgs
	data    chartData
	shaper  *fontShaper
	regular *fontComposer
	bold    *fontComposer
	title   []string // encoded in bold
	labels  []string // encoded in regular, as all below
	xLabel  string
	yLabel  string
	body    *truetype.Font
	heading *truetype.Font
	numbers chartNumbers
	scale   chartScale
	across  bool // bars lie, because their labels are long
	height  int
	labelPx float64
}

// chartDraw draws a chart as PNG and as SVG.
func chartDraw(shaper *fontShaper, args chartArgs, data chartData) (png, svg []byte, err error) {
	c := &chartPicture{
		args: args, data: data, shaper: shaper,
		regular: newFontComposer(shaper, fontRegular), bold: newFontComposer(shaper, fontBold),
	}
	if len(data.labels) == 1 && args.Kind != chartPie {
		c.args.Kind = chartBar // one point makes no line
	}
	c.words()
	if err := shaper.fault(); err != nil {
		return nil, nil, err
	}
	if c.body, err = c.regular.build(); err != nil {
		return nil, nil, err
	}
	if c.heading, err = c.bold.build(); err != nil {
		return nil, nil, err
	}
	if png, err = c.render(charts.ChartOutputPNG); err != nil {
		return nil, nil, err
	}
	if svg, err = c.render(charts.ChartOutputSVG); err != nil {
		return nil, nil, err
	}
	return png, c.readable(svg), nil
}

// words shortens every text to its place and puts it into the composed fonts.
func (c *chartPicture) words() {
	unit := chartString(c.args.Unit)
	c.scale = chartScaleOf(c.args.Kind, c.data.series)
	c.numbers = chartFormat(c.scale.step, unit)
	titles, _ := c.shaper.fit(c.args.Title, fontBold, (chartWidth-2*chartMargin)/chartTitlePx, chartTitleLines)
	for _, line := range titles {
		if line.text != "" {
			c.title = append(c.title, c.bold.encode(line.text))
		}
	}
	longest := 0.0
	for _, label := range c.data.labels {
		short, _ := c.shaper.fit(label, fontRegular, chartLabelEm, 1)
		longest = max(longest, short[0].width)
		c.labels = append(c.labels, c.regular.encode(fontText(short)))
	}
	c.place(longest * chartLabelPx)
	for i, s := range c.data.series {
		c.data.series[i].name = c.short(s.name, chartNameEm)
	}
	y := chartString(c.args.YLabel)
	if c.numbers.atAxis(unit) {
		y = strings.TrimSpace(y + " (" + unit + ")")
	}
	c.xLabel, c.yLabel = c.short(chartString(c.args.XLabel), chartAxisEm), c.short(y, chartAxisEm)
	c.regular.encode(unit)
}

// place decides whether bars lie, how high the chart is and which labels of a
// long row are shown.
func (c *chartPicture) place(longest float64) {
	n := len(c.labels)
	slot := (chartWidth - 2*chartMargin - 100) / float64(max(n, 1))
	c.height, c.labelPx = chartHeight, chartLabelPx
	if n == 0 || c.args.Kind == chartPie || longest+chartLabelPx <= slot {
		return
	}
	if c.args.Kind == chartBar && !chartDated(c.data.labels) {
		c.across = true
		c.height = max(chartHeight, chartHead+n*chartRowPx)
		c.labelPx = min(chartLabelPx, float64(c.height-chartHead)/float64(n)*0.7)
		return
	}
	every := int(math.Ceil((longest + chartLabelPx) / slot))
	for i := range c.labels {
		if i%every != 0 {
			c.labels[i] = ""
		}
	}
}

func (c *chartPicture) short(text string, em float64) string {
	short, _ := c.shaper.fit(text, fontRegular, em, 1)
	return c.regular.encode(fontText(short))
}

// chartDated reports whether labels look like dates, years or numbers in a row:
// such bars stand, and not every label is needed.
func chartDated(labels []string) bool {
	return !slices.ContainsFunc(labels, func(l string) bool { return l[0] < '0' || l[0] > '9' })
}

func chartString(s *string) string {
	if s == nil {
		return ""
	}
	return strings.Join(strings.Fields(*s), " ")
}

func (c *chartPicture) render(format string) ([]byte, error) {
	p := charts.NewPainter(charts.PainterOptions{
		OutputFormat: format, Width: chartWidth, Height: c.height, Font: c.body, Theme: chartTheme(),
	})
	p.FilledRect(0, 0, chartWidth, c.height, charts.ColorWhite, charts.ColorWhite, 0)
	top := c.head(p)
	bottom := c.height - chartMargin/2
	if c.foot() != "" {
		bottom -= chartLabelPx * 3 / 2
		box := p.MeasureText(c.foot(), 0, c.font(chartLabelPx, chartGray()))
		p.Text(c.foot(), (chartWidth-box.Width())/2, c.height-chartMargin/2, 0, c.font(chartLabelPx, chartGray()))
	}
	area := p.Child(charts.PainterPaddingOption(charts.NewBox(chartMargin, top, chartMargin, c.height-bottom)))
	if err := c.plot(area); err != nil {
		return nil, fmt.Errorf("draw %s chart: %w", c.args.Kind, err)
	}
	data, err := p.Bytes()
	if err != nil {
		return nil, fmt.Errorf("draw %s chart: %w", c.args.Kind, err)
	}
	return data, nil
}

// head draws the title and the name of the upright axis, and returns where the
// rest begins.
func (c *chartPicture) head(p *charts.Painter) int {
	y := chartMargin / 2
	for _, line := range c.title {
		y += chartTitlePx * 5 / 4
		p.Text(line, chartMargin, y, 0, charts.FontStyle{FontSize: chartPoints(chartTitlePx), FontColor: chartInk(), Font: c.heading})
	}
	if upright := c.upright(); upright != "" {
		y += chartLabelPx * 2
		p.Text(upright, chartMargin, y, 0, c.font(chartLabelPx, chartGray()))
	}
	return y + chartLabelPx*3/2
}

// upright is the name of the axis that goes up; foot that of the other one.
func (c *chartPicture) upright() string {
	switch {
	case c.args.Kind == chartPie:
		return ""
	case c.across:
		return c.xLabel
	}
	return c.yLabel
}

func (c *chartPicture) foot() string {
	switch {
	case c.args.Kind == chartPie:
		return ""
	case c.across:
		return c.yLabel
	}
	return c.xLabel
}

func (c *chartPicture) font(px float64, color charts.Color) charts.FontStyle {
	return charts.FontStyle{FontSize: chartPoints(px), FontColor: color, Font: c.body}
}

func chartPoints(px float64) float64 { return px * 72 / chartDPI }

// readable gives the SVG its words back: they were drawn in a composed font that
// no reader of the SVG has.
func (c *chartPicture) readable(svg []byte) []byte {
	var pairs []string
	for _, composer := range []*fontComposer{c.regular, c.bold} {
		for encoded, label := range composer.labels {
			var escaped bytes.Buffer
			if err := xml.EscapeText(&escaped, []byte(label)); err == nil {
				pairs = append(pairs, ">"+encoded+"<", ">"+escaped.String()+"<")
			}
		}
	}
	heading := fmt.Sprintf("font-size:%dpx", chartTitlePx)
	pairs = append(pairs, heading, heading+";font-weight:700", "font-family:sans-serif", "font-family:'Noto Sans','Segoe UI',Arial,sans-serif")
	return []byte(strings.NewReplacer(pairs...).Replace(string(svg)))
}
