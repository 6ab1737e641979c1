package slack

import (
	"encoding/json"
	"regexp"
	"strings"
	"unicode/utf8"

	slackapi "github.com/slack-go/slack"

	"github.com/askbob/bob/bot"
)

// sheet gathers blocks for one surface, and no more than it holds.
type sheet struct {
	surface surface
	left    room
	blocks  []slackapi.Block
	ids     map[string]int // how often each action was used
}

func newSheet(s surface) *sheet {
	return &sheet{surface: s, left: roomOf(s), ids: map[string]int{}}
}

// add puts blocks on the sheet, all or none. It reports whether they fit.
func (s *sheet) add(blocks ...slackapi.Block) bool {
	size := sizeOf(blocks)
	if !s.left.holds(size) {
		return false
	}
	s.left = s.left.less(size)
	s.blocks = append(s.blocks, blocks...)
	return true
}

// sizeOf measures blocks as Slack gets them.
func sizeOf(blocks []slackapi.Block) room {
	size := room{blocks: len(blocks)}
	for _, b := range blocks {
		data, err := json.Marshal(b)
		if err != nil { // none of the blocks made here can fail
			return room{blocks: maxViewBlocks + 1}
		}
		var tree any
		if err := json.Unmarshal(data, &tree); err != nil {
			return room{blocks: maxViewBlocks + 1}
		}
		size.bytes += len(data)
		size.text += textIn(tree)
		if b.BlockType() == slackapi.MBTTable {
			size.tables++
		}
	}
	return size
}

// textIn counts the characters that people see or follow.
func textIn(tree any) int {
	n := 0
	switch tree := tree.(type) {
	case []any:
		for _, item := range tree {
			n += textIn(item)
		}
	case map[string]any:
		for key, value := range tree {
			text, isText := value.(string)
			switch {
			case !isText:
				n += textIn(value)
			case key == "text" || key == "title" || key == "url":
				n += units(text)
			}
		}
	}
	return n
}

// units is the length of text as Slack may count it at most.
func units(text string) int {
	n := 0
	for _, r := range text {
		n += unitsOf(r)
	}
	return n
}

func unitsOf(r rune) int {
	if r > 0xffff {
		return 2
	}
	return 1
}

// cut returns text of at most limit units; a cut one ends with an ellipsis. It does not
// cut letters or emoji in two.
func cut(text string, limit int) string { return bot.Cut(text, limit, units) }

// line is what others wrote as one line of at most limit units.
func line(text string, limit int) string {
	return cut(strings.Join(strings.Fields(bot.Clean(text)), " "), limit)
}

// lineOr is line, or other if that leaves nothing.
func lineOr(text, other string, limit int) string {
	if text = line(text, limit); text != "" {
		return text
	}
	return other
}

// plain is text that Slack shows as it is.
func plain(text string) *slackapi.TextBlockObject {
	return slackapi.NewTextBlockObject(slackapi.PlainTextType, text, false, false)
}

// grey is a small grey line; nil if there is nothing to say.
func grey(texts ...string) []slackapi.Block {
	text := cut(joined(texts, " · ", maxLine), maxTextObject)
	if text == "" {
		return nil
	}
	return []slackapi.Block{slackapi.NewContextBlock("", plain(text))}
}

// joined joins those lines that are not empty.
func joined(texts []string, mark string, limit int) string {
	var parts []string
	for _, t := range texts {
		if t = line(t, limit); t != "" {
			parts = append(parts, t)
		}
	}
	return strings.Join(parts, mark)
}

var (
	everybody = regexp.MustCompile(`(?i)@(channel|here|everyone|group)`)
	userID    = regexp.MustCompile(`^[UW][A-Z0-9]{1,30}$`)
)

// escape makes what others wrote safe in a text that Slack reads for mentions and
// links, such as the text of a notification.
func escape(text string) string {
	text = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace(bot.Clean(text))
	return everybody.ReplaceAllString(text, "@\u200b$1")
}

// fallback is escape within what a message has for it. Nothing is cut in the middle of
// what escape made.
func fallback(text string) string {
	limit := maxFallback
	for {
		out := escape(cut(strings.TrimSpace(bot.Clean(text)), limit))
		if over := units(out) - maxFallback; over <= 0 {
			return out
		}
		limit = limit * 9 / 10
	}
}

// mention is the one person who is pinged; empty if the ID cannot be one.
func mention(user string) string {
	if !userID.MatchString(user) || !utf8.ValidString(user) {
		return ""
	}
	return user
}
