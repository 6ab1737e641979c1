package demo

import (
	"encoding/json"
	"fmt"
	"math"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"
)

// chart is a picture that the data supports.
type chart struct {
	name   string // of its files, without an ending
	kind   string
	title  string
	sql    string
	xLabel string
	yLabel string
	unit   string
	// What it shows: group is the index of a category, or one of these.
	group int
}

const (
	groupTime   = -1
	groupSpread = -2
	groupPair   = -3
)

// The bounds of charts.
const (
	maxCharts    = 4
	maxBars      = 12
	maxSlices    = 6
	maxScatter   = 500 // points
	minLine      = 3   // points that make a line
	spreadBins   = 8
	minForSpread = 8 // rows
)

// charts returns the pictures for a view, most telling first.
func (v view) charts(t tongue) []chart {
	var list []chart
	if v.time != nil && v.periods() >= 2 {
		list = append(list, v.timeChart(t))
	}
	pie := false // one is enough
	for i := range v.categories {
		c := v.groupChart(t, i, i > 0 && !pie)
		pie = pie || c.kind == "pie"
		list = append(list, c)
	}
	if len(list) == 0 && v.canSpread() {
		list = append(list, v.spreadChart(t))
	}
	list = first(list, maxCharts)
	for i := range list {
		list[i].name = uniqueName(list[:i], list[i].name)
	}
	return list
}

// wantedChart returns the one picture that a request describes.
func (v view) wantedChart(t tongue, request string) (chart, bool) {
	kind := ""
	for _, k := range chartKinds {
		if k.words.in(request) {
			kind = k.kind
			break
		}
	}
	if kind == "scatter" && len(v.all()) > 1 {
		return v.pairChart(t), true
	}
	var c chart
	switch {
	case len(v.categories) > 0 && v.categories[0].mentioned(request), kind == "pie" && len(v.categories) > 0:
		c = v.groupChart(t, 0, kind == "pie")
	case v.time != nil && v.periods() >= 2:
		c = v.timeChart(t)
		if kind == "bar" || kind == "line" || kind == "area" && v.main().adds() {
			c.kind = kind
		}
	default:
		list := v.charts(t)
		if len(list) == 0 {
			return chart{}, false
		}
		c = list[0]
	}
	return c, true
}

// periods estimates how many points a chart over time has.
func (v view) periods() int {
	if v.time.year {
		return v.time.Distinct
	}
	from, to := v.time.from, v.time.to
	if v.period.filters {
		from, to = later(from, v.period.from), earlier(to, v.period.to.AddDate(0, 0, -1))
	}
	months := 12*(to.Year()-from.Year()) + int(to.Month()) - int(from.Month())
	var n int
	switch v.time.grain {
	case grainDay:
		n = int(to.Sub(from) / (24 * time.Hour))
	case grainMonth:
		n = months
	case grainQuarter:
		n = months / 3
	default:
		n = to.Year() - from.Year()
	}
	return min(n+1, max(v.time.Distinct, 1))
}

func (v view) timeChart(t tongue) chart {
	m := v.main()
	kind := "line"
	switch {
	case v.periods() < minLine:
		kind = "bar"
	case m.adds():
		// A line whose axis stands on zero: a cut-off axis makes totals look
		// as if they moved more than they do.
		kind = "area"
	}
	grain := v.time.grain.name(t)
	return v.chart(t, kind, groupTime, t.say("%s by %s", "%s nach %s", m.total(t), grain), v.seriesSQL(m), grain,
		m.slug()+"-by-"+string(v.time.grain))
}

// groupChart is a bar chart; a pie only if it may be one and shows a few parts
// of a whole.
func (v view) groupChart(t tongue, i int, mayPie bool) chart {
	m, c := v.main(), v.categories[i]
	name := m.slug() + "-by-" + slug(c.header(), "group-"+strconv.Itoa(i+1))
	title := t.say("%s by %s", "%s nach %s", m.total(t), c.name())
	sql := v.groupsSQL(m, c, t)
	if mayPie && v.pieable(c) {
		return v.chart(t, "pie", i, t.say("Shares of %s by %s", "Anteile an %s nach %s", m.name(t), c.name()), sql, c.name(), name)
	}
	if c.Distinct > maxBars {
		title = t.say("%s: first %d of %s", "%s: die ersten %d von %s", title, maxBars, c.name())
		sql += fmt.Sprintf(" LIMIT %d", maxBars)
	}
	return v.chart(t, "bar", i, title, sql, c.name(), name)
}

func (v view) pieable(c category) bool {
	parts := c.Distinct
	if c.Nulls > 0 {
		parts++
	}
	return v.main().adds() && v.main().positive() && parts >= 2 && parts <= maxSlices
}

func (v view) canSpread() bool {
	return v.main().kind != kindCount && v.table.Rows >= minForSpread && v.binWidth() > 0
}

// binWidth is a round number that divides the measure's range into about as many
// bins as wanted.
func (v view) binWidth() float64 {
	low, errLow := strconv.ParseFloat(v.main().Min, 64)
	high, errHigh := strconv.ParseFloat(v.main().Max, 64)
	if errLow != nil || errHigh != nil || high <= low {
		return 0
	}
	raw := (high - low) / spreadBins
	power := math.Pow(10, math.Floor(math.Log10(raw)))
	for _, step := range []float64{1, 2, 5, 10} {
		if step*power >= raw {
			return step * power
		}
	}
	return raw
}

