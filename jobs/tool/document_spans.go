package tool

import (
	"strconv"
	"strings"

	"github.com/yuin/goldmark/ast"
	extast "github.com/yuin/goldmark/extension/ast"
	"github.com/yuin/goldmark/util"
)

// spans reads the text inside a node. A line break in it is "\n".
func (r *documentReader) spans(node ast.Node, style fontStyle, link string) []fontSpan {
	var out []fontSpan
	say := func(text string) { out = append(out, fontSpan{Text: text, Style: style, Link: link}) }
	for n := node.FirstChild(); n != nil; n = n.NextSibling() {
		switch n := n.(type) {
		case *ast.Text:
			say(r.plain(n))
		case *ast.String:
			say(string(n.Value))
		case *ast.CodeSpan:
			out = append(out, r.spans(n, fontMono, link)...)
		case *ast.Emphasis:
			out = append(out, r.spans(n, documentStyle(style, n.Level), link)...)
		case *ast.Link:
			out = append(out, r.spans(n, style, documentLink(string(n.Destination)))...)
		case *ast.AutoLink:
			address := string(n.URL(r.text.source))
			out = append(out, fontSpan{Text: string(n.Label(r.text.source)), Style: style, Link: documentLink(address)})
		case *ast.Image: // a block of its own, unless it is in a heading or a cell
			if node.Kind() != ast.KindParagraph && node.Kind() != ast.KindTextBlock {
				out = append(out, r.spans(n, style, link)...)
			}
		case *ast.RawHTML:
		case *extast.TaskCheckBox:
			box := "☐ "
			if n.IsChecked {
				box = "☑ "
			}
			say(box)
		default:
			out = append(out, r.spans(n, style, link)...)
		}
	}
	return out
}

func (r *documentReader) plain(n *ast.Text) string {
	value := n.Segment.Value(r.text.source)
	if !n.IsRaw() {
		value = util.ResolveEntityNames(util.ResolveNumericReferences(util.UnescapePunctuations(value)))
	}
	text := pptxClean(string(value))
	switch {
	case n.HardLineBreak():
		text += "\n"
	case n.SoftLineBreak():
		text += " "
	}
	return text
}

func documentStyle(style fontStyle, level int) fontStyle {
	if level > 1 || style == fontBold {
		return fontBold
	}
	return fontItalic
}

// documentLink returns an address that may be followed, empty for any other.
func documentLink(address string) string {
	for _, scheme := range []string{"https://", "http://", "mailto:"} {
		if strings.HasPrefix(strings.ToLower(address), scheme) && !strings.ContainsAny(address, "\"<>\\ \n") {
			return address
		}
	}
	return ""
}

// documentPlain returns the text of spans.
func documentPlain(spans []fontSpan) string {
	var b strings.Builder
	for _, s := range spans {
		b.WriteString(s.Text)
	}
	return b.String()
}

func documentNumber(n int) string { return strconv.Itoa(n) + "." }

// documentParts splits spans at line breaks.
func documentParts(spans []fontSpan) [][]fontSpan {
	parts := [][]fontSpan{nil}
	for _, s := range spans {
		for i, piece := range strings.Split(s.Text, "\n") {
			if i > 0 {
				parts = append(parts, nil)
			}
			if piece != "" {
				last := len(parts) - 1
				parts[last] = append(parts[last], fontSpan{Text: piece, Style: s.Style, Link: s.Link})
			}
		}
	}
	return parts
}
