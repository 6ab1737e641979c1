package tool

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"unicode"

	"github.com/go-text/typesetting/di"
	"github.com/go-text/typesetting/font"
	"github.com/go-text/typesetting/font/opentype"
	"github.com/go-text/typesetting/shaping"
	"golang.org/x/image/math/fixed"
	"golang.org/x/text/unicode/bidi"
	"golang.org/x/text/unicode/norm"
)

// fontScale is the size at which texts are shaped. Widths are given in em, so
// that one shaping serves every size.
const fontScale = 1000

// fontMissing stands for what no embedded font can draw, such as an emoji.
const fontMissing = '□'

// fontSpan is a stretch of a paragraph in one style.
type fontSpan struct {
	Text  string
	Style fontStyle
	Link  string // empty: none
}

// fontUse is a font as one shaper uses it.
type fontUse struct {
	name   string
	loaded fontLoaded
	face   *font.Face
	bold   bool // to be drawn thicker, the font has no bold of its own
}

// fontPiece is a stretch of a line in one font and one direction.
type fontPiece struct {
	use    *fontUse
	span   int
	runes  []rune // of the whole paragraph; glyphs point into it
	glyphs []shaping.Glyph
	first  int // the piece's runes
	count  int
	x      float64 // from the line's left edge, in em
	width  float64 // in em
	rtl    bool
	simple bool // one glyph a character, each at its own width
}

// text returns the characters of the piece in the order in which they are read.
func (p fontPiece) text() string { return string(p.runes[p.first : p.first+p.count]) }

// fontLine is one line of text, its pieces from left to right.
type fontLine struct {
	pieces []fontPiece
	width  float64 // in em
	text   string  // as it was given, the space behind it included
	rtl    bool    // of a paragraph that is read from right to left
}

// fontShaper turns texts into lines. It is not safe for concurrent use: one call
// of a tool makes one.
type fontShaper struct {
	set     *fontSet
	shaper  shaping.HarfbuzzShaper
	segment shaping.Segmenter
	wrapper shaping.LineWrapper
	uses    map[fontKey]*fontUse
	byRune  map[fontRuneKey]*fontUse
	byFace  map[*font.Face]*fontUse
	err     error // the first font that could not be loaded
}

type fontKey struct {
	name string
	bold bool
}

type fontRuneKey struct {
	r     rune
	style fontStyle
}

// shaper returns a new shaper over the fonts.
func (s *fontSet) shaper() *fontShaper {
	return &fontShaper{
		set: s, uses: map[fontKey]*fontUse{}, byRune: map[fontRuneKey]*fontUse{},
		byFace: map[*font.Face]*fontUse{},
	}
}

func (s *fontShaper) use(name string, bold bool) *fontUse {
	key := fontKey{name, bold}
	if use, ok := s.uses[key]; ok {
		return use
	}
	loaded, err := s.set.files[name].load()
	if err != nil {
		if s.err == nil {
			s.err = err
		}
		s.uses[key] = nil
		return nil
	}
	use := &fontUse{name: name, loaded: loaded, face: font.NewFace(loaded.font), bold: bold}
	s.uses[key] = use
	s.byFace[use.face] = use
	return use
}

// resolve returns the font that draws r, nil if there is none.
func (s *fontShaper) resolve(r rune, style fontStyle) *fontUse {
	key := fontRuneKey{r, style}
	if use, ok := s.byRune[key]; ok {
		return use
	}
	var found *fontUse
	for _, name := range fontCandidates(r, style) {
		thicken := style == fontBold && !strings.HasSuffix(name, "Bold") && name != "NanumSquareB"
		use := s.use(name, thicken)
		if use == nil {
			continue
		}
		if _, ok := use.face.NominalGlyph(r); ok {
			found = use
			break
		}
	}
	s.byRune[key] = found
	return found
}

// fontMap lets the segmenter ask for a font in one style.
type fontMap struct {
	shaper *fontShaper
	style  fontStyle
}

