package tool

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"codeberg.org/go-pdf/fpdf"
	"github.com/go-text/typesetting/font"
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
	paths map[pdfGlyph]string
}

type pdfGlyph struct {
	use   *fontUse
	glyph font.GID
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
	return &pdfCanvas{pdf: pdf, fonts: map[string]bool{}, paths: map[pdfGlyph]string{}}
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
		c.hidden(p, x, y)
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

// glyphs draws the outlines of a piece. An outline is written in the units of its
// font and moved to its place, so that its repetitions are the same bytes and
// take hardly any room in the packed file.
func (c *pdfCanvas) glyphs(p fontPiece, x, y, size float64) {
	_, height := c.pdf.GetPageSize()
	scale := size / float64(p.use.face.Upem())
	for _, g := range p.glyphs {
		if path := c.outline(p.use, g.GlyphID); path != "" {
			c.pdf.RawWriteStr(fmt.Sprintf("q %.6f 0 0 %.6f %.2f %.2f cm\n%sQ\n",
				scale, scale, x+fontEm(g.XOffset)*size, height-y+fontEm(g.YOffset)*size, path))
		}
		x += fontEm(g.Advance) * size
	}
}

// outline returns the drawing of a glyph, empty for one that is blank.
func (c *pdfCanvas) outline(use *fontUse, glyph font.GID) string {
	key := pdfGlyph{use, glyph}
	path, ok := c.paths[key]
	if ok {
		return path
	}
	if outline, ok := use.face.GlyphDataOutline(glyph); ok && len(outline.Segments) > 0 {
		how := "f\n"
		if use.bold {
			how = fmt.Sprintf("%.0f w 1 j b\n", float64(use.face.Upem())*pdfBold)
		}
		path = pdfPath(outline.Segments) + how
	}
	c.paths[key] = path
	return path
}

func pdfPath(segments []opentype.Segment) string {
	var b strings.Builder
	var last opentype.SegmentPoint
	for i, s := range segments {
		points := s.ArgsSlice()
		end := points[len(points)-1]
		switch s.Op {
		case opentype.SegmentOpMoveTo:
			if i > 0 {
				b.WriteString("h ")
			}
			fmt.Fprintf(&b, "%.0f %.0f m\n", end.X, end.Y)
		case opentype.SegmentOpLineTo:
			fmt.Fprintf(&b, "%.0f %.0f l\n", end.X, end.Y)
		case opentype.SegmentOpQuadTo: // PDF knows cubic curves only
			fmt.Fprintf(&b, "%.0f %.0f %.0f %.0f %.0f %.0f c\n", last.X+(points[0].X-last.X)*2/3, last.Y+(points[0].Y-last.Y)*2/3,
				end.X+(points[0].X-end.X)*2/3, end.Y+(points[0].Y-end.Y)*2/3, end.X, end.Y)
		case opentype.SegmentOpCubeTo:
			fmt.Fprintf(&b, "%.0f %.0f %.0f %.0f %.0f %.0f c\n", points[0].X, points[0].Y, points[1].X, points[1].Y, end.X, end.Y)
		}
		last = end
	}
	b.WriteString("h ")
	return b.String()
}

// hidden writes a piece's characters over its glyphs, unseen, stretched to their
// width, from left to right as readers of PDF expect them.
func (c *pdfCanvas) hidden(p fontPiece, x, y float64) {
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
