package tool

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/askbob/bob/jobs"
	"github.com/askbob/bob/llm"
)

// What one query may take and give.
const (
	tableQueryRows    = 100 // unless asked for
	tableQueryMaxRows = 1000
	tableQueryBytes   = 48 << 10 // of a result for a model
	tableChartBytes   = 4 << 20  // of a result for another tool
	tableQueryTime    = 10 * time.Second
	tableQueryFiles   = 64 << 20 // bytes of the files that one query reads
)

// tableQuery is the tool table_query.
type tableQuery struct {
	catalog   *tableCatalog
	cache     *tableCache
	connector *tableConnector
	time      time.Duration
	memory    int64
}

var _ jobs.Tool = (*tableQuery)(nil)

func newTableQuery(catalog *tableCatalog) *tableQuery {
	connector, err := newTableConnector()
	if err != nil {
		panic("tool: " + err.Error()) // names and signatures are constants
	}
	return &tableQuery{catalog: catalog, cache: newTableCache(), connector: connector, time: tableQueryTime, memory: tableQueryMemory}
}

func (q *tableQuery) close() error { return q.cache.close() }

// Spec implements jobs.Tool.
func (q *tableQuery) Spec() jobs.ToolSpec {
	return jobs.ToolSpec{
		Name: "table_query",
		Description: fmt.Sprintf("Runs one SELECT (SQLite) over the job's tables: attached CSV, XLSX and JSON files, by the table and "+
			"column names that the list of files gives. Dates are text YYYY-MM-DD, booleans 1 and 0, empty cells NULL. "+
			"Beside SQLite's functions: median(x), percentile(x, 0..100), stddev(x), variance(x), corr(x, y). "+
			"Aggregate in SQL; at most %d rows come back, %d unless limit says otherwise.", tableQueryMaxRows, tableQueryRows),
		Schema: llm.MustSchema("table_query", fmt.Sprintf(`{
	"type": "object", "additionalProperties": false, "required": ["sql", "limit"],
	"properties": {
		"sql": {"type": "string", "minLength": 1, "maxLength": %d, "description": "one SELECT or WITH ... SELECT"},
		"limit": {"type": ["integer", "null"], "minimum": 1, "maximum": %d, "description": "rows at most; null: %d"}
	}
}`, tableSQLMax, tableQueryMaxRows, tableQueryRows)),
		Effect: jobs.EffectRead,
	}
}

// tableAnswer is a query's result.
type tableAnswer struct {
	Columns   []string `json:"columns"`
	Rows      [][]any  `json:"rows"`
	RowCount  int      `json:"row_count"`
	Truncated bool     `json:"truncated"`
	Note      string   `json:"note,omitempty"`
}

