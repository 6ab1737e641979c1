package tool

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/askbob/bob/jobs"
	"github.com/askbob/bob/llm"
)

// The bounds of a deck. A model writes it, people sit through it.
const (
	deckMaxSlides  = 60
	deckMaxPages   = 200 // slides after long tables and lists were split
	deckMaxBullets = 30  // of one slide
	deckMaxRows    = 200 // of one table
	deckMaxColumns = 12
	deckMaxCells   = 4000 // of all tables together: each is measured several times
)

// Deck makes presentations from a checked spec.
type Deck struct {
	fonts *fontSet
	now   func() time.Time
	spec  jobs.ToolSpec
}

var _ jobs.Tool = (*Deck)(nil)

// deckArgs is what the model asks for.
type deckArgs struct {
	Name     string      `json:"name"`
	Title    string      `json:"title"`
	Subtitle *string     `json:"subtitle"`
	Slides   []deckSlide `json:"slides"`
}

type deckSlide struct {
	Title   string     `json:"title"`
	Bullets []string   `json:"bullets"`
	Chart   *string    `json:"chart"`
	Table   *deckCells `json:"table"`
	Notes   *string    `json:"notes"`
}

type deckCells struct {
	Columns []string   `json:"columns"`
	Rows    [][]string `json:"rows"`
}

const deckSchema = `{
 "type":"object","additionalProperties":false,
 "required":["name","title","subtitle","slides"],
 "properties":{
  "name":{"type":"string","minLength":1,"maxLength":60,"description":"file name without ending"},
  "title":{"type":"string","minLength":1,"maxLength":300},
  "subtitle":{"type":["string","null"],"maxLength":300},
  "slides":{"type":"array","minItems":1,"maxItems":60,"items":{
   "type":"object","additionalProperties":false,
   "required":["title","bullets","chart","table","notes"],
   "properties":{
    "title":{"type":"string","maxLength":300,"description":"the slide's message in one line"},
    "bullets":{"type":"array","maxItems":30,"items":{"type":"string","maxLength":1000}},
    "chart":{"type":["string","null"],"maxLength":100,"description":"name of a chart or picture of this job"},
    "table":{"type":["object","null"],"additionalProperties":false,"required":["columns","rows"],"properties":{
     "columns":{"type":"array","minItems":1,"maxItems":12,"items":{"type":"string","maxLength":100}},
     "rows":{"type":"array","maxItems":200,"items":{"type":"array","maxItems":12,"items":{"type":"string","maxLength":300}}}}},
    "notes":{"type":["string","null"],"maxLength":4000,"description":"what the speaker says"}
   }}}
 }}`

// newDeck returns the tool "deck".
func newDeck(fonts *fontSet, now func() time.Time) *Deck {
	return &Deck{fonts: fonts, now: now, spec: jobs.ToolSpec{
		Name: "deck",
		Description: "Make a presentation as NAME.pptx, NAME.pdf and NAME.html: a title slide, then each slide with a title and " +
			"bullets, a chart or picture made before (by its name), a table, and notes for the speaker. " +
			fmt.Sprintf("At most %d slides, %d bullets a slide, tables of %d rows and %d columns. ", deckMaxSlides, deckMaxBullets, deckMaxRows, deckMaxColumns) +
			"Layout and sizes are chosen; what does not fit on one slide goes on to a further one. " +
			"Best are 3 to 6 short bullets a slide. A slide with a title only opens a section.",
		Schema: llm.MustSchema("deck", deckSchema),
		Effect: jobs.EffectMake,
	}}
}

// Spec describes the tool.
func (d *Deck) Spec() jobs.ToolSpec { return d.spec }

