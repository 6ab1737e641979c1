package tool

import "time"

// SetQueryTime shortens the deadline of queries, for tests of it.
func SetQueryTime(d *Data, most time.Duration) { d.tables.time = most }

// SetQueryMemory changes the memory bound of queries, for tests of it.
func SetQueryMemory(d *Data, most int64) { d.tables.memory = most }
