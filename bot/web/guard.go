package web

import (
	"crypto/sha256"
	"crypto/subtle"
	"net"
	"net/http"
	"net/netip"
	"strings"
)

// guard keeps out whom the API is not for: callers without the token, and pages in
// a browser that were loaded from somewhere else.
type guard struct {
	token  [sha256.Size]byte
	local  bool
	public string // host name of the public URL; empty: there is none
	cross  *http.CrossOriginProtection
}

func newGuard(cfg Config) (*guard, error) {
	g := &guard{token: sha256.Sum256([]byte(cfg.Token)), local: cfg.Local, cross: http.NewCrossOriginProtection()}
	if cfg.PublicURL == "" {
		return g, nil
	}
	u, err := origin(cfg.PublicURL)
	if err != nil {
		return nil, err
	}
	g.public = u.Hostname()
	return g, g.cross.AddTrustedOrigin(u.Scheme + "://" + u.Host)
}

// check refuses what only a foreign page makes a browser send: a name for this
// machine that is not its own (DNS rebinding), or a command from another origin.
func (g *guard) check(r *http.Request) error {
	if !g.known(r.Host) {
		return &fault{
			status: http.StatusMisdirectedRequest,
			detail: "This server is not known by that name: use localhost, or name it in web.public_url.",
		}
	}
	if err := g.cross.Check(r); err != nil {
		return &fault{
			status: http.StatusForbidden, err: err,
			detail: "A page of another origin may not use this server: name its origin in web.public_url.",
		}
	}
	return nil
}

// known reports whether host is a name of this server. An address cannot be
// rebound, and a server that others reach may have any name unless it has a public
// URL.
func (g *guard) known(host string) bool {
	name := host
	if h, _, err := net.SplitHostPort(host); err == nil {
		name = h
	}
	name = strings.TrimSuffix(strings.TrimPrefix(name, "["), "]")
	if _, err := netip.ParseAddr(name); err == nil {
		return true
	}
	name = strings.ToLower(name)
	return name == "localhost" || g.public != "" && name == strings.ToLower(g.public) || !g.local && g.public == ""
}

// authorized lets through who knows the token. Its hash is compared, in a time that
// tells neither its length nor its beginning.
func (g *guard) authorized(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
		sum := sha256.Sum256([]byte(strings.TrimSpace(token)))
		if !strings.EqualFold(scheme, "Bearer") || subtle.ConstantTimeCompare(sum[:], g.token[:]) != 1 {
			w.Header().Set("WWW-Authenticate", `Bearer realm="bob"`)
			writeProblem(w, Problem{
				Status: http.StatusUnauthorized,
				Detail: "The token is missing or wrong: send Authorization: Bearer TOKEN with the token of the server's web.token or data directory.",
			})
			return
		}
		next.ServeHTTP(w, r)
	})
}
