package tool

import (
	"bytes"
	_ "embed"
	"fmt"
	"strings"
)

//go:embed templates/theme.xml
var pptxThemeXML string

// The content types of a presentation's parts.
const (
	pptxTypeMain   = "application/vnd.openxmlformats-officedocument.presentationml.presentation.main+xml"
	pptxTypeSlide  = "application/vnd.openxmlformats-officedocument.presentationml.slide+xml"
	pptxTypeMaster = "application/vnd.openxmlformats-officedocument.presentationml.slideMaster+xml"
	pptxTypeLayout = "application/vnd.openxmlformats-officedocument.presentationml.slideLayout+xml"
	pptxTypeNotes  = "application/vnd.openxmlformats-officedocument.presentationml.notesSlide+xml"
	pptxTypeNoteM  = "application/vnd.openxmlformats-officedocument.presentationml.notesMaster+xml"
	pptxTypeTheme  = "application/vnd.openxmlformats-officedocument.theme+xml"
	pptxTypeProps  = "application/vnd.openxmlformats-officedocument.presentationml.presProps+xml"
)

// The first ids that the format allows.
const (
	pptxFirstMaster = 2147483648
	pptxFirstSlide  = 256
)

// pptxDeck collects the parts of one presentation.
type pptxDeck struct {
	made  *deckMade
	parts []pptxPart
	media map[*deckPicture]string // file names of pictures
}

// pptxWrite writes a deck as PPTX.
func pptxWrite(made *deckMade) ([]byte, error) {
	d := &pptxDeck{made: made, media: map[*deckPicture]string{}}
	d.frame()
	for i, page := range made.pages {
		d.slide(i+1, page)
	}
	return pptxZip(d.parts, made.when)
}

func (d *pptxDeck) add(name, kind string, data string) {
	d.parts = append(d.parts, pptxPart{name, kind, []byte(data)})
}

func (d *pptxDeck) relate(part string, relations ...pptxRelation) {
	slash := strings.LastIndex(part, "/")
	d.parts = append(d.parts, pptxPart{name: part[:slash+1] + "_rels/" + part[slash+1:] + ".rels", data: pptxRels(relations)})
}

// frame writes what every presentation has around its slides.
func (d *pptxDeck) frame() {
	d.parts = append(d.parts, pptxPart{name: "_rels/.rels", data: pptxRels([]pptxRelation{
		{kind: "officeDocument", target: "ppt/presentation.xml"},
		{kind: "core-properties", target: "docProps/core.xml"},
		{kind: "extended-properties", target: "docProps/app.xml"},
	})})
	d.parts = append(d.parts, pptxProperties(d.made.title, "Microsoft Office PowerPoint", d.made.when)...)
	d.presentation()
	d.add("ppt/presProps.xml", pptxTypeProps, pptxHead+`<p:presentationPr`+pptxSpaces+`/>`)
	d.add("ppt/theme/theme1.xml", pptxTypeTheme, pptxThemeXML)
	d.add("ppt/theme/theme2.xml", pptxTypeTheme, pptxThemeXML)
	d.add("ppt/slideMasters/slideMaster1.xml", pptxTypeMaster, pptxMaster())
	d.relate("ppt/slideMasters/slideMaster1.xml",
		pptxRelation{kind: "slideLayout", target: "../slideLayouts/slideLayout1.xml"},
		pptxRelation{kind: "theme", target: "../theme/theme1.xml"})
	d.add("ppt/slideLayouts/slideLayout1.xml", pptxTypeLayout, pptxLayout())
	d.relate("ppt/slideLayouts/slideLayout1.xml", pptxRelation{kind: "slideMaster", target: "../slideMasters/slideMaster1.xml"})
	d.add("ppt/notesMasters/notesMaster1.xml", pptxTypeNoteM, pptxNotesMaster())
	d.relate("ppt/notesMasters/notesMaster1.xml", pptxRelation{kind: "theme", target: "../theme/theme2.xml"})
}

