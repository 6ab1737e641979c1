package tool

import (
	"bytes"
	"compress/gzip"
	"embed"
	"fmt"
	"io"
	"sync"
	"unicode"

	"github.com/go-text/typesetting/font"
)

//go:embed fonts/*.ttf.gz
var fontFiles embed.FS

// fontMaxBytes bounds one unpacked font: the largest that is embedded has 4 MB.
const fontMaxBytes = 8 << 20

// fontStyle is how a text is set.
type fontStyle int

const (
	fontRegular fontStyle = iota
	fontBold
	fontItalic
	fontMono
)

// The fonts that are asked for by name.
const (
	fontNameRegular = "NotoSans-Regular"
	fontNameBold    = "NotoSans-Bold"
	fontNameItalic  = "NotoSans-Italic"
	fontNameMono    = "DejaVuSansMono"
	fontNameSymbols = "DejaVuSans"
	fontNameCJK     = "DroidSansFallbackFull"
)

// fontScript says which font draws the letters of some scripts.
type fontScript struct {
	tables  []*unicode.RangeTable
	low     rune // the block of signs that it shares with other scripts
	high    rune
	regular string
	bold    string // empty: the regular one, drawn thicker
}

var fontScripts = []fontScript{ //nolint:gochecknoglobals // a constant table
	{[]*unicode.RangeTable{unicode.Hangul}, 0x3130, 0x318F, "NanumSquareR", "NanumSquareB"},
	{[]*unicode.RangeTable{unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Bopomofo}, 0x3000, 0x30FF, fontNameCJK, ""},
	{[]*unicode.RangeTable{unicode.Arabic}, 0x600, 0x6FF, "NotoSansArabic-Regular", "NotoSansArabic-Bold"},
	{[]*unicode.RangeTable{unicode.Hebrew}, 0x590, 0x5FF, "NotoSansHebrew-Regular", "NotoSansHebrew-Bold"},
	{[]*unicode.RangeTable{unicode.Devanagari}, 0x900, 0x97F, "NotoSansDevanagari-Regular", "NotoSansDevanagari-Bold"},
	{[]*unicode.RangeTable{unicode.Bengali}, 0x980, 0x9FF, "NotoSansBengali-Regular", ""},
	{[]*unicode.RangeTable{unicode.Gurmukhi}, 0xA00, 0xA7F, "NotoSansGurmukhi-Regular", ""},
	{[]*unicode.RangeTable{unicode.Gujarati}, 0xA80, 0xAFF, "NotoSansGujarati-Regular", ""},
	{[]*unicode.RangeTable{unicode.Oriya}, 0xB00, 0xB7F, "NotoSansOriya-Regular", ""},
	{[]*unicode.RangeTable{unicode.Tamil}, 0xB80, 0xBFF, "NotoSansTamil-Regular", ""},
	{[]*unicode.RangeTable{unicode.Telugu}, 0xC00, 0xC7F, "NotoSansTelugu-Regular", ""},
	{[]*unicode.RangeTable{unicode.Kannada}, 0xC80, 0xCFF, "NotoSansKannada-Regular", ""},
	{[]*unicode.RangeTable{unicode.Malayalam}, 0xD00, 0xD7F, "NotoSansMalayalam-Regular", ""},
	{[]*unicode.RangeTable{unicode.Sinhala}, 0xD80, 0xDFF, "NotoSansSinhala-Regular", ""},
	{[]*unicode.RangeTable{unicode.Thai}, 0xE00, 0xE7F, "NotoSansThai-Regular", "NotoSansThai-Bold"},
	{[]*unicode.RangeTable{unicode.Lao}, 0xE80, 0xEFF, "NotoSansLao-Regular", ""},
	{[]*unicode.RangeTable{unicode.Khmer}, 0x1780, 0x17FF, "NotoSansKhmer-Regular", ""},
	{[]*unicode.RangeTable{unicode.Myanmar}, 0x1000, 0x109F, "NotoSansMyanmar-Regular", ""},
	{[]*unicode.RangeTable{unicode.Georgian}, 0x10A0, 0x10FF, "NotoSansGeorgian-Regular", ""},
	{[]*unicode.RangeTable{unicode.Armenian}, 0x530, 0x58F, "NotoSansArmenian-Regular", ""},
	{[]*unicode.RangeTable{unicode.Ethiopic}, 0x1200, 0x137F, "NotoSansEthiopic-Regular", ""},
}

// fontFile is one embedded font, unpacked and parsed when it is first needed.
type fontFile struct {
	name string
	load func() (fontLoaded, error)
}

// fontLoaded is an unpacked font.
type fontLoaded struct {
	data []byte
	font *font.Font
}

// fontSet is the embedded fonts. It is safe for concurrent use.
type fontSet struct {
	files map[string]*fontFile
}

// newFontSet returns the embedded fonts; none is unpacked before it is needed.
func newFontSet() *fontSet {
	set := &fontSet{files: map[string]*fontFile{}}
	names := []string{fontNameRegular, fontNameBold, fontNameItalic, fontNameMono, fontNameSymbols}
	names = append(names, "NotoSansSymbols2-Regular")
	for _, s := range fontScripts {
		names = append(names, s.regular)
		if s.bold != "" {
			names = append(names, s.bold)
		}
	}
	for _, name := range names {
		set.files[name] = &fontFile{name: name, load: sync.OnceValues(func() (fontLoaded, error) {
			return fontUnpack(name)
		})}
	}
	return set
}

func fontUnpack(name string) (fontLoaded, error) {
	packed, err := fontFiles.ReadFile("fonts/" + name + ".ttf.gz")
	if err != nil {
		return fontLoaded{}, fmt.Errorf("open font %s: %w", name, err)
	}
	unzip, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return fontLoaded{}, fmt.Errorf("unpack font %s: %w", name, err)
	}
	data, err := io.ReadAll(io.LimitReader(unzip, fontMaxBytes))
	if err != nil {
		return fontLoaded{}, fmt.Errorf("unpack font %s: %w", name, err)
	}
	face, err := font.ParseTTF(bytes.NewReader(data))
	if err != nil {
		return fontLoaded{}, fmt.Errorf("parse font %s: %w", name, err)
	}
	return fontLoaded{data: data, font: face.Font}, nil
}

// fontCandidates names the fonts to try for r, best first.
func fontCandidates(r rune, style fontStyle) []string {
	var names []string
	switch style {
	case fontBold:
		names = append(names, fontNameBold)
	case fontItalic:
		names = append(names, fontNameItalic)
	case fontMono:
		names = append(names, fontNameMono)
	case fontRegular:
	}
	for _, s := range fontScripts {
		if !unicode.In(r, s.tables...) && (r < s.low || r > s.high) {
			continue
		}
		if style == fontBold && s.bold != "" {
			names = append(names, s.bold)
		}
		names = append(names, s.regular)
	}
	names = append(names, fontNameRegular, fontNameSymbols)
	if r > unicode.MaxLatin1 {
		names = append(names, "NotoSansSymbols2-Regular", fontNameCJK)
	}
	return names
}
