package tool

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/askbob/bob/jobs"
)

// tableCatalogMax bounds the descriptions that are kept, in files.
const tableCatalogMax = 64

// tableCatalog knows the tables of a job's files by the names that SQL uses. It
// describes files that nobody described when they came. Safe for concurrent use.
type tableCatalog struct {
	inspector jobs.Inspector

	mu    sync.Mutex
	known map[string]jobs.FileInfo // by SHA-256 and name
	order []string                 // oldest first
}

func newTableCatalog(inspector jobs.Inspector) *tableCatalog {
	return &tableCatalog{inspector: inspector, known: map[string]jobs.FileInfo{}}
}

// list returns a job's files, those that hold tables described, with names that
// are unique in the job: of two tables of one name the later is name_2.
func (c *tableCatalog) list(ctx context.Context, files jobs.Files) ([]jobs.FileInfo, error) {
	list, err := files.List(ctx)
	if err != nil {
		return nil, fmt.Errorf("list files: %w", err)
	}
	list = slices.Clone(list)
	taken := map[string]bool{}
	for i := range list {
		if tableKindOf(list[i].Name) && len(list[i].Tables) == 0 {
			if err := c.describe(ctx, files, &list[i]); err != nil {
				return nil, err
			}
		}
		list[i].Tables = slices.Clone(list[i].Tables)
		for k := range list[i].Tables {
			list[i].Tables[k].Name = tableUnique(list[i].Tables[k].Name, taken)
		}
	}
	return list, nil
}

// describe looks into a file. One that cannot be read as a table stays without.
func (c *tableCatalog) describe(ctx context.Context, files jobs.Files, info *jobs.FileInfo) error {
	key := info.SHA256 + "/" + info.Name
	if found, ok := c.find(key); ok && info.SHA256 != "" {
		*info = found
		return nil
	}
	data, err := files.Read(ctx, info.Name)
	if err != nil {
		return fmt.Errorf("read %s: %w", info.Name, err)
	}
	described, err := c.inspector.Inspect(ctx, info.Name, data)
	if _, refused := errors.AsType[*jobs.UserError](err); refused {
		described, err = *info, nil
	}
	if err != nil {
		return fmt.Errorf("inspect %s: %w", info.Name, err)
	}
	*info = described
	c.keep(key, described)
	return nil
}

func (c *tableCatalog) find(key string) (jobs.FileInfo, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	info, ok := c.known[key]
	return info, ok
}

func (c *tableCatalog) keep(key string, info jobs.FileInfo) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, ok := c.known[key]; !ok {
		c.order = append(c.order, key)
	}
	c.known[key] = info
	if len(c.order) > tableCatalogMax {
		delete(c.known, c.order[0])
		c.order = c.order[1:]
	}
}

// tableNeed is a table that a query needs.
type tableNeed struct {
	name string // in the job
	at   int    // of the file's tables
	file jobs.FileInfo
}

// tableNeeds returns the tables whose names occur among the words of a query.
func tableNeeds(list []jobs.FileInfo, words map[string]bool) []tableNeed {
	var needs []tableNeed
	for _, file := range list {
		for i, table := range file.Tables {
			if words[table.Name] {
				needs = append(needs, tableNeed{name: table.Name, at: i, file: file})
			}
		}
	}
	return needs
}

const (
	tableSchemaColumns = 40 // of one table, in an error
	tableSchemaBytes   = 6000
)

// tableSchema names tables and columns, for a model that missed them.
func tableSchema(list []jobs.FileInfo) string {
	var b strings.Builder
	for _, file := range list {
		for _, table := range file.Tables {
			if b.Len() > tableSchemaBytes {
				b.WriteString(" …")
				return b.String()
			}
			columns := make([]string, 0, len(table.Columns))
			for i, c := range table.Columns {
				if i == tableSchemaColumns {
					columns = append(columns, fmt.Sprintf("… %d more", len(table.Columns)-i))
					break
				}
				columns = append(columns, c.Name+" "+c.Type)
			}
			fmt.Fprintf(&b, " %s(%s)", table.Name, strings.Join(columns, ", "))
		}
	}
	if b.Len() == 0 {
		return " This job has no tables."
	}
	return " Tables:" + b.String() + "."
}