// spreadChart counts rows by size of the measure.
func (v view) spreadChart(t tongue) chart {
	m, width := v.main(), v.binWidth()
	low, _ := strconv.ParseFloat(m.Min, 64)
	base := math.Floor(low/width) * width
	bin := fmt.Sprintf("CAST((%s - (%v)) / %v AS INTEGER) * %v + (%v)", quote(m.Name), base, width, width, base)
	sql := fmt.Sprintf("SELECT CAST(bin AS TEXT) AS bin_from, COUNT(*) AS row_count FROM (SELECT %s AS bin%s) GROUP BY bin ORDER BY bin",
		bin, v.from(quote(m.Name)+" IS NOT NULL"))
	c := v.chart(t, "bar", groupSpread, t.say("Rows by size of %s", "Zeilen nach Größe von %s", m.name(t)), sql,
		t.say("%s from (steps of %s)", "%s ab (Schritte von %s)", m.name(t), t.num(width)), "spread-of-"+m.slug())
	c.yLabel, c.unit = t.say("rows", "Zeilen"), ""
	return c
}

func (v view) pairChart(t tongue) chart {
	a, b := v.all()[0], v.all()[1]
	sql := fmt.Sprintf("SELECT %s, %s%s LIMIT %d", quote(a.Name), quote(b.Name),
		v.from(quote(a.Name)+" IS NOT NULL", quote(b.Name)+" IS NOT NULL"), maxScatter)
	c := v.chart(t, "scatter", groupPair, t.say("%s and %s", "%s und %s", a.name(t), b.name(t)), sql, a.name(t),
		a.slug()+"-and-"+slug(b.header(), "other"))
	c.yLabel = b.name(t)
	return c
}

// chart fills in what all pictures share.
func (v view) chart(t tongue, kind string, group int, title, sql, xLabel, name string) chart {
	if v.period.label != "" && !v.period.missing {
		title += ", " + v.period.label
	}
	m := v.main()
	return chart{
		name: name, kind: kind, title: title, sql: v.drawable(sql, t), xLabel: xLabel, yLabel: m.total(t), unit: m.unit(), group: group,
	}
}

// drawable leaves out the third column of our queries, the number of rows, which
// a chart would draw as a second series, and gives the second a name for people.
func (v view) drawable(sql string, t tongue) string {
	from := " FROM " + quote(v.table.Name)
	sql = strings.Replace(sql, ", COUNT(*) AS row_count"+from, from, 1)
	return strings.Replace(sql, " AS value"+from, " AS "+quote(v.main().total(t))+from, 1)
}

// draw makes a chart. It returns the names of its files, or what went wrong.
func (d *desk) draw(c chart) (files []string, fault string) {
	args := map[string]any{
		"name": c.name, "kind": c.kind, "title": c.title, "sql": c.sql,
		"x_label": c.xLabel, "y_label": c.yLabel, "unit": orNull(c.unit),
	}
	result, ok := d.call("chart", args)
	if ok && result.Error && c.kind != "bar" {
		// A plain kind takes more kinds of data.
		args["kind"] = "bar"
		result, ok = d.call("chart", args)
	}
	return outcome(result, ok)
}

// madeFiles reads the names of files from the answer of a tool that makes some.
func madeFiles(text string) []string {
	var made struct {
		Files []any `json:"files"`
	}
	// An answer of another form names no files; those are then found by listing.
	if json.Unmarshal([]byte(text), &made) != nil {
		return nil
	}
	var names []string
	for _, f := range made.Files {
		switch f := f.(type) {
		case string:
			names = append(names, f)
		case map[string]any:
			if name, ok := f["name"].(string); ok {
				names = append(names, name)
			}
		}
	}
	return names
}

func orNull(text string) any {
	if text == "" {
		return nil
	}
	return text
}

// pictureOf returns the picture file of a chart among the names, empty if none:
// PNG rather than SVG, the newest rather than older ones.
func pictureOf(c chart, names []string) string {
	for _, ending := range []string{".png", ".svg"} {
		for _, name := range slices.Backward(names) {
			base, isPicture := strings.CutSuffix(name, ending)
			if isPicture && (base == c.name || numbered(base, c.name)) {
				return name
			}
		}
	}
	return ""
}

// numbered reports whether base is name with a number added, as files are called
// whose name was in use.
func numbered(base, name string) bool {
	rest, ok := strings.CutPrefix(base, name)
	return ok && rest != "" && strings.Trim(rest, "-_ ()0123456789") == ""
}

func uniqueName(before []chart, name string) string {
	for i, other := range before {
		if other.name == name {
			return fmt.Sprintf("%s-chart%d", name, i+2)
		}
	}
	return name
}

// maxSlug bounds a part of a file name: two of them and a suffix stay under 60.
const maxSlug = 24

// slug makes a name for a file: lower-case ASCII, or fallback if nothing is left.
func slug(text, fallback string) string {
	text = strings.NewReplacer("ä", "ae", "ö", "oe", "ü", "ue", "ß", "ss", "€", "", "$", "", "%", "").Replace(strings.ToLower(text))
	parts := strings.FieldsFunc(text, func(r rune) bool { return r > 'z' || (r < 'a' || r > 'z') && (r < '0' || r > '9') })
	s := strings.Join(parts, "-")
	if s = strings.Trim(s[:min(len(s), maxSlug)], "-"); s == "" {
		return fallback
	}
	return s
}

// baseName is a file's name without its ending.
func baseName(name string) string { return strings.TrimSuffix(name, path.Ext(name)) }
