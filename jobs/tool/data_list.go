package tool

import (
	"time"

	"github.com/askbob/bob/jobs"
)

// DataConfig configures Data.
type DataConfig struct {
	Now func() time.Time // required
}

// Data is the tools that read: files, table_query, calculate and now. It keeps
// loaded tables between calls until Close. Safe for concurrent use.
type Data struct {
	tables *tableQuery
	tools  []jobs.Tool
}

var _ Querier = (*Data)(nil)

// NewData returns the tools that read. The caller must Close them. It panics if
// cfg.Now is missing.
func NewData(cfg DataConfig) *Data {
	if cfg.Now == nil {
		panic("tool: DataConfig.Now is missing")
	}
	catalog := newTableCatalog(&Inspector{})
	query := newTableQuery(catalog)
	return &Data{tables: query, tools: []jobs.Tool{
		newFilesTool(catalog),
		query,
		&calculateTool{},
		&nowTool{clock: cfg.Now},
	}}
}

// Tools lists the tools.
func (d *Data) Tools() []jobs.Tool { return d.tools }

// Close frees the loaded tables, after the queries that run. Later queries fail.
func (d *Data) Close() error { return d.tables.close() }
