package tool_test

import (
	"archive/zip"
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"path"
	"strconv"
	"strings"
	"testing"
)

// unpack opens an Office package and checks what holds of every one: no name
// twice, well-formed parts, a content type for each, no dangling relationship.
func unpack(t *testing.T, data []byte) map[string][]byte {
	t.Helper()
	archive, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	parts := map[string][]byte{}
	for _, f := range archive.File {
		if _, twice := parts[f.Name]; twice {
			t.Errorf("%s is there twice", f.Name)
		}
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		if parts[f.Name], err = io.ReadAll(r); err != nil {
			t.Fatal(err)
		}
	}
	types := string(parts["[Content_Types].xml"])
	for name, data := range parts {
		ending := strings.TrimPrefix(path.Ext(name), ".")
		if ending == "xml" || ending == "rels" {
			wellFormed(t, name, data)
		}
		if ending == "xml" && name != "[Content_Types].xml" && !strings.Contains(types, `PartName="/`+name+`"`) ||
			!strings.Contains(types, `Extension="`+ending+`"`) {
			t.Errorf("%s has no content type", name)
		}
		if ending == "rels" {
			checkTargets(t, name, data, parts)
		}
	}
	return parts
}

func checkTargets(t *testing.T, name string, data []byte, parts map[string][]byte) {
	t.Helper()
	var list struct {
		Relationship []struct {
			ID         string `xml:"Id,attr"`
			Target     string `xml:"Target,attr"`
			TargetMode string `xml:"TargetMode,attr"`
		}
	}
	if err := xml.Unmarshal(data, &list); err != nil {
		t.Fatal(err)
	}
	folder := path.Dir(path.Dir(name))
	ids := map[string]bool{}
	for _, r := range list.Relationship {
		if ids[r.ID] {
			t.Errorf("%s: id %s is there twice", name, r.ID)
		}
		ids[r.ID] = true
		if target := path.Join(folder, r.Target); r.TargetMode != "External" && parts[target] == nil {
			t.Errorf("%s: %s does not exist", name, target)
		}
	}
	owner := path.Join(folder, strings.TrimSuffix(path.Base(name), ".rels"))
	for _, used := range attributes(t, parts[owner], "embed", "id") {
		if strings.HasPrefix(used, "rId") && !ids[used] {
			t.Errorf("%s uses %s, which its relationships lack", owner, used)
		}
	}
}

// attributes returns the values of attributes with one of the names.
func attributes(t *testing.T, data []byte, names ...string) []string {
	t.Helper()
	var values []string
	decoder := xml.NewDecoder(bytes.NewReader(data))
	for {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			return values
		}
		if err != nil {
			t.Fatal(err)
		}
		start, ok := token.(xml.StartElement)
		if !ok {
			continue
		}
		for _, a := range start.Attr {
			for _, name := range names {
				if a.Name.Local == name {
					values = append(values, a.Value)
				}
			}
		}
	}
}

// textOf returns the text of each paragraph of a part.
func textOf(t *testing.T, data []byte) []string {
	t.Helper()
	var paragraphs []string
	decoder := xml.NewDecoder(bytes.NewReader(data))
	inside := false
	for {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			return paragraphs
		}
		if err != nil {
			t.Fatal(err)
		}
		switch token := token.(type) {
		case xml.StartElement:
			inside = token.Name.Local == "t"
			if token.Name.Local == "p" {
				paragraphs = append(paragraphs, "")
			}
		case xml.CharData:
			if inside && len(paragraphs) > 0 {
				paragraphs[len(paragraphs)-1] += string(token)
			}
		case xml.EndElement:
			inside = false
		}
	}
}

func slidesOf(t *testing.T, parts map[string][]byte) [][]byte {
	t.Helper()
	var slides [][]byte
	for i := 1; parts["ppt/slides/slide"+strconv.Itoa(i)+".xml"] != nil; i++ {
		slides = append(slides, parts["ppt/slides/slide"+strconv.Itoa(i)+".xml"])
	}
	return slides
}

func TestPPTX_isAPackageThatHoldsTogether(t *testing.T) {
	t.Parallel()
	parts := unpack(t, hardDeck(t).data["q4.pptx"])
	for _, name := range []string{"ppt/presentation.xml", "docProps/core.xml", "docProps/app.xml", "ppt/notesMasters/notesMaster1.xml"} {
		if parts[name] == nil {
			t.Errorf("%s is missing", name)
		}
	}
	frame := append(bytes.Clone(parts["ppt/presentation.xml"]), parts["ppt/slideMasters/slideMaster1.xml"]...)
	if !bytes.Contains(frame, []byte(`<p:sldMasterId id="2147483648"`)) || !bytes.Contains(frame, []byte(`<p:sldLayoutId id="2147483649"`)) ||
		!bytes.Contains(frame, []byte(`<p:sldId id="256"`)) {
		t.Error("the ids of master, layout and slides do not begin where the format says")
	}
}

