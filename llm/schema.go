package llm

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"golang.org/x/text/language"
	"golang.org/x/text/message"
)

// Schema is a JSON schema for structured answers and for the arguments of tools.
// It is immutable and safe for concurrent use.
type Schema struct {
	Name string          // letters, digits and underscores; providers want one
	JSON json.RawMessage // the schema in full, bounds included

	compiled *jsonschema.Schema
}

// NewSchema compiles a schema. It returns an error if text is not one.
func NewSchema(name, text string) (*Schema, error) {
	doc, err := jsonschema.UnmarshalJSON(strings.NewReader(text))
	if err != nil {
		return nil, fmt.Errorf("schema %s: %w", name, err)
	}
	c := jsonschema.NewCompiler()
	c.UseLoader(jsonschema.SchemeURLLoader{}) // none: a foreign schema could name files of ours
	url := "mem:///" + name
	if err := c.AddResource(url, doc); err != nil {
		return nil, fmt.Errorf("schema %s: %w", name, err)
	}
	compiled, err := c.Compile(url)
	if err != nil {
		return nil, fmt.Errorf("schema %s: %w", name, err)
	}
	return &Schema{Name: name, JSON: json.RawMessage(text), compiled: compiled}, nil
}

// constants holds what MustSchema compiled, by name and text: a tool is described
// again and again, for every question to a model and every call of the tool.
var constants sync.Map //nolint:gochecknoglobals // a memory of what never changes

// MustSchema is NewSchema for schemas that are constants of the program: each is
// compiled once, and kept. It panics if text is not a schema.
func MustSchema(name, text string) *Schema {
	key := [2]string{name, text}
	if kept, ok := constants.Load(key); ok {
		return kept.(*Schema) //nolint:forcetypeassert // nothing else is put there
	}
	s, err := NewSchema(name, text)
	if err != nil {
		panic(err)
	}
	kept, _ := constants.LoadOrStore(key, s)
	return kept.(*Schema) //nolint:forcetypeassert // as above
}

// Validate checks data against the schema. Its error names every fault with its
// place, in words a model can act on.
func (s *Schema) Validate(data []byte) error {
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(data))
	if err != nil {
		return fmt.Errorf("not valid JSON: %w", err)
	}
	err = s.compiled.Validate(doc)
	invalid, ok := errors.AsType[*jsonschema.ValidationError](err)
	if !ok {
		return err
	}
	var faults []string
	collect(invalid, &faults)
	slices.Sort(faults)
	return errors.New(strings.Join(slices.Compact(faults), "; "))
}

// maxFaults bounds what is said of one answer: a model gains nothing from more.
const maxFaults = 20

// maxFault bounds one of them, in bytes: some quote what the model wrote.
const maxFault = 300

func bounded(fault string) string {
	if len(fault) <= maxFault {
		return fault
	}
	return strings.ToValidUTF8(fault[:maxFault], "") + "…"
}

func collect(e *jsonschema.ValidationError, faults *[]string) {
	if len(*faults) >= maxFaults {
		return
	}
	if len(e.Causes) == 0 {
		at := "/" + strings.Join(e.InstanceLocation, "/")
		printer := message.NewPrinter(language.English)
		*faults = append(*faults, bounded(at+": "+e.ErrorKind.LocalizedString(printer)))
	}
	for _, cause := range e.Causes {
		collect(cause, faults)
	}
}
