package tool

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// tableSQLMax bounds a query in bytes.
const tableSQLMax = 16 << 10

// tableStatement is what must be known of a query before SQLite sees it.
type tableStatement struct {
	words map[string]bool // names in it, lower-case
	first string
	more  bool // another statement follows
	open  bool // a quote or comment is never closed
}

// tableScan takes SQL apart as SQLite does.
func tableScan(sql string) tableStatement {
	s := tableStatement{words: map[string]bool{}}
	ended := false
	for i := 0; i < len(sql); {
		n, word, blank := tableToken(sql[i:])
		if n == 0 {
			s.open = true
			return s
		}
		token := sql[i : i+n]
		i += n
		if blank {
			continue
		}
		if ended && token != ";" {
			s.more = true
		}
		ended = ended || token == ";"
		if word == "" {
			continue
		}
		word = strings.ToLower(word)
		if s.first == "" {
			s.first = word
		}
		s.words[word] = true
	}
	return s
}

// tableToken returns the length of the token that sql begins with, and its name
// if it is one. blank tells spaces and comments. The length is 0 if it never ends.
func tableToken(sql string) (n int, word string, blank bool) {
	c, size := utf8.DecodeRuneInString(sql)
	switch {
	case unicode.IsSpace(c):
		return size, "", true
	case strings.HasPrefix(sql, "--"):
		if i := strings.IndexByte(sql, '\n'); i >= 0 {
			return i + 1, "", true
		}
		return len(sql), "", true
	case strings.HasPrefix(sql, "/*"):
		if i := strings.Index(sql[2:], "*/"); i >= 0 {
			return i + 4, "", true
		}
		return 0, "", true
	case c == '\'' || c == '"' || c == '`':
		n = tableQuoted(sql, sql[0])
		if n > 0 && c != '\'' {
			quote := sql[:1]
			word = strings.ReplaceAll(sql[1:n-1], quote+quote, quote)
		}
		return n, word, false
	case c == '[':
		n = strings.IndexByte(sql, ']') + 1
		if n > 0 {
			word = sql[1 : n-1]
		}
		return n, word, false
	case c == '_' || c >= utf8.RuneSelf || unicode.IsLetter(c):
		n = strings.IndexFunc(sql, func(r rune) bool {
			return r < utf8.RuneSelf && r != '_' && r != '$' && !unicode.IsLetter(r) && !unicode.IsDigit(r)
		})
		if n < 0 {
			n = len(sql)
		}
		return n, sql[:n], false
	}
	return size, "", false
}

// tableQuoted returns the length of a quoted token, 0 if it never ends.
func tableQuoted(sql string, quote byte) int {
	for i := 1; i < len(sql); i++ {
		if sql[i] != quote {
			continue
		}
		if i+1 < len(sql) && sql[i+1] == quote {
			i++
			continue
		}
		return i + 1
	}
	return 0
}

// tableRefuse says what is wrong with a query before it is run, "" if nothing is.
func tableRefuse(sql string) (tableStatement, string) {
	if len(sql) > tableSQLMax {
		return tableStatement{}, "The SQL is too long; ask for less at once."
	}
	if strings.IndexByte(sql, 0) >= 0 {
		return tableStatement{}, "The SQL holds a NUL character."
	}
	s := tableScan(sql)
	switch {
	case s.open:
		return s, "A quote or comment in the SQL is never closed."
	case s.more:
		return s, "Send one statement a call."
	case s.first != "select" && s.first != "with":
		return s, "Only SELECT, or WITH … SELECT, is possible."
	}
	return s, ""
}