// Call makes the deck in its three forms.
func (d *Deck) Call(ctx context.Context, files jobs.Files, raw json.RawMessage) (jobs.ToolResult, error) {
	var args deckArgs
	if err := json.Unmarshal(raw, &args); err != nil {
		return jobs.ToolResult{}, outputFault("the arguments are not what deck takes: %v", err)
	}
	name, err := outputName(args.Name, ".pptx", ".pdf", ".html")
	if err != nil {
		return jobs.ToolResult{}, err
	}
	if err := deckCheck(args); err != nil {
		return jobs.ToolResult{}, err
	}
	pictures, err := deckPictures(ctx, files, args.Slides)
	if err != nil {
		return jobs.ToolResult{}, err
	}
	shaper := d.fonts.shaper()
	made := deckLay(shaper, args, pictures)
	made.when = d.now()
	if err := shaper.fault(); err != nil {
		return jobs.ToolResult{}, err
	}
	if len(made.pages) > deckMaxPages {
		return jobs.ToolResult{}, outputFault("the deck would have %d slides, at most %d are allowed: shorten tables and lists", len(made.pages), deckMaxPages)
	}
	return d.keep(ctx, files, name, made)
}

// keep writes the deck's forms as artifacts.
func (d *Deck) keep(ctx context.Context, files jobs.Files, name string, made *deckMade) (jobs.ToolResult, error) {
	forms := []struct {
		ending, mediaType string
		write             func(*deckMade) ([]byte, error)
	}{
		{".pptx", outputPPTX, pptxWrite},
		{".pdf", outputPDF, pdfDeck},
		{".html", outputHTML, deckHTML},
	}
	var artifacts []jobs.Artifact
	for _, form := range forms {
		if err := ctx.Err(); err != nil {
			return jobs.ToolResult{}, fmt.Errorf("make %s%s: %w", name, form.ending, err)
		}
		data, err := form.write(made)
		if err != nil {
			return jobs.ToolResult{}, fmt.Errorf("make %s%s: %w", name, form.ending, err)
		}
		artifact, err := outputKeep(ctx, files, name+form.ending, form.mediaType, data)
		if err != nil {
			return jobs.ToolResult{}, err
		}
		artifacts = append(artifacts, artifact)
	}
	facts := map[string]any{"slides": len(made.pages)}
	if made.cut > 0 {
		facts["note"] = fmt.Sprintf("%d texts (titles or table cells) were too long and end in an ellipsis", made.cut)
	}
	return outputMade(artifacts, facts)
}

// deckCheck finds what the schema cannot say.
func deckCheck(args deckArgs) error {
	if len(args.Slides) > deckMaxSlides {
		return outputFault("%d slides, at most %d are allowed", len(args.Slides), deckMaxSlides)
	}
	cells := 0
	for i, slide := range args.Slides {
		if deckEmpty(slide) {
			return outputFault("slide %d is empty: give it a title, bullets, a chart or a table, or leave it out", i+1)
		}
		if slide.Table == nil {
			continue
		}
		if len(slide.Table.Columns) > deckMaxColumns || len(slide.Table.Rows) > deckMaxRows || len(slide.Bullets) > deckMaxBullets {
			return outputFault("slide %d is too large: at most %d bullets, %d rows and %d columns", i+1, deckMaxBullets, deckMaxRows, deckMaxColumns)
		}
		if cells += len(slide.Table.Rows) * len(slide.Table.Columns); cells > deckMaxCells {
			return outputFault("the tables have more than %d cells together: show totals or the largest rows, and give the rest as a file", deckMaxCells)
		}
		for k, row := range slide.Table.Rows {
			if len(row) != len(slide.Table.Columns) {
				return outputFault("slide %d, row %d of the table has %d cells for %d columns: give every row one cell a column, empty ones as \"\"",
					i+1, k+1, len(row), len(slide.Table.Columns))
			}
		}
	}
	return nil
}

// deckEmpty reports whether a slide shows nothing.
func deckEmpty(slide deckSlide) bool {
	return strings.TrimSpace(slide.Title+strings.Join(slide.Bullets, "")) == "" && chartString(slide.Chart) == "" && slide.Table == nil
}
