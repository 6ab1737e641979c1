package demo_test

import (
	"cmp"
	"encoding/csv"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

var (
	integer = regexp.MustCompile(`^-?\d+$`)
	real    = regexp.MustCompile(`^-?\d+\.\d+$`)
	date    = regexp.MustCompile(`^\d{4}-\d\d-\d\d`)
	german  = regexp.MustCompile(`^(\d\d)\.(\d\d)\.(\d{4})$`)
	comma   = regexp.MustCompile(`^(-?\d+),(\d+)$`)
)

// addCSV puts a table into the job, with its types as a reader of CSV would find them.
func (b *bench) addCSV(name, text string, separator rune) {
	b.t.Helper()
	r := csv.NewReader(strings.NewReader(text))
	r.Comma = separator
	records, err := r.ReadAll()
	if err != nil {
		b.t.Fatal(err)
	}
	for _, row := range records[1:] {
		for i := range row {
			row[i] = german.ReplaceAllString(row[i], "$3-$2-$1")
			if separator == ';' {
				row[i] = comma.ReplaceAllString(row[i], "$1.$2")
			}
		}
	}
	tb := table{Name: strings.TrimSuffix(name, ".csv"), Rows: len(records) - 1}
	var definitions []string
	for i, header := range records[0] {
		c := describe(header, i, records[1:])
		tb.Columns = append(tb.Columns, c)
		kind := map[string]string{"integer": "INTEGER", "real": "REAL"}[c.Type]
		definitions = append(definitions, quoted(header)+" "+cmp.Or(kind, "TEXT"))
	}
	b.exec(fmt.Sprintf("CREATE TABLE %s (%s)", quoted(tb.Name), strings.Join(definitions, ", ")))
	var rows []string
	for _, row := range records[1:] {
		values := make([]string, len(row))
		for i, value := range row {
			values[i] = "'" + strings.ReplaceAll(value, "'", "''") + "'"
			if value == "" {
				values[i] = "NULL"
			}
		}
		rows = append(rows, "("+strings.Join(values, ", ")+")")
	}
	b.exec(fmt.Sprintf("INSERT INTO %s VALUES %s", quoted(tb.Name), strings.Join(rows, ", ")))
	b.files = append(b.files, file{Name: name, Kind: "table", Tables: []table{tb}})
}

func quoted(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }

func (b *bench) exec(statement string) {
	b.t.Helper()
	if _, err := b.db.ExecContext(b.t.Context(), statement); err != nil {
		b.t.Fatal(statement, err)
	}
}

func describe(header string, at int, rows [][]string) column {
	c := column{Name: header, Header: header, Type: "integer"}
	seen := map[string]int{}
	var values []string
	for _, row := range rows {
		value := row[at]
		if value == "" {
			c.Nulls++
			continue
		}
		seen[value]++
		values = append(values, value)
	}
	for _, value := range values {
		switch {
		case date.MatchString(value) && (c.Type == "date" || c.Type == "integer"):
			c.Type = "date"
		case integer.MatchString(value) && (c.Type == "integer" || c.Type == "real"):
		case real.MatchString(value) && (c.Type == "integer" || c.Type == "real"):
			c.Type = "real"
		default:
			c.Type = "text"
		}
	}
	c.Distinct = min(len(seen), 1000)
	if c.Type != "text" && len(values) > 0 {
		slices.SortFunc(values, func(x, y string) int {
			a, errA := strconv.ParseFloat(x, 64)
			b, errB := strconv.ParseFloat(y, 64)
			if errA == nil && errB == nil {
				return cmp.Compare(a, b)
			}
			return strings.Compare(x, y)
		})
		c.Min, c.Max = values[0], values[len(values)-1]
	}
	for value := range seen {
		c.Sample = append(c.Sample, value)
	}
	slices.Sort(c.Sample)
	c.Sample = c.Sample[:min(len(c.Sample), 8)]
	return c
}