// Call implements jobs.Tool.
func (q *tableQuery) Call(ctx context.Context, files jobs.Files, args json.RawMessage) (jobs.ToolResult, error) {
	var in struct {
		SQL   string `json:"sql"`
		Limit *int   `json:"limit"`
	}
	if err := json.Unmarshal(args, &in); err != nil {
		return jobs.ToolResult{}, &jobs.ToolError{Message: "The arguments are no JSON object with sql and limit."}
	}
	limit := tableQueryRows
	if in.Limit != nil {
		limit = max(1, min(*in.Limit, tableQueryMaxRows))
	}
	answer, err := q.run(ctx, files, in.SQL, limit, tableQueryBytes)
	if err != nil {
		return jobs.ToolResult{}, err
	}
	if answer.Truncated {
		answer.Note = "There are more rows. Aggregate, filter, or page with LIMIT and OFFSET."
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(answer); err != nil {
		return jobs.ToolResult{}, fmt.Errorf("write result: %w", err)
	}
	return jobs.ToolResult{Text: strings.TrimSpace(b.String())}, nil
}

// Query implements Querier.
func (d *Data) Query(ctx context.Context, files jobs.Files, sql string, limit int) (columns []string, rows [][]any, err error) {
	answer, err := d.tables.run(ctx, files, sql, limit, tableChartBytes)
	return answer.Columns, answer.Rows, err
}

func (q *tableQuery) run(ctx context.Context, files jobs.Files, sql string, limit, bytes int) (tableAnswer, error) {
	statement, refused := tableRefuse(sql)
	if refused != "" {
		return tableAnswer{}, &jobs.ToolError{Message: refused}
	}
	list, err := q.catalog.list(ctx, files)
	if err != nil {
		return tableAnswer{}, err
	}
	needs := tableNeeds(list, statement.words)
	var answer tableAnswer
	err = q.cache.with(ctx, tableKey(needs),
		func(s *tableSet) error { return q.fill(ctx, s, files, needs) },
		func(s *tableSet) error {
			answer, err = tableRun(ctx, s, sql, tableBudget{rows: limit, bytes: bytes, time: q.time, memory: q.memory})
			return err
		},
		func() (*tableSet, error) { return newTableSet(ctx, q.connector) })
	if fault, ok := errors.AsType[*jobs.ToolError](err); ok {
		return answer, &jobs.ToolError{Message: fault.Message + tableSchema(list)}
	}
	return answer, err
}

// tableKey names the contents of tables.
func tableKey(needs []tableNeed) string {
	var b strings.Builder
	for _, n := range needs {
		fmt.Fprintf(&b, "%s=%s/%d/%q;", n.name, n.file.SHA256, n.at, n.file.Name)
	}
	return b.String()
}

// fill loads the tables that a query needs.
func (q *tableQuery) fill(ctx context.Context, s *tableSet, files jobs.Files, needs []tableNeed) error {
	total := 0
	opened := map[string]bool{}
	var loaded []tableLoaded
	for _, need := range needs {
		if opened[need.file.Name] {
			continue
		}
		opened[need.file.Name] = true
		data, err := files.Read(ctx, need.file.Name)
		if err != nil {
			return fmt.Errorf("read %s: %w", need.file.Name, err)
		}
		if total += len(data); total > tableQueryFiles {
			return &jobs.ToolError{Message: fmt.Sprintf("The tables of this query have more than %d MiB together. Query fewer at once.",
				tableQueryFiles>>20)}
		}
		some, err := tableLoadFile(ctx, s, need.file.Name, data, needs)
		if err != nil {
			return tableUnloaded(need.file.Name, err)
		}
		loaded = append(loaded, some...)
	}
	return s.harden(ctx, loaded)
}

// tableUnloaded makes a fault of a file one for the model.
func tableUnloaded(name string, err error) error {
	if fault, ok := errors.AsType[*jobs.UserError](err); ok {
		return &jobs.ToolError{Message: name + " cannot be loaded: " + fault.Message}
	}
	return fmt.Errorf("load %s: %w", name, err)
}

// tableLoadFile loads those tables of a file that are needed.
func tableLoadFile(ctx context.Context, s *tableSet, name string, data []byte, needs []tableNeed) ([]tableLoaded, error) {
	tables, done, err := tableOpen(ctx, name, data)
	defer done()
	if err != nil {
		return nil, err
	}
	var loaded []tableLoaded
	for _, need := range needs {
		if need.file.Name != name {
			continue
		}
		for _, file := range tables {
			// In its file a table has a name that does not depend on other files.
			if file.sheet != need.file.Tables[need.at].Sheet {
				continue
			}
			if file.sheet != "" {
				file.rows = &tableSpool{rows: file.rows}
			}
			shape, err := inspectLearn(ctx, name, file)
			if err != nil {
				return nil, err
			}
			table := tableLoaded{name: need.name, file: file, shape: shape}
			if err := s.load(ctx, table); err != nil {
				return nil, err
			}
			loaded = append(loaded, table)
		}
	}
	return loaded, nil
}
