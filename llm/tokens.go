package llm

import (
	"unicode"
	"unicode/utf8"
)

// What a request costs beside its texts, in tokens, as the vendors' own formats
// have it, rounded up.
const (
	requestOverhead = 16
	messageOverhead = 8
	callOverhead    = 16
	toolOverhead    = 16
	toolsOverhead   = 350 // what a vendor says to the model once there are tools
	schemaOverhead  = 32
	// imageTokens is what the larger models of OpenAI, Anthropic and Google count
	// for a picture in full resolution.
	imageTokens = 5_000
)

// InputTokens estimates the tokens of a request, rather too many than too few.
func InputTokens(r Request) int64 {
	n := int64(requestOverhead) + Tokens(r.System)
	for _, m := range r.Messages {
		n += m.Tokens()
	}
	if len(r.Tools) > 0 {
		n += toolsOverhead
	}
	for _, tool := range r.Tools {
		n += toolOverhead + Tokens(tool.Name) + Tokens(tool.Description) + Tokens(string(tool.Parameters))
	}
	if r.Schema != nil {
		n += schemaOverhead + Tokens(r.Schema.Name) + Tokens(string(r.Schema.JSON))
	}
	return n
}

// Tokens estimates the tokens of a message, as InputTokens counts it.
func (m Message) Tokens() int64 {
	n := messageOverhead + Tokens(m.Text) + imageTokens*int64(len(m.Images))
	for _, call := range m.Calls {
		n += callOverhead + Tokens(call.ID) + Tokens(call.Name) + Tokens(string(call.Args)) + Tokens(call.Signature)
	}
	for _, result := range m.Results {
		n += callOverhead + Tokens(result.ID) + Tokens(result.Name) + Tokens(result.Text)
	}
	return n
}

// OutputTokens estimates the tokens of an answer.
func OutputTokens(r Response) int64 {
	return Message{Text: r.Text, Calls: r.Calls}.Tokens()
}

// The tenths of a byte in a token: 3.5 bytes in prose, 2.5 in CSV, JSON and code.
const (
	proseTenths  = 35
	denseTenths  = 25
	prosePercent = 90 // of the bytes are letters and blanks
	lettersToken = 4  // of a word; tokenizers take whole words where they know them
)

// Tokens estimates the tokens of a text, rather too many than too few: at least
// what the bytes of its sort of text come to, and at least what its words, digits
// and signs come to, for columns of numbers and identifiers are denser than any
// rule by bytes. Whole vocabularies are not consulted.
func Tokens(text string) int64 {
	var c counter
	for _, r := range text {
		c.next(r)
	}
	tenths := int64(denseTenths)
	if c.plain*100 >= int64(len(text))*prosePercent {
		tenths = proseTenths
	}
	byBytes := (int64(len(text))*10 + tenths - 1) / tenths
	return max(byBytes, c.tokens)
}

// counter adds up pieces: a digit each (many vocabularies have no longer ones),
// four letters of a word, two signs in a row, half the bytes of other characters.
type counter struct {
	tokens int64
	plain  int64 // letters and blanks
	run    int
	last   class
}

type class int

const (
	blank class = iota
	letter
	digit
	sign
	other
)

func (c *counter) next(r rune) {
	kind := classOf(r)
	if kind != c.last {
		c.run = 0
	}
	c.last = kind
	c.run++
	switch kind {
	case blank:
		c.plain++
		if c.run == 2 || r == '\n' { // a single one belongs to the word behind it
			c.tokens++
		}
	case letter:
		c.plain++
		if c.run%lettersToken == 1 {
			c.tokens++
		}
	case sign:
		if c.run%2 == 1 {
			c.tokens++
		}
	case digit:
		c.tokens++
	case other:
		c.tokens += int64(max(utf8.RuneLen(r), 2) / 2)
	}
}

func classOf(r rune) class {
	switch {
	case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z':
		return letter
	case r >= '0' && r <= '9':
		return digit
	case r == ' ', r == '\n', r == '\t', r == '\r':
		return blank
	case r <= unicode.MaxASCII:
		return sign
	}
	return other
}
