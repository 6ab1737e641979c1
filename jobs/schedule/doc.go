// Package schedule runs jobs again and again: it reads when from cron or plain
// words, keeps schedules, and submits each of their slots as a job, once and no
// more, whatever happens in between. It also does the housekeeping that comes
// round by the clock.
//
// It knows the rules for missed slots, overlapping runs and monthly budgets. It
// does not know how schedules are stored, how a job is carried out, or where
// people are told.
package schedule
