package bot

import (
	"regexp"
	"strings"

	"github.com/yuin/goldmark/ast"
	extast "github.com/yuin/goldmark/extension/ast"
	"github.com/yuin/goldmark/util"
)

// spans reads the text inside a node in the style that holds there.
func (r *textReader) spans(node ast.Node, style Span) []Span {
	var out []Span
	say := func(text string) {
		style.Text = Clean(text) // entities may have brought back what was dropped
		out = append(out, style)
	}
	for n := node.FirstChild(); n != nil; n = n.NextSibling() {
		switch n := n.(type) {
		case *ast.Text:
			say(r.text(n))
		case *ast.String:
			say(string(n.Value))
		case *ast.RawHTML:
			say(r.rawHTML(n))
		case *extast.TaskCheckBox:
			say(checkbox(n.IsChecked))
		case *ast.AutoLink:
			label := style
			label.Text, label.Link = Clean(string(n.Label(r.source))), SafeLink(string(n.URL(r.source)))
			out = append(out, label)
		default:
			out = append(out, r.spans(n, inner(style, n))...)
		}
	}
	return out
}

// inner is the style of what a node contains.
func inner(style Span, n ast.Node) Span {
	switch n := n.(type) {
	case *ast.CodeSpan:
		style.Code = true
	case *ast.Emphasis:
		style.Bold = style.Bold || n.Level > 1
		style.Italic = style.Italic || n.Level == 1
	case *extast.Strikethrough:
		style.Strike = true
	case *ast.Link:
		style.Link = SafeLink(string(n.Destination))
	case *ast.Image:
		if link := SafeLink(string(n.Destination)); link != "" {
			style.Link = link
		}
	}
	return style
}

func (r *textReader) text(n *ast.Text) string {
	value := n.Segment.Value(r.source)
	if !n.IsRaw() {
		value = util.ResolveEntityNames(util.ResolveNumericReferences(util.UnescapePunctuations(value)))
	}
	if n.HardLineBreak() || n.SoftLineBreak() { // in a chat, a line ends where it was ended
		return string(value) + "\n"
	}
	return string(value)
}

var lineBreakTag = regexp.MustCompile(`(?i)^<br\s*/?>$`)

// rawHTML is the tag as it was written: without it "List<String>" would lose its
// half. Line breaks are what models write into tables.
func (r *textReader) rawHTML(n *ast.RawHTML) string {
	var b strings.Builder
	for i := range n.Segments.Len() {
		segment := n.Segments.At(i)
		b.Write(segment.Value(r.source))
	}
	if lineBreakTag.MatchString(b.String()) {
		return "\n"
	}
	return b.String()
}

func checkbox(checked bool) string {
	if checked {
		return "☑ "
	}
	return "☐ "
}

// maxLink is how long an address may be: Slack takes no longer one, and nobody reads
// one.
const maxLink = 2_000

// SafeLink returns an address that may be followed, empty for any other, such as of a
// script or of a file.
func SafeLink(address string) string {
	if len(address) > maxLink || Clean(address) != address || strings.ContainsAny(address, "\"'<>\\| \n\t`") {
		return ""
	}
	for _, scheme := range []string{"https://", "http://", "mailto:"} {
		if len(address) > len(scheme) && strings.EqualFold(address[:len(scheme)], scheme) {
			return address
		}
	}
	return ""
}

// trimSpans drops empty spans and the white space around all, and joins neighbours of
// one style.
func trimSpans(spans []Span) []Span {
	out := joinSpans(spans)
	for len(out) > 0 {
		if out[0].Text = strings.TrimLeft(out[0].Text, " \t\n"); out[0].Text != "" {
			break
		}
		out = out[1:]
	}
	for len(out) > 0 {
		last := len(out) - 1
		if out[last].Text = strings.TrimRight(out[last].Text, " \t\n"); out[last].Text != "" {
			break
		}
		out = out[:last]
	}
	return out
}

func joinSpans(spans []Span) []Span {
	var out []Span
	for len(spans) > 0 {
		end := 1
		for end < len(spans) && spans[end].like(spans[0]) {
			end++
		}
		joined := spans[0]
		if joined.Text = PlainSpans(spans[:end]); joined.Text != "" {
			out = append(out, joined)
		}
		spans = spans[end:]
	}
	return out
}

// like reports whether two spans differ in nothing but their text.
func (s Span) like(other Span) bool {
	s.Text = other.Text
	return s == other
}
