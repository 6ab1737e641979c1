package demo

import (
	"fmt"
	"strings"
	"time"
)

// quote writes an identifier for SQLite.
func quote(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }

// literal writes a text for SQLite.
func literal(text string) string { return "'" + strings.ReplaceAll(text, "'", "''") + "'" }

// from writes FROM and WHERE: the table, the asked period and further conditions.
func (v view) from(conditions ...string) string {
	all := append(v.conditions(), conditions...)
	sql := " FROM " + quote(v.table.Name)
	if len(all) > 0 {
		sql += " WHERE " + strings.Join(all, " AND ")
	}
	return sql
}

func (v view) conditions() []string {
	p := v.period
	switch {
	case !p.filters:
		return nil
	case p.column != "":
		return []string{fmt.Sprintf("CAST(%s AS TEXT) = %s", quote(p.column), literal(p.value))}
	}
	return []string{between(v.time.Name, p.from, p.to)}
}

// between compares ISO dates as text, which orders them.
func between(column string, from, to time.Time) string {
	c := quote(column)
	return fmt.Sprintf("%s >= '%s' AND %s < '%s'", c, from.Format(time.DateOnly), c, to.Format(time.DateOnly))
}

// agg writes the measure's value over a group of rows.
func (m measure) agg() string { return m.aggOf("") }

// aggOf writes the measure's value over those rows of a group that meet a condition.
func (m measure) aggOf(condition string) string {
	column := quote(m.Name)
	if m.kind == kindCount {
		column = "1"
	}
	if condition != "" {
		column = fmt.Sprintf("CASE WHEN %s THEN %s END", condition, column)
	}
	switch m.kind {
	case kindMean:
		return "AVG(" + column + ")"
	case kindCount:
		return "COUNT(" + column + ")"
	default:
		return "SUM(" + column + ")"
	}
}

// key writes the period that a row belongs to, such as '2025-10' or '2025-Q4'.
func (a timeAxis) key() string {
	c := quote(a.Name)
	switch {
	case a.year:
		return "CAST(" + c + " AS TEXT)"
	case a.grain == grainDay:
		return "substr(" + c + ", 1, 10)"
	case a.grain == grainMonth:
		return "substr(" + c + ", 1, 7)"
	case a.grain == grainQuarter:
		return fmt.Sprintf("substr(%s, 1, 4) || '-Q' || ((CAST(substr(%s, 6, 2) AS INTEGER) + 2) / 3)", c, c)
	}
	return "substr(" + c + ", 1, 4)"
}

// key writes the group of a row; rows without one share a group of their own.
func (c category) key(t tongue) string {
	return fmt.Sprintf("COALESCE(NULLIF(TRIM(CAST(%s AS TEXT)), ''), %s)",
		quote(c.Name), literal(t.say("(empty)", "(leer)")))
}

// totalsSQL asks for rows, and per measure for count, sum, mean, least, greatest,
// and the three quartiles.
func (v view) totalsSQL(quartiles bool) string {
	columns := []string{"COUNT(*)"}
	for _, m := range v.stats() {
		c := quote(m.Name)
		columns = append(columns, "COUNT("+c+")", "SUM("+c+")", "AVG("+c+")", "MIN("+c+")", "MAX("+c+")")
		if quartiles {
			columns = append(columns, v.medianSQL(c), v.rankSQL(c, 1), v.rankSQL(c, 3))
		}
	}
	return "SELECT " + strings.Join(columns, ", ") + v.from()
}

// medianSQL is the middle value, or the mean of the two in the middle.
func (v view) medianSQL(c string) string {
	count := "(SELECT COUNT(" + c + ")" + v.from() + ")"
	return fmt.Sprintf("(SELECT AVG(x) FROM (SELECT %s AS x%s ORDER BY 1 LIMIT 2 - %s %% 2 OFFSET (%s - 1) / 2))",
		c, v.from(c+" IS NOT NULL"), count, count)
}

