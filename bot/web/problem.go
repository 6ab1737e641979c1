package web

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"

	"github.com/askbob/bob/jobs"
)

// Problem is an error as RFC 9457 has it.
type Problem struct {
	Title  string `json:"title"`
	Status int    `json:"status"`
	Detail string `json:"detail"` // a sentence or two for people: what is wrong and what to do
}

// problemType is the media type of a Problem.
const problemType = "application/problem+json"

// fault is an error that knows how it is answered.
type fault struct {
	status int
	detail string
	err    error // underneath; nil: nothing
}

func (f *fault) Error() string { return f.detail }
func (f *fault) Unwrap() error { return f.err }

// refused gives a *jobs.UserError the status with which it is answered, unless it
// has one; any other error stays as it is.
func refused(err error, status int) error {
	if _, ok := errors.AsType[*fault](err); ok {
		return err
	}
	if e, ok := errors.AsType[*jobs.UserError](err); ok {
		return &fault{status: status, detail: e.Message, err: err}
	}
	return err
}

// refuse answers with what went wrong. The log learns what people may not see.
func (s *Server) refuse(w http.ResponseWriter, r *http.Request, err error) {
	p := problemOf(err)
	if p.Status >= http.StatusInternalServerError && r.Context().Err() == nil {
		s.cfg.Log.Error("request failed", "method", r.Method, "path", r.URL.Path, "err", err)
	}
	writeProblem(w, p)
}

func problemOf(err error) Problem {
	f, known := errors.AsType[*fault](err)
	tooLarge, large := errors.AsType[*http.MaxBytesError](err)
	switch {
	case large && tooLarge.Limit < maxBody:
		return Problem{Status: http.StatusRequestEntityTooLarge, Detail: "The command is larger than 1 MiB: put the details into a file."}
	case large:
		return Problem{Status: http.StatusRequestEntityTooLarge, Detail: "The request is larger than 100 MiB: send fewer or smaller files."}
	case known:
		return Problem{Status: f.status, Detail: f.detail}
	case errors.Is(err, jobs.ErrNotFound):
		return Problem{Status: http.StatusNotFound, Detail: "There is no such job, step or file: GET /api/v1/jobs lists the jobs."}
	case errors.Is(err, jobs.ErrDiskFull):
		return Problem{Status: http.StatusInsufficientStorage, Detail: "The disk is full, nothing was changed: free some space, then try again."}
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return Problem{Status: http.StatusServiceUnavailable, Detail: "It took too long: try again."}
	}
	return Problem{Status: http.StatusInternalServerError, Detail: jobs.UserMessage(err)}
}

func writeProblem(w http.ResponseWriter, p Problem) {
	p.Title = http.StatusText(p.Status)
	data, err := json.Marshal(p)
	if err != nil {
		http.Error(w, p.Detail, p.Status) // a struct of strings: cannot happen
		return
	}
	w.Header().Set("Content-Type", problemType)
	w.WriteHeader(p.Status)
	_, _ = w.Write(append(data, '\n')) // whoever went away needs no answer
}
