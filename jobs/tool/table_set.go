package tool

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"strings"

	"modernc.org/sqlite"
)

// tableSet is tables in one in-memory database, loaded and then made readable
// only. One query at a time runs on its one connection.
type tableSet struct {
	db    *sql.DB
	conn  *sql.Conn
	bytes int64
	turn  chan struct{} // holds one token while nobody queries
	ended bool          // guarded by turn
}

// tableConnector opens databases of a driver of our own, so that the functions
// registered on it reach no other database of the process.
type tableConnector struct{ driver *sqlite.Driver }

func newTableConnector() (*tableConnector, error) {
	d := &sqlite.Driver{}
	for name, impl := range tableAggregates() {
		if err := d.RegisterFunction(name, impl); err != nil {
			return nil, fmt.Errorf("register %s: %w", name, err)
		}
	}
	return &tableConnector{driver: d}, nil
}

// Connect implements driver.Connector. A misspelt column in double quotes is an
// error, not a text.
func (c *tableConnector) Connect(context.Context) (driver.Conn, error) {
	return c.driver.Open(":memory:?_dqs=0")
}

// Driver implements driver.Connector.
func (c *tableConnector) Driver() driver.Driver { return c.driver }

// tableLoaded is a table that is to be loaded.
type tableLoaded struct {
	name  string
	file  tableFile
	shape *tableShape
}

// newTableSet opens an empty database. Its tables are added with load; harden
// ends the loading.
func newTableSet(ctx context.Context, c *tableConnector) (*tableSet, error) {
	db := sql.OpenDB(c)
	conn, err := db.Conn(ctx)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open tables: %w", err), db.Close())
	}
	s := &tableSet{db: db, conn: conn, turn: make(chan struct{}, 1)}
	s.turn <- struct{}{}
	// Nothing is written to the disk, not even while sorting.
	for _, pragma := range []string{"temp_store=memory", "journal_mode=off", "synchronous=off", "trusted_schema=off"} {
		if _, err := conn.ExecContext(ctx, "pragma "+pragma); err != nil {
			return nil, errors.Join(fmt.Errorf("set up tables: %w", err), s.free())
		}
	}
	return s, nil
}

// free closes the database.
func (s *tableSet) free() error {
	s.ended = true
	return errors.Join(s.conn.Close(), s.db.Close())
}

func tableQuote(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }

// load fills a table.
func (s *tableSet) load(ctx context.Context, t tableLoaded) error {
	if _, err := s.conn.ExecContext(ctx, tableCreate(t)); err != nil {
		return fmt.Errorf("create %s: %w", t.name, err)
	}
	return s.conn.Raw(func(raw any) error {
		conn, ok := raw.(interface {
			driver.ConnPrepareContext
			driver.ExecerContext
		})
		if !ok {
			return errors.New("the driver cannot prepare statements")
		}
		// A connection that watches for a cancel at every row is slow: the
		// rows are counted and the context is looked at by the reader.
		calm := context.WithoutCancel(ctx)
		if _, err := conn.ExecContext(calm, "begin", nil); err != nil {
			return fmt.Errorf("begin: %w", err)
		}
		if err := tableFill(ctx, conn, t); err != nil {
			return err
		}
		if _, err := conn.ExecContext(calm, "commit", nil); err != nil {
			return fmt.Errorf("commit: %w", err)
		}
		return nil
	})
}

func tableCreate(t tableLoaded) string {
	columns := make([]string, len(t.shape.readings))
	for i, r := range t.shape.readings {
		kind := "TEXT"
		switch r.kind {
		case tableInteger, tableBoolean:
			kind = "INTEGER"
		case tableReal:
			kind = "REAL"
		case tableTextual, tableDated:
		}
		columns[i] = tableQuote(t.shape.table.Columns[i].Name) + " " + kind
	}
	return "create table " + tableQuote(t.name) + " (" + strings.Join(columns, ", ") + ")"
}

// tableFill inserts the rows.
func tableFill(ctx context.Context, conn driver.ConnPrepareContext, t tableLoaded) (err error) {
	calm := context.WithoutCancel(ctx)
	marks := strings.TrimSuffix(strings.Repeat("?,", len(t.shape.readings)), ",")
	prepared, err := conn.PrepareContext(calm, "insert into "+tableQuote(t.name)+" values ("+marks+")")
	if err != nil {
		return fmt.Errorf("prepare %s: %w", t.name, err)
	}
	defer func() { err = errors.Join(err, prepared.Close()) }()
	insert, ok := prepared.(driver.StmtExecContext)
	if !ok {
		return errors.New("the driver cannot execute statements")
	}
	args := make([]driver.NamedValue, len(t.shape.readings))
	row := 0
	return t.file.rows.each(ctx, func(cells []string) error {
		row++
		if row <= t.shape.skip {
			return nil
		}
		for i, r := range t.shape.readings {
			args[i] = driver.NamedValue{Ordinal: i + 1}
			if i < len(cells) {
				args[i].Value = r.value(cells[i])
			}
		}
		if _, err := insert.ExecContext(calm, args); err != nil {
			return fmt.Errorf("insert into %s: %w", t.name, err)
		}
		return nil
	})
}

// harden measures the tables and makes them readable only.
func (s *tableSet) harden(ctx context.Context, tables []tableLoaded) error {
	var pages, size int64
	if err := s.conn.QueryRowContext(ctx, "pragma page_count").Scan(&pages); err != nil {
		return fmt.Errorf("measure tables: %w", err)
	}
	if err := s.conn.QueryRowContext(ctx, "pragma page_size").Scan(&size); err != nil {
		return fmt.Errorf("measure tables: %w", err)
	}
	s.bytes = pages * size
	readable, widest := map[string]bool{}, 0
	for _, t := range tables {
		readable[t.name] = true
		widest = max(widest, len(t.shape.readings))
	}
	return tableHarden(ctx, s.conn, readable, widest)
}
