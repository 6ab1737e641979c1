// Package result makes one result of many: it combines the results of a branch's
// children, and lays out what a whole job came to, level by level.
//
// It knows what a combine step is told and how to ask a model. It does not know
// who runs the step, how often it is tried again, or where results are kept.
package result