// ResolveFace returns the face that draws r, or the style's own for a character
// that none draws.
func (m fontMap) ResolveFace(r rune) *font.Face {
	if use := m.shaper.resolve(r, m.style); use != nil {
		return use.face
	}
	if use := m.shaper.resolve(fontMissing, m.style); use != nil {
		return use.face
	}
	return nil
}

// printable returns text as it can be drawn: composed, without control
// characters, and with a box for every character that no font has. raw holds
// what each of the runes stands for.
func (s *fontShaper) printable(text string) (runes []rune, raw []string) {
	joined := false // the next character belongs to the box before it
	boxed := func(back int) bool { return len(runes) >= back && runes[len(runes)-back] == fontMissing }
	for _, r := range norm.NFC.String(strings.ToValidUTF8(text, "\ufffd")) {
		if unicode.IsSpace(r) && r != '\u00a0' {
			r = ' '
		}
		draw := r
		switch {
		case unicode.IsControl(r):
			continue
		case (joined || fontIgnored(r)) && len(runes) > 0 && !unicode.IsLetter(r):
			raw[len(raw)-1] += string(r)
			joined = r == '\u200d' && boxed(1)
			continue
		case r == '\u200d' && boxed(1):
			raw[len(raw)-1] += string(r)
			joined = true
			continue
		case r != ' ' && !unicode.Is(unicode.Cf, r) && s.resolve(r, fontRegular) == nil: // joiners and marks of direction need no font
			draw = fontMissing
		}
		runes, raw = append(runes, draw), append(raw, pptxClean(string(r)))
		joined = false
	}
	return runes, raw
}

// fontIgnored reports whether r has no form of its own: variation selectors, skin
// tones and tags of emoji.
func fontIgnored(r rune) bool {
	return r >= 0xFE00 && r <= 0xFE0F || r >= 0x1F3FB && r <= 0x1F3FF || r >= 0xE0000
}

// fontRTL reports whether a paragraph is read from right to left: whether its
// first letter is.
func fontRTL(runes []rune) bool {
	for _, r := range runes {
		p, _ := bidi.LookupRune(r)
		switch p.Class() { //nolint:exhaustive // every other class says nothing of the direction
		case bidi.L:
			return false
		case bidi.R, bidi.AL:
			return true
		}
	}
	return false
}

// wrap sets a paragraph in lines of at most width em. There is at least one line.
func (s *fontShaper) wrap(spans []fontSpan, width float64) []fontLine {
	runes, raw, ends := s.join(spans)
	direction := di.DirectionLTR
	rtl := fontRTL(runes)
	if rtl {
		direction = di.DirectionRTL
	}
	if len(runes) == 0 {
		return []fontLine{{}}
	}
	outputs := s.shape(spans, runes, ends, direction)
	s.wrapper.Prepare(shaping.WrapConfig{Direction: direction}, runes, shaping.NewSliceIterator(outputs))
	limit := fixed.Int26_6(min(width*fontScale, 1e6) * 64)
	var lines []fontLine
	for start, done := 0, false; !done; {
		var wrapped shaping.WrappedLine
		wrapped, done = s.wrapper.WrapNextLineF(limit)
		line := s.line(wrapped.Line, runes, ends)
		line.text = strings.Join(raw[start:wrapped.NextLine], "")
		line.rtl = rtl
		start = wrapped.NextLine
		lines = append(lines, line)
	}
	return lines
}

func (s *fontShaper) join(spans []fontSpan) (runes []rune, raw []string, ends []int) {
	for _, span := range spans {
		r, w := s.printable(span.Text)
		runes, raw = append(runes, r...), append(raw, w...)
		ends = append(ends, len(runes))
	}
	return runes, raw, ends
}

