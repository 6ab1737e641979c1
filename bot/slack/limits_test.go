package slack

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"

	slackapi "github.com/slack-go/slack"
)

// limits is what the limits file of the reference says: min and max by a path such as
// "button.text.max_length".
type limits map[string]any

// loadLimits reads the limits file, or skips the test where there is none.
func loadLimits(tb testing.TB) limits {
	tb.Helper()
	dir := os.Getenv("BOB_REFERENCE") //nolint:forbidigo // where the reference lies comes from outside
	if dir == "" {
		dir = filepath.Join("..", "..", "..", "shared", "reference")
	}
	data, err := os.ReadFile(filepath.Join(dir, "slack-limits.json"))
	if errors.Is(err, fs.ErrNotExist) {
		tb.Skip("slack-limits.json is not there: BOB_REFERENCE names its folder")
	}
	if err != nil {
		tb.Fatal(err)
	}
	var out limits
	if err := json.Unmarshal(data, &out); err != nil {
		tb.Fatal(err)
	}
	return out
}

// of returns a number of the file; it must be there.
func (l limits) of(path ...string) int {
	var at any = map[string]any(l)
	for _, key := range path {
		object, ok := at.(map[string]any)
		if !ok {
			panic("no limit " + strings.Join(path, "."))
		}
		at = object[key]
	}
	return int(at.(float64))
}

// check gathers what is wrong with a payload.
type check struct {
	limits   limits
	surface  surface
	mentions []string // who may be pinged
	problems []string
	actions  map[string]bool
	blockIDs map[string]bool
	tasks    map[string]bool
	tables   int
	text     int
}

// validate lists what Slack would refuse of a payload, or should never have been in it.
// Its rules are the limits file's and slack.md's, and its own counting: it shares no
// code with what it checks.
func validate(l limits, payload any, on surface, mentions ...string) []string {
	c := &check{limits: l, surface: on, mentions: mentions, actions: map[string]bool{}, blockIDs: map[string]bool{}, tasks: map[string]bool{}}
	data, err := json.Marshal(payload)
	if err != nil {
		return []string{err.Error()}
	}
	var tree map[string]any
	if err := json.Unmarshal(data, &tree); err != nil {
		return []string{err.Error()}
	}
	blocks, _ := tree["blocks"].([]any)
	most := 100
	if on == surfaceMessage {
		most = 50
		c.fallback(str(tree["text"]))
	} else {
		c.view(tree, len(data))
	}
	c.want(len(blocks) >= 1 && len(blocks) <= most, "%d blocks", len(blocks))
	for i, b := range blocks {
		c.block(fmt.Sprintf("blocks[%d]", i), b.(map[string]any))
	}
	c.want(c.tables <= 1 && (c.tables == 0 || on == surfaceMessage), "%d tables", c.tables)
	if on == surfaceMessage {
		c.want(c.text <= 9_000, "%d characters in one message", c.text)
	}
	return c.problems
}

func (c *check) want(ok bool, format string, args ...any) {
	if !ok {
		c.problems = append(c.problems, fmt.Sprintf(format, args...))
	}
}

func str(v any) string { s, _ := v.(string); return s }

func length(text string) int { return len(utf16.Encode([]rune(text))) }

// within checks the length of a text and counts it.
func (c *check) within(at, text string, least, most int) {
	n := length(text)
	c.text += n
	c.want(n >= least && n <= most, "%s: %d characters, %d to %d are taken", at, n, least, most)
	c.want(strings.TrimSpace(text) != "" || least == 0, "%s: only white space", at)
	for _, r := range text {
		c.want(r == '\n' || r == '\t' || r >= ' ' && r != 0x7f && r != 0x202e && r != 0x2066, "%s: steers the screen with %U", at, r)
	}
}

// fallback is read by Slack for mentions.
func (c *check) fallback(text string) {
	c.within("text", text, 1, 4_000)
	for _, user := range c.mentions {
		text = strings.Replace(text, "<@"+user+">", "", 1)
	}
	c.want(!strings.ContainsAny(text, "<>"), "text: not escaped: %q", text)
	for _, all := range []string{"@channel", "@here", "@everyone"} {
		c.want(!strings.Contains(strings.ToLower(text), all), "text: pings %s", all)
	}
}

