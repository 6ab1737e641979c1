package tool_test

import (
	"context"
	"strings"
	"sync"

	"github.com/askbob/bob/jobs"
)

// memoryFiles keeps the files of a job in memory.
type memoryFiles struct {
	mu     sync.Mutex
	data   map[string][]byte
	types  map[string]string
	refuse error
}

var _ jobs.Files = (*memoryFiles)(nil)

func newMemoryFiles() *memoryFiles {
	return &memoryFiles{data: map[string][]byte{}, types: map[string]string{}}
}

func (m *memoryFiles) List(context.Context) ([]jobs.FileInfo, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var list []jobs.FileInfo
	for name, data := range m.data {
		list = append(list, jobs.FileInfo{Name: name, MediaType: m.types[name], Bytes: int64(len(data))})
	}
	return list, nil
}

func (m *memoryFiles) Read(_ context.Context, name string) ([]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if data, ok := m.data[name]; ok {
		return data, nil
	}
	return nil, jobs.ErrNotFound
}

func (m *memoryFiles) Create(_ context.Context, name, mediaType string, data []byte) (jobs.Artifact, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.refuse != nil {
		return jobs.Artifact{}, m.refuse
	}
	m.data[name], m.types[name] = data, mediaType
	return jobs.Artifact{Name: name, MediaType: mediaType, Bytes: int64(len(data))}, nil
}

// fakeQuery answers every query with the same rows.
type fakeQuery struct {
	columns []string
	rows    [][]any
	err     error
	limit   int // of the last query
}

func (q *fakeQuery) Query(_ context.Context, _ jobs.Files, sql string, limit int) ([]string, [][]any, error) {
	q.limit = limit
	if strings.Contains(sql, "nothing") {
		return q.columns, nil, nil
	}
	return q.columns, q.rows[:min(limit, len(q.rows))], q.err
}