// rankSQL is the value at a quarter or three quarters of the sorted values.
func (v view) rankSQL(c string, quarters int) string {
	return fmt.Sprintf("(SELECT %s%s ORDER BY 1 LIMIT 1 OFFSET (SELECT (COUNT(%s) - 1) * %d / 4%s))",
		c, v.from(c+" IS NOT NULL"), c, quarters, v.from())
}

// seriesSQL asks for the measure period by period.
func (v view) seriesSQL(m measure) string {
	return fmt.Sprintf("SELECT %s AS period, %s AS value, COUNT(*) AS row_count%s GROUP BY 1 ORDER BY 1",
		v.time.key(), m.agg(), v.from(quote(v.time.Name)+" IS NOT NULL"))
}

// groupsSQL asks for the measure group by group, largest first.
func (v view) groupsSQL(m measure, c category, t tongue) string {
	return fmt.Sprintf("SELECT %s AS name, %s AS value, COUNT(*) AS row_count%s GROUP BY 1 ORDER BY 2 DESC, 1",
		c.key(t), m.agg(), v.from())
}

// shiftSQL asks for the measure of every group in two periods.
func (v view) shiftSQL(m measure, c category, t tongue, old, latest string) string {
	return fmt.Sprintf("SELECT %s AS name, %s AS before, %s AS after%s GROUP BY 1 ORDER BY 1",
		c.key(t), m.aggOf(v.time.key()+" = "+literal(old)), m.aggOf(v.time.key()+" = "+literal(latest)), v.from())
}

// compareSQL asks for the measure in the asked period, in the one before, and in
// the same one a year earlier, all of the table.
func (v view) compareSQL(m measure) string {
	p := v.period
	months := monthsOf(p)
	parts := []string{
		m.aggOf(between(v.time.Name, p.from, p.to)),
		m.aggOf(between(v.time.Name, p.from.AddDate(0, -months, 0), p.from)),
		m.aggOf(between(v.time.Name, p.from.AddDate(-1, 0, 0), p.to.AddDate(-1, 0, 0))),
	}
	return "SELECT " + strings.Join(parts, ", ") + " FROM " + quote(v.table.Name)
}

func monthsOf(p period) int {
	if p.to.Equal(p.from.AddDate(1, 0, 0)) {
		return 12
	}
	return 3
}

// outliersSQL asks for the rows outside of two bounds, farthest first, with their
// number in the first column.
func (v view) outliersSQL(m measure, low, middle, high float64, limit int) string {
	c := quote(m.Name)
	columns := "COUNT(*) OVER () AS found, " + c
	for _, other := range v.used()[len(v.stats()):] {
		columns += ", " + quote(other.Name)
	}
	return fmt.Sprintf("SELECT %s%s ORDER BY ABS(%s - %v) DESC, %s LIMIT %d",
		columns, v.from(fmt.Sprintf("(%s < %v OR %s > %v)", c, low, c, high)), c, middle, c, limit)
}

// qualitySQL asks for rows, rows that repeat another one exactly, and the empty
// cells of the columns in use.
func (v view) qualitySQL() string {
	table := quote(v.table.Name)
	columns := []string{
		"COUNT(*)", fmt.Sprintf("COUNT(*) - (SELECT COUNT(*) FROM (SELECT DISTINCT * FROM %s))", table),
	}
	for _, c := range v.used() {
		columns = append(columns, "COUNT(*) - COUNT("+quote(c.Name)+")")
	}
	return "SELECT " + strings.Join(columns, ", ") + " FROM " + table
}

// used returns the columns that the analysis rests on.
func (v view) used() []columnInfo {
	var list []columnInfo
	for _, m := range v.stats() {
		list = append(list, m.columnInfo)
	}
	for _, c := range v.categories {
		list = append(list, c.columnInfo)
	}
	if v.time != nil {
		list = append(list, v.time.columnInfo)
	}
	return list
}
