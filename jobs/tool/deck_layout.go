package tool

import (
	"strconv"
	"strings"
	"time"
)

// The page, in points: 13.33 x 7.5 inches.
const (
	deckWidth   = 960.0
	deckHeight  = 540.0
	deckMargin  = 56.0
	deckInner   = deckWidth - 2*deckMargin
	deckTop     = 108.0 // where the body begins under a title of one line
	deckBottom  = 482.0 // where it ends
	deckGap     = 32.0
	deckLeading = 1.25 // distance of lines, in sizes
	deckSafe    = 0.95 // of a box's width is used: the fonts of the reader's machine may be wider
)

// The colours, as RRGGBB.
const (
	deckInk    = "1B2538"
	deckGray   = "5B6678"
	deckAccent = "2F6FED"
	deckWhite  = "FFFFFF"
	deckPale   = "F4F6FA"
	deckRule   = "D9DEE7"
	deckSky    = "B9CCF5"
)

// deckMade is a deck laid out: what every form of it draws.
type deckMade struct {
	title  string
	when   time.Time
	pages  []deckPage
	cut    int // texts that were shortened
	shaper *fontShaper
}

// deckPage is one page with its boxes, in the order in which they are drawn.
type deckPage struct {
	title string
	notes string
	back  string // colour of the page
	boxes []deckBox
}

type deckKind int

const (
	deckFill deckKind = iota
	deckText
	deckImage
	deckGrid
)

// deckBox is a rectangle of a page and what is in it. Nothing in it is larger
// than the box.
type deckBox struct {
	kind       deckKind
	x, y, w, h float64
	fill       string // deckFill
	heading    bool   // deckText: the page's title
	number     bool   // deckText: the page's number
	paras      []deckPara
	picture    *deckPicture
	alt        string
	table      *deckTable
}

// deckPara is a paragraph, set in lines that fit its box.
type deckPara struct {
	text   string
	lines  []fontLine
	size   float64
	after  float64 // space below
	color  string
	bold   bool
	bullet bool
	right  bool // flush right, because of its script or because it is a number
}

func (p deckPara) leading() float64 { return p.size * deckLeading }
func (p deckPara) height() float64  { return float64(len(p.lines)) * p.leading() }
func (p deckPara) rtl() bool        { return len(p.lines) > 0 && p.lines[0].rtl }

// indent is how far a bullet's text stands in.
func (p deckPara) indent() float64 {
	if p.bullet {
		return p.size * 1.1
	}
	return 0
}

// deckSizes is a size and how many lines a text may have in it.
type deckSizes struct {
	size  float64
	lines int
}

// deckLayout lays out one deck.
type deckLayout struct {
	shaper *fontShaper
	args   deckArgs
	made   *deckMade
}

// deckLay lays out a deck.
func deckLay(shaper *fontShaper, args deckArgs, pictures map[string]*deckPicture) *deckMade {
	l := &deckLayout{shaper: shaper, args: args, made: &deckMade{title: args.Title, shaper: shaper}}
	l.opening()
	for _, slide := range args.Slides {
		l.slide(slide, pictures[chartString(slide.Chart)])
	}
	for i := range l.made.pages[1:] {
		l.foot(&l.made.pages[i+1], i+2)
	}
	return l.made
}

// heading sets a title as large as it fits, cut off if it fits nowhere.
func (l *deckLayout) heading(text, color string, width float64, sizes []deckSizes) deckPara {
	p := deckPara{color: color, bold: true}
	for i, s := range sizes {
		lines, cut := l.shaper.fit(text, fontBold, width*deckSafe/s.size, s.lines)
		p.size, p.lines = s.size, lines
		if !cut {
			break
		}
		if i == len(sizes)-1 {
			l.made.cut++
		}
	}
	p.text, p.right = fontText(p.lines), p.lines[0].rtl
	return p
}

// plain sets a text of at most so many lines.
func (l *deckLayout) plain(text, color string, size, width float64, most int) deckPara {
	lines, cut := l.shaper.fit(text, fontRegular, width/size, most)
	if cut {
		l.made.cut++
	}
	return deckPara{text: fontText(lines), lines: lines, size: size, color: color, right: lines[0].rtl}
}

// opening makes the title page.
func (l *deckLayout) opening() {
	const bar, width = 6.0, deckInner * 0.86
	title := l.heading(l.args.Title, deckWhite, width, []deckSizes{{46, 2}, {38, 3}, {32, 4}, {26, 5}})
	y := max(90, 250-title.height()/2-20)
	page := deckPage{title: title.text, back: deckInk, boxes: []deckBox{
		{kind: deckFill, x: 0, y: 0, w: 14, h: deckHeight, fill: deckAccent},
		{kind: deckFill, x: deckMargin, y: y - 26, w: 64, h: bar, fill: deckAccent},
		{kind: deckText, x: deckMargin, y: y, w: width, h: title.height(), heading: true, paras: []deckPara{title}},
	}}
	if subtitle := chartString(l.args.Subtitle); subtitle != "" {
		p := l.plain(subtitle, deckSky, 20, width, 4)
		page.boxes = append(page.boxes, deckBox{kind: deckText, x: deckMargin, y: y + title.height() + 18, w: width, h: p.height(), paras: []deckPara{p}})
	}
	l.made.pages = append(l.made.pages, page)
}

