package tool

import (
	"bytes"
	"errors"
	"fmt"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"
)

// errNotText says that bytes are not text in any encoding that is read.
var errNotText = errors.New("not text")

const (
	tableSniffBytes = 64 << 10 // enough to tell encoding and delimiter
	tableControlMax = 0.01     // the share of control characters that a text may have
	tableWideZeros  = 0.4      // the share of zero bytes in UTF-16 of Western text, on one side
)

// tableText returns data as UTF-8 without a byte order mark, and a note if it was
// in another encoding. It returns errNotText for binary data.
func tableText(data []byte) (text []byte, note string, err error) {
	if endian, ok := tableWide(data); ok {
		text, err = unicode.UTF16(endian, unicode.UseBOM).NewDecoder().Bytes(data)
		if err != nil {
			return nil, "", fmt.Errorf("%w: %w", errNotText, err)
		}
		note = "the file is UTF-16"
	} else {
		text = bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))
		if !utf8.Valid(text) {
			note = "the file is not UTF-8; it was read as Windows-1252"
			text, err = charmap.Windows1252.NewDecoder().Bytes(text)
			if err != nil {
				return nil, "", fmt.Errorf("%w: %w", errNotText, err)
			}
		}
	}
	if tableBinary(text) {
		return nil, "", errNotText
	}
	return text, note, nil
}

// tableWide reports whether data is UTF-16, by its byte order mark or by the
// zeros of Western text.
func tableWide(data []byte) (unicode.Endianness, bool) {
	if bytes.HasPrefix(data, []byte("\xff\xfe")) {
		return unicode.LittleEndian, true
	}
	if bytes.HasPrefix(data, []byte("\xfe\xff")) {
		return unicode.BigEndian, true
	}
	head := data[:min(len(data), tableSniffBytes)]
	var zeros [2]int
	for i, b := range head {
		if b == 0 {
			zeros[i%2]++
		}
	}
	half := float64(len(head)) / 2
	switch {
	case len(head) < 4:
		return unicode.BigEndian, false
	case float64(zeros[1]) > tableWideZeros*half && zeros[0] == 0:
		return unicode.LittleEndian, true
	case float64(zeros[0]) > tableWideZeros*half && zeros[1] == 0:
		return unicode.BigEndian, true
	}
	return unicode.BigEndian, false
}

// tableBinary reports whether decoded text holds what no text holds.
func tableBinary(text []byte) bool {
	if bytes.IndexByte(text, 0) >= 0 {
		return true
	}
	head := text[:min(len(text), tableSniffBytes)]
	controls := 0
	for _, b := range head {
		if b < ' ' && b != '\n' && b != '\r' && b != '\t' && b != '\f' && b != 0x1b {
			controls++
		}
	}
	return float64(controls) > tableControlMax*float64(len(head))
}
