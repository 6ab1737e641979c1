package discord

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
)

// apiVersion is Discord's API that this package is written for.
const apiVersion = "10"

// redirect sends all requests of the library and of our own to one server and one
// version of the API: the library's addresses are fixed when it is loaded.
type redirect struct {
	base *url.URL
	next http.RoundTripper
}

var versioned = regexp.MustCompile(`^/api/v\d+/`) //nolint:gochecknoglobals // a constant pattern

// RoundTrip sends r on.
func (t redirect) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.URL.Scheme, r.URL.Host, r.Host = t.base.Scheme, t.base.Host, t.base.Host
	prefix := strings.TrimSuffix(t.base.Path, "/")
	r.URL.Path = prefix + versioned.ReplaceAllString(r.URL.Path, "/api/v"+apiVersion+"/")
	r.URL.RawPath = ""
	return t.next.RoundTrip(r)
}
