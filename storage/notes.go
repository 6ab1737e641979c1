package storage

import (
	"context"
	"fmt"

	"gorm.io/gorm"

	"github.com/askbob/bob/jobs"
)

// Note returns what a front end kept under a key.
func (s *Store) Note(ctx context.Context, surface, key string) ([]byte, error) {
	var row struct{ Data []byte }
	found := s.reads.WithContext(ctx).Raw("SELECT data FROM notes WHERE surface = ? AND key = ?", surface, key).Scan(&row)
	switch {
	case found.Error != nil:
		return nil, fmt.Errorf("note %q of %s: %w", key, surface, translate(found.Error))
	case found.RowsAffected == 0:
		return nil, fmt.Errorf("note %q of %s: %w", key, surface, jobs.ErrNotFound)
	}
	return row.Data, nil
}

// NotesOf returns what a front end kept under keys that begin so.
func (s *Store) NotesOf(ctx context.Context, surface, prefix string, limit int) (map[string][]byte, error) {
	var rows []struct {
		Key  string
		Data []byte
	}
	err := s.reads.WithContext(ctx).Raw(`SELECT key, data FROM notes WHERE surface = ? AND key >= ? AND key < ? || char(0x10ffff)
		ORDER BY key LIMIT ?`, surface, prefix, prefix, max(0, limit)).Scan(&rows).Error
	if err != nil {
		return nil, fmt.Errorf("notes of %s: %w", surface, translate(err))
	}
	list := make(map[string][]byte, len(rows))
	for _, r := range rows {
		list[r.Key] = r.Data
	}
	return list, nil
}

// SetNote keeps data under a key, in a transaction of its own beside the writer's.
func (s *Store) SetNote(ctx context.Context, surface, key string, data []byte) error {
	if s.writer == nil {
		return errClosed
	}
	err := s.inTx(ctx, func(tx *gorm.DB) error {
		if data == nil {
			return tx.Exec("DELETE FROM notes WHERE surface = ? AND key = ?", surface, key).Error
		}
		return tx.Exec(`INSERT INTO notes (surface, key, data) VALUES (?, ?, ?)
			ON CONFLICT (surface, key) DO UPDATE SET data = excluded.data`, surface, key, data).Error
	})
	if err != nil {
		return fmt.Errorf("keep note %q of %s: %w", key, surface, err)
	}
	return nil
}
