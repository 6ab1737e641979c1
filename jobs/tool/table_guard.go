package tool

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"modernc.org/sqlite"
)

// SQLite's limits on a query, by their numbers (https://sqlite.org/c3ref/c_limit_attached.html).
const (
	tableLimitLength   = 1 << 20 // of a value or row
	tableLimitColumns  = 256     // more only for a table that has more
	tableLimitDepth    = 100
	tableLimitCompound = 20
	tableLimitLike     = 1000
	tableLimitArgs     = 100
)

// tableFunctions may be called. What is not here is refused: whatever could touch
// a file, load code, or make a large value out of nothing.
var tableFunctions = tableWords( //nolint:gochecknoglobals // a constant table
	`
	abs char coalesce concat concat_ws format glob hex if ifnull iif instr length like likely unlikely
	lower ltrim max min nullif octet_length printf quote replace round rtrim sign substr substring trim typeof
	unicode unistr upper soundex
	date time datetime julianday unixepoch strftime timediff current_date current_time current_timestamp
	acos acosh asin asinh atan atan2 atanh ceil ceiling cos cosh degrees exp floor ln log log10 log2 mod pi pow
	power radians sin sinh sqrt tan tanh trunc
	avg count group_concat string_agg sum total
	median percentile percentile_cont stddev stddev_samp stddev_pop variance var_samp var_pop corr
	row_number rank dense_rank percent_rank cume_dist ntile lag lead first_value last_value nth_value
	json json_array json_array_length json_extract json_object json_type json_valid json_quote json_group_array
	json_group_object -> ->>`)

// tableHarden makes a connection's data readable only, for ever. readable are the
// tables that may be read, widest the columns of the widest one.
func tableHarden(ctx context.Context, conn *sql.Conn, readable map[string]bool, widest int) error {
	for _, limit := range [][2]int{
		{0, tableLimitLength},
		{1, tableSQLMax},
		{2, max(tableLimitColumns, widest)},
		{3, tableLimitDepth},
		{4, tableLimitCompound},
		{6, tableLimitArgs},
		{7, 0}, // attached databases; VACUUM INTO needs one too
		{8, tableLimitLike},
		{11, 0}, // worker threads
	} {
		if _, err := sqlite.Limit(conn, limit[0], limit[1]); err != nil {
			return fmt.Errorf("limit the connection: %w", err)
		}
	}
	if _, err := conn.ExecContext(ctx, "pragma query_only=1"); err != nil {
		return fmt.Errorf("make the connection read only: %w", err)
	}
	return conn.Raw(func(driver any) error {
		guarded, ok := driver.(sqlite.AuthorizerRegisterer)
		if !ok {
			return errors.New("the driver has no authorizer")
		}
		if err := guarded.RegisterAuthorizer(tableAuthorizer(readable)); err != nil {
			return fmt.Errorf("register authorizer: %w", err)
		}
		return nil
	})
}

func tableAuthorizer(readable map[string]bool) sqlite.AuthorizerFn {
	return func(action sqlite.AuthorizerActionCode, arg1, arg2, _, _ string) sqlite.AuthorizerReturnCode {
		allowed := false
		switch action { //nolint:exhaustive // what is not named is refused
		case sqlite.AuthSelect, sqlite.AuthRecursive:
			allowed = true
		case sqlite.AuthRead:
			allowed = tableReadable(readable, strings.ToLower(arg1), arg2)
		case sqlite.AuthFunction:
			allowed = tableFunctions[strings.ToLower(arg2)]
		}
		if allowed {
			return sqlite.AuthorizerOK
		}
		return sqlite.AuthorizerDeny
	}
}

// tableReadable reports whether a column may be read. SQLite also asks for the
// names of subqueries, when a query counts their rows without reading a column.
func tableReadable(readable map[string]bool, table, column string) bool {
	internal := strings.HasPrefix(table, "sqlite_") || strings.HasPrefix(table, "pragma_") || table == "dbstat"
	return readable[table] || column == "" && !internal
}
