package tool

import (
	"strings"
	"testing"
)

func TestFont_everyScriptHasALetter(t *testing.T) {
	t.Parallel()
	shaper := newFontSet().shaper()
	for _, text := range []string{
		"Zażółć Đorđe Việt", "Ελλάδα", "Москва", "العَرَبِيَّةُ،؟ ٣", "שָׁלוֹם", "中文。「日本語」", "ひらがなカタカナー", "한국어", "हिन्दी।", "বাংলা", "ਪੰਜਾਬੀ",
		"ગુજરાતી", "ଓଡ଼ିଆ", "தமிழ்", "తెలుగు", "ಕನ್ನಡ", "മലയാളം", "සිංහල", "ไทย", "ລາວ", "ខ្មែរ", "မြန်မာ", "ქართული", "հայերեն", "አማርኛ", "→ ≥ √ ☑ ☐ €",
	} {
		for _, style := range []fontStyle{fontRegular, fontBold, fontItalic, fontMono} {
			runes, _ := shaper.printable(text)
			if strings.ContainsRune(string(runes), fontMissing) {
				t.Errorf("printable(%q) = %q, has a missing letter", text, string(runes))
			}
			for _, line := range shaper.wrap([]fontSpan{{Text: text, Style: style}}, 100) {
				for _, piece := range line.pieces {
					for _, glyph := range piece.glyphs {
						if glyph.GlyphID == 0 && piece.runes[glyph.TextIndex()] != ' ' {
							t.Errorf("%q in style %d: %q has no glyph", text, style, piece.runes[glyph.TextIndex()])
						}
					}
				}
			}
		}
	}
	if err := shaper.fault(); err != nil {
		t.Error(err)
	}
}

func TestFont_emojiBecomesOneBoxAndStaysInTheText(t *testing.T) {
	t.Parallel()
	shaper := newFontSet().shaper()
	const family = "👩‍👩‍👧‍👦"
	line := shaper.wrap([]fontSpan{{Text: "a " + family + " b\x07"}}, 100)[0]
	drawn := ""
	for _, p := range line.pieces {
		drawn += p.text()
	}
	if want := "a □ b"; drawn != want {
		t.Errorf("drawn %q, want %q", drawn, want)
	}
	if want := "a " + family + " b"; line.text != want {
		t.Errorf("text %q, want %q", line.text, want)
	}
}

func TestFont_arabicIsJoinedAndRunsFromRightToLeft(t *testing.T) {
	t.Parallel()
	shaper := newFontSet().shaper()
	line := shaper.wrap([]fontSpan{{Text: "سلام 12 ok"}}, 100)[0]
	if !line.rtl {
		t.Error("the line is not read from right to left")
	}
	if first, last := line.pieces[0].text(), line.pieces[len(line.pieces)-1].text(); !strings.Contains(first, "ok") || !strings.Contains(last, "سلام") {
		t.Errorf("leftmost piece %q, rightmost %q: want ok and سلام", first, last)
	}
	joined, apart := shaper.width("بببب", fontRegular), 4*shaper.width("ب", fontRegular)
	if joined >= apart {
		t.Errorf("joined letters are %.2f em wide, single ones %.2f: they were not joined", joined, apart)
	}
}

func TestFont_noLineIsWiderThanItsBox(t *testing.T) {
	t.Parallel()
	shaper := newFontSet().shaper()
	for _, text := range []string{
		strings.Repeat("word ", 100), strings.Repeat("x", 500), strings.Repeat("東京", 200), strings.Repeat("مرحبا بالعالم ", 50),
		strings.Repeat("क्षेत्र", 80), strings.Repeat("กรุงเทพมหานคร", 40), strings.Repeat("🚀", 100), "", " ", "\u200f", "\u0301\u0301",
	} {
		for _, width := range []float64{3, 7.5, 20} {
			for _, line := range shaper.wrap([]fontSpan{{Text: text}}, width) {
				if line.width > width+0.01 {
					t.Errorf("%.20q: a line is %.2f em wide, the box %.2f", text, line.width, width)
				}
			}
			if lines, _ := shaper.fit(text, fontBold, width, 2); len(lines) > 2 || len(lines) == 0 {
				t.Errorf("%.20q cut to 2 lines has %d", text, len(lines))
			}
		}
	}
}

func TestFont_wrappingLosesNoText(t *testing.T) {
	t.Parallel()
	shaper := newFontSet().shaper()
	for _, text := range []string{"Hello wide world of many words", "日本語の長い文章は空白がなくても改行される", "שלום world שוב", "a\u00a0b 🚀 c"} {
		got := fontText(shaper.wrap([]fontSpan{{Text: text}}, 4))
		if got != text {
			t.Errorf("got %q, want %q", got, text)
		}
	}
}

func TestFont_composedFontDrawsEveryScript(t *testing.T) {
	t.Parallel()
	composer := newFontComposer(newFontSet().shaper(), fontRegular)
	texts := []string{"plain 12", "東京", "الرياض", "हिन्दी", "ไทย"}
	var encoded []string
	for _, text := range texts {
		encoded = append(encoded, composer.encode(text))
	}
	font, err := composer.build()
	if err != nil {
		t.Fatal(err)
	}
	if encoded[0] != texts[0] {
		t.Errorf("plain text became %q", encoded[0])
	}
	for i, text := range encoded {
		for _, r := range text {
			if font.Index(r) == 0 {
				t.Errorf("%q: no glyph for %U", texts[i], r)
			}
		}
	}
}
