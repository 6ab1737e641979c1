package tool

import (
	"fmt"
	"strings"
)

// pptxSlide collects the shapes of one slide.
type pptxSlide struct {
	deck      *pptxDeck
	shapes    strings.Builder
	relations []pptxRelation
	next      int // id of the next shape
}

func (s *pptxSlide) id() int {
	s.next++
	return s.next - 1
}

func (s *pptxSlide) box(box deckBox) {
	switch box.kind {
	case deckFill:
		fmt.Fprintf(&s.shapes, `<p:sp><p:nvSpPr><p:cNvPr id="%d" name="Accent"/><p:cNvSpPr/><p:nvPr userDrawn="1"/></p:nvSpPr><p:spPr>%s`+
			`<a:prstGeom prst="rect"><a:avLst/></a:prstGeom>%s<a:ln><a:noFill/></a:ln></p:spPr></p:sp>`,
			s.id(), pptxPlace("a", box.x, box.y, box.w, box.h), pptxFill(box.fill))
	case deckText:
		s.text(box)
	case deckImage:
		s.relations = append(s.relations, pptxRelation{kind: "image", target: s.deck.picture(box.picture)})
		fmt.Fprintf(&s.shapes, `<p:pic><p:nvPicPr><p:cNvPr id="%d" name="Picture" descr="%s"/><p:cNvPicPr><a:picLocks noChangeAspect="1"/></p:cNvPicPr><p:nvPr/></p:nvPicPr>`+
			`<p:blipFill><a:blip r:embed="rId%d"/><a:stretch><a:fillRect/></a:stretch></p:blipFill><p:spPr>%s<a:prstGeom prst="rect"><a:avLst/></a:prstGeom></p:spPr></p:pic>`,
			s.id(), pptxText(box.alt), len(s.relations), pptxPlace("a", box.x, box.y, box.w, box.h))
	case deckGrid:
		s.grid(box)
	}
}

func pptxPlace(space string, x, y, w, h float64) string {
	return fmt.Sprintf(`<%s:xfrm><a:off x="%d" y="%d"/><a:ext cx="%d" cy="%d"/></%s:xfrm>`,
		space, pptxUnit(x), pptxUnit(y), pptxUnit(w), pptxUnit(h), space)
}

func pptxFill(color string) string {
	return `<a:solidFill><a:srgbClr val="` + color + `"/></a:solidFill>`
}

func (s *pptxSlide) text(box deckBox) {
	id := s.id()
	kind := fmt.Sprintf(`<p:cNvPr id="%d" name="Text %d"/><p:cNvSpPr txBox="1"/><p:nvPr/>`, id, id)
	if box.heading {
		kind = fmt.Sprintf(`<p:cNvPr id="%d" name="Title"/><p:cNvSpPr><a:spLocks noGrp="1"/></p:cNvSpPr><p:nvPr><p:ph type="title"/></p:nvPr>`, id)
	}
	fmt.Fprintf(&s.shapes, `<p:sp><p:nvSpPr>%s</p:nvSpPr><p:spPr>%s<a:prstGeom prst="rect"><a:avLst/></a:prstGeom><a:noFill/></p:spPr>`+
		`<p:txBody><a:bodyPr wrap="square" lIns="0" tIns="0" rIns="0" bIns="0" anchor="t"><a:noAutofit/></a:bodyPr><a:lstStyle/>`,
		kind, pptxPlace("a", box.x, box.y, box.w, box.h))
	for _, p := range box.paras {
		s.para(p, box.number)
	}
	s.shapes.WriteString(`</p:txBody></p:sp>`)
}

