package web

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"time"

	"golang.org/x/sync/semaphore"

	"github.com/askbob/bob/jobs"
)

// Config configures a Server. Service, Reader, Feed, Log, Ready and Token are
// required.
type Config struct {
	Service *jobs.Service
	Reader  jobs.Reader
	Feed    *jobs.Feed
	Log     *slog.Logger
	Ready   func() bool // whether new work is begun
	Token   string      // that every caller must know

	Local      bool                                   // only this machine reaches the listener
	PublicURL  string                                 // as people reach it; empty: as it is asked
	Budget     jobs.Money                             // of a job whose request names none
	CheckModel func(model string, private bool) error // says, as a *jobs.UserError, that no model will do; nil: any will
	Heartbeat  time.Duration                          // between signs of life on a quiet stream; default 15s
	Schedules  Schedules                              // nil: there are no routes for recurring jobs
	Digests    Digests                                // nil: there is no route for what happened in a day
	Zone       *time.Location                         // in which days begin; nil: UTC
}

// Server is the API as an http.Handler. It is safe for concurrent use.
type Server struct {
	cfg     Config
	guard   *guard
	mux     *http.ServeMux
	uploads *semaphore.Weighted // bytes of requests that are in memory
	streams *streams
	metrics http.Handler
	routes  []route
	openAPI []byte
}

// New returns a Server for cfg. Its streams of events end with ctx; other requests
// do not.
func New(ctx context.Context, cfg Config) (*Server, error) {
	if cfg.Service == nil || cfg.Reader == nil || cfg.Feed == nil || cfg.Log == nil || cfg.Ready == nil || cfg.Token == "" {
		return nil, errors.New("web: Service, Reader, Feed, Log, Ready and Token are required")
	}
	if cfg.Heartbeat == 0 {
		cfg.Heartbeat = 15 * time.Second
	}
	if cfg.Zone == nil {
		cfg.Zone = time.UTC
	}
	guard, err := newGuard(cfg)
	if err != nil {
		return nil, err
	}
	s := &Server{cfg: cfg, guard: guard, mux: http.NewServeMux(), uploads: semaphore.NewWeighted(maxUploads)}
	s.streams = newStreams(ctx, cfg)
	s.metrics = newMetrics(ctx, cfg)
	s.routes = s.table()
	if s.openAPI, err = describe(s.routes); err != nil {
		return nil, err
	}
	for _, r := range s.routes {
		s.mux.Handle(r.method+" "+r.path, s.handler(r))
	}
	return s, nil
}

// ServeHTTP answers one request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.Header().Set("Cache-Control", "no-store")
	if err := s.guard.check(r); err != nil {
		s.refuse(w, r, err)
		return
	}
	if _, pattern := s.mux.Handler(r); pattern == "" {
		s.refuse(w, r, s.unrouted(w, r))
		return
	}
	s.mux.ServeHTTP(w, r)
}

// handler answers with the problem that a route's function returns.
func (s *Server) handler(r route) http.Handler {
	h := http.Handler(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		if err := r.handle(w, req); err != nil {
			s.refuse(w, req, err)
		}
	}))
	if r.open {
		return h
	}
	return s.guard.authorized(h)
}

// unrouted says why no route takes a request: the path, or the method.
func (s *Server) unrouted(w http.ResponseWriter, r *http.Request) error {
	p := probe{header: http.Header{}}
	s.mux.ServeHTTP(&p, r)
	if allow := p.header.Get("Allow"); allow != "" {
		w.Header().Set("Allow", allow)
		return &fault{status: http.StatusMethodNotAllowed, detail: "Use " + allow + " here."}
	}
	return &fault{status: http.StatusNotFound, detail: "There is nothing here: /api/openapi.json lists what there is."}
}

// probe is an http.ResponseWriter that keeps nothing but the header.
type probe struct{ header http.Header }

// Header returns what was set.
func (p *probe) Header() http.Header { return p.header }

// Write drops b.
func (p *probe) Write(b []byte) (int, error) { return len(b), nil }

// WriteHeader does nothing.
func (p *probe) WriteHeader(int) {}

// answer writes v as JSON.
func answer(w http.ResponseWriter, status int, v any) error {
	data, err := json.Marshal(v)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(append(data, '\n')) // whoever went away needs no answer
	return nil
}

// origin is scheme and host of a URL, or an error if it has more or less.
func origin(text string) (*url.URL, error) {
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.User != nil {
		return nil, errors.New("web: the public URL must be like https://bob.example.com")
	}
	return u, nil
}
