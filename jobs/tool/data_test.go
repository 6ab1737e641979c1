package tool_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/askbob/bob/jobs"
	"github.com/askbob/bob/jobs/tool"
)

// dataFiles is a job's files in memory. Those with Described are listed as the
// Inspector describes them, as attachments are.
type dataFiles struct {
	names []string
	bytes map[string][]byte
	infos map[string]jobs.FileInfo
	reads int
}

func newDataFiles() *dataFiles {
	return &dataFiles{bytes: map[string][]byte{}, infos: map[string]jobs.FileInfo{}}
}

// attach adds a file as the Inspector sees it.
func (f *dataFiles) attach(t *testing.T, name string, data []byte) *dataFiles {
	t.Helper()
	info, err := (&tool.Inspector{}).Inspect(t.Context(), name, data)
	if err != nil {
		t.Fatal(err)
	}
	f.names = append(f.names, name)
	f.bytes[name], f.infos[name] = data, info
	return f
}

// artifact adds a file that nobody described.
func (f *dataFiles) artifact(name string, data []byte) *dataFiles {
	sum := sha256.Sum256(data)
	f.names = append(f.names, name)
	f.bytes[name] = data
	f.infos[name] = jobs.FileInfo{Name: name, Bytes: int64(len(data)), SHA256: hex.EncodeToString(sum[:])}
	return f
}

func (f *dataFiles) List(context.Context) ([]jobs.FileInfo, error) {
	var list []jobs.FileInfo
	for _, name := range f.names {
		list = append(list, f.infos[name])
	}
	return list, nil
}

func (f *dataFiles) Read(_ context.Context, name string) ([]byte, error) {
	f.reads++
	data, ok := f.bytes[name]
	if !ok {
		return nil, jobs.ErrNotFound
	}
	return data, nil
}

func (f *dataFiles) Create(context.Context, string, string, []byte) (jobs.Artifact, error) {
	return jobs.Artifact{}, errors.New("the reading tools make no files")
}

func dataNow() time.Time { return time.Date(2025, 12, 31, 23, 30, 0, 0, time.UTC) }

func newData(t *testing.T) *tool.Data {
	t.Helper()
	d := tool.NewData(tool.DataConfig{Now: dataNow})
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	})
	return d
}

// call calls a tool with args as JSON.
func call(t *testing.T, d *tool.Data, files jobs.Files, name string, args any) (string, error) {
	t.Helper()
	raw, err := json.Marshal(args)
	if err != nil {
		t.Fatal(err)
	}
	for _, tl := range d.Tools() {
		if spec := tl.Spec(); spec.Name == name {
			if err := spec.Schema.Validate(raw); err != nil {
				t.Fatalf("arguments of %s: %v", name, err)
			}
			result, err := tl.Call(t.Context(), files, raw)
			return result.Text, err
		}
	}
	t.Fatalf("no tool %s", name)
	return "", nil
}

// query returns the result of table_query.
func query(t *testing.T, d *tool.Data, files jobs.Files, sql string) queryResult {
	t.Helper()
	text, err := call(t, d, files, "table_query", map[string]any{"sql": sql, "limit": nil})
	if err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	var r queryResult
	if err := json.Unmarshal([]byte(text), &r); err != nil {
		t.Fatal(err)
	}
	return r
}

type queryResult struct {
	Columns   []string `json:"columns"`
	Rows      [][]any  `json:"rows"`
	RowCount  int      `json:"row_count"`
	Truncated bool     `json:"truncated"`
}
