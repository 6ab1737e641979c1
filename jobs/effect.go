package jobs

import (
	"context"
	"fmt"
	"strings"
)

// Deed is one call of a tool that acts outside Bob.
type Deed struct {
	ID   int64 // given by the store
	Turn int   // of the task, from 1
	Call int   // among the equal calls of the turn, from 0
	Tool string
	Args string // JSON

	Done   bool   // false: intended, and nobody knows whether it happened
	Failed bool   // the tool refused
	Result string // what the model was told
}

// Key names the deed for services that do what they are asked twice by the same
// name only once.
func (d *Deed) Key(job JobID) string { return fmt.Sprintf("%s-%d", job, d.ID) }

// Intend says that a claimed node is about to call a tool that acts. The outcome
// holds the deed: one that is done already is not to be done again.
type Intend struct {
	Fence

	Deed Deed // without ID and result
}

// Did records what a call that acts came to, whatever became of its node. It is
// stale if another claim of the node has begun the call anew.
type Did struct {
	Fence

	Deed Deed
}

func (Intend) isChange() {}
func (Did) isChange()    {}

// shownArgs bounds what people see of a call's arguments, in characters.
const shownArgs = 1_000

// Doubt asks people about deeds of which nobody knows whether they happened.
func Doubt(deeds []Deed) string {
	var text strings.Builder
	text.WriteString("It is not known whether this happened:\n")
	for _, d := range deeds {
		fmt.Fprintf(&text, "- %s with %s\n", d.Tool, Shorten(d.Args, shownArgs))
	}
	text.WriteString(`Look, and answer "happened" or "again" (then it is done again). Or skip or cancel the step.`)
	return text.String()
}

// Happened reads a person's answer to Doubt: true if it happened, false if it may be
// done again. It returns a *UserError for words that say neither.
func Happened(text string) (bool, error) {
	switch strings.ToLower(strings.Trim(text, " .!\"'\n\t")) {
	case "happened", "it happened", "yes", "done":
		return true, nil
	case "again", "do it again", "repeat", "no":
		return false, nil
	}
	return false, &UserError{Message: `Whether something happened is unknown: answer "happened" or "again", or skip or cancel the step.`}
}

// What a task is told of an answer to Doubt.
const (
	ToldHappened = "It happened: do not do it again."
	ToldAgain    = "It may be done again: do so if it is still needed."
)

// deedKey is the context key of a call's idempotency key.
type deedKey struct{}

// WithEffectKey offers a call that acts its idempotency key.
func WithEffectKey(ctx context.Context, key string) context.Context {
	return context.WithValue(ctx, deedKey{}, key)
}

// EffectKey returns the idempotency key of the call that ctx belongs to: the same
// for a call that is repeated after a crash, another for every other. It is empty
// for tools that do not act.
func EffectKey(ctx context.Context) string {
	key, _ := ctx.Value(deedKey{}).(string)
	return key
}
