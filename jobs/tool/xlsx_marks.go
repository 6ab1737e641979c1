package tool

import (
	"archive/zip"
	"bufio"
	"bytes"
	"fmt"
	"io"
	"strconv"

	"github.com/xuri/excelize/v2"
)

// xlsxMark is what a cell's tag says of it.
type xlsxMark struct {
	style int
	kind  byte // first letter of its type; 0: a number
}

// xlsxMarks reads only the tags of a sheet's rows and cells, beside excelize,
// which gives values without styles. Text between tags cannot hold "<", so tags
// are found without parsing the XML.
type xlsxMarks struct {
	file io.Closer
	r    *bufio.Reader

	at      int  // the row that is open
	empty   bool // the open row has no cells
	ended   bool
	marks   []xlsxMark
	tag     []byte
	formula bool // the last cell has one and no value yet

	uncomputed int
}

const (
	xlsxMaxTag   = 4096
	xlsxMaxStyle = 1 << 16
)

func newXLSXMarks(f *zip.File) (*xlsxMarks, error) {
	file, err := f.Open()
	if err != nil {
		return nil, fmt.Errorf("open sheet: %w", err)
	}
	m := &xlsxMarks{file: file, r: bufio.NewReaderSize(file, 64<<10)}
	m.seekRow()
	return m, nil
}

func (m *xlsxMarks) close() { _ = m.file.Close() } // only read

// row returns the marks of row n by column. Rows are asked for in order.
func (m *xlsxMarks) row(n int) []xlsxMark {
	for !m.ended && m.at < n {
		m.seekRow()
	}
	if m.at != n || m.ended || m.empty {
		return nil
	}
	m.readCells()
	return m.marks
}

// seekRow goes on to the next row's tag.
func (m *xlsxMarks) seekRow() {
	for m.next() {
		if name, attrs := xlsxTag(m.tag); string(name) == "row" {
			m.open(attrs)
			return
		}
	}
	m.ended = true
}

func (m *xlsxMarks) open(attrs []byte) {
	m.at++
	if n, err := strconv.Atoi(string(xlsxAttr(attrs, "r"))); err == nil {
		m.at = n
	}
	m.marks, m.empty = nil, bytes.HasSuffix(attrs, []byte("/"))
}

// readCells reads the tags of the open row's cells.
func (m *xlsxMarks) readCells() {
	m.marks = make([]xlsxMark, 0, 16)
	for m.next() {
		name, attrs := xlsxTag(m.tag)
		switch string(name) {
		case "/row", "/sheetData":
			m.lacking()
			return
		case "c":
			m.lacking()
			m.cell(attrs)
		case "f":
			m.formula = true
		case "v":
			m.formula = false
		}
	}
	m.ended = true
}

func (m *xlsxMarks) lacking() {
	if m.formula {
		m.uncomputed++
	}
	m.formula = false
}

func (m *xlsxMarks) cell(attrs []byte) {
	column := len(m.marks) + 1
	if ref := xlsxAttr(attrs, "r"); len(ref) > 0 {
		if c, _, err := excelize.CellNameToCoordinates(string(ref)); err == nil {
			column = c
		}
	}
	if column > tableMaxColumns {
		return
	}
	for len(m.marks) < column {
		m.marks = append(m.marks, xlsxMark{})
	}
	var mark xlsxMark
	if style, err := strconv.Atoi(string(xlsxAttr(attrs, "s"))); err == nil && style < xlsxMaxStyle {
		mark.style = style
	}
	if kind := xlsxAttr(attrs, "t"); len(kind) > 0 {
		mark.kind = kind[0]
	}
	m.marks[column-1] = mark
}

// next reads up to the next tag's end. Only the beginning of a long tag is kept.
func (m *xlsxMarks) next() bool {
	for {
		_, err := m.r.ReadSlice('<')
		if err == nil {
			break
		}
		if err != bufio.ErrBufferFull { //nolint:errorlint // bufio returns it bare
			return false
		}
	}
	m.tag = m.tag[:0]
	for {
		part, err := m.r.ReadSlice('>')
		if room := xlsxMaxTag - len(m.tag); room > 0 {
			m.tag = append(m.tag, part[:min(room, len(part))]...)
		}
		if err == nil {
			return true
		}
		if err != bufio.ErrBufferFull { //nolint:errorlint // bufio returns it bare
			return false
		}
	}
}

// xlsxTag cuts a tag into its name, without a prefix, and its attributes.
func xlsxTag(tag []byte) (name, attrs []byte) {
	tag = bytes.TrimRight(tag, ">")
	name, attrs = tag, nil
	if i := bytes.IndexAny(tag, " \t\r\n"); i >= 0 {
		name, attrs = tag[:i], tag[i:]
	}
	closing := bytes.HasPrefix(name, []byte("/"))
	name = bytes.TrimSuffix(name, []byte("/"))
	if i := bytes.IndexByte(name, ':'); i >= 0 {
		name = name[i+1:]
		if closing {
			name = append([]byte("/"), name...)
		}
	}
	return name, attrs
}

// xlsxAttr returns an attribute's value, nil if there is none.
func xlsxAttr(attrs []byte, name string) []byte {
	for {
		attrs = bytes.TrimLeft(attrs, " \t\r\n/")
		key, rest, ok := bytes.Cut(attrs, []byte("="))
		if !ok {
			return nil
		}
		rest = bytes.TrimLeft(rest, " \t\r\n")
		if len(rest) == 0 {
			return nil
		}
		value, after, ok := bytes.Cut(rest[1:], rest[:1])
		if !ok {
			return nil
		}
		if string(bytes.TrimSpace(key)) == name {
			return value
		}
		attrs = after
	}
}
