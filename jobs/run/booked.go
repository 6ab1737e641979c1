package run

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"iter"
	"sync/atomic"

	"github.com/askbob/bob/jobs"
	"github.com/askbob/bob/llm"
)

// book is the ledger of one claimed node.
type book struct {
	store jobs.Writer
	node  *jobs.Node
	calls atomic.Int64 // that were to be booked so far
	sent  atomic.Int64 // that were

	answer int64 // the most tokens of an answer that nobody bounds, of the models picked
}

// wrap returns a model whose calls are in the book.
func (k *book) wrap(m Model) llm.Model {
	k.answer = max(k.answer, m.Estimate(llm.Request{}).Output)
	return &booked{model: m, book: k}
}

// midway is an error that came after other calls of the same claim: giving up now
// is no mere waiting.
type midway struct{ error }

func (m midway) Unwrap() error { return m.error }

// told returns err with a mark if calls were made before it.
func (k *book) told(err error) error {
	if err == nil || k.sent.Load() == 0 {
		return err
	}
	return midway{err}
}

// booked is a model whose every call for one node is in the ledger: its worst case
// is reserved before it is sent, and what it used is settled after.
type booked struct {
	*book

	model Model
}

// Generate books, sends and settles one call. It returns jobs.ErrBudget, and sends
// nothing, if the purse does not cover the worst case.
func (b *booked) Generate(ctx context.Context, r llm.Request) (llm.Response, error) {
	call, estimate, err := b.reserve(ctx, &r)
	if err != nil {
		return llm.Response{}, err
	}
	resp, err := b.model.Generate(ctx, r)
	if settleErr := b.settle(ctx, call, estimate, resp, err); settleErr != nil && err == nil {
		err = settleErr
	}
	return resp, err
}

// Stream is Generate for those who watch.
func (b *booked) Stream(ctx context.Context, r llm.Request) iter.Seq2[llm.Delta, error] {
	return func(yield func(llm.Delta, error) bool) {
		call, estimate, err := b.reserve(ctx, &r)
		if err != nil {
			yield(llm.Delta{}, err)
			return
		}
		var last llm.Response
		err = context.Canceled // nobody listened to the end
		for d, deltaErr := range b.model.Stream(ctx, r) {
			err = deltaErr
			if d.Done != nil {
				last = *d.Done
			}
			if !yield(d, deltaErr) {
				break
			}
		}
		if settleErr := b.settle(ctx, call, estimate, last, err); settleErr != nil && err == nil {
			yield(llm.Delta{}, settleErr)
		}
	}
}

func (b *booked) reserve(ctx context.Context, r *llm.Request) (int64, llm.Estimate, error) {
	n := b.node
	r.IdempotencyKey = fmt.Sprintf("%s-%d-%s-%d-%d-%s", n.Job, n.ID, n.Phase, n.Attempt, b.calls.Add(1), digest(r.Messages))
	estimate := b.model.Estimate(*r)
	out, err := b.store.Apply(ctx, jobs.Reserve{
		Fence: n.Fence(), Job: n.Job, Purpose: r.Purpose, Estimate: estimate, Key: r.IdempotencyKey,
	})
	if err != nil {
		return 0, estimate, fmt.Errorf("reserve call: %w", err)
	}
	if out[0].Err == nil {
		b.sent.Add(1)
	}
	return out[0].Call, estimate, out[0].Err
}

// digest tells conversations apart: a node may be planned again, or go on with an
// answer, and its attempts are counted from 1 then.
func digest(messages []llm.Message) string {
	h := sha256.New()
	for _, m := range messages {
		_, _ = fmt.Fprintf(h, "%s %q\n", m.Role, m.Text) // a hash takes everything
		for _, r := range m.Results {
			_, _ = fmt.Fprintf(h, "%q\n", r.Text)
		}
	}
	return hex.EncodeToString(h.Sum(nil)[:4])
}

// settle records how a call ended, even if nobody wants its answer any more.
func (b *booked) settle(ctx context.Context, call int64, e llm.Estimate, resp llm.Response, failed error) error {
	s := jobs.Settle{Call: call, Status: jobs.CallOK, Usage: resp.Usage, Cost: resp.Cost, Provider: resp.Provider, Model: resp.Model, RequestID: resp.RequestID}
	if failed != nil {
		s = b.settleFailed(call, e, failed)
	}
	if s.Provider == "" {
		s.Provider, s.Model = e.Provider, e.Model
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), recordLimit)
	defer cancel()
	out, err := b.store.Apply(ctx, s)
	if err != nil {
		return fmt.Errorf("settle call: %w", err)
	}
	return out[0].Err
}

// maxErrorText bounds what the ledger keeps of a provider's words.
const maxErrorText = 2000

// settleFailed books what a failed call used, or its worst case if nobody knows.
func (b *booked) settleFailed(call int64, e llm.Estimate, failed error) jobs.Settle {
	s := jobs.Settle{Call: call, Status: jobs.CallError, Error: jobs.Shorten(failed.Error(), maxErrorText)}
	if api := llm.AsAPIError(failed); api != nil {
		s.Usage, s.Cost, s.RequestID = api.Usage, api.Cost, api.RequestID
		return s
	}
	s.Usage, s.Cost = llm.Usage{UncachedIn: e.Input}, e.Worst
	return s
}