func (c *check) view(view map[string]any, size int) {
	c.want(size <= 250<<10, "view of %d bytes", size)
	c.want(length(str(view["private_metadata"])) <= c.limits.of("view", "private_metadata", "max_length"), "private metadata")
	c.want(length(str(view["callback_id"])) <= c.limits.of("view", "callback_id", "max_length"), "callback ID")
	for _, key := range []string{"title", "close", "submit"} {
		if object, ok := view[key].(map[string]any); ok {
			c.object("view."+key, object, c.limits.of("view", key, "max_length"))
		}
	}
}

// object checks a text object.
func (c *check) object(at string, v any, most int) {
	object, ok := v.(map[string]any)
	if !ok {
		c.want(false, "%s: no text object: %v", at, v)
		return
	}
	text := str(object["text"])
	c.within(at, text, c.limits.of("text", "min_length"), min(most, c.limits.of("text", "max_length")))
	if object["type"] == "plain_text" {
		return
	}
	c.want(object["type"] == "mrkdwn", "%s: of type %v", at, object["type"])
	c.want(object["verbatim"] == true, "%s: is read for mentions", at)
	c.want(!strings.ContainsAny(text, "<>"), "%s: not escaped: %q", at, text)
}

// allowed are the blocks of each surface, as slack.md has them.
var allowed = map[surface][]string{
	surfaceMessage: {"header", "section", "context", "actions", "divider", "rich_text", "table", "plan", "context_actions"},
	surfaceModal:   {"header", "section", "context", "actions", "divider", "rich_text", "input"},
	surfaceHome:    {"header", "section", "context", "actions", "divider"},
}

func (c *check) block(at string, b map[string]any) {
	kind := str(b["type"])
	at += " " + kind
	c.want(slices.Contains(allowed[c.surface], kind), "%s: not in a %s", at, c.surface)
	if id := str(b["block_id"]); id != "" {
		c.want(length(id) <= c.limits.of("block_id", "max_length") && !c.blockIDs[id], "%s: block ID %q", at, id)
		c.blockIDs[id] = true
	}
	elements, _ := b["elements"].([]any)
	switch kind {
	case "header":
		c.object(at, b["text"], c.limits.of("header", "text", "max_length"))
	case "section":
		c.object(at, b["text"], c.limits.of("section", "text", "max_length"))
	case "context":
		c.want(len(elements) >= 1 && len(elements) <= c.limits.of("context", "elements", "max_items"), "%s: %d elements", at, len(elements))
		for _, e := range elements {
			c.object(at, e, 3_000)
		}
	case "actions", "context_actions":
		c.want(len(elements) >= 1 && len(elements) <= c.limits.of(kind, "elements", "max_items"), "%s: %d elements", at, len(elements))
		for _, e := range elements {
			c.element(at, e.(map[string]any))
		}
	case "input":
		c.object(at, b["label"], c.limits.of("input", "label", "max_length"))
		if b["hint"] != nil {
			c.object(at, b["hint"], c.limits.of("input", "hint", "max_length"))
		}
		c.element(at, b["element"].(map[string]any))
	case "rich_text":
		c.rich(at, b)
	case "table":
		c.table(at, b)
	case "plan":
		c.plan(at, b)
	}
}

func (c *check) element(at string, e map[string]any) {
	kind, id := str(e["type"]), str(e["action_id"])
	at += " " + kind
	c.want(id != "" && length(id) <= c.limits.of("action_id", "max_length"), "%s: action ID %q", at, id)
	if kind == "button" || kind == "feedback_buttons" {
		c.want(!c.actions[id], "%s: two of action ID %q", at, id)
		c.actions[id] = true
	}
	switch kind {
	case "button":
		c.button(at, e, "button")
		if sure, ok := e["confirm"].(map[string]any); ok {
			for _, key := range []string{"title", "text", "confirm", "deny"} {
				c.object(at+".confirm."+key, sure[key], c.limits.of("confirmation", key, "max_length"))
			}
		}
	case "feedback_buttons":
		c.button(at, e["positive_button"].(map[string]any), "feedback_button")
		c.button(at, e["negative_button"].(map[string]any), "feedback_button")
	case "static_select":
		options := e["options"].([]any)
		c.want(len(options) >= 1 && len(options) <= c.limits.of("select", "options", "max_items"), "%s: %d options", at, len(options))
		for _, o := range options {
			c.object(at, o.(map[string]any)["text"], c.limits.of("option", "text", "max_length"))
			value := length(str(o.(map[string]any)["value"]))
			c.want(value >= 1 && value <= c.limits.of("option", "value", "max_length"), "%s: value of %d", at, value)
		}
	case "plain_text_input":
		most := int(e["max_length"].(float64))
		c.want(most >= 1 && most <= c.limits.of("plain_text_input", "max_length", "max"), "%s: %d", at, most)
		c.want(length(str(e["initial_value"])) <= most, "%s: initial value is too long", at)
	case "file_input":
		c.want(int(e["max_files"].(float64)) <= c.limits.of("file_input", "max_files", "max"), "%s: too many files", at)
	default:
		c.want(false, "%s: unknown", at)
	}
}

