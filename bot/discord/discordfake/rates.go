package discordfake

import (
	"net/http"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Limit is how many requests Discord takes of a kind, for each channel.
type Limit struct {
	Method, Path string // with * for an ID, such as /channels/*/messages
	Calls        int
	Per          time.Duration
}

// rates is what the limits are held by, guarded by the server's lock.
type rates struct {
	global   int // requests in a second, over all but those of interactions; 0: any number
	limits   []Limit
	buckets  map[string]*bucket
	exceeded []Excess
}

// Excess is a request that was one too many.
type Excess struct {
	Limit string    // its method and path; empty: that of all requests
	Since time.Time // when the count began, which only whoever was there then knows
	Until time.Time
}

// bucket is what is left of a limit until its reset.
type bucket struct {
	left  int
	reset time.Time
}

// Limits holds clients to limits, as Discord does: it tells of them in headers, and
// answers 429 to what is too much. There are none at first.
func (s *Server) Limits(global int, list ...Limit) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rates = rates{global: global, limits: list, buckets: map[string]*bucket{}}
}

// Exceeded lists the requests that were too many, without those that Fail refused.
func (s *Server) Exceeded() []Excess {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.rates.exceeded)
}

// count counts a request and writes what is left into the headers of its answer. It
// returns the answer if it was one too many. The lock is held.
func (s *Server) count(req Request, h http.Header, now time.Time) *Fault {
	r, part := &s.rates, strings.Split(strings.Trim(req.Path, "/"), "/")
	if part[0] == "interactions" || part[0] == "webhooks" {
		return nil
	}
	if r.global > 0 {
		if left, after := r.take("", Limit{Calls: r.global, Per: time.Second}, now); left < 0 {
			r.exceed("", time.Second, now.Add(after))
			return &Fault{Status: http.StatusTooManyRequests, Retry: after, Global: true}
		}
	}
	for _, l := range r.limits {
		if ok, _ := path.Match(l.Path, req.Path); !ok || l.Method != req.Method {
			continue
		}
		name := l.Method + " " + l.Path
		left, after := r.take(name+" "+part[1], l, now)
		h.Set("X-RateLimit-Bucket", name)
		h.Set("X-RateLimit-Limit", strconv.Itoa(l.Calls))
		h.Set("X-RateLimit-Remaining", strconv.Itoa(max(left, 0)))
		h.Set("X-RateLimit-Reset", strconv.FormatFloat(float64(now.Add(after).UnixMilli())/1000, 'f', 3, 64))
		h.Set("X-RateLimit-Reset-After", strconv.FormatFloat(after.Seconds(), 'f', 3, 64))
		if left < 0 {
			r.exceed(name, l.Per, now.Add(after))
			return &Fault{Status: http.StatusTooManyRequests, Retry: after}
		}
		return nil
	}
	return nil
}

func (r *rates) exceed(limit string, per time.Duration, until time.Time) {
	r.exceeded = append(r.exceeded, Excess{Limit: limit, Since: until.Add(-per), Until: until})
}

// take takes one of a bucket, and returns how many are left, less than none if there
// was none, until when.
func (r *rates) take(name string, l Limit, now time.Time) (left int, after time.Duration) {
	b := r.buckets[name]
	if b == nil || !b.reset.After(now) {
		b = &bucket{left: l.Calls, reset: now.Add(l.Per)}
		r.buckets[name] = b
	}
	b.left = max(b.left-1, -1)
	return b.left, b.reset.Sub(now)
}
