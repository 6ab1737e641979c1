package tool

import (
	"path"
	"strconv"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// tableNameMax bounds an SQL name in characters: models write them out.
const tableNameMax = 60

// tableReserved are SQLite's words that cannot be names without quotes.
var tableReserved = tableWords( //nolint:gochecknoglobals // a constant table
	`add all alter and as autoincrement between case check collate
	commit constraint create default deferrable delete distinct drop else escape except exists foreign
	from group having in index insert intersect into is isnull join limit not nothing notnull null on or
	order primary references returning select set table then to transaction union unique update using
	values when where`)

func tableWords(list string) map[string]bool {
	words := map[string]bool{}
	for _, word := range strings.Fields(list) {
		words[word] = true
	}
	return words
}

// tableSQLName makes a name that SQL takes without quotes: lower-case letters of
// any script, digits and underscores. It returns "" if nothing is left.
func tableSQLName(text string) string {
	var b strings.Builder
	n := 0
	for _, r := range norm.NFC.String(strings.ToLower(text)) {
		if n == tableNameMax {
			break
		}
		switch {
		case unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r):
			b.WriteRune(r)
			n++
		case b.Len() > 0 && !strings.HasSuffix(b.String(), "_"):
			b.WriteByte('_')
			n++
		}
	}
	name := strings.TrimRight(b.String(), "_")
	switch {
	case name == "":
		return ""
	case tableReserved[name]:
		return name + "_"
	case name[0] >= '0' && name[0] <= '9' || strings.HasPrefix(name, "sqlite_"):
		return "_" + name
	}
	return name
}

// tableFileName is the SQL name of the table in a file.
func tableFileName(file string) string {
	base := path.Base(strings.ReplaceAll(file, `\`, "/"))
	name := tableSQLName(strings.TrimSuffix(base, path.Ext(base)))
	if name == "" {
		return "data"
	}
	return name
}

// tableUnique returns name, with a number if taken holds it already, and takes it.
func tableUnique(name string, taken map[string]bool) string {
	unique := name
	for n := 2; taken[unique]; n++ {
		unique = name + "_" + strconv.Itoa(n)
	}
	taken[unique] = true
	return unique
}

// tableHeaders makes SQL names of headers: unique, none empty.
func tableHeaders(headers []string) []string {
	taken := make(map[string]bool, len(headers))
	names := make([]string, len(headers))
	for i, header := range headers {
		name := tableSQLName(header)
		if name == "" {
			name = "column_" + strconv.Itoa(i+1)
		}
		names[i] = tableUnique(name, taken)
	}
	return names
}
