package tool

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
	"time"

	"codeberg.org/go-pdf/fpdf"
	"github.com/go-text/typesetting/font/opentype"
)

// pdfBold is how much thicker a letter is drawn whose font has no bold, in em.
const pdfBold = 0.03

// The ways in which a PDF shows text.
const (
	pdfFilled    = 0
	pdfThick     = 2 // filled and outlined
	pdfInvisible = 3 // found and copied, but not seen
)

// pdfCanvas draws set lines on pages. Plain text is written as text. What needs
// joining, marks or another order is drawn by the outlines of its glyphs, with
// its characters invisibly above them, so that it can be found and copied.
type pdfCanvas struct {
	pdf   *fpdf.Fpdf
	fonts map[string]bool
}

// newPDF returns a canvas for pages of a size in points.
func newPDF(width, height float64, title string, when time.Time) *pdfCanvas {
	pdf := fpdf.NewCustom(&fpdf.InitType{UnitStr: "pt", Size: fpdf.SizeType{Wd: width, Ht: height}})
	pdf.SetMargins(0, 0, 0)
	pdf.SetAutoPageBreak(false, 0)
	pdf.SetTitle(pptxClean(title), true)
	pdf.SetCreator("Bob", true)
	pdf.SetProducer("Bob", true)
	pdf.SetCreationDate(when)
	pdf.SetModificationDate(when)
	pdf.SetCatalogSort(true)
	return &pdfCanvas{pdf: pdf, fonts: map[string]bool{}}
}

// bytes returns the finished file.
func (c *pdfCanvas) bytes() ([]byte, error) {
	var out bytes.Buffer
	if err := c.pdf.Output(&out); err != nil {
		return nil, fmt.Errorf("write PDF: %w", err)
	}
	return out.Bytes(), nil
}

func pdfColor(hex string) (r, g, b int) {
	v, err := strconv.ParseUint(hex, 16, 32)
	if err != nil {
		return 0, 0, 0
	}
	return int(v >> 16 & 0xFF), int(v >> 8 & 0xFF), int(v & 0xFF)
}

// fill draws a rectangle.
func (c *pdfCanvas) fill(x, y, w, h float64, color string) {
	c.pdf.SetFillColor(pdfColor(color))
	c.pdf.Rect(x, y, w, h, "F")
}

// line draws a line of text from x, its lower edge of letters at y.
func (c *pdfCanvas) line(line fontLine, x, y, size float64, color string) {
	for _, p := range line.pieces {
		c.piece(p, x+p.x*size, y, size, color)
	}
}

func (c *pdfCanvas) piece(p fontPiece, x, y, size float64, color string) {
	c.font(p.use, size)
	r, g, b := pdfColor(color)
	c.pdf.SetTextColor(r, g, b)
	c.pdf.SetFillColor(r, g, b)
	c.pdf.SetDrawColor(r, g, b)
	c.pdf.SetLineWidth(size * pdfBold)
	c.pdf.SetLineJoinStyle("round")
	if !p.simple {
		c.glyphs(p, x, y, size)
		c.hidden(p, x, y, size)
		return
	}
	if p.use.bold {
		c.pdf.SetTextRenderingMode(pdfThick)
		defer c.pdf.SetTextRenderingMode(pdfFilled)
	}
	c.pdf.Text(x, y, p.text())
}

func (c *pdfCanvas) font(use *fontUse, size float64) {
	if !c.fonts[use.name] {
		c.fonts[use.name] = true
		// The writer keeps and cuts the slice that it is given.
		c.pdf.AddUTF8FontFromBytes(use.name, "", bytes.Clone(use.loaded.data))
	}
	c.pdf.SetFont(use.name, "", size)
}

// glyphs draws the outlines of a piece.
func (c *pdfCanvas) glyphs(p fontPiece, x, y, size float64) {
	scale := size / float64(p.use.face.Upem())
	how := "F"
	if p.use.bold {
		how = "FD"
	}
	for _, g := range p.glyphs {
		outline, ok := p.use.face.GlyphDataOutline(g.GlyphID)
		if ok && len(outline.Segments) > 0 {
			c.outline(outline.Segments, x+fontEm(g.XOffset)*size, y-fontEm(g.YOffset)*size, scale)
			c.pdf.DrawPath(how)
		}
		x += fontEm(g.Advance) * size
	}
}

func (c *pdfCanvas) outline(segments []opentype.Segment, x, y, scale float64) {
	var lastX, lastY float64
	for i, s := range segments {
		at := func(k int) (float64, float64) {
			return x + float64(s.Args[k].X)*scale, y - float64(s.Args[k].Y)*scale
		}
		endX, endY := at(0)
		switch s.Op {
		case opentype.SegmentOpMoveTo:
			if i > 0 {
				c.pdf.ClosePath()
			}
			c.pdf.MoveTo(endX, endY)
		case opentype.SegmentOpLineTo:
			c.pdf.LineTo(endX, endY)
		case opentype.SegmentOpQuadTo: // PDF knows cubic curves only
			midX, midY := at(0)
			endX, endY = at(1)
			c.pdf.CurveBezierCubicTo(lastX+(midX-lastX)*2/3, lastY+(midY-lastY)*2/3,
				endX+(midX-endX)*2/3, endY+(midY-endY)*2/3, endX, endY)
		case opentype.SegmentOpCubeTo:
			aX, aY := at(0)
			bX, bY := at(1)
			endX, endY = at(2)
			c.pdf.CurveBezierCubicTo(aX, aY, bX, bY, endX, endY)
		}
		lastX, lastY = endX, endY
	}
	c.pdf.ClosePath()
}

// hidden writes a piece's characters over its glyphs, unseen, stretched to their
// width, from left to right as readers of PDF expect them.
func (c *pdfCanvas) hidden(p fontPiece, x, y, size float64) {
	runes := pdfSmall(p.runes[p.first : p.first+p.count])
	natural := 0.0
	for _, r := range runes {
		if glyph, ok := p.use.face.NominalGlyph(r); ok {
			natural += float64(p.use.face.HorizontalAdvance(glyph)) / float64(p.use.face.Upem())
		}
	}
	if natural <= 0 || p.width <= 0 {
		return
	}
	if p.rtl {
		slices.Reverse(runes)
	}
	c.pdf.SetTextRenderingMode(pdfInvisible)
	c.pdf.RawWriteStr(fmt.Sprintf("%.2f Tz\n", 100*p.width/natural))
	c.pdf.Text(x, y, string(runes))
	c.pdf.RawWriteStr("100 Tz\n")
	c.pdf.SetTextRenderingMode(pdfFilled)
}

// pdfSmall leaves out characters beyond 16 bits: the writer's fonts have none.
func pdfSmall(runes []rune) []rune {
	var kept []rune
	for _, r := range runes {
		if r <= 0xFFFF {
			kept = append(kept, r)
		}
	}
	return kept
}

// picture draws a picture into a box.
func (c *pdfCanvas) picture(p *deckPicture, x, y, w, h float64) {
	name := fmt.Sprintf("%p", p)
	options := fpdf.ImageOptions{ImageType: p.ending()}
	if c.pdf.GetImageInfo(name) == nil {
		c.pdf.RegisterImageOptionsReader(name, options, bytes.NewReader(p.data))
	}
	c.pdf.ImageOptions(name, x, y, w, h, false, options, 0, "")
}
