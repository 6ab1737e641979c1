package tool

import (
	_ "embed"
	"fmt"
	"strings"
)

//go:embed templates/docx-styles.xml
var docxStylesXML string

const (
	docxSpaces = ` xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main" xmlns:r="` + pptxOffice + `"` +
		` xmlns:wp="http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing" xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main"` +
		` xmlns:pic="http://schemas.openxmlformats.org/drawingml/2006/picture"`
	docxType = "application/vnd.openxmlformats-officedocument.wordprocessingml."
	docxText = 451.0 // width of the text, in points
	docxHigh = 430.0 // of a picture at most
)

// docxWriter collects the parts of one Word document.
type docxWriter struct {
	doc       *documentText
	body      strings.Builder
	relations []pptxRelation
	parts     []pptxPart
	media     map[*deckPicture]int // relationship of a picture
	links     map[string]int
	drawings  int
	starts    []int // first numbers of the ordered lists
}

// docxWrite writes a document as DOCX.
func docxWrite(d *documentText) ([]byte, error) {
	w := &docxWriter{doc: d, media: map[*deckPicture]int{}, links: map[string]int{}, relations: []pptxRelation{
		{kind: "styles", target: "styles.xml"}, {kind: "numbering", target: "numbering.xml"}, {kind: "footer", target: "footer1.xml"},
	}}
	w.paragraph("Title", "", []fontSpan{{Text: d.title}})
	for _, block := range d.blocks {
		w.block(block)
	}
	document := pptxHead + `<w:document` + docxSpaces + `><w:body>` + w.body.String() +
		`<w:sectPr><w:footerReference w:type="default" r:id="rId3"/><w:pgSz w:w="11906" w:h="16838"/>` +
		`<w:pgMar w:top="1440" w:right="1440" w:bottom="1300" w:left="1440" w:header="708" w:footer="600" w:gutter="0"/></w:sectPr></w:body></w:document>`
	footer := pptxHead + `<w:ftr` + docxSpaces + `><w:p><w:pPr><w:pStyle w:val="Footer"/></w:pPr>` + docxRun(fontSpan{Text: d.title}) +
		`<w:r><w:tab/></w:r><w:r><w:fldChar w:fldCharType="begin"/></w:r><w:r><w:instrText xml:space="preserve"> PAGE </w:instrText></w:r>` +
		`<w:r><w:fldChar w:fldCharType="separate"/></w:r><w:r><w:t>1</w:t></w:r><w:r><w:fldChar w:fldCharType="end"/></w:r></w:p></w:ftr>`
	parts := []pptxPart{
		{name: "_rels/.rels", data: pptxRels([]pptxRelation{
			{kind: "officeDocument", target: "word/document.xml"},
			{kind: "core-properties", target: "docProps/core.xml"},
			{kind: "extended-properties", target: "docProps/app.xml"},
		})},
		{"word/document.xml", docxType + "document.main+xml", []byte(document)},
		{"word/styles.xml", docxType + "styles+xml", []byte(docxStylesXML)},
		{"word/numbering.xml", docxType + "numbering+xml", []byte(w.numbering())},
		{"word/footer1.xml", docxType + "footer+xml", []byte(footer)},
		{name: "word/_rels/document.xml.rels", data: pptxRels(w.relations)},
	}
	parts = append(parts, pptxProperties(d.title, "Microsoft Office Word", d.when)...)
	return pptxZip(append(parts, w.parts...), d.when)
}

func (w *docxWriter) block(b documentBlock) {
	switch b.kind {
	case documentHeading:
		w.paragraph(fmt.Sprintf("Heading%d", min(b.level, 4)), "", b.spans)
	case documentPara, documentItem:
		w.text(b)
	case documentCode:
		for _, line := range strings.Split(b.code, "\n") {
			w.paragraph("Code", "", []fontSpan{{Text: line, Style: fontMono}})
		}
		w.paragraph("", "", nil)
	case documentTable:
		w.table(b.rows)
	case documentImage:
		w.image(b)
	case documentRule:
		w.paragraph("", `<w:pBdr><w:bottom w:val="single" w:sz="6" w:space="1" w:color="`+deckRule+`"/></w:pBdr>`, nil)
	}
}

// The first two lists: bullets, then numbers, each ordered list one of its own.
const docxBullets = 1

func (w *docxWriter) text(b documentBlock) {
	style, properties := "", ""
	switch {
	case b.quote:
		style = "Quote"
	case b.kind == documentItem:
		style = "ListParagraph"
		number := docxBullets
		if b.list > 0 {
			for len(w.starts) < b.list {
				w.starts = append(w.starts, 1)
			}
			w.starts[b.list-1] = b.start
			number = docxBullets + b.list
		}
		properties = fmt.Sprintf(`<w:numPr><w:ilvl w:val="%d"/><w:numId w:val="%d"/></w:numPr>`, min(b.depth-1, 8), number)
	case b.depth > 0:
		properties = fmt.Sprintf(`<w:ind w:left="%d"/>`, b.depth*360)
	}
	w.paragraph(style, properties, b.spans)
}

// paragraph writes one paragraph; properties come after its style and before its
// direction, as the format's order demands.
func (w *docxWriter) paragraph(style, properties string, spans []fontSpan) {
	w.body.WriteString(`<w:p><w:pPr>`)
	if style != "" {
		w.body.WriteString(`<w:pStyle w:val="` + style + `"/>`)
	}
	indent := ""
	if strings.HasPrefix(properties, "<w:ind") {
		properties, indent = "", properties
	}
	w.body.WriteString(properties)
	if fontRTL([]rune(documentPlain(spans))) {
		w.body.WriteString(`<w:bidi/>`)
	}
	w.body.WriteString(indent + `</w:pPr>`)
	w.runs(spans)
	w.body.WriteString(`</w:p>`)
}

func (w *docxWriter) runs(spans []fontSpan) {
	for _, s := range spans {
		if s.Link == "" {
			w.body.WriteString(docxRun(s))
			continue
		}
		id, ok := w.links[s.Link]
		if !ok {
			w.relations = append(w.relations, pptxRelation{kind: "hyperlink", target: s.Link, external: true})
			id = len(w.relations)
			w.links[s.Link] = id
		}
		fmt.Fprintf(&w.body, `<w:hyperlink r:id="rId%d">%s</w:hyperlink>`, id, docxRun(s))
	}
}

// docxRun writes a stretch of text in one style.
func docxRun(s fontSpan) string {
	if s.Text == "" {
		return ""
	}
	look := ""
	switch s.Style {
	case fontBold:
		look = `<w:b/><w:bCs/>`
	case fontItalic:
		look = `<w:i/><w:iCs/>`
	case fontMono:
		look = `<w:rFonts w:ascii="Consolas" w:hAnsi="Consolas" w:cs="Consolas"/>`
	case fontRegular:
	}
	if s.Link != "" {
		look += `<w:color w:val="` + deckAccent + `"/><w:u w:val="single"/>`
	}
	if fontRTL([]rune(s.Text)) {
		look += `<w:rtl/>`
	}
	var b strings.Builder
	b.WriteString(`<w:r><w:rPr>` + look + `</w:rPr>`)
	for i, line := range strings.Split(s.Text, "\n") {
		if i > 0 {
			b.WriteString(`<w:br/>`)
		}
		b.WriteString(`<w:t xml:space="preserve">` + pptxText(line) + `</w:t>`)
	}
	b.WriteString(`</w:r>`)
	return b.String()
}
