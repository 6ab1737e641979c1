package tool

import (
	"context"
	"errors"
	"path"
	"strings"

	"github.com/askbob/bob/jobs"
)

// tableKindOf reports whether a file holds tables by its name.
func tableKindOf(name string) bool {
	switch tableExt(name) {
	case ".csv", ".tsv", ".tab", ".psv", ".xlsx", ".xlsm", ".json", ".ndjson", ".jsonl":
		return true
	}
	return false
}

func tableExt(name string) string { return strings.ToLower(path.Ext(name)) }

// tableOpen opens the tables of a file. done must be called when they are no
// longer read. It returns a *jobs.UserError if there is none.
func tableOpen(ctx context.Context, name string, data []byte) (tables []tableFile, done func(), err error) {
	done = func() {}
	var one tableFile
	switch tableExt(name) {
	case ".xlsx", ".xlsm":
		return xlsxOpen(ctx, name, data)
	case ".json", ".ndjson", ".jsonl":
		one, err = tableOpenJSON(name, data)
	default:
		one, err = csvOpen(name, data)
	}
	if errors.Is(err, errNotText) {
		err = &jobs.UserError{Message: name + " is not text, so it is no table. Save it as CSV or XLSX and send that.", Err: err}
	}
	return []tableFile{one}, done, err
}
