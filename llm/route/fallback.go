package route

import (
	"context"
	"errors"
	"iter"
	"slices"

	"github.com/askbob/bob/llm"
)

// fallback is a model over several candidates.
type fallback struct {
	caller     string
	candidates []candidate
}

var _ llm.Model = (*fallback)(nil)

// candidate is a member as one caller may use it.
type candidate struct {
	Member

	gate *gate
	call llm.Model // the member's, as the caller wrapped it
}

// Generate asks one candidate after another.
func (f *fallback) Generate(ctx context.Context, r llm.Request) (llm.Response, error) {
	var answer llm.Response
	err := f.walk(ctx, r, func(c *candidate, r llm.Request) (llm.Usage, bool, error) {
		var err error
		answer, err = c.call.Generate(ctx, r)
		return answer.Usage, false, err
	})
	if err != nil {
		return llm.Response{}, err
	}
	return answer, nil
}

// Stream asks one candidate after another, as long as none has said anything.
func (f *fallback) Stream(ctx context.Context, r llm.Request) iter.Seq2[llm.Delta, error] {
	return func(yield func(llm.Delta, error) bool) {
		listening := true
		err := f.walk(ctx, r, func(c *candidate, r llm.Request) (used llm.Usage, final bool, err error) {
			for delta, err := range c.call.Stream(ctx, r) {
				if err != nil {
					return used, final, err
				}
				if delta.Done != nil {
					used = delta.Done.Usage
				}
				final = final || delta.Text != "" || delta.Done != nil
				if listening = yield(delta, nil); !listening {
					return used, true, errUnknown
				}
			}
			return used, final, nil
		})
		if err != nil && listening {
			yield(llm.Delta{}, err)
		}
	}
}

// ask makes one call of a candidate. It reports what was used and whether the end
// is final, whatever the error: something was shown.
type ask func(c *candidate, r llm.Request) (used llm.Usage, final bool, err error)

// walk asks the candidates in their order until one answers or none is left.
func (f *fallback) walk(ctx context.Context, r llm.Request, try ask) error {
	var t trail
	for _, c := range f.fitting(r) {
		if !t.admits(c) {
			continue
		}
		final, err := f.one(ctx, c, r, try)
		if err == nil {
			f.forget(c)
			return nil
		}
		if final || ctx.Err() != nil || !t.goesOn(c, err) {
			f.forget(nil)
			return t.end(err)
		}
	}
	return t.verdict()
}

// one asks one candidate, if its provider takes calls now.
func (f *fallback) one(ctx context.Context, c *candidate, r llm.Request, try ask) (final bool, err error) {
	r.Model = c.Name
	e := c.Model.Estimate(r)
	p, held := c.gate.enter(ctx, c.Name, f.caller, e.Input+e.Output)
	if held != nil {
		return false, held
	}
	var used llm.Usage
	outcome := errUnknown // of a call that panics
	defer func() { p.leave(used, outcome) }()
	used, final, err = try(c, r)
	outcome = err
	switch {
	case err == nil:
	case ctx.Err() != nil:
		outcome = errUnknown // nobody wanted it any more
	case llm.AsAPIError(err) == nil && !errors.Is(err, errUnknown):
		outcome = errUnsent // the ledger refused it
	}
	return final, err
}

// fitting lists the candidates that can be sent the request. Sizes are estimates
// that are rather too high, so the largest candidate is always left.
func (f *fallback) fitting(r llm.Request) []*candidate {
	var able, fit []*candidate
	for i := range f.candidates {
		c := &f.candidates[i]
		if len(r.Tools) > 0 && !c.Tools || r.Schema != nil && !c.Structured || pictures(r) && !c.Vision {
			continue
		}
		able = append(able, c)
		r.Model = c.Name
		if c.Context == 0 || c.Model.Estimate(r).Input <= int64(c.Context) {
			fit = append(fit, c)
		}
	}
	if len(fit) > 0 || len(able) == 0 {
		return fit
	}
	return []*candidate{slices.MaxFunc(able, func(a, b *candidate) int { return a.Context - b.Context })}
}

func pictures(r llm.Request) bool {
	return slices.ContainsFunc(r.Messages, func(m llm.Message) bool { return len(m.Images) > 0 })
}

// forget gives up the caller's places at the providers that did not answer.
func (f *fallback) forget(answered *candidate) {
	for i := range f.candidates {
		if c := &f.candidates[i]; answered == nil || c.gate != answered.gate {
			c.gate.forget(f.caller)
		}
	}
}
