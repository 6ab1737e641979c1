package tool

import (
	"context"
	"net/url"
	"strings"
	"time"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	extast "github.com/yuin/goldmark/extension/ast"
	"github.com/yuin/goldmark/text"

	"github.com/askbob/bob/jobs"
)

// documentText is a document that was read: what every form of it is made of.
type documentText struct {
	title    string
	source   []byte
	tree     ast.Node
	blocks   []documentBlock
	pictures map[string]*deckPicture // by the address in the Markdown
	shaper   *fontShaper
	when     time.Time
}

type documentKind int

const (
	documentPara documentKind = iota
	documentHeading
	documentItem // the first paragraph of a list's item
	documentCode
	documentTable
	documentImage
	documentRule
)

// documentBlock is one block, taken out of whatever it was nested in.
type documentBlock struct {
	kind    documentKind
	level   int // of a heading, from 1
	depth   int // of lists around it
	quote   bool
	marker  string // of an item: • or 1.
	list    int    // number of the item's ordered list in the document; 0: bulleted
	start   int    // first number of that list
	spans   []fontSpan
	code    string
	rows    [][]documentCell // the first is the header
	picture *deckPicture
	alt     string
}

type documentCell struct {
	spans []fontSpan
	align string // left, center, right or empty
}

// documentMarkdown returns the Markdown reader. It leaves out raw HTML.
func documentMarkdown() goldmark.Markdown {
	return goldmark.New(goldmark.WithExtensions(extension.GFM))
}

// documentRead reads Markdown and the pictures that it names.
func documentRead(ctx context.Context, files jobs.Files, title, markdown string) (*documentText, error) {
	d := &documentText{title: strings.Join(strings.Fields(title), " "), source: []byte(pptxClean(markdown))}
	d.tree = documentMarkdown().Parser().Parse(text.NewReader(d.source))
	d.untitle()
	names, err := d.images()
	if err != nil {
		return nil, err
	}
	if d.pictures, err = deckLoad(ctx, files, names); err != nil {
		return nil, err
	}
	r := &documentReader{text: d}
	r.blocks(d.tree, documentBlock{}, 0)
	d.blocks = r.out
	return d, nil
}

// untitle removes a first heading that repeats the title.
func (d *documentText) untitle() {
	first, ok := d.tree.FirstChild().(*ast.Heading)
	if !ok || first.Level != 1 {
		return
	}
	r := &documentReader{text: d}
	if strings.EqualFold(strings.TrimSpace(documentPlain(r.spans(first, fontRegular, ""))), d.title) {
		d.tree.RemoveChild(d.tree, first)
	}
}

// images returns the names of the pictures in the text.
func (d *documentText) images() ([]string, error) {
	var names []string
	err := ast.Walk(d.tree, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		image, ok := n.(*ast.Image)
		if !ok || !entering {
			return ast.WalkContinue, nil
		}
		name := documentName(string(image.Destination))
		if strings.Contains(name, "://") || strings.HasPrefix(name, "data:") {
			return ast.WalkStop, outputFault("the picture %.80q is not a file of this job: pictures from elsewhere are not loaded, link to it instead", name)
		}
		if names = append(names, name); len(names) > documentMaxPictures {
			return ast.WalkStop, outputFault("the text shows more than %d pictures: leave some out", documentMaxPictures)
		}
		return ast.WalkContinue, nil
	})
	return names, err
}

// documentName returns the file that an address in Markdown means.
func documentName(address string) string {
	name := strings.TrimPrefix(address, "./")
	if plain, err := url.PathUnescape(name); err == nil {
		return plain
	}
	return name
}

// documentReader takes blocks out of the tree.
type documentReader struct {
	text  *documentText
	out   []documentBlock
	lists int // ordered lists so far
}

func (r *documentReader) add(b documentBlock) { r.out = append(r.out, b) }

// blocks reads the children of a node; around says what they are nested in.
func (r *documentReader) blocks(node ast.Node, around documentBlock, nested int) {
	if nested > documentMaxDepth {
		return
	}
	for n := node.FirstChild(); n != nil; n = n.NextSibling() {
		block := around
		switch n := n.(type) {
		case *ast.Heading:
			block.kind, block.level = documentHeading, n.Level
			block.spans = r.spans(n, fontRegular, "")
			r.add(block)
		case *ast.Paragraph, *ast.TextBlock:
			r.paragraph(n, block)
			around.marker = "" // the item's further paragraphs have none
		case *ast.List:
			r.list(n, block, nested)
		case *ast.Blockquote:
			block.quote = true
			r.blocks(n, block, nested+1)
		case *ast.FencedCodeBlock, *ast.CodeBlock:
			block.kind, block.code = documentCode, r.lines(n)
			r.add(block)
		case *ast.ThematicBreak:
			block.kind = documentRule
			r.add(block)
		case *extast.Table:
			r.table(n, block)
		}
	}
}

func (r *documentReader) list(n *ast.List, around documentBlock, nested int) {
	around.depth++
	around.list, around.start = 0, n.Start
	if n.IsOrdered() {
		r.lists++
		around.list = r.lists
	}
	number := n.Start
	for item := n.FirstChild(); item != nil; item = item.NextSibling() {
		around.marker = "•"
		if n.IsOrdered() {
			around.marker = documentNumber(number)
		}
		number++
		r.blocks(item, around, nested+1)
	}
}

// paragraph adds a paragraph, and each picture in it as a block of its own.
func (r *documentReader) paragraph(n ast.Node, block documentBlock) {
	block.kind = documentPara
	if block.marker != "" {
		block.kind = documentItem
	}
	block.spans = r.spans(n, fontRegular, "")
	if strings.TrimSpace(documentPlain(block.spans)) != "" {
		r.add(block)
	}
	for child := n.FirstChild(); child != nil; child = child.NextSibling() {
		if image, ok := child.(*ast.Image); ok {
			r.add(documentBlock{
				kind: documentImage, depth: block.depth, picture: r.text.pictures[documentName(string(image.Destination))],
				alt: documentPlain(r.spans(image, fontRegular, "")),
			})
		}
	}
}

func (r *documentReader) lines(n ast.Node) string {
	var b strings.Builder
	for i := range n.Lines().Len() {
		segment := n.Lines().At(i)
		b.Write(segment.Value(r.text.source))
	}
	return strings.TrimRight(b.String(), "\n")
}

func (r *documentReader) table(n *extast.Table, block documentBlock) {
	block.kind = documentTable
	for row := n.FirstChild(); row != nil; row = row.NextSibling() {
		style := fontRegular
		if row.Kind() == extast.KindTableHeader {
			style = fontBold
		}
		var cells []documentCell
		for cell := row.FirstChild(); cell != nil; cell = cell.NextSibling() {
			align := ""
			if c, ok := cell.(*extast.TableCell); ok && c.Alignment != extast.AlignNone {
				align = c.Alignment.String()
			}
			cells = append(cells, documentCell{spans: r.spans(cell, style, ""), align: align})
		}
		block.rows = append(block.rows, cells)
	}
	if len(block.rows) > 0 && len(block.rows[0]) > 0 {
		r.add(block)
	}
}
