package drill

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	_ "modernc.org/sqlite" // the drill reads the rows by itself
)

// openRows opens a database for reading, beside whoever works with it.
func openRows(path string) (*sql.DB, error) {
	escaped := strings.NewReplacer("%", "%25", "?", "%3f", "#", "%23").Replace(path)
	db, err := sql.Open("sqlite", "file:"+escaped+"?mode=ro&_pragma=busy_timeout(5000)")
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1)
	return db, nil
}

// query reads rows, each by scan.
func query(ctx context.Context, db *sql.DB, text string, scan func(scan func(...any) error) error) (err error) {
	rows, err := db.QueryContext(ctx, text)
	if err != nil {
		return fmt.Errorf("%.60s: %w", text, err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		if err := scan(rows.Scan); err != nil {
			return fmt.Errorf("%.60s: %w", text, err)
		}
	}
	return rows.Err()
}

// sampleEvery is how often the purses are looked at while a child works.
const sampleEvery = 5 * time.Millisecond

// sampler looks at the purses of a database that is in use, and finds those that
// are over their budget at that instant.
type sampler struct {
	db   *sql.DB
	quit chan struct{}
	done chan struct{}

	once    sync.Once
	samples int
	found   map[string]Violation // by purse
}

func sample(ctx context.Context, path string) (*sampler, error) {
	db, err := openRows(path)
	if err != nil {
		return nil, err
	}
	s := &sampler{db: db, quit: make(chan struct{}), done: make(chan struct{}), found: map[string]Violation{}}
	go s.run(ctx)
	return s, nil
}

func (s *sampler) run(ctx context.Context) {
	defer close(s.done)
	tick := time.NewTicker(sampleEvery)
	defer tick.Stop()
	for {
		select {
		case <-s.quit:
			return
		case <-tick.C:
		}
		list, err := overBudget(ctx, s.db)
		if err != nil {
			continue // it was killed in the middle; the end is looked at anyhow
		}
		s.samples++
		for _, v := range list {
			s.found[v.Job] = v
		}
	}
}

// close ends the sampling and lets go of the database. It may be called twice.
func (s *sampler) close() []Violation {
	s.once.Do(func() {
		close(s.quit)
		<-s.done
		_ = s.db.Close() // it was only read
	})
	var list []Violation
	for _, v := range s.found {
		list = append(list, v)
	}
	clear(s.found)
	return list
}

// overBudget finds the purses whose money is more than spent.
func overBudget(ctx context.Context, db *sql.DB) ([]Violation, error) {
	var list []Violation
	err := query(ctx, db, "SELECT key, budget, spent, reserved FROM purses WHERE budget >= 0 AND spent + reserved > budget OR reserved < 0",
		func(scan func(...any) error) error {
			var key string
			var budget, spent, reserved int64
			if err := scan(&key, &budget, &spent, &reserved); err != nil {
				return err
			}
			list = append(list, Violation{KindOverBudget, key, fmt.Sprintf("budget %d, spent %d, reserved %d", budget, spent, reserved)})
			return nil
		})
	return list, err
}
