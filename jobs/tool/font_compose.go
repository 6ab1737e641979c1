package tool

import (
	"encoding/binary"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/go-text/typesetting/font"
	"github.com/go-text/typesetting/font/opentype"
	"github.com/golang/freetype/truetype"
)

// The bounds of a composed font.
const (
	fontComposedEm   = 2048   // units per em
	fontPrivateFirst = 0xE000 // the private use area: codes that mean nothing elsewhere
	fontPrivateLast  = 0xF8FF
	fontBasics       = " !\"#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`abcdefghijklmnopqrstuvwxyz{|}~\u00a0€£¥−–…"
)

// fontComposer makes one font of the glyphs that some labels need. The chart
// library draws a string in one font, a code point after the other; a composed
// font lets it draw any mixture of scripts, joined and ordered as they must be.
type fontComposer struct {
	shaper *fontShaper
	style  fontStyle
	glyphs []fontComposed
	codes  map[rune]int        // of the composed font, into glyphs
	placed map[fontPlaced]rune // what has a private code already
	labels map[string]string   // encoded to original, where they differ
	next   rune
}

type fontComposed struct {
	data    []byte // of table glyf
	advance int
	left    int
}

type fontPlaced struct {
	face          *font.Face
	glyph         font.GID
	dx, dy, width int
}

// newFontComposer returns a composer that knows digits and Latin letters.
func newFontComposer(shaper *fontShaper, style fontStyle) *fontComposer {
	c := &fontComposer{
		shaper: shaper, style: style, glyphs: []fontComposed{{advance: fontComposedEm / 2}},
		codes: map[rune]int{}, placed: map[fontPlaced]rune{}, labels: map[string]string{},
		next: fontPrivateFirst,
	}
	c.encode(fontBasics)
	return c
}

// encode returns the string that draws text, on one line, in the composed font.
func (c *fontComposer) encode(text string) string {
	lines := c.shaper.wrap([]fontSpan{{Text: text, Style: c.style}}, 1e6)
	line := lines[0]
	simple := true
	for _, p := range line.pieces {
		simple = simple && p.simple
	}
	var b strings.Builder
	for _, p := range line.pieces {
		for _, g := range p.glyphs {
			dx, dy := c.units(fontEm(g.XOffset)), c.units(fontEm(g.YOffset))
			place := fontPlaced{p.use.face, g.GlyphID, dx, dy, c.units(fontEm(g.Advance))}
			if simple {
				b.WriteRune(c.add(place, p.runes[g.TextIndex()]))
			} else {
				b.WriteRune(c.private(place))
			}
		}
	}
	if !simple {
		c.labels[b.String()] = text
	}
	return b.String()
}

func (c *fontComposer) units(em float64) int { return int(math.Round(em * fontComposedEm)) }

func (c *fontComposer) private(place fontPlaced) rune {
	if code, ok := c.placed[place]; ok {
		return code
	}
	if c.next > fontPrivateLast {
		return '?'
	}
	code := c.add(place, c.next)
	c.placed[place] = code
	c.next++
	return code
}

func (c *fontComposer) add(place fontPlaced, code rune) rune {
	if _, ok := c.codes[code]; ok {
		return code
	}
	outline, _ := place.face.GlyphDataOutline(place.glyph)
	scale := fontComposedEm / float64(place.face.Upem())
	data, left := fontGlyf(outline.Segments, scale, place.dx, place.dy)
	c.codes[code] = len(c.glyphs)
	c.glyphs = append(c.glyphs, fontComposed{data: data, advance: max(place.width, 0), left: left})
	return code
}

type fontPoint struct {
	x, y int
	on   bool
}

// fontGlyf writes an outline as an entry of table glyf, every coordinate in full.
func fontGlyf(segments []opentype.Segment, scale float64, dx, dy int) (data []byte, left int) {
	contours := fontContours(segments, scale, dx, dy)
	var ends, flags, xs, ys []byte
	lastX, lastY, count := 0, 0, 0
	box := [4]int{math.MaxInt16, math.MaxInt16, math.MinInt16, math.MinInt16}
	for _, contour := range contours {
		for _, p := range contour {
			flag := byte(0)
			if p.on {
				flag = 1
			}
			flags = append(flags, flag)
			xs, ys = font16(xs, p.x-lastX), font16(ys, p.y-lastY)
			lastX, lastY = p.x, p.y
			box = [4]int{min(box[0], p.x), min(box[1], p.y), max(box[2], p.x), max(box[3], p.y)}
		}
		count += len(contour)
		ends = font16(ends, count-1)
	}
	if count == 0 {
		return nil, 0
	}
	data = font16(nil, len(contours), box[0], box[1], box[2], box[3])
	data = append(data, ends...)
	data = font16(data, 0) // no instructions
	data = slices.Concat(data, flags, xs, ys)
	for len(data)%4 != 0 {
		data = append(data, 0)
	}
	return data, box[0]
}

