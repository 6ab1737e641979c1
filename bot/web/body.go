package web

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strings"

	"github.com/askbob/bob/jobs"
)

// Bounds of what is read of a caller.
const (
	maxCommand = 1 << 20   // a list of edits with long prompts
	maxBody    = 100 << 20 // a job with its files
	// maxUploads bounds the bytes of large requests that are taken at once: each is
	// in memory about twice until it is stored. More of them wait.
	maxUploads = 2 * maxBody
)

const jsonType = "application/json"

// command reads the body of a command into v; an empty one leaves it as it is.
func command(w http.ResponseWriter, r *http.Request, v any) error {
	if media := mediaType(r); media != "" && media != jsonType {
		return unsupported(media, jsonType)
	}
	data, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxCommand))
	if err != nil || len(bytes.TrimSpace(data)) == 0 {
		return err
	}
	return decode(data, v)
}

func mediaType(r *http.Request) string {
	media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil {
		return ""
	}
	return media
}

func unsupported(media string, want string) error {
	return &fault{status: http.StatusUnsupportedMediaType, detail: fmt.Sprintf("%q is not understood here: send %s.", jobs.Shorten(media, 60), want)}
}

// decode reads one JSON object with no unknown fields. Its errors say where they
// are.
func decode(data []byte, v any) error {
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return malformed(data, d.InputOffset(), err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return malformed(data, d.InputOffset(), errors.New("there must be one JSON object and nothing behind it"))
	}
	return nil
}

// malformed says what is wrong with data, and at which line and column.
func malformed(data []byte, offset int64, err error) error {
	what := strings.TrimPrefix(err.Error(), "json: ")
	var refusal *jobs.UserError
	if syntax, ok := errors.AsType[*json.SyntaxError](err); ok {
		offset = syntax.Offset
	}
	if mistyped, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		offset = mistyped.Offset
		what = fmt.Sprintf("%s cannot be a %s", mistyped.Field, mistyped.Value)
	}
	if errors.As(err, &refusal) {
		what = refusal.Message
	}
	if name, ok := strings.CutPrefix(what, "unknown field "); ok {
		what = fmt.Sprintf("there is no field %s", name)
		offset = after(data, name)
	}
	if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) {
		what, offset = "the JSON ends too early", int64(len(data))
	}
	line, column := position(data, offset)
	return &fault{
		status: http.StatusBadRequest, err: err,
		detail: fmt.Sprintf("The JSON cannot be read at line %d, column %d: %s.", line, column, jobs.Shorten(what, 200)),
	}
}

// after is where the quoted name of a field begins, counted from 1: the decoder does
// not say.
func after(data []byte, name string) int64 { return int64(bytes.Index(data, []byte(name))) + 1 }

// position is the line and column, both from 1, of the byte that ends at offset.
func position(data []byte, offset int64) (line, column int) {
	before := data[:max(0, min(offset-1, int64(len(data))))]
	line = bytes.Count(before, []byte("\n")) + 1
	rest := before[bytes.LastIndexByte(before, '\n')+1:]
	return line, len([]rune(string(rest))) + 1
}

// admit waits until there is memory for a request of that many bytes; fewer than a
// command's are not counted. The caller must call done.
func (s *Server) admit(ctx context.Context, bytes int64) (done func(), err error) {
	switch {
	case bytes >= 0 && bytes <= maxCommand:
		return func() {}, nil
	case bytes < 0 || bytes > maxBody: // not said: it may be the most
		bytes = maxBody
	}
	if err := s.uploads.Acquire(ctx, bytes); err != nil {
		return nil, err
	}
	return func() { s.uploads.Release(bytes) }, nil
}