// shape returns the glyphs of a paragraph. Kerning and ligatures of taste are
// off: a plain text is then as wide as the sum of its characters, which is how
// PDF readers place it.
func (s *fontShaper) shape(spans []fontSpan, runes []rune, ends []int, d di.Direction) []shaping.Output {
	features := []shaping.FontFeature{
		{Tag: opentype.MustNewTag("kern")}, {Tag: opentype.MustNewTag("liga")}, {Tag: opentype.MustNewTag("clig")},
	}
	var outputs []shaping.Output
	start := 0
	for i, span := range spans {
		if ends[i] == start {
			continue
		}
		input := shaping.Input{
			Text: runes, RunStart: start, RunEnd: ends[i], Direction: d,
			Size: fixed.I(fontScale), FontFeatures: features,
		}
		for _, part := range s.segment.Split(input, fontMap{s, span.Style}) {
			outputs = append(outputs, s.shaper.Shape(part))
		}
		start = ends[i]
	}
	return outputs
}

func (s *fontShaper) line(outputs shaping.Line, runes []rune, ends []int) fontLine {
	ordered := slices.Clone(outputs)
	slices.SortStableFunc(ordered, func(a, b shaping.Output) int { return cmp.Compare(a.VisualIndex, b.VisualIndex) })
	var line fontLine
	for _, o := range ordered {
		p := fontPiece{
			use: s.byFace[o.Face], runes: runes, glyphs: slices.Clone(o.Glyphs),
			first: o.Runes.Offset, count: o.Runes.Count,
			x: line.width, width: fontEm(o.Advance),
		}
		p.span, _ = slices.BinarySearch(ends, p.first+1)
		p.rtl = o.Direction.Progression() == di.TowardTopLeft
		p.simple = !p.rtl && fontSimple(p)
		line.width += p.width
		line.pieces = append(line.pieces, p)
	}
	return line
}

// fontSimple reports whether a piece is drawn right by writing its characters one
// after the other: no joining, no marks, nothing beyond 16 bits.
func fontSimple(p fontPiece) bool {
	if len(p.glyphs) != p.count {
		return false
	}
	for _, g := range p.glyphs {
		r := p.runes[g.TextIndex()]
		nominal, ok := p.use.face.NominalGlyph(r)
		if !ok || nominal != g.GlyphID || r > 0xFFFF || g.RunesCount() != 1 || g.XOffset != 0 || g.YOffset != 0 {
			return false
		}
	}
	return true
}

// fontEm converts a length at fontScale into em.
func fontEm(v fixed.Int26_6) float64 { return float64(v) / 64 / fontScale }

// width returns the width of a text on one line, in em.
func (s *fontShaper) width(text string, style fontStyle) float64 {
	total := 0.0
	for _, line := range s.wrap([]fontSpan{{Text: text, Style: style}}, 1e6) {
		total = max(total, line.width)
	}
	return total
}

// fit is wrap for a text that may have at most lines lines: what is beyond them
// is cut off with an ellipsis, and cut is true.
func (s *fontShaper) fit(text string, style fontStyle, width float64, lines int) (kept []fontLine, cut bool) {
	kept = s.wrap([]fontSpan{{Text: text, Style: style}}, width)
	if len(kept) <= lines {
		return kept, false
	}
	runes := []rune(text)
	low, high := 0, len(runes) // a prefix of low fits, one of high does not
	for high-low > 1 {
		middle := (low + high) / 2
		if try := s.wrap(fontCut(runes, middle, style), width); len(try) <= lines {
			low, kept = middle, try
		} else {
			high = middle
		}
	}
	if low == 0 {
		kept = s.wrap(fontCut(runes, 0, style), width)[:1]
	}
	return kept, true
}

func fontCut(runes []rune, n int, style fontStyle) []fontSpan {
	return []fontSpan{{Text: strings.TrimRightFunc(string(runes[:n]), unicode.IsSpace) + "…", Style: style}}
}

// fontText returns what lines say, characters that no font draws included.
func fontText(lines []fontLine) string {
	var b strings.Builder
	for _, line := range lines {
		b.WriteString(line.text)
	}
	return strings.TrimSpace(b.String())
}

// fault returns the error of the first font that could not be loaded.
func (s *fontShaper) fault() error {
	if s.err != nil {
		return fmt.Errorf("set text: %w", s.err)
	}
	return nil
}