func (c *check) button(at string, b map[string]any, kind string) {
	c.object(at, b["text"], c.limits.of(kind, "text", "max_length"))
	value := length(str(b["value"]))
	c.want(value >= 1 && value <= c.limits.of(kind, "value", "max_length"), "%s: value of %d", at, value)
	style := str(b["style"])
	c.want(style == "" || style == "primary" || style == "danger", "%s: style %q", at, style)
}

func (c *check) rich(at string, b map[string]any) {
	elements, _ := b["elements"].([]any)
	c.want(len(elements) >= 1, "%s: empty", at)
	for _, v := range elements {
		e := v.(map[string]any)
		switch kind := str(e["type"]); kind {
		case "rich_text_section", "rich_text_quote", "rich_text_preformatted":
			c.inline(at+" "+kind, e)
		case "rich_text_list":
			indent := int(e["indent"].(float64))
			c.want(indent >= 0 && indent <= 8, "%s: indent %d", at, indent)
			c.rich(at+" "+kind, e)
		default:
			c.want(false, "%s: %s", at, kind)
		}
	}
}

func (c *check) inline(at string, e map[string]any) {
	elements, _ := e["elements"].([]any)
	c.want(len(elements) >= 1, "%s: empty", at)
	for _, v := range elements {
		e := v.(map[string]any)
		switch kind := str(e["type"]); kind {
		case "text":
			n := length(str(e["text"]))
			c.text += n
			c.want(n >= 1 && n <= c.limits.of("text", "max_length"), "%s: text of %d", at, n)
		case "link":
			address := str(e["url"])
			c.text += length(str(e["text"])) + length(address)
			c.want(length(address) <= c.limits.of("url_source", "url", "max_length"), "%s: address of %d", at, length(address))
			c.want(strings.HasPrefix(strings.ToLower(address), "http") || strings.HasPrefix(strings.ToLower(address), "mailto:"), "%s: address %q", at, address)
		case "user":
			c.want(slices.Contains(c.mentions, str(e["user_id"])), "%s: pings %v", at, e["user_id"])
		case "date": // docs.slack.dev/reference/block-kit/block-elements/date-element
			_, number := e["timestamp"].(float64)
			c.want(number && str(e["fallback"]) != "", "%s: a date of %v, or else %q", at, e["timestamp"], e["fallback"])
			c.want(dateFormat.MatchString(str(e["format"])), "%s: a date as %q", at, e["format"])
			c.text += length(str(e["fallback"]))
		default:
			c.want(false, "%s: %s", at, kind)
		}
	}
}

// dateFormat is words around tokens that Slack knows.
var dateFormat = regexp.MustCompile(`^([a-z ]|\{(date|date_short|date_short_pretty|time|time_secs)\})+$`)

func (c *check) table(at string, b map[string]any) {
	c.tables++
	rows, _ := b["rows"].([]any)
	c.want(len(rows) >= 1 && len(rows) <= 100, "%s: %d rows", at, len(rows))
	for _, row := range rows {
		cells, _ := row.([]any)
		c.want(len(cells) >= 1 && len(cells) <= 20 && len(cells) == len(rows[0].([]any)), "%s: %d cells", at, len(cells))
		for _, v := range cells {
			cell := v.(map[string]any)
			if cell["type"] == "rich_text" {
				c.rich(at, cell)
				continue
			}
			c.want(cell["type"] == "raw_text", "%s: cell %v", at, cell["type"])
			c.within(at, str(cell["text"]), c.limits.of("data_table", "cell_text", "min_length"), 3_000)
		}
	}
}

