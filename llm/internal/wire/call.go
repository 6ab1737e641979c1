package wire

import (
	"context"

	"github.com/askbob/bob/llm"
)

// Call is an Exchange with what its errors say of it. It is safe for concurrent
// use.
type Call struct {
	*Exchange

	Provider string
	Model    string
	Secrets  []string // taken out of what the provider says
}

// Begin returns a context whose request fills in the call's Exchange.
func Begin(ctx context.Context, provider, model string, secrets ...string) (context.Context, *Call) {
	ctx, exchange := Watch(ctx)
	return ctx, &Call{Exchange: exchange, Provider: provider, Model: model, Secrets: secrets}
}

// Words bounds what the provider said and takes the secrets out of it.
func (c *Call) Words(text string) string {
	for _, secret := range c.Secrets {
		text = Scrubbed(text, secret)
	}
	return Bounded(text, MaxMessage)
}

// Fault returns the error of an answer that is none.
func (c *Call) Fault(kind llm.Kind, message string, usage llm.Usage) *llm.APIError {
	return &llm.APIError{
		Provider: c.Provider, Model: c.Model, Kind: kind, Status: c.Status(),
		Message: c.Words(message), RequestID: c.RequestID(), Usage: usage,
	}
}

// Broken returns the error of an answer that cannot be read.
func (c *Call) Broken(err error, usage llm.Usage) *llm.APIError {
	f := c.Fault(llm.KindBroken, err.Error(), usage)
	f.Err = err
	return f
}

// Unsent returns the error of a request that cannot be sent. It cost nothing.
func (c *Call) Unsent(err error) *llm.APIError {
	f := c.Fault(llm.KindInvalid, err.Error(), llm.Usage{Known: true})
	f.Err = err
	return f
}
