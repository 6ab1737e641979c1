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
	f := wire.Failure(ctx, c.Exchange, err)
	f.Provider, f.Model = c.cfg.Name, c.request.Model
	if f.Status < http.StatusBadRequest || ctx.Err() != nil {
		return f
	}
	body := c.ErrorBody()
	said, ok := faultIn(body)
	if !ok {
		said = string(body)
	}
	if f.Status == statusClosed {
		f.Kind = llm.KindUnavailable
	}
	f.Kind = refine(f.Kind, said)
	f.Message = c.Words(said)
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
