package tool

import (
	"bytes"
	_ "embed"
	"fmt"
	"html/template"

	"github.com/yuin/goldmark/ast"
)

//go:embed templates/document.html
var documentPageHTML string

// documentHTML writes a document as one page that needs nothing else. Raw HTML of
// the Markdown is left out by the renderer.
func documentHTML(d *documentText) ([]byte, error) {
	page, err := template.New("document").Parse(documentPageHTML)
	if err != nil {
		return nil, fmt.Errorf("read the document's template: %w", err)
	}
	err = ast.Walk(d.tree, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		image, ok := n.(*ast.Image)
		if !ok || !entering {
			return ast.WalkContinue, nil
		}
		if picture := d.pictures[documentName(string(image.Destination))]; picture != nil {
			image.Destination = []byte(picture.raster())
		}
		return ast.WalkContinue, nil
	})
	if err != nil {
		return nil, fmt.Errorf("embed pictures: %w", err)
	}
	var body bytes.Buffer
	if err := documentMarkdown().Renderer().Render(&body, d.source, d.tree); err != nil {
		return nil, fmt.Errorf("write HTML: %w", err)
	}
	var out bytes.Buffer
	view := struct {
		Title string
		Body  template.HTML
	}{d.title, template.HTML(body.String())} //nolint:gosec // goldmark escapes text and leaves out HTML
	if err := page.Execute(&out, view); err != nil {
		return nil, fmt.Errorf("write HTML: %w", err)
	}
	return out.Bytes(), nil
}

// documentMD writes the Markdown itself under its title.
func documentMD(d *documentText) ([]byte, error) {
	if first, ok := d.tree.FirstChild().(*ast.Heading); ok && first.Level == 1 {
		return d.source, nil
	}
	if bytes.HasPrefix(bytes.TrimSpace(d.source), []byte("# "+d.title)) {
		return d.source, nil
	}
	return append([]byte("# "+d.title+"\n\n"), d.source...), nil
}
