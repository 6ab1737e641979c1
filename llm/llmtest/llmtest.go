// Package llmtest helps to test what uses models, and what speaks to them: a
// Script answers as it was told to, and TestProvider holds every adapter to the
// promises of llm.Model against a server that misbehaves in every way it can. It
// knows no vendor's format: an adapter's test hands that over as a Dialect. It is
// for tests only.
package llmtest
