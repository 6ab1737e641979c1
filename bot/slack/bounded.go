package slack

import (
	"io"
	"net/http"
)

// maxAnswer bounds what one call may answer, in bytes: the largest file that Bob
// takes, and some.
const maxAnswer = 32 << 20

// bounded ends an answer that is too long, so that no server can fill the memory.
type bounded struct{ next http.RoundTripper }

// RoundTrip calls, and bounds the answer.
func (b bounded) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := b.next.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	resp.Body = struct {
		io.Reader
		io.Closer
	}{io.LimitReader(resp.Body, maxAnswer), resp.Body}
	return resp, nil
}
