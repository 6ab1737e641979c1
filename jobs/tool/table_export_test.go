package tool

import "time"

// SetQueryTime shortens the deadline of queries, for tests of it.
func SetQueryTime(d *Data, most time.Duration) { d.tables.time = most }
