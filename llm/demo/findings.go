package demo

import (
	"fmt"
	"math"
	"strconv"
)

// Findings are sentences that state what the facts show, with the figures. Each
// function returns none where the facts do not support any.

// headline says what the main measure comes to.
func (f facts) headline(t tongue) []string {
	total, ok := f.value()
	if !ok {
		return nil
	}
	m, scope := f.view.main(), f.scope(t)
	var list []string
	switch m.kind {
	case kindCount:
		list = append(list, t.say("The table has %s%s; it has no column of amounts, so rows are counted.",
			"Die Tabelle hat %s%s; sie hat keine Spalte mit Beträgen, deshalb werden Zeilen gezählt.", t.rows(total), scope))
	case kindMean:
		list = append(list, t.say("%s%s is %s over %s values (unweighted).", "%s%s: %s bei %s Werten (ungewichtet).",
			m.total(t), scope, f.num(t, total), t.num(f.stats[0].count)))
	default:
		list = append(list, t.say("%s%s comes to %s in total, over %s.", "%s%s: insgesamt %s in %s.",
			m.name(t), scope, f.num(t, total), t.rows(f.rows)))
	}
	return append(list, f.comparisons(t)...)
}

// scope names the period that the figures are for.
func (f facts) scope(t tongue) string {
	if p := f.view.period; p.label != "" && !p.missing {
		return t.say(" in ", " in ") + p.label
	}
	return ""
}

func (f facts) comparisons(t tongue) []string {
	c := f.before
	if c == nil {
		return nil
	}
	var list []string
	for _, one := range []struct {
		value float64
		has   bool
		name  string
	}{{c.previous, c.hasPrevious, c.previousName}, {c.yearAgo, c.hasYearAgo, c.yearBefore}} {
		if one.has && one.value > 0 {
			list = append(list, t.say("Against %s (%s) that is %s.", "Gegenüber %s (%s) sind das %s.",
				one.name, f.num(t, one.value), t.change(c.now/one.value-1)))
		}
	}
	if p, end := f.view.period, f.view.time.to; p.filters && end.Add(slack).Before(p.to) {
		list = append(list, t.say("%s is not complete: the last date is %s.", "%s ist nicht vollständig: das letzte Datum ist %s.",
			p.label, end.Format("2006-01-02")))
	}
	return list
}

// trend says how the main measure moved from the first to the last period.
func (f facts) trend(t tongue) []string {
	points := f.filled()
	if len(points) < 2 {
		return nil
	}
	first, last := points[0], points[len(points)-1]
	name := f.view.main().total(t)
	list := []string{t.say("%s went from %s (%s) to %s (%s)%s.", "%s: von %s (%s) auf %s (%s)%s.",
		name, f.num(t, first.value), first.name, f.num(t, last.value), last.name, relative(t, first.value, last.value))}
	best, worst := extremes(points)
	list = append(list, t.say("Highest %s: %s with %s%s; lowest: %s with %s%s.", "Stärkster Zeitraum (%s): %s mit %s%s; schwächster: %s mit %s%s.",
		f.view.time.grain.name(t), best.name, f.num(t, best.value), f.shareOf(t, best.value),
		worst.name, f.num(t, worst.value), f.shareOf(t, worst.value)))
	if len(points) > 2 {
		list = append(list, f.steps(t, points))
	}
	return append(list, f.lastPeriod(t)...)
}

// relative writes the change between two values, empty where it has no meaning.
func relative(t tongue, before, after float64) string {
	if before <= 0 {
		return ""
	}
	return ", " + t.change(after/before-1)
}

func (f facts) shareOf(t tongue, value float64) string {
	total, _ := f.value()
	if !f.shares() {
		return ""
	}
	return t.say(" (%s of the total)", " (%s der Summe)", t.percent(value/total))
}

func extremes(points []point) (best, worst point) {
	best, worst = points[0], points[0]
	for _, p := range points {
		if p.value > best.value {
			best = p
		}
		if p.value < worst.value {
			worst = p
		}
	}
	return best, worst
}