func (d *pptxDeck) presentation() {
	relations := []pptxRelation{
		{kind: "slideMaster", target: "slideMasters/slideMaster1.xml"},
		{kind: "notesMaster", target: "notesMasters/notesMaster1.xml"},
		{kind: "presProps", target: "presProps.xml"},
		{kind: "theme", target: "theme/theme1.xml"},
	}
	var slides strings.Builder
	for i := range d.made.pages {
		relations = append(relations, pptxRelation{kind: "slide", target: fmt.Sprintf("slides/slide%d.xml", i+1)})
		fmt.Fprintf(&slides, `<p:sldId id="%d" r:id="rId%d"/>`, pptxFirstSlide+i, len(relations))
	}
	d.add("ppt/presentation.xml", pptxTypeMain, pptxHead+`<p:presentation`+pptxSpaces+` saveSubsetFonts="1">`+
		fmt.Sprintf(`<p:sldMasterIdLst><p:sldMasterId id="%d" r:id="rId1"/></p:sldMasterIdLst>`, pptxFirstMaster)+
		`<p:notesMasterIdLst><p:notesMasterId r:id="rId2"/></p:notesMasterIdLst>`+
		`<p:sldIdLst>`+slides.String()+`</p:sldIdLst>`+
		fmt.Sprintf(`<p:sldSz cx="%d" cy="%d"/><p:notesSz cx="6858000" cy="9144000"/></p:presentation>`, pptxUnit(deckWidth), pptxUnit(deckHeight)))
	d.relate("ppt/presentation.xml", relations...)
}

// slide writes one slide, its pictures and its notes.
func (d *pptxDeck) slide(number int, page deckPage) {
	s := &pptxSlide{deck: d, relations: []pptxRelation{{kind: "slideLayout", target: "../slideLayouts/slideLayout1.xml"}}, next: 2}
	for _, box := range page.boxes {
		s.box(box)
	}
	name := fmt.Sprintf("ppt/slides/slide%d.xml", number)
	if page.notes != "" {
		s.relations = append(s.relations, pptxRelation{kind: "notesSlide", target: fmt.Sprintf("../notesSlides/notesSlide%d.xml", number)})
		d.notes(number, page.notes)
	}
	d.add(name, pptxTypeSlide, pptxHead+`<p:sld`+pptxSpaces+`><p:cSld><p:bg><p:bgPr><a:solidFill><a:srgbClr val="`+page.back+
		`"/></a:solidFill><a:effectLst/></p:bgPr></p:bg>`+pptxTree(s.shapes.String())+`</p:cSld><p:clrMapOvr><a:masterClrMapping/></p:clrMapOvr></p:sld>`)
	d.relate(name, s.relations...)
}

func (d *pptxDeck) notes(number int, text string) {
	name := fmt.Sprintf("ppt/notesSlides/notesSlide%d.xml", number)
	var paras strings.Builder
	for _, line := range strings.Split(text, "\n") {
		paras.WriteString(`<a:p><a:r><a:rPr lang="en-US"/><a:t>` + pptxText(line) + `</a:t></a:r></a:p>`)
	}
	d.add(name, pptxTypeNotes, pptxHead+`<p:notes`+pptxSpaces+`><p:cSld>`+pptxTree(
		`<p:sp><p:nvSpPr><p:cNvPr id="2" name="Slide Image"/><p:cNvSpPr><a:spLocks noGrp="1" noRot="1" noChangeAspect="1"/></p:cNvSpPr>`+
			`<p:nvPr><p:ph type="sldImg"/></p:nvPr></p:nvSpPr><p:spPr/></p:sp>`+
			`<p:sp><p:nvSpPr><p:cNvPr id="3" name="Notes"/><p:cNvSpPr><a:spLocks noGrp="1"/></p:cNvSpPr><p:nvPr><p:ph type="body" idx="1"/></p:nvPr></p:nvSpPr>`+
			`<p:spPr/><p:txBody><a:bodyPr/><a:lstStyle/>`+paras.String()+`</p:txBody></p:sp>`)+
		`</p:cSld><p:clrMapOvr><a:masterClrMapping/></p:clrMapOvr></p:notes>`)
	d.relate(name, pptxRelation{kind: "notesMaster", target: "../notesMasters/notesMaster1.xml"},
		pptxRelation{kind: "slide", target: fmt.Sprintf("../slides/slide%d.xml", number)})
}

// picture returns the target of a picture, kept once however often it is shown.
func (d *pptxDeck) picture(p *deckPicture) string {
	name, ok := d.media[p]
	if !ok {
		name = fmt.Sprintf("image%d.%s", len(d.media)+1, p.ending())
		d.media[p] = name
		d.parts = append(d.parts, pptxPart{name: "ppt/media/" + name, data: bytes.Clone(p.data)})
	}
	return "../media/" + name
}

// pptxTree wraps shapes.
func pptxTree(shapes string) string {
	return `<p:spTree><p:nvGrpSpPr><p:cNvPr id="1" name=""/><p:cNvGrpSpPr/><p:nvPr/></p:nvGrpSpPr><p:grpSpPr><a:xfrm><a:off x="0" y="0"/>` +
		`<a:ext cx="0" cy="0"/><a:chOff x="0" y="0"/><a:chExt cx="0" cy="0"/></a:xfrm></p:grpSpPr>` + shapes + `</p:spTree>`
}
