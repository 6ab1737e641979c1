package bot

import (
	"strings"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	extast "github.com/yuin/goldmark/extension/ast"
	"github.com/yuin/goldmark/text"
)

// TextBlock is a block of Markdown, taken out of whatever it was nested in. Its texts
// are clean, as Clean makes them, and untrusted: whoever renders them escapes them.
type TextBlock struct {
	Kind   TextKind
	Level  int  // of a heading, from 1
	Depth  int  // of the lists around it; 0: none
	Number int  // of an item of a numbered list; 0: a bullet
	Quote  bool // it is quoted
	Spans  []Span
	Code   string   // lines of code
	Rows   [][]Cell // of a table; the first is its head
}

// TextKind says what a TextBlock is.
type TextKind string

// The kinds of blocks.
const (
	TextParagraph TextKind = "paragraph"
	TextHeading   TextKind = "heading"
	TextItem      TextKind = "item" // the first paragraph of a list's item
	TextCode      TextKind = "code"
	TextTable     TextKind = "table"
	TextRule      TextKind = "rule"
)

// Span is text in one style. A line break in it is "\n".
type Span struct {
	Text   string
	Bold   bool
	Italic bool
	Strike bool
	Code   bool
	Link   string // an address that may be followed; empty: none
}

// Cell is one cell of a table.
type Cell struct {
	Spans []Span
	Align string // left, center or right; empty: as usual
}

// Plain is the cell's text without its styles.
func (c Cell) Plain() string { return PlainSpans(c.Spans) }

// PlainSpans is the text of spans without their styles.
func PlainSpans(spans []Span) string {
	var b strings.Builder
	for _, s := range spans {
		b.WriteString(s.Text)
	}
	return b.String()
}

// Bounds of Markdown, which models and people write.
const (
	// maxTextDepth is how deep lists and quotes are followed into each other. What lies
	// deeper stands at this depth.
	maxTextDepth = 12
	// maxQuoteMarks is how many marks of quotes and lists a line may begin with: the
	// reader's work grows with the square of them.
	maxQuoteMarks = 30
)

// ReadMarkdown reads the Markdown that models write: CommonMark with tables, strikes,
// tasks and bare addresses. It reads at most limit characters, and reports whether
// there are more. Raw HTML is text, pictures are links.
//
// What is written to be slow takes time with the square of limit: a quarter of a
// second for 10,000 characters.
func ReadMarkdown(markdown string, limit int) (blocks []TextBlock, more bool) {
	source := []rune(Clean(markdown))
	if more = len(source) > limit; more {
		source = source[:limit]
	}
	r := &textReader{source: []byte(shallow(string(source)))}
	reader := goldmark.New(goldmark.WithExtensions(extension.GFM)).Parser()
	r.blocks(reader.Parse(text.NewReader(r.source)), TextBlock{}, 0)
	return r.out, more
}

// shallow takes the marks off lines that would nest deeper than anybody reads.
func shallow(markdown string) string {
	var b strings.Builder
	for line := range strings.Lines(markdown) {
		rest := strings.TrimLeft(line, " \t>*+-.)0123456789")
		if marks := line[:len(line)-len(rest)]; strings.Count(marks, ">")+bullets(marks) > maxQuoteMarks {
			line = rest
		}
		b.WriteString(line)
	}
	return b.String()
}

// bullets counts the marks of list items: those with white space behind them.
func bullets(marks string) int {
	n := 0
	for i := range len(marks) - 1 {
		if strings.IndexByte("-*+.)", marks[i]) >= 0 && (marks[i+1] == ' ' || marks[i+1] == '\t') {
			n++
		}
	}
	return n
}

// textReader takes blocks out of a tree.
type textReader struct {
	source []byte
	out    []TextBlock
}

// blocks reads the children of a node; around says what they are nested in.
func (r *textReader) blocks(node ast.Node, around TextBlock, nested int) {
	for n := node.FirstChild(); n != nil; n = n.NextSibling() {
		block := around
		switch n := n.(type) {
		case *ast.Heading:
			block.Kind, block.Level = TextHeading, n.Level
			r.say(block, r.spans(n, Span{}))
		case *ast.Paragraph, *ast.TextBlock:
			if block.Kind != TextItem {
				block.Kind = TextParagraph
			}
			r.say(block, r.spans(n, Span{}))
		case *ast.List:
			r.list(n, block, nested)
		case *ast.Blockquote:
			block.Quote = true
			r.blocks(n, block, nested+1)
		case *ast.FencedCodeBlock, *ast.CodeBlock:
			block.Kind, block.Code = TextCode, r.lines(n)
			r.add(block)
		case *ast.HTMLBlock:
			block.Kind = TextParagraph
			r.say(block, []Span{{Text: r.html(n)}})
		case *ast.ThematicBreak:
			block.Kind = TextRule
			r.add(block)
		case *extast.Table:
			block.Kind = TextTable
			block.Rows = r.rows(n)
			r.add(block)
		}
		around.Kind = "" // only the first block of an item has its bullet
	}
}

func (r *textReader) add(b TextBlock) { r.out = append(r.out, b) }

// say adds a block of text, unless it shows nothing.
func (r *textReader) say(b TextBlock, spans []Span) {
	b.Spans = trimSpans(spans)
	if len(b.Spans) > 0 {
		r.add(b)
	}
}

func (r *textReader) list(n *ast.List, around TextBlock, nested int) {
	if nested < maxTextDepth {
		around.Depth++
	}
	number := n.Start
	for item := n.FirstChild(); item != nil; item = item.NextSibling() {
		around.Kind, around.Number = TextItem, 0
		if n.IsOrdered() {
			around.Number = max(1, number)
			number++
		}
		r.blocks(item, around, nested+1)
	}
}

func (r *textReader) lines(n ast.Node) string {
	var b strings.Builder
	for i := range n.Lines().Len() {
		segment := n.Lines().At(i)
		b.Write(segment.Value(r.source))
	}
	return strings.TrimRight(b.String(), "\n")
}

func (r *textReader) html(n *ast.HTMLBlock) string {
	text := r.lines(n)
	if n.HasClosure() {
		text += "\n" + string(n.ClosureLine.Value(r.source))
	}
	return text
}

func (r *textReader) rows(n *extast.Table) [][]Cell {
	var rows [][]Cell
	for row := n.FirstChild(); row != nil; row = row.NextSibling() {
		var cells []Cell
		for c := row.FirstChild(); c != nil; c = c.NextSibling() {
			cell := Cell{Spans: trimSpans(r.spans(c, Span{}))}
			if c, ok := c.(*extast.TableCell); ok && c.Alignment != extast.AlignNone {
				cell.Align = c.Alignment.String()
			}
			cells = append(cells, cell)
		}
		rows = append(rows, cells)
	}
	return rows
}