// steps says how many changes went up and which was the largest.
func (f facts) steps(t tongue, points []point) string {
	up, largest := 0, 1
	for i := 1; i < len(points); i++ {
		step := points[i].value - points[i-1].value
		if step > 0 {
			up++
		}
		if math.Abs(step) > math.Abs(points[largest].value-points[largest-1].value) {
			largest = i
		}
	}
	a, b := points[largest-1], points[largest]
	return t.say("%d of %d steps went up; the largest step was from %s to %s: %s.",
		"%d von %d Schritten gingen aufwärts; der größte Schritt war von %s auf %s: %s.",
		up, len(points)-1, a.name, b.name, f.signed(t, b.value-a.value)+relative(t, a.value, b.value))
}

// num writes a value of the main measure.
func (f facts) num(t tongue, x float64) string { return t.amount(f.view.main(), x) }

func (f facts) signed(t tongue, x float64) string {
	if x > 0 {
		return "+" + f.num(t, x)
	}
	return f.num(t, x)
}

// lastPeriod warns of a last period that the data may not cover to its end.
func (f facts) lastPeriod(t tongue) []string {
	a, p := f.view.time, f.view.period
	if a == nil || a.year || a.grain == grainDay || p.filters && !a.to.Before(p.to) {
		return nil
	}
	end := a.to.AddDate(0, 0, 1-a.to.Day()).AddDate(0, 1, 0)
	switch a.grain {
	case grainQuarter:
		end = end.AddDate(0, (3-int(a.to.Month())%3)%3, 0)
	case grainYear:
		end = end.AddDate(0, 12-int(a.to.Month()), 0)
	default:
	}
	if 2*len(f.series) >= a.Distinct || !a.to.Add(slack).Before(end) {
		return nil
	}
	return []string{t.say("The last period may be incomplete: the last date is %s.",
		"Der letzte Zeitraum ist vielleicht unvollständig: das letzte Datum ist %s.", a.to.Format("2006-01-02"))}
}

// ofGroup says which group leads and which comes last.
func (f facts) ofGroup(t tongue, g groups) []string {
	points := g.points
	if len(points) < 2 {
		return nil
	}
	top, end := points[0], points[len(points)-1]
	name := f.view.main().total(t)
	if top.value == end.value && g.whole {
		return []string{t.say("%s is the same for every %s: %s.", "%s ist für jedes %s gleich: %s.", name, g.name(), f.num(t, top.value))}
	}
	list := []string{leader(t, f, g, name)}
	if g.whole {
		list = append(list, t.say("Last by %s: %s with %s%s.", "Schlusslicht nach %s: %s mit %s%s.",
			g.name(), end.name, f.num(t, end.value), f.shareOf(t, end.value)))
		if end.value > 0 && top.value/end.value >= 1.05 {
			list = append(list, t.say("%s has %s times as much as %s.", "%s hat das %s-Fache von %s.",
				top.name, t.group(strconv.FormatFloat(top.value/end.value, 'f', 1, 64)), end.name))
		}
	}
	if len(points) > 5 && f.shares() {
		three := points[0].value + points[1].value + points[2].value
		list = append(list, t.say("The first three of %s together make %s%s.", "Die ersten drei von %s machen zusammen %s aus%s.",
			atLeast(t, g), f.num(t, three), f.shareOf(t, three)))
	}
	return list
}

func leader(t tongue, f facts, g groups, name string) string {
	top := g.points[0]
	if second := g.points[1]; second.value == top.value {
		return t.say("%s by %s: %s and %s are level at the top with %s each%s.", "%s nach %s: %s und %s liegen mit je %s gleichauf vorn%s.",
			name, g.name(), top.name, second.name, f.num(t, top.value), f.shareOf(t, top.value))
	}
	return t.say("%s by %s: %s leads with %s%s.", "%s nach %s: %s führt mit %s%s.",
		name, g.name(), top.name, f.num(t, top.value), f.shareOf(t, top.value))
}

// atLeast counts groups, of which a bounded query may not show all.
func atLeast(t tongue, g groups) string {
	if g.whole {
		return t.count(len(g.points))
	}
	return t.say("more than ", "mehr als ") + t.count(len(g.points))
}

// shifted says which groups gained and lost most between two periods.
func (f facts) shifted(t tongue) []string {
	if f.shift == nil {
		return nil
	}
	up, down := f.shift.points[0], f.shift.points[0]
	for _, c := range f.shift.points {
		if c.after-c.before > up.after-up.before {
			up = c
		}
		if c.after-c.before < down.after-down.before {
			down = c
		}
	}
	var list []string
	if up.after > up.before {
		list = append(list, f.moved(t, t.say("Largest gain", "Größter Zuwachs"), up))
	}
	if down.after < down.before {
		list = append(list, f.moved(t, t.say("Largest loss", "Größter Rückgang"), down))
	}
	return list
}