func fontContours(segments []opentype.Segment, scale float64, dx, dy int) [][]fontPoint {
	var contours [][]fontPoint
	at := func(p opentype.SegmentPoint, on bool) fontPoint {
		return fontPoint{int(math.Round(float64(p.X)*scale)) + dx, int(math.Round(float64(p.Y)*scale)) + dy, on}
	}
	for _, s := range segments {
		last := len(contours) - 1
		switch {
		case s.Op == opentype.SegmentOpMoveTo:
			contours = append(contours, []fontPoint{at(s.Args[0], true)})
		case last < 0:
		case s.Op == opentype.SegmentOpLineTo:
			contours[last] = append(contours[last], at(s.Args[0], true))
		case s.Op == opentype.SegmentOpQuadTo:
			contours[last] = append(contours[last], at(s.Args[0], false), at(s.Args[1], true))
		case s.Op == opentype.SegmentOpCubeTo: // no embedded font has any
			contours[last] = append(contours[last], at(s.Args[2], true))
		}
	}
	for i, contour := range contours {
		if n := len(contour); n > 1 && contour[0] == contour[n-1] {
			contours[i] = contour[:n-1]
		}
	}
	return contours
}

// font16 appends numbers of 16 bits, as most tables of a font hold them.
func font16(data []byte, values ...int) []byte {
	for _, v := range values {
		data = binary.BigEndian.AppendUint16(data, uint16(v)) //nolint:gosec // two's complement is meant
	}
	return data
}

// font32 appends numbers of 32 bits.
func font32(data []byte, values ...int) []byte {
	for _, v := range values {
		data = binary.BigEndian.AppendUint32(data, uint32(v)) //nolint:gosec // two's complement is meant
	}
	return data
}

// build returns the font of everything encoded so far.
func (c *fontComposer) build() (*truetype.Font, error) {
	var glyf, loca, hmtx []byte
	for _, g := range c.glyphs {
		loca = font32(loca, len(glyf))
		glyf = append(glyf, g.data...)
		hmtx = font16(hmtx, g.advance, g.left)
	}
	loca = font32(loca, len(glyf))
	n := len(c.glyphs)
	head := font32(nil, 0x10000, 0x10000, 0, 0x5F0F3CF5)
	head = font16(head, 0, fontComposedEm)
	head = append(head, make([]byte, 16)...) // dates
	head = font16(head, -fontComposedEm, -fontComposedEm, 2*fontComposedEm, 2*fontComposedEm, 0, 8, 2, 1, 0)
	hhea := font32(nil, 0x10000)
	hhea = font16(hhea, 2189, -600, 0, 2*fontComposedEm, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, n)
	maxp := font32(nil, 0x10000)
	maxp = font16(maxp, n, 2000, 200, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0)
	tables := map[string][]byte{
		"cmap": c.cmap(), "glyf": glyf, "head": head, "hhea": hhea, "hmtx": hmtx, "loca": loca, "maxp": maxp,
	}
	parsed, err := truetype.Parse(fontTables(tables))
	if err != nil {
		return nil, fmt.Errorf("compose font: %w", err)
	}
	return parsed, nil
}

func (c *fontComposer) cmap() []byte {
	codes := slices.Sorted(maps.Keys(c.codes))
	table := font16(nil, 0, 1, 3, 10)
	table = font32(table, 12)
	table = font16(table, 12, 0)
	table = font32(table, 16+12*len(codes), 0, len(codes))
	for _, code := range codes {
		table = font32(table, int(code), int(code), c.codes[code])
	}
	return table
}

// fontTables writes a font file.
func fontTables(tables map[string][]byte) []byte {
	names := slices.Sorted(maps.Keys(tables))
	file := font32(nil, 0x10000)
	file = font16(file, len(names), 0, 0, 0)
	at := 12 + 16*len(names)
	var body []byte
	for _, name := range names {
		file = append(file, name...)
		file = font32(file, 0, at+len(body), len(tables[name]))
		body = append(body, tables[name]...)
		for len(body)%4 != 0 {
			body = append(body, 0)
		}
	}
	return append(file, body...)
}
