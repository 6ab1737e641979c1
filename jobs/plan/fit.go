package plan

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/askbob/bob/jobs"
	"github.com/askbob/bob/llm"
)

// fit returns the first shape of a list that fits into room bytes: whole, else cut
// to ever smaller limits, else the first entries at the smallest.
func fit[T any](list []T, limits []int, room int, cut func(T, int) T) (shown []T, limit int) {
	for _, limit = range limits {
		shown = first(list, limit, room, cut)
		if len(shown) == len(list) {
			break
		}
	}
	return shown, limit
}

// first returns as many entries, each cut to limit, as fit into room bytes.
func first[T any](list []T, limit, room int, cut func(T, int) T) []T {
	shown := make([]T, 0, len(list))
	room -= len("[]")
	for _, item := range list {
		item = cut(item, limit)
		if room -= size(item) + len(","); room < 0 {
			break
		}
		shown = append(shown, item)
	}
	return shown
}

// size is how many bytes v takes in a section.
func size(v any) int { return len(llm.Section("", encode(v))) - len(llm.Section("", "")) }

// encode writes JSON with its "<" as they are: llm.Section neutralises them, and a
// model reads them better so.
func encode(v any) string {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		// Structs of strings and numbers always encode.
		panic(fmt.Sprintf("plan: encode %T: %v", v, err))
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// omitted says how many entries a section does not show.
func omitted(total, shown int, what string) string {
	if total == shown {
		return ""
	}
	return fmt.Sprintf("(%d more %s are there, but did not fit and are not shown.)\n", total-shown, what)
}

// tool is what a planner needs to know of one.
type tool struct {
	Name        string `json:"name"`
	Description string `json:"description"`
}

func toolsSection(specs []jobs.ToolSpec, room int) string {
	if len(specs) == 0 {
		return ""
	}
	tools := make([]tool, 0, len(specs))
	for _, s := range specs {
		tools = append(tools, tool{s.Name, s.Description})
	}
	limits := []int{2000, 500, 200, 80, 0}
	shown, _ := fit(tools, limits, room, func(t tool, limit int) tool {
		t.Description = brief(t.Description, limit)
		return t
	})
	return llm.Section(jobs.SectionTools, encode(shown)) + omitted(len(tools), len(shown), "tools")
}

func resultsSection(results []jobs.NodeResult, room int) string {
	limits := []int{100_000, 30_000, 10_000, 5000, 2000, 1000, 400, 150}
	shown, limit := fit(results, limits, room, func(r jobs.NodeResult, limit int) jobs.NodeResult {
		r.Text = shorten(r.Text, limit)
		r.Error = shorten(r.Error, limit)
		return r
	})
	note := ""
	if limit < limits[0] {
		note = "(Long results are shown in part. A step that depends on one gets it whole.)\n"
	}
	return llm.Section(jobs.SectionResults, encode(shown)) + note + omitted(len(results), len(shown), "results")
}

// brief cuts a text to about limit bytes.
func brief(text string, limit int) string {
	if len(text) <= limit {
		return text
	}
	if limit == 0 {
		return ""
	}
	return prefix(text, limit) + " …"
}

// shorten cuts the middle out of a text of more than limit bytes and says so there.
func shorten(text string, limit int) string {
	if len(text) <= limit {
		return text
	}
	head := prefix(text, limit*2/3)
	tail := suffix(text[len(head):], limit/3)
	missing := utf8.RuneCountInString(text) - utf8.RuneCountInString(head) - utf8.RuneCountInString(tail)
	return fmt.Sprintf("%s\n[… %d characters are left out here …]\n%s", head, missing, tail)
}

// prefix returns the first bytes of text, whole characters only.
func prefix(text string, limit int) string {
	for limit > 0 && limit < len(text) && !utf8.RuneStart(text[limit]) {
		limit--
	}
	return text[:min(max(limit, 0), len(text))]
}

// suffix returns the last bytes of text, whole characters only.
func suffix(text string, limit int) string {
	start := max(len(text)-max(limit, 0), 0)
	for start < len(text) && !utf8.RuneStart(text[start]) {
		start++
	}
	return text[start:]
}
