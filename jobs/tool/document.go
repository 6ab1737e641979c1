package tool

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/askbob/bob/jobs"
	"github.com/askbob/bob/llm"
)

// The bounds of a document, which a model writes.
const (
	documentMaxText     = 200_000 // characters of Markdown
	documentMaxPictures = 40
	documentMaxDepth    = 12 // of lists and quotes inside each other
	documentMaxPages    = 300
)

// Document makes reports from Markdown.
type Document struct {
	fonts *fontSet
	now   func() time.Time
	spec  jobs.ToolSpec
}

var _ jobs.Tool = (*Document)(nil)

// documentArgs is what the model asks for.
type documentArgs struct {
	Name     string   `json:"name"`
	Title    string   `json:"title"`
	Markdown string   `json:"markdown"`
	Formats  []string `json:"formats"`
}

const documentSchema = `{
 "type":"object","additionalProperties":false,
 "required":["name","title","markdown","formats"],
 "properties":{
  "name":{"type":"string","minLength":1,"maxLength":60,"description":"file name without ending"},
  "title":{"type":"string","minLength":1,"maxLength":300},
  "markdown":{"type":"string","minLength":1,"maxLength":200000,"description":"GitHub Markdown; pictures of this job as ![what it shows](NAME.png)"},
  "formats":{"type":"array","minItems":1,"maxItems":4,"uniqueItems":true,"items":{"type":"string","enum":["docx","pdf","html","md"]}}
 }}`

// newDocument returns the tool "document".
func newDocument(fonts *fontSet, now func() time.Time) *Document {
	return &Document{fonts: fonts, now: now, spec: jobs.ToolSpec{
		Name: "document",
		Description: "Make a report of Markdown (headings, lists, tables, code, links, pictures of this job by name) as " +
			"NAME.docx, NAME.pdf, NAME.html or NAME.md. The title stands above the text and need not be repeated. HTML in the " +
			fmt.Sprintf("text is left out, pictures from the net are not loaded. At most %d characters and %d pictures.", documentMaxText, documentMaxPictures),
		Schema: llm.MustSchema("document", documentSchema),
		Effect: jobs.EffectMake,
	}}
}

// Spec describes the tool.
func (d *Document) Spec() jobs.ToolSpec { return d.spec }

// Call makes the document in the forms asked for.
func (d *Document) Call(ctx context.Context, files jobs.Files, raw json.RawMessage) (jobs.ToolResult, error) {
	var args documentArgs
	if err := json.Unmarshal(raw, &args); err != nil {
		return jobs.ToolResult{}, outputFault("the arguments are not what document takes: %v", err)
	}
	name, err := outputName(args.Name, ".docx", ".pdf", ".html", ".md")
	if err != nil {
		return jobs.ToolResult{}, err
	}
	if n := len([]rune(args.Markdown)); n > documentMaxText {
		return jobs.ToolResult{}, outputFault("the Markdown has %d characters, at most %d are allowed: split it into several documents", n, documentMaxText)
	}
	text, err := documentRead(ctx, files, args.Title, args.Markdown)
	if err != nil {
		return jobs.ToolResult{}, err
	}
	text.when, text.shaper = d.now(), d.fonts.shaper()
	return d.keep(ctx, files, name, args.Formats, text)
}

func (d *Document) keep(ctx context.Context, files jobs.Files, name string, formats []string, text *documentText) (jobs.ToolResult, error) {
	writers := map[string]struct {
		mediaType string
		write     func(*documentText) ([]byte, error)
	}{
		"docx": {outputDOCX, docxWrite},
		"pdf":  {outputPDF, pdfDocument},
		"html": {outputHTML, documentHTML},
		"md":   {outputMD, documentMD},
	}
	slices.Sort(formats)
	var artifacts []jobs.Artifact
	for _, format := range slices.Compact(formats) {
		writer, ok := writers[format]
		if !ok {
			return jobs.ToolResult{}, outputFault("there is no format %q: use docx, pdf, html or md", format)
		}
		if err := ctx.Err(); err != nil {
			return jobs.ToolResult{}, fmt.Errorf("make %s.%s: %w", name, format, err)
		}
		data, err := writer.write(text)
		if err != nil {
			return jobs.ToolResult{}, fmt.Errorf("make %s.%s: %w", name, format, err)
		}
		artifact, err := outputKeep(ctx, files, name+"."+format, writer.mediaType, data)
		if err != nil {
			return jobs.ToolResult{}, err
		}
		artifacts = append(artifacts, artifact)
	}
	return outputMade(artifacts, map[string]any{})
}