// para writes a paragraph with its line distance in points: it is then as high
// as it was laid out, whatever font the reader's machine has.
func (s *pptxSlide) para(p deckPara, number bool) {
	attributes := ` algn="l" rtl="0"`
	switch {
	case p.rtl():
		attributes = ` algn="r" rtl="1"`
	case p.right:
		attributes = ` algn="r" rtl="0"`
	}
	bullet := `<a:buNone/>`
	indent := pptxUnit(p.indent())
	attributes = fmt.Sprintf(` marL="%d" indent="%d"`, indent, -indent) + attributes
	if p.bullet {
		bullet = `<a:buClr><a:srgbClr val="` + deckAccent + `"/></a:buClr><a:buFont typeface="Arial"/><a:buChar char="•"/>`
	}
	weight := ` b="0"`
	if p.bold {
		weight = ` b="1"`
	}
	size := fmt.Sprintf(` sz="%d"`, int(p.size*100+0.5))
	fmt.Fprintf(&s.shapes, `<a:p><a:pPr%s><a:lnSpc><a:spcPts val="%d"/></a:lnSpc><a:spcBef><a:spcPts val="0"/></a:spcBef><a:spcAft><a:spcPts val="%d"/></a:spcAft>%s</a:pPr>`,
		attributes, int(p.leading()*100+0.5), int(p.after*100+0.5), bullet)
	look := size + weight + ` dirty="0">` + pptxFill(p.color)
	switch {
	case p.text == "":
		s.shapes.WriteString(`<a:endParaRPr lang="en-US"` + look + `</a:endParaRPr>`)
	case number:
		s.shapes.WriteString(`<a:fld id="{B6F15528-21DE-4FAA-801E-634DDDAF4B2B}" type="slidenum"><a:rPr lang="en-US"` + look + `</a:rPr><a:t>` + pptxText(p.text) + `</a:t></a:fld>`)
	default:
		s.shapes.WriteString(`<a:r><a:rPr lang="en-US"` + look + `</a:rPr><a:t>` + pptxText(p.text) + `</a:t></a:r>`)
	}
	s.shapes.WriteString(`</a:p>`)
}

// grid writes a table.
func (s *pptxSlide) grid(box deckBox) {
	fmt.Fprintf(&s.shapes, `<p:graphicFrame><p:nvGraphicFramePr><p:cNvPr id="%d" name="Table"/><p:cNvGraphicFramePr><a:graphicFrameLocks noGrp="1"/></p:cNvGraphicFramePr><p:nvPr/></p:nvGraphicFramePr>%s`+
		`<a:graphic><a:graphicData uri="http://schemas.openxmlformats.org/drawingml/2006/table"><a:tbl><a:tblPr firstRow="1" bandRow="1"/><a:tblGrid>`,
		s.id(), pptxPlace("p", box.x, box.y, box.w, box.h))
	for _, w := range box.table.widths {
		fmt.Fprintf(&s.shapes, `<a:gridCol w="%d"/>`, pptxUnit(w))
	}
	s.shapes.WriteString(`</a:tblGrid>`)
	for i, row := range box.table.rows {
		fmt.Fprintf(&s.shapes, `<a:tr h="%d">`, pptxUnit(row.height))
		for _, cell := range row.cells {
			s.shapes.WriteString(`<a:tc><a:txBody><a:bodyPr/><a:lstStyle/>`)
			s.para(cell, false)
			s.shapes.WriteString(`</a:txBody>` + pptxCell(i) + `</a:tc>`)
		}
		s.shapes.WriteString(`</a:tr>`)
	}
	s.shapes.WriteString(`</a:tbl></a:graphicData></a:graphic></p:graphicFrame>`)
}

// pptxCell writes how a cell of row i looks.
func pptxCell(i int) string {
	fill := deckWhite
	switch {
	case i == 0:
		fill = deckInk
	case i%2 == 0:
		fill = deckPale
	}
	none := func(side string) string { return `<a:` + side + ` w="0"><a:noFill/></a:` + side + `>` }
	return fmt.Sprintf(`<a:tcPr marL="%d" marR="%d" marT="%d" marB="%d" anchor="ctr">%s%s%s<a:lnB w="6350">%s</a:lnB>%s</a:tcPr>`,
		pptxUnit(deckCellX), pptxUnit(deckCellX), pptxUnit(deckCellY), pptxUnit(deckCellY),
		none("lnL"), none("lnR"), none("lnT"), pptxFill(deckRule), pptxFill(fill))
}
