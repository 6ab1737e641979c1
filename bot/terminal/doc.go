// Package terminal shows jobs on a terminal: the progress of a running one as a
// tree that is redrawn in place, or as plain lines where there is no terminal,
// and finished pages for lists and single jobs.
//
// It knows jobs' reports and what a terminal can do. It does not know where the
// reports come from, and reads no environment: whether there is a terminal, how
// large it is and whether it has colours is told to it.
package terminal
