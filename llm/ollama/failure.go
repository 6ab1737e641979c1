package ollama

import (
	"context"
	"net/http"
	"strings"

	"github.com/askbob/bob/llm"
	"github.com/askbob/bob/llm/internal/wire"
)

// statusClosed is what the server answers to somebody who has left; a gateway
// that gave up on it hands it on.
const statusClosed = 499

// failed returns the error of an exchange that gave no answer. Err is nil where
// the status says it.
func (c *call) failed(ctx context.Context, err error) *llm.APIError {
	f := wire.Failure(ctx, c.exchange, err)
	f.Provider, f.Model = c.cfg.Name, c.request.Model
	if f.Status < http.StatusBadRequest || ctx.Err() != nil {
		return f
	}
	body := c.exchange.ErrorBody()
	said, ok := faultIn(body)
	if !ok {
		said = string(body)
	}
	if f.Status == statusClosed {
		f.Kind = llm.KindUnavailable
	}
	f.Kind = refine(f.Kind, said)
	f.Message = c.words(said)
	return f
}

// refine goes by the words where a status says too little: the API has no codes.
func refine(kind llm.Kind, said string) llm.Kind {
	said = strings.ToLower(said)
	if strings.Contains(said, "exceed") && strings.Contains(said, "context length") {
		return llm.KindTooLong
	}
	return kind
}

// fault returns the error of an answer that is none.
func (c *call) fault(kind llm.Kind, message string, usage llm.Usage) *llm.APIError {
	return &llm.APIError{
		Provider: c.cfg.Name, Model: c.request.Model, Kind: kind, Status: c.exchange.Status(),
		Message: c.words(message), RequestID: c.exchange.RequestID(), Usage: usage,
	}
}

// unsent returns the error of a request that cannot be sent. It cost nothing.
func (c *call) unsent(err error) *llm.APIError {
	f := c.fault(llm.KindInvalid, err.Error(), llm.Usage{Known: true})
	f.Err = err
	return f
}

// words bounds what the server said and takes our key out of it.
func (c *call) words(text string) string {
	return wire.Bounded(wire.Scrubbed(text, c.cfg.APIKey), wire.MaxMessage)
}
