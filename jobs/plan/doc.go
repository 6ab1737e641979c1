// Package plan turns a request into a plan: it tells a model what is known, reads
// what the model answers, refuses what could not be run and says why, so that the
// model can mend it.
//
// It knows the form of a plan and its rules. It does not know who runs a plan,
// where nodes are kept, which model answers or what a call costs.
package plan
