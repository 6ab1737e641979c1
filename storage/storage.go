// Package storage keeps jobs in SQLite: rows, migrations, the writer that puts
// all waiting changes into one transaction, and the local dispatcher. It is the
// only package that knows of gorm and SQL; its rows never leave it. It does not
// know platforms, prompts or models.
package storage

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"

	"gorm.io/driver/sqlite"
	"gorm.io/gorm"
	"gorm.io/gorm/logger"

	"github.com/askbob/bob/jobs"
)

// readers is enough for reports beside the writer: reading is short.
const readers = 4

// Config configures a Store. Path, Log and Now are required.
type Config struct {
	Path       string // of the database file; its directory is made if need be
	Log        *slog.Logger
	Now        func() time.Time
	Dispatcher jobs.Dispatcher // told of nodes that became ready; nil: nobody is
	Feed       *jobs.Feed      // told of jobs that changed; nil: nobody is

	// Replan says whether a branch whose required steps all failed is planned anew,
	// once, if its job has money and time.
	Replan bool
	// PerUserDay and PerWorkspaceMonth bound what all jobs of a person may cost on
	// one day, and all of a workspace in one month; nil: no limit. Jobs from the
	// terminal are those of a person and a workspace without a name.
	PerUserDay, PerWorkspaceMonth *jobs.Money
	Zone                          *time.Location // in which days and months begin; nil: UTC
}

// Store is a jobs.Store in a SQLite file. It is safe for concurrent use.
type Store struct {
	cfg    Config
	reads  *gorm.DB
	writes *gorm.DB // one connection, the writer's; nil: opened for reading
	lock   *lock
	writer *writer
}

var (
	_ jobs.Store  = (*Store)(nil)
	_ jobs.Reader = (*Store)(nil)
	_ jobs.Places = (*Store)(nil)
	_ jobs.Outbox = (*Store)(nil)
	_ jobs.Notes  = (*Store)(nil)
)

// Open opens the database for this process alone, creates and migrates it as
// needed, and takes back what a killed process was working on. The caller must
// Close it, and Run it: without Run no change is made. It returns a
// *jobs.UserError if another process has the database open, or if the directory
// cannot be written.
func Open(ctx context.Context, cfg Config) (*Store, error) {
	if err := os.MkdirAll(filepath.Dir(cfg.Path), 0o700); err != nil {
		return nil, unwritable(cfg.Path, err)
	}
	lock, err := acquire(cfg.Path + ".lock")
	if err != nil {
		return nil, err
	}
	s := &Store{cfg: cfg, lock: lock}
	if err := s.open(ctx); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

func (s *Store) open(ctx context.Context) error {
	var err error
	if s.writes, err = connect(s.cfg.Path, "rwc", 1, s.cfg.Log); err != nil {
		return translate(fmt.Errorf("open %s: %w", s.cfg.Path, err))
	}
	if err := migrate(ctx, s.writes); err != nil {
		return translate(fmt.Errorf("migrate %s: %w", s.cfg.Path, err))
	}
	if s.reads, err = connect(s.cfg.Path, "rw", readers, s.cfg.Log); err != nil {
		return fmt.Errorf("open %s: %w", s.cfg.Path, err)
	}
	if s.writer, err = newWriter(ctx, s); err != nil {
		return err
	}
	return s.recover(ctx)
}

// OpenReader opens an existing database for reading, beside a process that may
// be working with it. It returns a *jobs.UserError if there is none.
func OpenReader(ctx context.Context, cfg Config) (*Store, error) {
	if _, err := os.Stat(cfg.Path); err != nil {
		return nil, &jobs.UserError{
			Message: fmt.Sprintf("There is no Bob database at %s: run a job first, or name the directory with --data.", cfg.Path),
			Err:     err,
		}
	}
	db, err := connect(cfg.Path, "ro", readers, cfg.Log)
	if err != nil {
		return nil, translate(fmt.Errorf("open %s: %w", cfg.Path, err))
	}
	s := &Store{cfg: cfg, reads: db}
	if err := upgrade(ctx, cfg, db); err != nil {
		return nil, errors.Join(translate(err), s.Close())
	}
	if err := db.WithContext(ctx).Exec("SELECT 1 FROM jobs LIMIT 1").Error; err != nil {
		return nil, errors.Join(translate(fmt.Errorf("read %s: %w", cfg.Path, err)), s.Close())
	}
	return s, nil
}

// connect opens path through gorm's SQLite dialect over the pure-Go driver. Mode
// is SQLite's: rwc, rw or ro.
func connect(path, mode string, conns int, log *slog.Logger) (*gorm.DB, error) {
	db, err := gorm.Open(sqlite.New(sqlite.Config{DriverName: driverName, DSN: dsn(path, mode)}), &gorm.Config{
		SkipDefaultTransaction: true,
		DisableAutomaticPing:   true,
		Logger: logger.NewSlogLogger(log, logger.Config{
			LogLevel:                  logger.Error,
			SlowThreshold:             time.Second,
			IgnoreRecordNotFoundError: true,
			ParameterizedQueries:      true, // keep users' words out of the log
		}),
	})
	if err != nil {
		return nil, err
	}
	pool, err := db.DB()
	if err != nil {
		return nil, err
	}
	pool.SetMaxOpenConns(conns)
	pool.SetMaxIdleConns(conns)
	return db, nil
}

// dsn returns how to open the database at path: write-ahead log, every commit on
// disk before it is reported, and the write lock taken when a transaction begins,
// so that two writers queue up instead of failing half way.
func dsn(path, mode string) string {
	escaped := strings.NewReplacer("%", "%25", "?", "%3f", "#", "%23").Replace(path)
	text := "file:" + escaped + "?mode=" + mode + "&_txlock=immediate" +
		"&_pragma=busy_timeout(5000)" +
		"&_pragma=foreign_keys(1)"
	switch mode {
	case "rwc": // the writer: a large tree's inner pages stay in memory, and the log is folded in seldom
		text += "&_pragma=cache_size(-65536)&_pragma=wal_autocheckpoint(8192)"
		fallthrough
	case "rw":
		text += "&_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)"
	}
	return text
}

// Close closes the database and lets other processes open it. Run must have
// returned.
func (s *Store) Close() error {
	var errs []error
	if s.writer != nil {
		errs = append(errs, s.writer.link.close())
	}
	for _, db := range []*gorm.DB{s.reads, s.writes} {
		if db == nil {
			continue
		}
		pool, err := db.DB()
		errs = append(errs, err)
		if err == nil {
			errs = append(errs, pool.Close())
		}
	}
	if s.lock != nil {
		errs = append(errs, s.lock.release())
	}
	return errors.Join(errs...)
}

// inTx runs fn in one transaction on a connection of its own, beside the writer.
// It is for what must not hold the writer up: blobs.
func (s *Store) inTx(ctx context.Context, fn func(tx *gorm.DB) error) error {
	return translate(s.reads.WithContext(ctx).Transaction(fn))
}

func ms(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

func fromMS(n int64) time.Time {
	if n == 0 {
		return time.Time{}
	}
	return time.UnixMilli(n).UTC()
}
