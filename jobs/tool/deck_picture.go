package tool

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"image"
	_ "image/gif" // so that image.Decode knows it
	"image/jpeg"
	"image/png"
	"strings"

	"github.com/askbob/bob/jobs"
)

// The bounds of pictures. Decoded, 24 megapixels take 100 MB.
const (
	deckPictureBytes  = 10 << 20
	deckPicturePixels = 24_000_000
	deckPicturesBytes = 16 << 20 // of all pictures of one deck or document: HTML holds each as often as it is shown, a third larger
	deckVectorBytes   = 1 << 20  // of an SVG that stands for its picture in HTML
	deckJPEGQuality   = 88
)

// deckPicture is a picture of the job, decoded once and written anew, so that no
// reader meets an odd form of it.
type deckPicture struct {
	data      []byte // PNG or JPEG
	mediaType string
	vector    []byte // the SVG of the same chart; nil: none
	width     int
	height    int
}

// ending is the picture's file name ending.
func (p *deckPicture) ending() string {
	if p.mediaType == "image/jpeg" {
		return "jpg"
	}
	return "png"
}

// source is the picture as the address of an HTML image. A vector is an image
// there, too: scripts inside would not run.
func (p *deckPicture) source() string {
	if p.vector != nil {
		return "data:" + outputSVG + ";base64," + base64.StdEncoding.EncodeToString(p.vector)
	}
	return p.raster()
}

// raster is the picture itself as the address of an HTML image.
func (p *deckPicture) raster() string {
	return "data:" + p.mediaType + ";base64," + base64.StdEncoding.EncodeToString(p.data)
}

// within returns the picture's size fitted into a box by both sides.
func (p *deckPicture) within(width, height float64) (w, h float64) {
	scale := min(width/float64(p.width), height/float64(p.height))
	return float64(p.width) * scale, float64(p.height) * scale
}

func deckPictures(ctx context.Context, files jobs.Files, slides []deckSlide) (map[string]*deckPicture, error) {
	names := make([]string, 0, len(slides))
	for _, slide := range slides {
		if name := chartString(slide.Chart); name != "" {
			names = append(names, name)
		}
	}
	return deckLoad(ctx, files, names)
}

// deckLoad reads the pictures that are shown, each once.
func deckLoad(ctx context.Context, files jobs.Files, names []string) (map[string]*deckPicture, error) {
	pictures := map[string]*deckPicture{}
	total := 0
	for _, name := range names {
		if pictures[name] == nil {
			picture, err := deckFind(ctx, files, name)
			if err != nil {
				return nil, err
			}
			pictures[name] = picture
		}
		if total += max(len(pictures[name].data), len(pictures[name].vector)); total > deckPicturesBytes {
			return nil, outputFault("the pictures have more than %d MB together: use fewer or smaller ones", deckPicturesBytes>>20)
		}
	}
	return pictures, nil
}

// deckFind reads a picture by its name with or without its ending. The SVG of a
// chart stands for its PNG.
func deckFind(ctx context.Context, files jobs.Files, name string) (*deckPicture, error) {
	base := strings.TrimSuffix(strings.TrimSuffix(name, ".svg"), ".png")
	for _, try := range []string{name, base + ".png"} {
		if strings.HasSuffix(try, ".svg") {
			continue
		}
		data, err := files.Read(ctx, try)
		switch {
		case errors.Is(err, jobs.ErrNotFound):
			continue
		case err != nil:
			return nil, fmt.Errorf("read %s: %w", try, err)
		}
		picture, err := deckDecode(try, data)
		if err != nil {
			return nil, err
		}
		if vector, err := files.Read(ctx, base+".svg"); err == nil && try == base+".png" && len(vector) <= deckVectorBytes && bytes.HasPrefix(vector, []byte("<svg")) {
			picture.vector = vector
		}
		return picture, nil
	}
	return nil, outputFault("there is no picture %q; pictures of this job: %s", name, outputPictures(ctx, files))
}

func deckDecode(name string, data []byte) (*deckPicture, error) {
	if len(data) > deckPictureBytes {
		return nil, outputFault("%s has %d MB, a picture may have %d: use a smaller one", name, len(data)>>20, deckPictureBytes>>20)
	}
	config, kind, err := image.DecodeConfig(bytes.NewReader(data))
	if err != nil {
		return nil, outputFault("%s is no picture that can be shown: use PNG, JPEG or GIF", name)
	}
	if config.Width < 1 || config.Height < 1 || config.Width*config.Height > deckPicturePixels {
		return nil, outputFault("%s has %d x %d pixels, at most %d million are allowed", name, config.Width, config.Height, deckPicturePixels/1_000_000)
	}
	decoded, _, err := image.Decode(bytes.NewReader(data))
	if err != nil {
		return nil, outputFault("%s is damaged: make it again or leave it out", name)
	}
	var out bytes.Buffer
	picture := &deckPicture{width: config.Width, height: config.Height, mediaType: outputPNG}
	switch {
	case kind == "jpeg":
		picture.mediaType = "image/jpeg"
		err = jpeg.Encode(&out, decoded, &jpeg.Options{Quality: deckJPEGQuality})
	case deckPlain(data):
		out.Write(data) // as it would be written anew
	default:
		err = png.Encode(&out, deckEight(decoded))
	}
	if err != nil {
		return nil, fmt.Errorf("write picture %s: %w", name, err)
	}
	picture.data = out.Bytes()
	return picture, nil
}

// deckPlain reports whether a sound picture is a PNG of the form in which PNGs are
// written here: 8 bits a colour, no palette, no interlacing, and nothing in the file
// but the picture. Charts are; to write them anew would cost more than the deck.
func deckPlain(data []byte) bool {
	const signature, header, frame = 8, 13, 12 // frame: a chunk's length, kind and checksum
	if len(data) < signature+frame+header || string(data[:4]) != "\x89PNG" {
		return false
	}
	bits, colors, interlaced := data[24], data[25], data[28]
	if bits != 8 || colors != 0 && colors != 2 && colors != 6 || interlaced != 0 {
		return false
	}
	rest := data[signature+frame+header:]
	for len(rest) >= frame {
		size := uint64(binary.BigEndian.Uint32(rest))
		kind := string(rest[4:8])
		if kind == "IEND" {
			return len(rest) == frame
		}
		if kind != "IDAT" || size+frame > uint64(len(rest)) {
			return false
		}
		rest = rest[size+frame:]
	}
	return false
}

// deckEight returns a picture with 8 bits a colour: PDF writers know no others.
func deckEight(m image.Image) image.Image {
	switch m.(type) {
	case *image.RGBA, *image.NRGBA, *image.Gray:
		return m
	}
	to := image.NewNRGBA(m.Bounds())
	for y := m.Bounds().Min.Y; y < m.Bounds().Max.Y; y++ {
		for x := m.Bounds().Min.X; x < m.Bounds().Max.X; x++ {
			to.Set(x, y, m.At(x, y))
		}
	}
	return to
}
