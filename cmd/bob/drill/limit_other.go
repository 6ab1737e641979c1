//go:build !linux && !darwin

package drill

import "errors"

// limitFiles cannot be had here: SQLite's own limit must do.
func limitFiles(string, int64) error { return errors.ErrUnsupported }
