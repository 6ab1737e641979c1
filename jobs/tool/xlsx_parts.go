package tool

import (
	"archive/zip"
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"
)

// errXLSXLarge says that a workbook unpacks to more than xlsxUnzipped.
var errXLSXLarge = errors.New("unpacks to too much")

const (
	xlsxMaxParts = 10_000   // files in the archive
	xlsxMaxIndex = 16 << 20 // bytes of the list of sheets
)

// xlsxParts finds the XML of each sheet: excelize gives cells without their styles.
type xlsxParts struct {
	sheets map[string]*zip.File // by name
}

func xlsxPartsOf(data []byte) (xlsxParts, error) {
	archive, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return xlsxParts{}, fmt.Errorf("open archive: %w", err)
	}
	var total uint64
	files := map[string]*zip.File{}
	for _, f := range archive.File {
		// Go's reader stops at the size that the directory states, so it holds.
		total += f.UncompressedSize64
		if f.UncompressedSize64 > xlsxUnzipped || total > xlsxUnzipped || len(files) > xlsxMaxParts {
			return xlsxParts{}, errXLSXLarge
		}
		files[strings.TrimPrefix(strings.ReplaceAll(f.Name, `\`, "/"), "/")] = f
	}
	return xlsxIndex(files)
}

// xlsxIndex reads which sheet is in which file.
func xlsxIndex(files map[string]*zip.File) (xlsxParts, error) {
	var book struct {
		Sheets []struct {
			Name string `xml:"name,attr"`
			ID   string `xml:"id,attr"`
		} `xml:"sheets>sheet"`
	}
	var links struct {
		Links []struct {
			ID     string `xml:"Id,attr"`
			Target string `xml:"Target,attr"`
			Type   string `xml:"Type,attr"`
		} `xml:"Relationship"`
	}
	const home = "xl"
	if err := xlsxDecode(files[home+"/workbook.xml"], &book); err != nil {
		return xlsxParts{}, err
	}
	if err := xlsxDecode(files[home+"/_rels/workbook.xml.rels"], &links); err != nil {
		return xlsxParts{}, err
	}
	targets := map[string]string{}
	for _, link := range links.Links {
		if strings.HasSuffix(link.Type, "/worksheet") {
			targets[link.ID] = link.Target
		}
	}
	parts := xlsxParts{sheets: map[string]*zip.File{}}
	for _, sheet := range book.Sheets {
		target, ok := targets[sheet.ID]
		if !ok {
			continue // a chart alone on its sheet
		}
		file := files[path.Join(home, target)]
		if strings.HasPrefix(target, "/") {
			file = files[strings.TrimPrefix(target, "/")]
		}
		if file != nil {
			parts.sheets[sheet.Name] = file
		}
	}
	return parts, nil
}

func xlsxDecode(f *zip.File, into any) error {
	if f == nil {
		return errors.New("a part of the workbook is missing")
	}
	r, err := f.Open()
	if err != nil {
		return fmt.Errorf("open %s: %w", f.Name, err)
	}
	defer func() { _ = r.Close() }() // only read
	if err := xml.NewDecoder(io.LimitReader(r, xlsxMaxIndex)).Decode(into); err != nil {
		return fmt.Errorf("read %s: %w", f.Name, err)
	}
	return nil
}
