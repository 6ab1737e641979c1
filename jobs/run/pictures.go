package run

import (
	"context"
	"fmt"
	"slices"

	"github.com/askbob/bob/jobs"
	"github.com/askbob/bob/llm"
)

// The bounds of what a step that must look at pictures is shown.
const (
	maxPictures     = 8
	maxPicture      = 4 << 20  // bytes of one: what all vendors take
	maxPictureBytes = 12 << 20 // of all
	// pictureShare is the part of a model's context that pictures may take, one in
	// so many.
	pictureShare = 4
)

// pictureTypes are the media types that all vendors' models see.
var pictureTypes = []string{"image/png", "image/jpeg", "image/webp", "image/gif"} //nolint:gochecknoglobals // a constant table

// pictures are what a leaf is shown beside its text.
type pictures struct {
	images []llm.Image
	names  pictureNames
}

// pictureNames say which pictures are shown, in their order, and which are not.
type pictureNames struct {
	Shown    []string `json:"shown"`
	NotShown []string `json:"not_shown,omitempty"`
}

// section names the pictures; empty if there are none.
func (p pictures) section() string {
	if len(p.names.Shown)+len(p.names.NotShown) == 0 {
		return ""
	}
	if more := len(p.names.NotShown) - maxPictures; more > 0 {
		p.names.NotShown = append(slices.Clone(p.names.NotShown[:maxPictures]), fmt.Sprintf("(and %d more)", more))
	}
	return llm.Section(jobs.SectionPictures, jobs.PromptJSON(p.names))
}

// look reads the pictures among a job's files for a node that asks for them, as
// many and as large as its model can be shown; attachments first.
func look(ctx context.Context, files jobs.Files, b jobs.Briefing) (pictures, error) {
	var p pictures
	if !b.Node.Needs.Vision {
		return p, nil
	}
	one := int(llm.Message{Images: make([]llm.Image, 1)}.Tokens())
	most := min(maxPictures, b.Window()/pictureShare/one)
	left := int64(maxPictureBytes)
	for _, f := range slices.Concat(b.Files, b.Artifacts) {
		if !slices.Contains(pictureTypes, f.MediaType) {
			continue
		}
		if len(p.images) >= most || f.Bytes > maxPicture || f.Bytes > left {
			p.names.NotShown = append(p.names.NotShown, f.Name)
			continue
		}
		data, err := files.Read(ctx, f.Name)
		if err != nil {
			return p, fmt.Errorf("picture %s: %w", f.Name, err)
		}
		left -= f.Bytes
		p.images = append(p.images, llm.Image{MediaType: f.MediaType, Data: data})
		p.names.Shown = append(p.names.Shown, f.Name)
	}
	return p, nil
}
