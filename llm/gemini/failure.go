package gemini

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/tidwall/gjson"
	"google.golang.org/genai"

	"github.com/askbob/bob/llm"
	"github.com/askbob/bob/llm/internal/wire"
)

// fault is the API's error object.
type fault struct {
	code    int
	status  string // a word such as RESOURCE_EXHAUSTED
	message string
	reason  string        // a more exact word; empty: none
	retry   time.Duration // 0: not said
	daily   bool          // a quota of the day is used up
}

// failed returns the error of an exchange that gave no answer, or of a stream
// that broke.
func (c *call) failed(ctx context.Context, err error) *llm.APIError {
	f := wire.Failure(ctx, c.Exchange, cmp.Or(c.cut, err))
	f.Provider, f.Model = c.cfg.Name, c.request.Model
	switch {
	case ctx.Err() != nil:
	case f.Status >= http.StatusBadRequest:
		said, ok := faultIn(c.ErrorBody())
		if !ok {
			said = fault{message: string(c.ErrorBody())}
		}
		c.refine(f, said, f.Status)
		f.Err = nil // the library's error says the same, unbounded
	case f.Kind == llm.KindBroken:
		if said, ok := faultOf(err); ok {
			c.refine(f, said, said.code)
		} else {
			f.Message = c.Words(f.Err.Error())
		}
		f.Err = nil // it may hold the whole answer
	}
	return f
}

// refine goes by the words of the error object where a status says too little.
func (c *call) refine(f *llm.APIError, said fault, status int) {
	f.Message = c.Words(said.message)
	f.RetryAfter = max(f.RetryAfter, said.retry)
	if status < http.StatusBadRequest {
		return
	}
	f.Kind = said.kind(wire.KindOf(status, f.RetryAfter > 0))
}

func (f fault) kind(kind llm.Kind) llm.Kind {
	message := strings.ToLower(f.message)
	switch {
	case strings.HasPrefix(f.reason, "API_KEY_"): // a wrong key is a 400 here
		return llm.KindAuth
	case f.reason == "BILLING_DISABLED",
		f.status == "FAILED_PRECONDITION" && strings.Contains(message, "billing"):
		return llm.KindQuota
	case kind == llm.KindRateLimited && (f.daily || spent(message)):
		return llm.KindQuota // the wait that comes with it is too short to help
	case kind == llm.KindInvalid && strings.Contains(message, "exceeds the maximum number of tokens"):
		return llm.KindTooLong
	case f.status == "CANCELLED":
		return llm.KindUnavailable
	}
	return kind
}

// spent reports whether a message speaks of money: neither case has a word of its
// own.
func spent(message string) bool {
	return strings.Contains(message, "credits are depleted") || strings.Contains(message, "spending cap")
}

// faultIn finds an error object in a body: bare, or, from some streams, in a
// list.
func faultIn(body []byte) (fault, bool) {
	if !gjson.ValidBytes(body) {
		return fault{}, false
	}
	root := gjson.ParseBytes(body)
	if root.IsArray() {
		root = root.Get("0")
	}
	said := root.Get("error")
	if !said.IsObject() {
		return fault{}, false
	}
	f := fault{
		code: int(said.Get("code").Int()), status: said.Get("status").String(), message: said.Get("message").String(),
	}
	for _, detail := range said.Get("details").Array() {
		f.detail(detail)
	}
	return f, true
}

func (f *fault) detail(detail gjson.Result) {
	switch kind := detail.Get("@type").String(); {
	case strings.HasSuffix(kind, "google.rpc.ErrorInfo"):
		f.reason = detail.Get("reason").String()
	case strings.HasSuffix(kind, "google.rpc.RetryInfo"):
		f.retry = wire.Wait(strings.TrimSuffix(detail.Get("retryDelay").String(), "s"), time.Second)
	case strings.HasSuffix(kind, "google.rpc.QuotaFailure"):
		for _, violation := range detail.Get("violations").Array() {
			f.daily = f.daily || strings.Contains(violation.Get("quotaId").String(), "PerDay")
		}
	}
}

// faultOf finds an error object that came in the middle of a stream.
func faultOf(err error) (fault, bool) {
	event, ok := errors.AsType[genai.APIError](err)
	if !ok {
		return fault{}, false
	}
	data, err := json.Marshal(map[string]genai.APIError{"error": event})
	if err != nil {
		return fault{}, false
	}
	return faultIn(data)
}

// unsent returns the error of a request that cannot be sent. It cost nothing.
func (c *call) unsent(err error) *llm.APIError {
	return c.Fault(llm.KindInvalid, err.Error(), llm.Usage{Known: true})
}
