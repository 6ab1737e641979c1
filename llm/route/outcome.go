package route

import (
	"errors"
	"io"
	"net"
	"net/http"
	"time"

	"github.com/askbob/bob/llm"
)

// errUnsent is the outcome of a call that was let in and not sent.
var errUnsent = errors.New("the call was not sent")

// leave gives a pass back with how its call ended: the usage of an answer, or the
// error. What was reserved is corrected by what was used.
func (p *pass) leave(used llm.Usage, err error) {
	g := p.gate
	g.mu.Lock()
	defer g.mu.Unlock()
	now := time.Now()
	api := llm.AsAPIError(err)
	sent := !errors.Is(err, errUnsent)
	if api != nil {
		used = api.Usage
	}
	g.line.leave(p, now.Sub(p.begun), sent && err == nil)
	g.correct(p, used, sent, now)
	g.learn(p.model, api, now)
	switch {
	case !sent, err != nil && api == nil:
		p.done(errUnknown)
	default:
		p.done(err)
	}
}

// correct puts back what was reserved and not used, or takes what was used beyond
// it.
func (g *gate) correct(p *pass, used llm.Usage, sent bool, now time.Time) {
	if g.requests != nil && !sent {
		g.requests.ReserveN(now, -1)
	}
	if g.tokens == nil {
		return
	}
	actual := p.tokens
	switch {
	case !sent:
		actual = 0
	case used.Known:
		actual = g.clamp(used.UncachedIn + used.CacheRead + used.CacheWrite + used.Out)
	}
	if more := actual - p.tokens; more != 0 {
		g.tokens.ReserveN(now, more)
	}
}

// learn closes the provider, or the model, for as long as its failure says.
func (g *gate) learn(model string, e *llm.APIError, now time.Time) {
	if e == nil || e.Held {
		return
	}
	scope, pause := "", accountPause
	switch {
	case e.Kind == llm.KindRateLimited && e.RetryAfter > 0:
		pause = e.RetryAfter
	case e.Kind == llm.KindAuth && e.Status == http.StatusForbidden:
		scope = model // the key is good, but not for this one
	case e.Kind == llm.KindAuth, e.Kind == llm.KindQuota:
	default:
		return
	}
	until := now.Add(pause)
	if until.After(g.closed[scope].until) {
		g.closed[scope] = closure{until: until, why: *e}
		g.log.Warn("provider is closed", "model", scope, "for", pause, "kind", e.Kind, "said", e.Message)
	}
}

// down reports whether a call ended so because the provider is down. What it says
// of the request, and an answer of no use, do not count; nor does a call that
// nobody wanted any more.
func down(err error) bool {
	e := llm.AsAPIError(err)
	if e == nil {
		return false
	}
	switch e.Kind {
	case llm.KindUnavailable:
		return true
	case llm.KindBroken:
		_, network := errors.AsType[net.Error](e.Err)
		return network || errors.Is(e.Err, io.ErrUnexpectedEOF)
	default:
		return false
	}
}
