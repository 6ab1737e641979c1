package tool

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"image"
	"image/color/palette"
	"image/png"
	"testing"
)

// A picture is shown as it is if it has the form that would be written anyhow, and
// written anew if it is odd in any way.
func TestDeckDecode_writesOddPicturesAnew(t *testing.T) {
	t.Parallel()
	box := image.Rect(0, 0, 300, 200)
	opaque, clear := image.NewNRGBA(box), image.NewNRGBA(box)
	for i := range opaque.Pix {
		opaque.Pix[i], clear.Pix[i] = uint8(i*i>>4), uint8(i)
		if i%4 == 3 {
			opaque.Pix[i] = 255
		}
	}
	plain := encoded(t, opaque)
	damaged := bytes.Clone(plain)
	damaged[len(damaged)/2]++
	for name, c := range map[string]struct {
		data []byte
		kept bool
	}{
		"plain":                {plain, true},
		"see-through":          {encoded(t, clear), true},
		"gray":                 {encoded(t, image.NewGray(box)), true},
		"16 bits":              {encoded(t, image.NewNRGBA64(box)), false},
		"a palette":            {encoded(t, image.NewPaletted(box, palette.Plan9)), false},
		"words beside":         {append(append(bytes.Clone(plain[:33]), chunk("tEXt", "Comment\x00hello")...), plain[33:]...), false},
		"something behind":     {append(bytes.Clone(plain), "<script>"...), false},
		"a length that is not": {append(bytes.Clone(plain[:len(plain)-12]), "\xff\xff\xff\xffIDAT"...), false},
		"no end":               {plain[:len(plain)-12], false},
	} {
		if got := deckPlain(c.data); got != c.kept {
			t.Errorf("%s: plain: %t", name, got)
		}
		picture, err := deckDecode("x.png", c.data)
		if err != nil {
			if c.kept {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		if bytes.Equal(picture.data, c.data) != c.kept {
			t.Errorf("%s: kept: %t", name, !c.kept)
		}
		if !deckPlain(picture.data) {
			t.Errorf("%s: what was written is odd", name)
		}
	}
	if _, err := deckDecode("x.png", damaged); err == nil {
		t.Error("a damaged picture is shown")
	}
	if deckPlain(nil) || deckPlain(bytes.Repeat([]byte("P6 "), 20)) {
		t.Error("what is no PNG is taken for one")
	}
}

func encoded(t *testing.T, m image.Image) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := png.Encode(&out, m); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// chunk is a sound part of a PNG.
func chunk(kind, text string) []byte {
	data := binary.BigEndian.AppendUint32(nil, uint32(len(text)))
	data = append(data, kind+text...)
	return binary.BigEndian.AppendUint32(data, crc32.ChecksumIEEE(data[4:]))
}
