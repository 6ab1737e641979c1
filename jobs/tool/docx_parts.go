package tool

import (
	"fmt"
	"strings"
)

// numbering writes the lists: one of bullets, then one of numbers for each
// ordered list of the document, so that each begins anew.
func (w *docxWriter) numbering() string {
	var b strings.Builder
	b.WriteString(pptxHead + `<w:numbering` + docxSpaces + `>`)
	for id, format := range []string{"bullet", "decimal"} {
		fmt.Fprintf(&b, `<w:abstractNum w:abstractNumId="%d"><w:multiLevelType w:val="hybridMultilevel"/>`, id)
		for level := range 9 {
			text := "•"
			if format == "decimal" {
				text = fmt.Sprintf("%%%d.", level+1)
			}
			fmt.Fprintf(&b, `<w:lvl w:ilvl="%d"><w:start w:val="1"/><w:numFmt w:val="%s"/><w:lvlText w:val="%s"/><w:lvlJc w:val="left"/>`+
				`<w:pPr><w:ind w:left="%d" w:hanging="360"/></w:pPr></w:lvl>`, level, format, text, 360*(level+1))
		}
		b.WriteString(`</w:abstractNum>`)
	}
	fmt.Fprintf(&b, `<w:num w:numId="%d"><w:abstractNumId w:val="0"/></w:num>`, docxBullets)
	for i, start := range w.starts {
		fmt.Fprintf(&b, `<w:num w:numId="%d"><w:abstractNumId w:val="1"/>`, docxBullets+1+i)
		for level := range 9 {
			fmt.Fprintf(&b, `<w:lvlOverride w:ilvl="%d"><w:startOverride w:val="%d"/></w:lvlOverride>`, level, max(start, 0))
		}
		b.WriteString(`</w:num>`)
	}
	b.WriteString(`</w:numbering>`)
	return b.String()
}

// table writes a table with a header that is repeated on every page.
func (w *docxWriter) table(rows [][]documentCell) {
	columns := len(rows[0])
	width := int(docxText*20) / columns
	w.body.WriteString(`<w:tbl><w:tblPr><w:tblStyle w:val="BobTable"/><w:tblW w:w="5000" w:type="pct"/><w:tblLook w:val="0420" w:firstRow="1" w:lastRow="0" w:firstColumn="0" w:lastColumn="0" w:noHBand="0" w:noVBand="1"/></w:tblPr><w:tblGrid>`)
	for range columns {
		fmt.Fprintf(&w.body, `<w:gridCol w:w="%d"/>`, width)
	}
	w.body.WriteString(`</w:tblGrid>`)
	for i, row := range rows {
		w.body.WriteString(`<w:tr><w:trPr><w:cantSplit/>`)
		if i == 0 {
			w.body.WriteString(`<w:tblHeader/>`)
		}
		w.body.WriteString(`</w:trPr>`)
		for k := range columns {
			var cell documentCell
			if k < len(row) {
				cell = row[k]
			}
			w.body.WriteString(`<w:tc><w:tcPr><w:tcW w:w="0" w:type="auto"/></w:tcPr>`)
			w.cell(cell)
			w.body.WriteString(`</w:tc>`)
		}
		w.body.WriteString(`</w:tr>`)
	}
	w.body.WriteString(`</w:tbl>`)
	w.paragraph("", "", nil)
}

func (w *docxWriter) cell(cell documentCell) {
	w.body.WriteString(`<w:p><w:pPr><w:pStyle w:val="TableText"/>`)
	if fontRTL([]rune(documentPlain(cell.spans))) {
		w.body.WriteString(`<w:bidi/>`)
	}
	if cell.align != "" {
		w.body.WriteString(`<w:jc w:val="` + cell.align + `"/>`)
	}
	w.body.WriteString(`</w:pPr>`)
	w.runs(cell.spans)
	w.body.WriteString(`</w:p>`)
}

// image writes a picture with its caption.
func (w *docxWriter) image(b documentBlock) {
	id, ok := w.media[b.picture]
	if !ok {
		name := fmt.Sprintf("image%d.%s", len(w.media)+1, b.picture.ending())
		w.relations = append(w.relations, pptxRelation{kind: "image", target: "media/" + name})
		w.parts = append(w.parts, pptxPart{name: "word/media/" + name, data: b.picture.data})
		id = len(w.relations)
		w.media[b.picture] = id
	}
	w.drawings++
	width, height := b.picture.within(docxText, docxHigh)
	cx, cy := pptxUnit(width), pptxUnit(height)
	fmt.Fprintf(&w.body, `<w:p><w:pPr><w:keepNext/><w:jc w:val="center"/></w:pPr><w:r><w:drawing><wp:inline distT="0" distB="0" distL="0" distR="0"><wp:extent cx="%d" cy="%d"/>`+
		`<wp:docPr id="%d" name="Picture %d" descr="%s"/><a:graphic><a:graphicData uri="http://schemas.openxmlformats.org/drawingml/2006/picture"><pic:pic>`+
		`<pic:nvPicPr><pic:cNvPr id="%d" name="Picture %d"/><pic:cNvPicPr/></pic:nvPicPr><pic:blipFill><a:blip r:embed="rId%d"/><a:stretch><a:fillRect/></a:stretch></pic:blipFill>`+
		`<pic:spPr><a:xfrm><a:off x="0" y="0"/><a:ext cx="%d" cy="%d"/></a:xfrm><a:prstGeom prst="rect"><a:avLst/></a:prstGeom></pic:spPr></pic:pic></a:graphicData></a:graphic></wp:inline></w:drawing></w:r></w:p>`,
		cx, cy, w.drawings, w.drawings, pptxText(b.alt), w.drawings, w.drawings, id, cx, cy)
	if b.alt != "" {
		w.paragraph("Caption", "", []fontSpan{{Text: b.alt}})
	}
}
