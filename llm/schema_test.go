package llm_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/askbob/bob/llm"
)

const planSchema = `{"type":"object","additionalProperties":false,"required":["title","steps"],"properties":{
	"title":{"type":"string","maxLength":10},
	"kind":{"enum":["a","b"]},
	"steps":{"type":"array","maxItems":3,"items":{"type":"object","required":["n"],"properties":{"n":{"type":"integer"}}}}}}`

func TestSchema_Validate_namesEveryFaultAndItsPlace(t *testing.T) {
	t.Parallel()
	s := llm.MustSchema("plan", planSchema)
	if err := s.Validate([]byte(`{"title":"Q4","steps":[{"n":1}]}`)); err != nil {
		t.Errorf("a valid answer: %v", err)
	}
	for data, want := range map[string][]string{
		`{"title":"much too long a title","steps":[{"n":1},{},{"n":"x"}]}`: {"/title", "/steps/1", "/steps/2/n"},
		`{"title":"Q4","steps":[],"more":1}`:                               {"more"},
		`{"title":"Q4"}`:                                                   {"steps"},
		`{"title":"Q4","steps":[]} and that is it`:                         {"not valid JSON"},
		`{"title":"Q4","steps":[{"n":1`:                                    {"not valid JSON"},
		``:                                                                 {"not valid JSON"},
		`null`:                                                             {"/"},
	} {
		err := s.Validate([]byte(data))
		if err == nil {
			t.Errorf("Validate(%s) = nil, want an error", data)
			continue
		}
		for _, word := range want {
			if !strings.Contains(err.Error(), word) {
				t.Errorf("Validate(%s) = %q, want %q in it", data, err, word)
			}
		}
	}
}

func TestSchema_Validate_boundsWhatItSays(t *testing.T) {
	t.Parallel()
	s := llm.MustSchema("words", `{"type":"array","items":{"type":"string","pattern":"^[a-z]$"}}`)
	var words []string
	for i := range 1000 {
		words = append(words, fmt.Sprintf("%q", strings.Repeat("é", 1000)+fmt.Sprint(i)))
	}
	err := s.Validate([]byte("[" + strings.Join(words, ",") + "]"))
	if err == nil || len(err.Error()) > 10_000 || !utf8.ValidString(err.Error()) {
		t.Errorf("the error has %d bytes, want a few valid ones", len(fmt.Sprint(err)))
	}
}

func TestNewSchema_refusesWhatIsNone(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"", "{", `{"type":"strin"}`, `{"type":"object"} {}`, `{"$ref":"https://example.com/x.json"}`} {
		if _, err := llm.NewSchema("bad", text); err == nil || !strings.Contains(err.Error(), "bad") {
			t.Errorf("NewSchema(%s) = %v, want an error that names the schema", text, err)
		}
	}
}

func TestNewSchema_readsNoFiles(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "other.json")
	if err := os.WriteFile(path, []byte(`{"type":"string"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := llm.NewSchema("bad", `{"$ref":"file://`+path+`"}`); err == nil {
		t.Error("a schema was let read a file")
	}
}

// A constant schema is compiled once; by another text it is another.
func TestMustSchema_keepsWhatItCompiled(t *testing.T) {
	t.Parallel()
	const text = `{"type":"string","maxLength":3}`
	first := llm.MustSchema("word", text)
	if llm.MustSchema("word", text) != first {
		t.Error("the same schema was compiled again")
	}
	if other := llm.MustSchema("word", `{"type":"string","maxLength":4}`); other.Validate([]byte(`"four"`)) != nil || first.Validate([]byte(`"four"`)) == nil {
		t.Error("two schemas of one name are mixed up")
	}
}
