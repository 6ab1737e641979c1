package tool

import (
	"archive/zip"
	"bytes"
	"encoding/xml"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"
)

// pptxPart is one file of an Office package.
type pptxPart struct {
	name string
	kind string // content type; empty: by the name's ending
	data []byte
}

// pptxRelation is one entry of a part's list of relationships.
type pptxRelation struct {
	kind     string // the last word of the relationship type's address
	target   string
	external bool
}

// The addresses that every Office package repeats.
const (
	pptxHead      = `<?xml version="1.0" encoding="UTF-8" standalone="yes"?>` + "\n"
	pptxOffice    = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
	pptxRelations = "http://schemas.openxmlformats.org/package/2006/relationships"
	pptxCore      = "http://schemas.openxmlformats.org/package/2006/relationships/metadata/core-properties"
	pptxSpaces    = ` xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main"` +
		` xmlns:r="` + pptxOffice + `" xmlns:p="http://schemas.openxmlformats.org/presentationml/2006/main"`
)

// pptxRels writes a list of relationships; ids are rId1, rId2 and so on.
func pptxRels(relations []pptxRelation) []byte {
	var b strings.Builder
	b.WriteString(pptxHead + `<Relationships xmlns="` + pptxRelations + `">`)
	for i, r := range relations {
		kind := pptxOffice + "/" + r.kind
		if r.kind == "core-properties" {
			kind = pptxCore
		}
		mode := ""
		if r.external {
			mode = ` TargetMode="External"`
		}
		fmt.Fprintf(&b, `<Relationship Id="rId%d" Type="%s" Target="%s"%s/>`, i+1, kind, pptxText(r.target), mode)
	}
	b.WriteString(`</Relationships>`)
	return []byte(b.String())
}

// pptxZip writes an Office package. The list of content types is made of the parts.
func pptxZip(parts []pptxPart, when time.Time) ([]byte, error) {
	var types strings.Builder
	types.WriteString(pptxHead + `<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">` +
		`<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>` +
		`<Default Extension="xml" ContentType="application/xml"/>` +
		`<Default Extension="png" ContentType="image/png"/><Default Extension="jpg" ContentType="image/jpeg"/>`)
	for _, p := range parts {
		if p.kind != "" {
			fmt.Fprintf(&types, `<Override PartName="/%s" ContentType="%s"/>`, p.name, p.kind)
		}
	}
	types.WriteString(`</Types>`)
	parts = append([]pptxPart{{name: "[Content_Types].xml", data: []byte(types.String())}}, parts...)
	var out bytes.Buffer
	archive := zip.NewWriter(&out)
	for _, p := range parts {
		w, err := archive.CreateHeader(&zip.FileHeader{Name: p.name, Method: zip.Deflate, Modified: when})
		if err != nil {
			return nil, fmt.Errorf("pack %s: %w", p.name, err)
		}
		if _, err := w.Write(p.data); err != nil {
			return nil, fmt.Errorf("pack %s: %w", p.name, err)
		}
	}
	if err := archive.Close(); err != nil {
		return nil, fmt.Errorf("pack: %w", err)
	}
	return out.Bytes(), nil
}

// pptxProperties writes the parts that say what a package is.
func pptxProperties(title, application string, when time.Time) []pptxPart {
	stamp := when.UTC().Format(time.RFC3339)
	core := pptxHead + `<cp:coreProperties xmlns:cp="http://schemas.openxmlformats.org/package/2006/metadata/core-properties"` +
		` xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:dcterms="http://purl.org/dc/terms/"` +
		` xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><dc:title>` + pptxText(title) + `</dc:title><dc:creator>Bob</dc:creator>` +
		`<cp:lastModifiedBy>Bob</cp:lastModifiedBy><dcterms:created xsi:type="dcterms:W3CDTF">` + stamp + `</dcterms:created>` +
		`<dcterms:modified xsi:type="dcterms:W3CDTF">` + stamp + `</dcterms:modified></cp:coreProperties>`
	app := pptxHead + `<Properties xmlns="http://schemas.openxmlformats.org/officeDocument/2006/extended-properties"><Application>` +
		application + `</Application></Properties>`
	return []pptxPart{
		{"docProps/core.xml", "application/vnd.openxmlformats-package.core-properties+xml", []byte(core)},
		{"docProps/app.xml", "application/vnd.openxmlformats-officedocument.extended-properties+xml", []byte(app)},
	}
}

// pptxClean leaves out what XML cannot hold: control characters, halves of pairs,
// noncharacters. Everything else stays, emoji and marks of direction too.
func pptxClean(text string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\t' || r == '\n':
			return r
		case r < 0x20 || r >= 0x7F && r < 0xA0 || r == 0xFFFE || r == 0xFFFF || r == utf8.RuneError:
			return -1
		}
		return r
	}, text)
}

// pptxText writes a text into XML.
func pptxText(text string) string {
	var b bytes.Buffer
	if err := xml.EscapeText(&b, []byte(pptxClean(text))); err != nil {
		return "" // a buffer takes everything
	}
	return b.String()
}

// pptxUnit converts points into EMU, the unit of drawings.
func pptxUnit(points float64) int { return int(points*12700 + 0.5) }
