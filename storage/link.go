package storage

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"

	"gorm.io/gorm"
)

// link is the writer's connection, with the statements that were prepared on it. It
// is for one goroutine.
type link struct {
	conn   *sql.Conn
	reads  map[string]*sql.Stmt
	writes map[string]driver.Stmt
	args   []driver.NamedValue // of the statement that runs
}

// newLink takes a connection out of gorm's pool, until it is closed.
func newLink(ctx context.Context, db *gorm.DB) (*link, error) {
	pool, err := db.DB()
	if err != nil {
		return nil, err
	}
	conn, err := pool.Conn(ctx)
	if err != nil {
		return nil, err
	}
	return &link{conn: conn, reads: map[string]*sql.Stmt{}, writes: map[string]driver.Stmt{}}, nil
}

func (l *link) close() error {
	var errs []error
	for _, stmt := range l.reads {
		errs = append(errs, stmt.Close())
	}
	errs = append(errs, l.conn.Raw(func(any) error {
		var errs []error
		for _, stmt := range l.writes {
			errs = append(errs, stmt.Close())
		}
		return errors.Join(errs...)
	}))
	return errors.Join(append(errs, l.conn.Close())...)
}

// tx runs fn in a transaction: read and write are part of it.
func (l *link) tx(ctx context.Context, fn func() error) error {
	tx, err := l.conn.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	if err := fn(); err != nil {
		_ = tx.Rollback() // a full disk has ended it already, and err says why
		return err
	}
	return tx.Commit()
}

// read returns a statement that reads; the link keeps it.
func (l *link) read(ctx context.Context, text string) (*sql.Stmt, error) {
	if s, ok := l.reads[text]; ok {
		return s, nil
	}
	s, err := l.conn.PrepareContext(ctx, text)
	if err != nil {
		return nil, fmt.Errorf("prepare %q: %w", text, err)
	}
	l.reads[text] = s
	return s, nil
}

// write runs a statement and returns how many rows it changed. It speaks to the
// driver itself: database/sql looks at every value twice and copies them, and a
// transaction has thousands.
func (l *link) write(ctx context.Context, text string, values []any) (rows int64, err error) {
	err = l.conn.Raw(func(conn any) error {
		stmt, err := l.writing(ctx, conn, text)
		if err != nil {
			return err
		}
		if err := l.take(values); err != nil {
			return err
		}
		res, err := stmt.ExecContext(ctx, l.args)
		clear(l.args) // long texts are not kept alive
		if err != nil {
			return err
		}
		rows, err = res.RowsAffected()
		return err
	})
	return rows, err
}

func (l *link) writing(ctx context.Context, conn any, text string) (driver.StmtExecContext, error) {
	stmt, ok := l.writes[text]
	if !ok {
		preparer, can := conn.(driver.ConnPrepareContext)
		if !can {
			return nil, fmt.Errorf("sqlite connection: unexpected %T", conn)
		}
		var err error
		if stmt, err = preparer.PrepareContext(ctx, text); err != nil {
			return nil, fmt.Errorf("prepare %q: %w", text, err)
		}
		l.writes[text] = stmt
	}
	exec, ok := stmt.(driver.StmtExecContext)
	if !ok {
		return nil, fmt.Errorf("sqlite statement: unexpected %T", stmt)
	}
	return exec, nil
}

// take makes values the arguments of the next statement.
func (l *link) take(values []any) error {
	l.args = l.args[:0]
	for i, v := range values {
		switch n := v.(type) {
		case string, int64, bool, []byte:
		case int:
			v = int64(n)
		default:
			var err error
			if v, err = driver.DefaultParameterConverter.ConvertValue(v); err != nil {
				return fmt.Errorf("value %d: %w", i+1, err)
			}
		}
		l.args = append(l.args, driver.NamedValue{Ordinal: i + 1, Value: v})
	}
	return nil
}
