package jobs

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/dustin/go-humanize"

	"github.com/askbob/bob/llm"
)

// unknownContext is assumed of a model whose context nobody told us: every current
// model takes as much.
const unknownContext = 32_000

// Window is how many tokens of prompt and answer the model takes, as far as it is
// known.
func (b Briefing) Window() int {
	if b.Context <= 0 {
		return unknownContext
	}
	return b.Context
}

// maxFits bounds how often a request is built to fit: what is over is known after
// the first time, so the second or third is right.
const maxFits = 6

// FitRequest has build make a request that takes at most limit tokens by
// llm.InputTokens. Build is told how many tokens it has for what it can shorten,
// and says in the request what it left out; it is called several times, the last
// time for the request that is returned. If not even a request without any such
// room fits, the error is an *llm.APIError of kind KindTooLong.
func FitRequest(limit int, build func(room int) llm.Request) (llm.Request, error) {
	least := llm.InputTokens(build(0))
	if least > int64(limit) {
		return llm.Request{}, &llm.APIError{
			Kind:    llm.KindTooLong,
			Message: fmt.Sprintf("the least that the model must be told takes about %d tokens, and there is room for %d", least, limit),
		}
	}
	room := limit - int(least)
	for range maxFits {
		r := build(room)
		over := int(llm.InputTokens(r)) - limit
		if over <= 0 {
			return r, nil
		}
		room = max(0, room-over-room/16)
	}
	return build(0), nil
}

// PromptJSON writes v as JSON with its "<" as they are: llm.Section neutralises
// them, and a model reads them better so. It panics if v is not made of strings,
// numbers, structs and lists.
func PromptJSON(v any) string {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		panic(fmt.Sprintf("jobs: encode %T: %v", v, err))
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// PromptSize estimates the tokens of v as PromptJSON in a section, rather too many
// than too few.
func PromptSize(v any) int { return int(llm.Tokens(llm.Section("", PromptJSON(v)))) }

// Cut returns text as it fits into room tokens by PromptSize: whole if it does,
// else its beginning and its end, cut at readable places, with a note between them
// of how many characters are left out and where the whole is. An empty whole says
// nothing of that. A room too small for the note leaves the note alone. The result
// is valid UTF-8.
func Cut(text string, room int, whole string) string {
	text = strings.ToValidUTF8(text, "\ufffd")
	if len(text) <= mostBytes(room) && PromptSize(text) <= room {
		return text
	}
	total := utf8.RuneCountInString(text)
	left := room - PromptSize(leftOut(total, total, whole))
	for left > 0 {
		head := beginning(text, left*2/3)
		tail := ending(text[len(head):], left-left*2/3)
		shown := utf8.RuneCountInString(head) + utf8.RuneCountInString(tail)
		short := head + leftOut(total-shown, total, whole) + tail
		over := PromptSize(short) - room
		if over <= 0 {
			return short
		}
		left -= over + left/16
	}
	return leftOut(total, total, whole)
}

// CutFairly returns texts as they fit into room tokens together: the short ones
// whole, the long ones each cut to the same length, see Cut.
func CutFairly(texts []string, room int, whole string) []string {
	sizes := make([]int, len(texts))
	for i, text := range texts {
		sizes[i] = PromptSize(text)
	}
	limit := level(sizes, room)
	short := slices.Clone(texts)
	for i := range short {
		if sizes[i] > limit {
			short[i] = Cut(short[i], limit, whole)
		}
	}
	return short
}

// mostBytes is more than any text of so many tokens has: see llm.Tokens.
func mostBytes(tokens int) int { return max(0, tokens) * 4 }

// leftOut says what is missing at a place of a text.
func leftOut(missing, total int, whole string) string {
	if whole != "" {
		whole = "; the whole is " + whole
	}
	return fmt.Sprintf("\n[… %s of %s characters are left out here%s …]\n",
		humanize.Comma(int64(missing)), humanize.Comma(int64(total)), whole)
}

// beginning returns about the longest beginning of text of at most room tokens,
// ended at a line or a word if there is one near.
func beginning(text string, room int) string {
	text = longest(text, room, prefix)
	if i := strings.LastIndexByte(text, '\n'); i > len(text)*3/4 {
		return text[:i]
	}
	if i := strings.LastIndexByte(text, ' '); i > len(text)/2 {
		return text[:i]
	}
	return text
}

// ending returns about the longest end of text of at most room tokens, begun at a
// line or a word if there is one near.
func ending(text string, room int) string {
	text = longest(text, room, suffix)
	if i := strings.IndexByte(text, '\n'); i >= 0 && i < len(text)/4 {
		return text[i+1:]
	}
	if i := strings.IndexByte(text, ' '); i >= 0 && i < len(text)/2 {
		return text[i+1:]
	}
	return text
}

// longest returns a part of text of at most room tokens that is longer by few
// bytes at most: the exact limit is not worth more measuring.
func longest(text string, room int, part func(text string, n int) string) string {
	fits, over := 0, min(len(text), mostBytes(room))+1
	for over-fits > 1+over/64 {
		n := (fits + over) / 2
		if PromptSize(part(text, n)) <= room {
			fits = n
		} else {
			over = n
		}
	}
	return part(text, fits)
}

// prefix returns at most the first n bytes of text, whole characters only.
func prefix(text string, n int) string {
	for n > 0 && n < len(text) && !utf8.RuneStart(text[n]) {
		n--
	}
	return text[:min(n, len(text))]
}

// suffix returns at most the last n bytes of text, whole characters only.
func suffix(text string, n int) string {
	start := max(len(text)-n, 0)
	for start < len(text) && !utf8.RuneStart(text[start]) {
		start++
	}
	return text[start:]
}

// brief cuts a text to about n bytes, and shows that it did.
func brief(text string, n int) string {
	text = strings.ToValidUTF8(text, "\ufffd")
	if len(text) <= n {
		return text
	}
	if n == 0 {
		return ""
	}
	return prefix(text, n) + " …"
}

// level returns the limit at which sizes, each cut to it, fill room and no more.
// Those that are smaller leave their share to the others; if all fit, there is no
// limit.
func level(sizes []int, room int) int {
	sorted := slices.Sorted(slices.Values(sizes))
	for i, s := range sorted {
		each := room / (len(sorted) - i)
		if s > each {
			return each
		}
		room -= s
	}
	return math.MaxInt
}

// FitList returns the first shape of a list that takes at most room tokens by
// PromptSize: each entry cut to the first of limits that does, else the first
// entries at the last.
func FitList[T any](list []T, limits []int, room int, cut func(entry T, limit int) T) (shown []T, limit int) {
	for _, limit = range limits {
		shown = first(list, limit, room, cut)
		if len(shown) == len(list) {
			break
		}
	}
	return shown, limit
}

func first[T any](list []T, limit, room int, cut func(T, int) T) []T {
	shown := make([]T, 0, len(list))
	room -= PromptSize([]T{})
	for _, entry := range list {
		entry = cut(entry, limit)
		if room -= PromptSize(entry); room < 0 {
			break
		}
		shown = append(shown, entry)
	}
	return shown
}

// Omitted says how many entries of a list a section does not show; empty: none.
func Omitted(total, shown int, what string) string {
	if total == shown {
		return ""
	}
	return fmt.Sprintf("(%d more %s are there, but did not fit and are not shown.)\n", total-shown, what)
}
