package llm_test

import (
	"errors"
	"fmt"
	"io"
	"testing"

	"github.com/askbob/bob/llm"
)

func TestAPIError_isFoundUnderWrapping(t *testing.T) {
	t.Parallel()
	e := &llm.APIError{Provider: "p", Model: "m", Kind: llm.KindBroken, Status: 200, Err: io.ErrUnexpectedEOF}
	wrapped := fmt.Errorf("plan: %w", e)
	if llm.AsAPIError(wrapped) != e || !errors.Is(wrapped, io.ErrUnexpectedEOF) {
		t.Errorf("%v is not what was wrapped", wrapped)
	}
	if llm.AsAPIError(io.EOF) != nil || llm.AsAPIError(nil) != nil {
		t.Error("an error that is none of a provider was taken for one")
	}
	if got, want := e.Error(), "p m: broken (HTTP 200): unexpected EOF"; got != want {
		t.Errorf("text = %q, want %q", got, want)
	}
}

func TestAPIError_Retryable(t *testing.T) {
	t.Parallel()
	for kind, want := range map[llm.Kind]bool{
		llm.KindUnavailable: true, llm.KindRateLimited: true, llm.KindBroken: true, llm.KindTruncated: true,
		llm.KindQuota: false, llm.KindAuth: false, llm.KindNotFound: false, llm.KindTooLong: false,
		llm.KindInvalid: false, llm.KindRefused: false, llm.KindUnpriced: false,
	} {
		if got := (&llm.APIError{Kind: kind}).Retryable(); got != want {
			t.Errorf("%s: retryable = %v, want %v", kind, got, want)
		}
	}
}
