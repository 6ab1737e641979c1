package web

import (
	"context"
	"net/http"
	"time"

	"github.com/askbob/bob/jobs"
)

// Digests says what happened in a stretch of time. It is safe for concurrent use.
type Digests interface {
	Digest(ctx context.Context, q jobs.DigestQuery) (jobs.Digest, error)
}

// digestRoutes is that of a day's digest; none if nobody knows it.
func (s *Server) digestRoutes() []route {
	if s.cfg.Digests == nil {
		return nil
	}
	return []route{{
		method: "GET", path: "/api/v1/digest", summary: "Say what happened in a day, what waits now and what is due next", handle: s.digest, out: jobs.Digest{},
		query: []parameter{{"day", "such as 2026-01-31 (default: the last 24 hours)"}},
	}}
}

func (s *Server) digest(w http.ResponseWriter, r *http.Request) error {
	q, err := jobs.DayQuery(r.URL.Query().Get("day"), time.Now(), s.cfg.Zone)
	if err != nil {
		return refused(err, http.StatusBadRequest)
	}
	d, err := s.cfg.Digests.Digest(r.Context(), q)
	if err != nil {
		return err
	}
	return answer(w, http.StatusOK, d)
}
