package tool

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode"

	"github.com/askbob/bob/jobs"
)

// Querier runs one SELECT over a job's tables.
type Querier interface {
	// Query returns at most limit rows. Faults of the SQL come back as a
	// *jobs.ToolError.
	Query(ctx context.Context, files jobs.Files, sql string, limit int) (columns []string, rows [][]any, err error)
}

// NewOutput returns the tools that make something to hand over: chart, deck and
// document. Charts get their data from q.
func NewOutput(q Querier) []jobs.Tool {
	fonts := newFontSet()
	return []jobs.Tool{
		newChart(q, fonts),
		newDeck(fonts, time.Now),
		newDocument(fonts, time.Now),
	}
}

// outputNameMax bounds a file's name in characters: file systems take 255 bytes.
const outputNameMax = 60

// outputMade answers a call: what was made, in JSON for the model.
func outputMade(artifacts []jobs.Artifact, facts map[string]any) (jobs.ToolResult, error) {
	names := make([]string, 0, len(artifacts))
	for _, a := range artifacts {
		names = append(names, a.Name)
	}
	facts["files"] = names
	text, err := json.Marshal(facts)
	if err != nil {
		return jobs.ToolResult{}, fmt.Errorf("describe artifacts: %w", err)
	}
	return jobs.ToolResult{Text: string(text), Artifacts: artifacts}, nil
}

// outputName returns a name for files without its ending: no folders, no control
// characters, not too long.
func outputName(name string, endings ...string) (string, error) {
	clean := strings.Map(func(r rune) rune {
		switch {
		case unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || r == unicode.ReplacementChar:
			return -1
		case strings.ContainsRune(`/\:*?"<>|`, r):
			return '-'
		}
		return r
	}, name)
	for _, ending := range endings {
		if len(clean) > len(ending) && strings.EqualFold(clean[len(clean)-len(ending):], ending) {
			clean = clean[:len(clean)-len(ending)]
		}
	}
	if runes := []rune(clean); len(runes) > outputNameMax {
		clean = string(runes[:outputNameMax])
	}
	clean = strings.Trim(clean, " .-")
	if clean == "" {
		return "", outputFault("name %q is no file name: give a few letters or digits, without a folder", name)
	}
	return clean, nil
}

// outputFault returns a fault for the model to mend.
func outputFault(format string, args ...any) error {
	return &jobs.ToolError{Message: fmt.Sprintf(format, args...)}
}

// outputKeep creates an artifact. What files refuses is the model's to mend.
func outputKeep(ctx context.Context, files jobs.Files, name, mediaType string, data []byte) (jobs.Artifact, error) {
	artifact, err := files.Create(ctx, name, mediaType, data)
	if refused, ok := errors.AsType[*jobs.UserError](err); ok {
		return artifact, outputFault("%s was not kept: %s Make it smaller: fewer slides, pictures or rows.", name, refused.Message)
	}
	if err != nil {
		return artifact, fmt.Errorf("keep %s: %w", name, err)
	}
	return artifact, nil
}

// outputListed bounds how many files a fault names.
const outputListed = 20

// outputPictures names the pictures of the job, for a fault that says which there are.
func outputPictures(ctx context.Context, files jobs.Files) string {
	list, err := files.List(ctx)
	if err != nil {
		return "unknown"
	}
	var names []string
	for _, f := range list {
		if strings.HasPrefix(f.MediaType, "image/") && f.MediaType != outputSVG && len(names) < outputListed {
			names = append(names, f.Name)
		}
	}
	if len(names) == 0 {
		return "none yet; make one with chart"
	}
	return strings.Join(names, ", ")
}

// The media types of what the tools make.
const (
	outputPNG  = "image/png"
	outputSVG  = "image/svg+xml"
	outputPDF  = "application/pdf"
	outputHTML = "text/html; charset=utf-8"
	outputMD   = "text/markdown; charset=utf-8"
	outputPPTX = "application/vnd.openxmlformats-officedocument.presentationml.presentation"
	outputDOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
)