func (f facts) moved(t tongue, what string, c change) string {
	return t.say("%s by %s from %s to %s: %s with %s (%s to %s%s).", "%s nach %s von %s bis %s: %s mit %s (%s auf %s%s).",
		what, f.shift.name(), f.shift.old, f.shift.latest, c.name, f.signed(t, c.after-c.before), f.num(t, c.before), f.num(t, c.after),
		relative(t, c.before, c.after))
}

// spread says how the values of the main measure are distributed.
func (f facts) spread(t tongue) []string {
	if len(f.stats) == 0 || f.stats[0].count < 2 {
		return nil
	}
	s := f.stats[0]
	list := []string{t.say("%s per row runs from %s to %s; the average is %s.", "%s je Zeile reicht von %s bis %s; der Durchschnitt ist %s.",
		s.name(t), f.num(t, s.low), f.num(t, s.high), f.num(t, s.mean))}
	if s.quartiles {
		list = append(list, t.say("The median is %s: half of the rows are not above it.", "Der Median ist %s: Die Hälfte der Zeilen liegt nicht darüber.",
			f.num(t, s.median)))
		if s.median > 0 && s.mean > 1.25*s.median {
			list = append(list, t.say("The average is %s above the median: a few large rows pull it up.",
				"Der Durchschnitt liegt %s über dem Median: wenige große Zeilen ziehen ihn hoch.", t.percent(s.mean/s.median-1)))
		}
	}
	return list
}

// unusual says how many rows lie far outside.
func (f facts) unusual(t tongue) []string {
	o := f.out
	switch {
	case o == nil:
		return nil
	case o.found == 0:
		return []string{t.say("No unusual values: none lies farther from the quartiles than 1.5 times their distance.",
			"Keine Ausreißer: Kein Wert liegt weiter von den Quartilen entfernt als das 1,5-Fache ihres Abstands.")}
	}
	share := ""
	if n := f.stats[0].count; n > 0 {
		share = fmt.Sprintf(" (%s)", t.percent(float64(o.found)/n))
	}
	if o.found == 1 {
		return []string{t.say("One value%s is unusual, %s (1.5 times the quartiles' distance beyond them): %s.",
			"Ein Wert%s ist auffällig, %s (das 1,5-Fache des Quartilsabstands dahinter): %s.", share, f.beyond(t), o.rows[0][0])}
	}
	return []string{t.say("%s values%s are unusual, %s (1.5 times the quartiles' distance beyond them); the farthest is %s.",
		"%s Werte%s sind auffällig, %s (das 1,5-Fache des Quartilsabstands dahinter); der entfernteste ist %s.",
		t.count(o.found), share, f.beyond(t), o.rows[0][0])}
}

// beyond says where unusual values lie.
func (f facts) beyond(t tongue) string {
	s, o := f.stats[0], f.out
	switch {
	case s.low >= o.low:
		return t.say("above %s", "über %s", f.num(t, o.high))
	case s.high <= o.high:
		return t.say("below %s", "unter %s", f.num(t, o.low))
	}
	return t.say("below %s or above %s", "unter %s oder über %s", f.num(t, o.low), f.num(t, o.high))
}

// messages are the few findings to remember: one of each sort.
func (f facts) messages(t tongue) []string {
	list := first(f.headline(t), 2)
	list = append(list, first(f.trend(t), 1)...)
	for _, g := range first(f.groups, 2) {
		list = append(list, first(f.ofGroup(t, g), 1)...)
	}
	list = append(list, first(f.shifted(t), 1)...)
	if len(list) < 3 {
		list = append(list, f.spread(t)...)
	}
	if f.out != nil && f.out.found > 0 {
		list = append(list, f.unusual(t)...)
	}
	return list
}

// insights are the findings worth telling first, most telling first.
func (f facts) insights(t tongue) []string {
	list := f.headline(t)
	list = append(list, first(f.trend(t), 2)...)
	for _, g := range f.groups {
		list = append(list, first(f.ofGroup(t, g), 2)...)
	}
	list = append(list, f.shifted(t)...)
	if len(f.groups) == 0 || len(f.series) < 2 {
		list = append(list, f.spread(t)...)
	}
	return append(list, f.unusual(t)...)
}
