package tool

import (
	"bytes"
	_ "embed"
	"fmt"
	"html/template"
)

//go:embed templates/deck.html
var deckPageHTML string

// deckView is a deck as its template shows it. Every style is made of numbers and
// colours of ours; texts are escaped by the template.
type deckView struct {
	Title, Lang string
	Pages       []deckPageView
}

type deckPageView struct {
	Title, Notes string
	Style        template.CSS
	Boxes        []deckBoxView
}

type deckBoxView struct {
	Style   template.CSS
	Heading bool
	Paras   []deckParaView
	Bullets []deckParaView
	Picture template.URL
	Alt     string
	Table   bool
	Widths  []template.CSS
	Head    []deckParaView
	Rows    [][]deckParaView
}

type deckParaView struct {
	Style template.CSS
	Dir   string
	Text  string
}

// deckHTML writes a deck as one page that needs nothing else.
func deckHTML(made *deckMade) ([]byte, error) {
	page, err := template.New("deck").Parse(deckPageHTML)
	if err != nil {
		return nil, fmt.Errorf("read the deck's template: %w", err)
	}
	view := deckView{Title: made.title, Lang: "en"}
	for _, p := range made.pages {
		view.Pages = append(view.Pages, deckViewOf(p))
	}
	var out bytes.Buffer
	if err := page.Execute(&out, view); err != nil {
		return nil, fmt.Errorf("write HTML: %w", err)
	}
	return out.Bytes(), nil
}

func deckViewOf(page deckPage) deckPageView {
	view := deckPageView{Title: page.title, Notes: page.notes, Style: deckCSS("background:#%s", page.back)}
	for _, box := range page.boxes {
		b := deckBoxView{Heading: box.heading, Alt: box.alt, Table: box.table != nil}
		place := fmt.Sprintf("left:%.3f%%;top:%.3f%%;width:%.3f%%;height:%.3f%%",
			box.x/deckWidth*100, box.y/deckHeight*100, box.w/deckWidth*100, box.h/deckHeight*100)
		if box.fill != "" {
			place += ";background:#" + box.fill
		}
		b.Style = deckCSS("%s", place)
		if box.picture != nil {
			b.Picture = template.URL(box.picture.source()) //nolint:gosec // base64 of a picture that was decoded
		}
		for _, p := range box.paras {
			if p.bullet {
				b.Bullets = append(b.Bullets, deckParaOf(p))
			} else {
				b.Paras = append(b.Paras, deckParaOf(p))
			}
		}
		b.table(box.table)
		view.Boxes = append(view.Boxes, b)
	}
	return view
}

func (b *deckBoxView) table(t *deckTable) {
	if t == nil {
		return
	}
	for _, w := range t.widths {
		b.Widths = append(b.Widths, deckCSS("width:%.3f%%", w/t.width()*100))
	}
	for i, row := range t.rows {
		var cells []deckParaView
		for _, p := range row.cells {
			cell := deckParaOf(p)
			cell.Style += deckCSS(";padding:%.3fcqw %.3fcqw", deckCellY/deckWidth*100, deckCellX/deckWidth*100)
			cells = append(cells, cell)
		}
		if i == 0 {
			b.Head = cells
		} else {
			b.Rows = append(b.Rows, cells)
		}
	}
}

func deckParaOf(p deckPara) deckParaView {
	view := deckParaView{Text: p.text, Dir: "ltr"}
	style := fmt.Sprintf("font-size:%.4fcqw;line-height:%.3f;color:#%s", p.size/deckWidth*100, deckLeading, p.color)
	if p.bold {
		style += ";font-weight:700"
	}
	if p.rtl() {
		view.Dir = "rtl"
	}
	style += ";text-align:left"
	if p.right {
		style += ";text-align:right"
	}
	if p.bullet {
		style += fmt.Sprintf(";padding-inline-start:%.3fem;margin-bottom:%.4fcqw", p.indent()/p.size, p.after/deckWidth*100)
	}
	view.Style = deckCSS("%s", style)
	return view
}

// deckCSS formats a style of our own numbers and colours.
func deckCSS(format string, args ...any) template.CSS {
	return template.CSS(fmt.Sprintf(format, args...)) //nolint:gosec // no text of others is in it
}