// slide makes the pages of one slide.
func (l *deckLayout) slide(slide deckSlide, picture *deckPicture) {
	first := len(l.made.pages)
	slide.Title = strings.Join(strings.Fields(slide.Title), " ")
	title := l.slideTitle(slide.Title, "")
	top := max(deckTop, 44+title.height()+20)
	bullets := l.bullets(slide.Bullets)
	switch {
	case picture == nil && slide.Table == nil && len(bullets) == 0:
		l.section(slide)
	case picture != nil:
		bullets = l.pictured(picture, chartString(slide.Chart), slide.Title, bullets, top)
		l.listed(bullets, top)
	case slide.Table != nil && len(bullets) > 0:
		if l.introduced(slide.Table, bullets, top) {
			break
		}
		l.listed(bullets, top)
		l.tabled(slide.Table, top)
	default:
		l.listed(bullets, top)
	}
	if slide.Table != nil && (picture != nil || len(bullets) == 0) {
		l.tabled(slide.Table, top)
	}
	l.titles(slide, first)
}

// titles puts the slide's title on its pages, counted if there are several, and
// its notes on the first.
func (l *deckLayout) titles(slide deckSlide, first int) {
	pages := l.made.pages[first:]
	for i := range pages {
		count := ""
		if len(pages) > 1 {
			count = " (" + strconv.Itoa(i+1) + "/" + strconv.Itoa(len(pages)) + ")"
		}
		if pages[i].title == "" {
			title := l.slideTitle(slide.Title, count)
			pages[i].title = title.text
			bar := deckBox{kind: deckFill, x: deckMargin, y: 34, w: 40, h: 4, fill: deckAccent}
			if title.right {
				bar.x = deckWidth - deckMargin - bar.w
			}
			pages[i].boxes = append([]deckBox{
				bar,
				{kind: deckText, x: deckMargin, y: 44, w: deckInner, h: title.height(), heading: true, paras: []deckPara{title}},
			}, pages[i].boxes...)
		}
	}
	notes := ""
	if slide.Notes != nil {
		notes = *slide.Notes
	}
	if len(pages) > 0 {
		if len([]rune(pages[0].title)) < len([]rune(slide.Title)) { // cut off: nothing is lost
			notes = slide.Title + "\n\n" + notes
		}
		pages[0].notes = notes
	}
}

// slideTitle sets a title with the count of its pages behind it.
func (l *deckLayout) slideTitle(text, count string) deckPara {
	sizes := []deckSizes{{30, 1}, {26, 2}, {22, 2}, {20, 3}}
	cuts := l.made.cut
	p := l.heading(text+count, deckInk, deckInner, sizes)
	if count == "" {
		l.made.cut = cuts // counted when the pages are made
		return p
	}
	if l.made.cut > cuts {
		const room = 4 // for the ellipsis and what is wider than what it replaces
		runes := []rune(p.text)
		short := string(runes[:max(0, len(runes)-len(count)-room)]) + "…"
		p = l.heading(short+count, deckInk, deckInner, sizes)
	}
	return p
}

// section makes a page of a title only.
func (l *deckLayout) section(slide deckSlide) {
	title := l.heading(slide.Title, deckInk, deckInner*0.9, []deckSizes{{40, 2}, {34, 3}, {28, 4}, {22, 6}})
	y := 260 - title.height()/2
	l.made.pages = append(l.made.pages, deckPage{title: title.text, back: deckPale, boxes: []deckBox{
		{kind: deckFill, x: deckMargin, y: y - 24, w: 64, h: 6, fill: deckAccent},
		{kind: deckText, x: deckMargin, y: y, w: deckInner * 0.9, h: title.height(), heading: true, paras: []deckPara{title}},
	}})
}

// foot puts the deck's title and the page's number under a page.
func (l *deckLayout) foot(page *deckPage, number int) {
	cuts := l.made.cut
	title := l.plain(l.args.Title, deckGray, 10, deckInner*0.75, 1)
	l.made.cut = cuts // a running title may be short
	count := l.plain(strconv.Itoa(number), deckGray, 10, 60, 1)
	title.right, count.right = false, true
	page.boxes = append(page.boxes,
		deckBox{kind: deckFill, x: deckMargin, y: 500, w: deckInner, h: 0.75, fill: deckRule},
		deckBox{kind: deckText, x: deckMargin, y: 507, w: deckInner * 0.75, h: title.height(), paras: []deckPara{title}},
		deckBox{kind: deckText, x: deckWidth - deckMargin - 60, y: 507, w: 60, h: count.height(), number: true, paras: []deckPara{count}},
	)
}

// add appends a page whose title is still to come.
func (l *deckLayout) add(boxes ...deckBox) {
	l.made.pages = append(l.made.pages, deckPage{back: deckWhite, boxes: boxes})
}
