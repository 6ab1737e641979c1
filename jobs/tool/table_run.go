package tool

import (
	"context"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"regexp"
	"strings"
	"time"

	"modernc.org/sqlite"

	"github.com/askbob/bob/jobs"
)

// tableBudget is what a query may take and give.
type tableBudget struct {
	rows, bytes int
	time        time.Duration
	memory      int64
}

// tableRun runs a query on a set.
func tableRun(ctx context.Context, s *tableSet, query string, b tableBudget) (tableAnswer, error) {
	bounded, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	timed, end := context.WithTimeout(bounded, b.time)
	defer end()
	defer tableWatch(timed, b.memory, cancel)()
	rows, err := s.conn.QueryContext(timed, query)
	if err != nil {
		return tableAnswer{}, tableFailed(ctx, timed, err, b.time)
	}
	defer func() { _ = rows.Close() }() // its error is that of rows.Err
	answer := tableAnswer{Rows: [][]any{}}
	if answer.Columns, err = rows.Columns(); err != nil {
		return tableAnswer{}, fmt.Errorf("read columns: %w", err)
	}
	used := 0
	for _, column := range answer.Columns {
		used += len(column)
	}
	for rows.Next() {
		row, bytes, err := tableRow(rows, len(answer.Columns), b.bytes)
		if err != nil {
			return tableAnswer{}, tableFailed(ctx, timed, err, b.time)
		}
		used += bytes
		if len(answer.Rows) == b.rows || used > b.bytes {
			answer.Truncated = true
			break
		}
		answer.Rows = append(answer.Rows, row)
	}
	if err := rows.Err(); err != nil && !answer.Truncated {
		return tableAnswer{}, tableFailed(ctx, timed, err, b.time)
	}
	if answer.Truncated && len(answer.Rows) == 0 {
		return tableAnswer{}, &jobs.ToolError{Message: "One row alone is too large. Select fewer columns, or shorten them with substr."}
	}
	answer.RowCount = len(answer.Rows)
	return answer, nil
}

// tableRow reads a row into values that JSON can hold.
func tableRow(rows *sql.Rows, width, size int) (row []any, bytes int, err error) {
	row = make([]any, width)
	into := make([]any, width)
	for i := range row {
		into[i] = &row[i]
	}
	if err := rows.Scan(into...); err != nil {
		return nil, 0, err
	}
	for i, value := range row {
		const number = 12
		bytes += number
		switch v := value.(type) {
		case []byte:
			row[i] = hex.EncodeToString(v[:min(len(v), size)])
			bytes += 2 * len(v)
		case string:
			row[i] = strings.ToValidUTF8(v, "\uFFFD")
			bytes += len(v)
		case float64:
			if math.IsInf(v, 0) || math.IsNaN(v) {
				row[i] = fmt.Sprint(v)
			}
		}
	}
	return row, bytes, nil
}

// tableCode is what SQLite's driver puts around a message.
var tableCode = regexp.MustCompile(`^SQL logic error: |^not authorized: | \(\d+\)$`)

// tableFailed tells a deadline, a stop and a fault of the SQL apart.
func tableFailed(ctx, timed context.Context, err error, most time.Duration) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if errors.Is(context.Cause(timed), errTableMemory) {
		return &jobs.ToolError{Message: "The query took too much memory and was stopped. Join on equal keys, aggregate before sorting, ask for less."}
	}
	if timed.Err() != nil {
		return &jobs.ToolError{Message: fmt.Sprintf(
			"The query took longer than %s and was stopped. Join on equal keys, aggregate first, ask for less.", most)}
	}
	message := tableCode.ReplaceAllString(err.Error(), "")
	if e, ok := errors.AsType[*sqlite.Error](err); ok && e.Code()&0xff == 23 { // SQLITE_AUTH
		message = "This is not allowed: " + message +
			". Only reading tables and the usual functions is possible: no writing, PRAGMA, ATTACH, transactions"
	}
	return &jobs.ToolError{Message: "SQLite says: " + strings.TrimSuffix(message, ".") + "."}
}
