package web

import (
	"errors"
	"strings"
	"testing"
)

// FuzzDecode holds decode to its promise: whatever comes, it is read or refused in
// one sentence that names a place inside it.
func FuzzDecode(f *testing.F) {
	for _, seed := range []string{`{"request":"x"}`, "{\n\"a\":1}", `{"budget":"x"}`, "", "[]", `{"files":[{"data":"!"}]}`, "\xff", `{"request":1}`, `{"request":"x"}}`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var in Submission
		err := decode([]byte(text), &in)
		if err == nil {
			return
		}
		fault, ok := errors.AsType[*fault](err)
		if !ok || fault.status != 400 {
			t.Fatalf("%v is no bad request", err)
		}
		if !strings.HasPrefix(fault.detail, "The JSON cannot be read at line ") || len([]rune(fault.detail)) > 400 {
			t.Errorf("got %q", fault.detail)
		}
		line, column := position([]byte(text), int64(len(text))+1)
		if lines := strings.Count(text, "\n") + 1; line != lines || column < 1 {
			t.Errorf("the end is at line %d, column %d of %d lines", line, column, lines)
		}
	})
}
