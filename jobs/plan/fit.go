package plan

import (
	"strings"
	"unicode/utf8"

	"github.com/askbob/bob/jobs"
	"github.com/askbob/bob/llm"
)

// tool is what a planner needs to know of one.
type tool struct {
	Name        string `json:"name"`
	Description string `json:"description"`
}

// toolsSection names the tools in about room tokens, with descriptions as long as
// there is room for.
func toolsSection(specs []jobs.ToolSpec, room int) string {
	if len(specs) == 0 {
		return ""
	}
	tools := make([]tool, 0, len(specs))
	for _, s := range specs {
		tools = append(tools, tool{s.Name, strings.ToValidUTF8(s.Description, "")})
	}
	limits := []int{2000, 500, 200, 80, 0} // characters
	shown, _ := jobs.FitList(tools, limits, room, func(t tool, limit int) tool {
		switch {
		case limit == 0:
			t.Description = ""
		case utf8.RuneCountInString(t.Description) > limit:
			t.Description = jobs.Shorten(t.Description, limit)
		}
		return t
	})
	return llm.Section(jobs.SectionTools, jobs.PromptJSON(shown)) + jobs.Omitted(len(tools), len(shown), "tools")
}