func TestPPTX_everyShapeLiesInsideItsSlide(t *testing.T) {
	t.Parallel()
	const width, height = 12192000, 6858000
	for i, slide := range slidesOf(t, unpack(t, hardDeck(t).data["q4.pptx"])) {
		number := func(name string) []int {
			var list []int
			for _, text := range attributes(t, slide, name) {
				if n, err := strconv.Atoi(text); err == nil {
					list = append(list, n)
				}
			}
			return list
		}
		x, y, cx, cy := number("x"), number("y"), number("cx"), number("cy")
		// The group that holds everything has a second pair: chOff and chExt.
		if len(x) != len(cx) || len(y) != len(cy) || len(x) < 4 {
			t.Fatalf("slide %d: %d places, %d sizes", i+1, len(x), len(cx))
		}
		for k := range x {
			if x[k] < 0 || y[k] < 0 || x[k]+cx[k] > width || y[k]+cy[k] > height || cx[k] < 0 || cy[k] < 0 {
				t.Errorf("slide %d, shape %d: %d,%d with %d x %d leaves the slide", i+1, k, x[k], y[k], cx[k], cy[k])
			}
		}
		ids := map[string]bool{}
		for _, name := range bytes.Split(slide, []byte(`<p:cNvPr id="`))[1:] {
			id := string(name[:bytes.IndexByte(name, '"')])
			if ids[id] {
				t.Errorf("slide %d: shape id %s is there twice", i+1, id)
			}
			ids[id] = true
		}
	}
}

func TestPPTX_saysWhatTheSpecSays(t *testing.T) {
	t.Parallel()
	files := newMemoryFiles()
	bullets := []string{"<tag> & \"quotes\" 'n", "עברית and عربي", "🚀👩‍👩‍👧 emoji", "東京", "\u200fmark"}
	slide := with(testSlide("Title <&>", append(bullets, "")...), "notes", "Say it\nslowly 🚀")
	table := with(testSlide("Numbers"), "table", map[string]any{"columns": []string{"a", "b"}, "rows": [][]string{{"", "1,234.50"}, {"🚀", "\x07x"}}})
	if _, err := outputCall(t, outputTool(t, "deck", regions()), files, testDeck(slide, table)); err != nil {
		t.Fatal(err)
	}
	parts := unpack(t, files.data["q4.pptx"])
	contains := func(name string, want ...string) {
		t.Helper()
		got := textOf(t, parts[name])
		for _, text := range want {
			found := false
			for _, p := range got {
				found = found || p == text
			}
			if !found {
				t.Errorf("%s lacks %q: %q", name, text, got)
			}
		}
	}
	contains("ppt/slides/slide1.xml", "Q4 review", "For the board")
	contains("ppt/slides/slide2.xml", append(bullets, "Title <&>")...)
	contains("ppt/slides/slide3.xml", "Numbers", "a", "b", "", "1,234.50", "🚀", "x")
	contains("ppt/notesSlides/notesSlide2.xml", "Say it", "slowly 🚀")
	if bytes.Contains(parts["ppt/slides/slide2.xml"], []byte("Title &lt;&amp;&gt; (")) {
		t.Error("a slide that fits is counted")
	}
}

func TestPPTX_pagesTablesAndListsWithoutLosingAny(t *testing.T) {
	t.Parallel()
	files := newMemoryFiles()
	args := testDeck(with(testSlide("Many rows"), "table", testTable(100)))
	if _, err := outputCall(t, outputTool(t, "deck", regions()), files, args); err != nil {
		t.Fatal(err)
	}
	slides := slidesOf(t, unpack(t, files.data["q4.pptx"]))
	var all []string
	for _, slide := range slides[1:] {
		all = append(all, textOf(t, slide)...)
	}
	text := "\n" + strings.Join(all, "\n") + "\n"
	for i := range 100 {
		want := "\nCustomer " + strconv.Itoa(i) + " <&>\n"
		if n := strings.Count(text, want); n != 1 {
			t.Errorf("%q is there %d times", want, n)
		}
	}
	if n := strings.Count(text, "\nCustomer\n"); n != len(slides)-1 {
		t.Errorf("%d headers on %d slides", n, len(slides)-1)
	}
	if !strings.Contains(text, "Many rows (1/"+strconv.Itoa(len(slides)-1)+")") {
		t.Error("the slides are not counted")
	}
}
