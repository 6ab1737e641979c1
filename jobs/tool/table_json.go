package tool

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// errNoTable says that a JSON text is no list of objects.
var errNoTable = errors.New("no list of objects")

// tableJSON is a JSON array of objects, or objects one a line. Nested values stay
// JSON text.
type tableJSON struct {
	text    []byte
	headers []string
}

// tableOpenJSON returns errNoTable if data is not a list of objects, and
// errNotText for binary data.
func tableOpenJSON(name string, data []byte) (tableFile, error) {
	text, _, err := tableText(data)
	if err != nil {
		return tableFile{}, err
	}
	t := &tableJSON{text: text}
	seen := map[string]bool{}
	rows := 0
	err = t.objects(func(object map[string]json.RawMessage) error {
		rows++
		var fresh []string
		for key := range object {
			if !seen[key] {
				seen[key] = true
				fresh = append(fresh, key)
			}
		}
		slices.Sort(fresh)
		t.headers = append(t.headers, fresh...)
		if len(t.headers) > tableMaxColumns {
			return tableFault("The objects have more than %d keys. Keep only those that are needed.", tableMaxColumns)
		}
		return nil
	})
	if err == nil && rows == 0 {
		err = errNoTable
	}
	return tableFile{name: tableFileName(name), point: true, rows: t}, err
}

func (t *tableJSON) each(ctx context.Context, visit func(cells []string) error) error {
	if err := visit(t.headers); err != nil {
		return err
	}
	var bounds tableBounds
	cells := make([]string, len(t.headers))
	return t.objects(func(object map[string]json.RawMessage) error {
		for i, key := range t.headers {
			cells[i] = tableJSONCell(object[key])
		}
		if err := bounds.check(ctx, cells); err != nil {
			return err
		}
		if tableBlank(cells) {
			return nil
		}
		return visit(cells)
	})
}

func tableJSONCell(raw json.RawMessage) string {
	if len(raw) == 0 || string(raw) == "null" {
		return ""
	}
	var text string
	if raw[0] == '"' && json.Unmarshal(raw, &text) == nil {
		return text
	}
	return string(raw)
}

// objects visits each object of the array or of the lines.
func (t *tableJSON) objects(visit func(object map[string]json.RawMessage) error) error {
	d := json.NewDecoder(bytes.NewReader(t.text))
	array := strings.HasPrefix(strings.TrimSpace(string(t.text[:min(len(t.text), tableSniffBytes)])), "[")
	if array {
		if _, err := d.Token(); err != nil {
			return fmt.Errorf("%w: %w", errNoTable, err)
		}
	}
	for !array || d.More() {
		var object map[string]json.RawMessage
		err := d.Decode(&object)
		if errors.Is(err, io.EOF) && !array {
			return nil
		}
		if err != nil {
			return fmt.Errorf("%w: %w", errNoTable, err)
		}
		if err := visit(object); err != nil {
			return err
		}
	}
	return nil
}
