package route

import (
	"cmp"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/askbob/bob/llm"
)

// trail is what happened to the candidates that were asked.
type trail struct {
	errs    []*llm.APIError
	tooLong *candidate // the largest that the request did not fit
}

// admits reports whether c may help where the ones before did not.
func (t *trail) admits(c *candidate) bool {
	return t.tooLong == nil || c.Context > t.tooLong.Context
}

// goesOn notes a failure and reports whether another model may do better.
func (t *trail) goesOn(c *candidate, err error) bool {
	e := llm.AsAPIError(err)
	if e == nil {
		return false
	}
	switch e.Kind {
	case llm.KindTooLong:
		t.tooLong = c
	case llm.KindUnavailable, llm.KindRateLimited, llm.KindQuota, llm.KindAuth, llm.KindNotFound, llm.KindBroken:
	case llm.KindInvalid, llm.KindRefused, llm.KindTruncated, llm.KindUnpriced:
		return false
	}
	t.errs = append(t.errs, e)
	return true
}

// end is the error of a walk that ended with err. Money that is short for a dearer
// candidate is no matter as long as one before it has only to be waited for.
func (t *trail) end(err error) error {
	waits := slices.ContainsFunc(t.errs, func(e *llm.APIError) bool { return e.Kind == llm.KindRateLimited })
	if waits && llm.AsAPIError(err) == nil {
		return t.verdict()
	}
	return err
}

// hope orders failures: the less a person must do, the earlier. What is not in it
// comes last.
var hope = []llm.Kind{llm.KindRateLimited, llm.KindUnavailable, llm.KindBroken} //nolint:gochecknoglobals // a constant table

func hopeOf(e *llm.APIError) int {
	i := slices.Index(hope, e.Kind)
	switch {
	case i < 0:
		return len(hope)
	case i == 0 && e.Held:
		return -1 // there is nothing wrong with that provider
	}
	return i
}

// verdict is the error of a walk in which nobody answered: the most hopeful one,
// with a word on the others. What they used is booked with each of them.
func (t *trail) verdict() error {
	switch len(t.errs) {
	case 0:
		return &llm.APIError{
			Kind: llm.KindInvalid, Held: true, Usage: llm.Usage{Known: true}, Cost: llm.Cost{Known: true},
			Message: "none of the models can take what the request holds: tools, a schema or pictures",
		}
	case 1:
		return t.errs[0]
	}
	best := *slices.MinFunc(t.errs, func(a, b *llm.APIError) int { return cmp.Compare(hopeOf(a), hopeOf(b)) })
	if best.Kind == llm.KindRateLimited {
		best.RetryAfter = t.wait()
	}
	best.Usage, best.Cost, best.Err = llm.Usage{Known: true}, llm.Cost{Known: true}, errors.New(t.summary())
	if !best.Held {
		best.Message = "" // one provider's words do not stand for all
	}
	return &best
}

// wait returns the shortest wait of the candidates that are limited. One that only
// failed may be back sooner than one that asks for an hour.
func (t *trail) wait() time.Duration {
	var shortest time.Duration
	for _, e := range t.errs {
		after := e.RetryAfter
		switch e.Kind {
		case llm.KindRateLimited:
		case llm.KindUnavailable, llm.KindBroken:
			after = cmp.Or(after, failurePause)
		default:
			continue
		}
		if after > 0 && (shortest == 0 || after < shortest) {
			shortest = after
		}
	}
	return shortest
}

// maxSummary bounds what is said of several failures, in bytes.
const maxSummary = 500

func (t *trail) summary() string {
	var parts []string
	for _, e := range t.errs {
		text := e.Provider + "/" + e.Model + " " + string(e.Kind)
		if e.Message != "" {
			text += " (" + e.Message + ")"
		}
		parts = append(parts, text)
	}
	text := strings.Join(parts, "; ")
	if len(text) > maxSummary {
		text = strings.ToValidUTF8(text[:maxSummary], "") + "…"
	}
	return text
}