func (c *check) plan(at string, b map[string]any) {
	c.within(at, str(b["title"]), 1, 150)
	tasks, _ := b["tasks"].([]any)
	c.want(len(tasks) >= 1, "%s: no tasks", at)
	for _, v := range tasks {
		task := v.(map[string]any)
		id := str(task["task_id"])
		c.want(id != "" && !c.tasks[id], "%s: task ID %q", at, id)
		c.tasks[id] = true
		c.within(at, str(task["title"]), 1, 150)
		c.want(slices.Contains([]string{"pending", "in_progress", "complete", "error"}, str(task["status"])), "%s: status %v", at, task["status"])
		if details, ok := task["details"].(map[string]any); ok {
			c.rich(at+" details", details)
		}
	}
}

func TestGolden_keepsSlacksLimits(t *testing.T) {
	t.Parallel()
	l := loadLimits(t)

	for name, payload := range payloads() {
		on := surfaceMessage
		switch payload.(type) {
		case slackapi.HomeTabViewRequest:
			on = surfaceHome
		case slackapi.ModalViewRequest:
			on = surfaceModal
		}
		for _, p := range validate(l, payload, on, "U02DANA") {
			t.Errorf("%s: %s", name, p)
		}
	}
}

func TestValidate_findsWhatSlackRefuses(t *testing.T) {
	t.Parallel()
	l := loadLimits(t)

	text := func(n int) *slackapi.TextBlockObject { return plain(strings.Repeat("x", n)) }
	button := func(id string) slackapi.BlockElement { return slackapi.NewButtonBlockElement(id, "v", text(1)) }
	section := func(e ...slackapi.RichTextSectionElement) slackapi.Block {
		return slackapi.NewRichTextBlock("", slackapi.NewRichTextSection(e...))
	}
	for name, blocks := range map[string][]slackapi.Block{
		"no blocks":        nil,
		"long header":      {slackapi.NewHeaderBlock(text(151))},
		"empty section":    {section()},
		"empty text":       {section(words(""))},
		"long text":        {section(words(strings.Repeat("x", 3_001)))},
		"two of one ID":    {slackapi.NewActionBlock("", button("a"), button("a"))},
		"long button":      {slackapi.NewActionBlock("", slackapi.NewButtonBlockElement("a", "v", text(76)))},
		"too much in all":  {section(words(strings.Repeat("x", 3_000))), section(words(strings.Repeat("x", 3_000))), section(words(strings.Repeat("x", 3_000)))},
		"a ping":           {section(slackapi.NewRichTextSectionUserElement("U1", nil))},
		"a ping of all":    {section(slackapi.NewRichTextSectionBroadcastElement("here"))},
		"a script":         {section(slackapi.NewRichTextSectionLinkElement("javascript:x", "x", nil))},
		"open mrkdwn":      {slackapi.NewSectionBlock(slackapi.NewTextBlockObject("mrkdwn", "<!here>", false, true), nil, nil)},
		"parsed mrkdwn":    {slackapi.NewSectionBlock(slackapi.NewTextBlockObject("mrkdwn", "@here", false, false), nil, nil)},
		"two tables":       {slackapi.NewTableBlock("").AddRow(slackapi.NewTableRawTextCell("a")), slackapi.NewTableBlock("").AddRow(slackapi.NewTableRawTextCell("a"))},
		"a plan of none":   {slackapi.NewPlanBlock("x")},
		"a status unknown": {slackapi.NewPlanBlock("x").WithTasks(slackapi.NewTaskCardBlock("a", "b").WithStatus("completed"))},
		"a window's block": {slackapi.NewInputBlock("", text(1), nil, slackapi.NewPlainTextInputBlockElement(nil, "a").WithMaxLength(1))},
	} {
		if found := validate(l, message{"x", blocks}, surfaceMessage); len(found) == 0 {
			t.Errorf("%s: nothing found", name)
		}
	}
	if found := validate(l, message{"fine", []slackapi.Block{slackapi.NewDividerBlock()}}, surfaceMessage); len(found) != 0 {
		t.Errorf("a good message: %q", found)
	}
}
