package web

import (
	"bytes"
	"mime"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/askbob/bob/jobs"
)

// handle answers a request, or returns why not.
type handle func(w http.ResponseWriter, r *http.Request) error

// route is one line of the API: what is answered and how it is described.
type route struct {
	method, path string
	summary      string
	handle       handle
	query        []parameter
	header       []parameter
	in           any    // a value of the body's type; nil: none
	out          any    // a value of the answer's type; nil: not JSON
	media        string // of an answer that is not JSON
	status       int    // of success; 0: 200
	open         bool   // for everybody, without the token
}

// parameter is an optional text beside the body.
type parameter struct{ name, about string }

// list is the answer to GET /api/v1/jobs.
type list struct {
	Jobs []jobs.Report `json:"jobs"`
}

// table lists all routes.
func (s *Server) table() []route {
	return slices.Concat(s.jobRoutes(), s.scheduleRoutes(), s.digestRoutes())
}

func (s *Server) jobRoutes() []route {
	const job = "/api/v1/jobs/{id}"
	return []route{
		{
			method: "GET", path: "/api/v1/jobs", summary: "List the newest jobs", handle: s.list, out: list{},
			query: []parameter{{"limit", "how many at most, 1 to 500 (default 100)"}},
		},
		{
			method: "POST", path: "/api/v1/jobs", summary: "Submit a job", handle: s.submit, in: Submission{}, out: Submitted{}, status: http.StatusCreated,
			header: []parameter{{"Idempotency-Key", "the same key returns the same job"}},
		},
		{
			method: "GET", path: job, summary: "Report all of a job", handle: s.report, out: jobs.Report{},
			query: []parameter{{"nodes", "false: without nodes, files and calls, fast whatever the job's size"}},
		},
		{
			method: "GET", path: job + "/events", summary: "Follow a job: a stream of its events until it is final", handle: s.events, media: eventType,
			header: []parameter{{"Last-Event-ID", "go on after the event of that number"}},
		},
		{method: "POST", path: job + "/pause", summary: "Start nothing more of a job or a part of it", handle: s.place(jobs.VerbPause), in: Place{}, out: jobs.Report{}},
		{method: "POST", path: job + "/resume", summary: "Go on with what was paused", handle: s.place(jobs.VerbResume), in: Place{}, out: jobs.Report{}},
		{method: "POST", path: job + "/cancel", summary: "End all that is open", handle: s.place(jobs.VerbCancel), in: Place{}, out: jobs.Report{}},
		{method: "POST", path: job + "/skip", summary: "End a part without a result", handle: s.place(jobs.VerbSkip), in: Place{}, out: jobs.Report{}},
		{method: "POST", path: job + "/retry", summary: "Run again what did not succeed", handle: s.again(jobs.VerbRetry), in: Again{}, out: jobs.Report{}},
		{method: "POST", path: job + "/rerun", summary: "Run all of it again, and what depends on it", handle: s.again(jobs.VerbRerun), in: Again{}, out: jobs.Report{}},
		{method: "POST", path: job + "/priority", summary: "Set the job's priority", handle: do(s, s.prioritize), in: Urgency{}, out: jobs.Report{}},
		{method: "POST", path: job + "/approve", summary: "Let the plan of that revision run", handle: do(s, s.approve), in: Approval{}, out: jobs.Report{}},
		{method: "POST", path: job + "/edit", summary: "Change a plan that waits for approval", handle: do(s, s.edit), in: Edits{}, out: jobs.Report{}},
		{method: "POST", path: job + "/replan", summary: "Have a plan that waits for approval made anew: cheaper, or as the wish says", handle: do(s, s.replan), in: Replan{}, out: jobs.Report{}},
		{method: "POST", path: job + "/budget", summary: "Set the job's budget", handle: do(s, s.budget), in: Allowance{}, out: jobs.Report{}},
		{method: "POST", path: job + "/message", summary: "Answer what a job asks, or tell it, or a part of it, what to take into account", handle: do(s, s.message), in: Message{}, out: jobs.Report{}},
		{method: "GET", path: job + "/artifacts/{name}", summary: "Fetch a file that the job made", handle: s.artifact, media: "application/octet-stream"},
		{method: "GET", path: "/healthz", summary: "Say that the process answers", handle: s.health, media: "text/plain", open: true},
		{method: "GET", path: "/readyz", summary: "Say whether new work is begun: 200 or 503", handle: s.ready, media: "text/plain", open: true},
		{method: "GET", path: "/metrics", summary: "Numbers for Prometheus", handle: s.numbers, media: "text/plain"},
		{method: "GET", path: "/api/openapi.json", summary: "This description", handle: s.description, media: jsonType, open: true},
	}
}

// The bounds of a list.
const (
	someJobs = 100
	mostJobs = 500
)

func (s *Server) list(w http.ResponseWriter, r *http.Request) error {
	limit := someJobs
	if text := r.URL.Query().Get("limit"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 || n > mostJobs {
			return &fault{status: http.StatusBadRequest, detail: "limit must be a number from 1 to 500."}
		}
		limit = n
	}
	found, err := s.cfg.Reader.List(r.Context(), limit)
	if err != nil {
		return err
	}
	return answer(w, http.StatusOK, list{Jobs: found})
}

func (s *Server) report(w http.ResponseWriter, r *http.Request) error {
	read := s.cfg.Service.Report
	switch text := r.URL.Query().Get("nodes"); text {
	case "", "true":
	case "false":
		read = s.cfg.Service.Status
	default:
		return &fault{status: http.StatusBadRequest, detail: "nodes must be true or false."}
	}
	report, err := read(r.Context(), jobs.JobID(r.PathValue("id")))
	if err != nil {
		return err
	}
	return answer(w, http.StatusOK, report)
}

// artifact hands a file out. Models wrote it: a browser must save it, never show it
// as a page of this server.
func (s *Server) artifact(w http.ResponseWriter, r *http.Request) error {
	file, data, err := s.cfg.Reader.File(r.Context(), jobs.JobID(r.PathValue("id")), r.PathValue("name"))
	if err != nil {
		return err
	}
	h := w.Header()
	h.Set("Content-Type", "application/octet-stream")
	if _, _, err := mime.ParseMediaType(file.MediaType); err == nil {
		h.Set("Content-Type", file.MediaType)
	}
	h.Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": jobs.FreeName(file.Name, nil)}))
	h.Set("Content-Security-Policy", "sandbox; default-src 'none'")
	h.Set("Cache-Control", "private, no-cache")
	h.Set("ETag", `"`+file.SHA256+`"`)
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(data))
	return nil
}

func (s *Server) health(w http.ResponseWriter, _ *http.Request) error { return say(w, "ok") }

func (s *Server) ready(w http.ResponseWriter, _ *http.Request) error {
	if !s.cfg.Ready() {
		return &fault{status: http.StatusServiceUnavailable, detail: "Bob is starting or stopping: no new work is begun."}
	}
	return say(w, "ready")
}

func say(w http.ResponseWriter, word string) error {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = w.Write([]byte(word + "\n")) // whoever went away needs no answer
	return nil
}

func (s *Server) numbers(w http.ResponseWriter, r *http.Request) error {
	s.metrics.ServeHTTP(w, r)
	return nil
}

func (s *Server) description(w http.ResponseWriter, _ *http.Request) error {
	w.Header().Set("Content-Type", jsonType)
	_, _ = w.Write(s.openAPI) // whoever went away needs no answer
	return nil
}
