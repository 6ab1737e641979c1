package slack

import "strings"

// maxText bounds what a person says, in bytes: Slack cuts messages at 40,000
// characters.
const maxText = 160_000

// written turns the text of a message as Slack sends it into what the person wrote:
// escapes are undone, mentions of self are left out, links are named by their address.
func written(text, self string) string {
	if len(text) > maxText {
		text = strings.ToValidUTF8(text[:maxText], "")
	}
	var b strings.Builder
	for text != "" {
		before, rest, found := strings.Cut(text, "<")
		b.WriteString(before)
		if !found {
			break
		}
		token, after, closed := strings.Cut(rest, ">")
		if !closed {
			b.WriteString("<" + rest)
			break
		}
		b.WriteString(writtenToken(token, self))
		text = after
	}
	// Slack escapes these three and nothing else; the ampersand comes last, so that
	// nothing is undone twice.
	out := strings.NewReplacer("&lt;", "<", "&gt;", ">", "&amp;", "&").Replace(b.String())
	return strings.TrimSpace(out)
}

// writtenToken is what stands between angle brackets as people read it.
func writtenToken(token, self string) string {
	body, label, _ := strings.Cut(token, "|")
	if body == "" {
		return "<" + token + ">"
	}
	switch rest := body[1:]; body[0] {
	case '@':
		if rest == self && self != "" {
			return ""
		}
		return "@" + either(label, rest)
	case '#':
		return "#" + either(label, rest)
	case '!':
		return writtenCommand(rest, label)
	default:
		body = strings.TrimPrefix(strings.TrimPrefix(body, "mailto:"), "tel:")
		if label == "" || label == body || strings.HasSuffix(body, "://"+label) {
			return body
		}
		return label + " (" + body + ")"
	}
}

// writtenCommand is one of Slack's own: here, channel, everyone, a group, a date.
func writtenCommand(name, label string) string {
	if label != "" {
		return label
	}
	name, _, _ = strings.Cut(name, "^")
	return "@" + name
}

func either(a, b string) string {
	if a != "" {
		return strings.TrimPrefix(strings.TrimPrefix(a, "@"), "#")
	}
	return b
}

// mentions reports whether a text mentions a user.
func mentions(text, user string) bool {
	return user != "" && (strings.Contains(text, "<@"+user+">") || strings.Contains(text, "<@"+user+"|"))
}
