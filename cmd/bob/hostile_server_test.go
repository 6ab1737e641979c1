package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"sync"
	"testing"
)

// foe is a server that speaks OpenAI's format and need not mean well. It counts
// what it is asked, by the job that it is asked for.
type foe struct {
	url    string
	answer func(a asked) blow // chooses what becomes of a request

	mu    sync.Mutex
	total int            // requests that came, whole or not
	cut   int            // of them, those that Bob stopped in the middle
	marks map[string]int // requests by the mark of their job
}

// blow is what becomes of a request.
type blow func(w http.ResponseWriter, r *http.Request, a asked)

// What a request is for, as its words tell.
const (
	forPlan    = "plan"
	forWork    = "work"
	forCombine = "combine"
)

// asked is a request as a foe sees it.
type asked struct {
	mark  string // of the job
	nth   int    // of the job's requests here, from 1
	what  string
	tools bool             // it offers some
	told  bool             // it tells what tools answered
	lie   any              // the usage to report; nil: an honest one
	nodes []map[string]any // of a plan; nil: two tasks
}

func newFoe(tb testing.TB, answer func(asked) blow) *foe {
	tb.Helper()
	f, stop := startFoe(answer)
	tb.Cleanup(stop)
	return f
}

func startFoe(answer func(asked) blow) (f *foe, stop func()) {
	f = &foe{answer: answer, marks: map[string]int{}}
	server := httptest.NewServer(f)
	f.url = server.URL + "/v1"
	return f, server.Close
}

// mark is in every request of a job, and through it in all that is sent for it.
var mark = regexp.MustCompile(`mark-[0-9a-z]+`)

func (f *foe) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	a := read(body)
	f.mu.Lock()
	f.total++
	if err != nil { // Bob stopped in the middle of it: nobody knows whose it is
		f.cut++
		f.mu.Unlock()
		return
	}
	f.marks[a.mark]++
	a.nth = f.marks[a.mark]
	w.Header().Set("X-Request-Id", fmt.Sprintf("%s-%d", f.url, f.total))
	f.mu.Unlock()
	w.Header().Set("Content-Type", "application/json")
	f.answer(a)(w, r, a)
}

func read(body []byte) asked {
	var request struct {
		ResponseFormat json.RawMessage `json:"response_format"`
		Tools          []any           `json:"tools"`
	}
	_ = json.Unmarshal(body, &request)
	text := string(body)
	a := asked{mark: mark.FindString(text), what: forWork, tools: len(request.Tools) > 0, told: strings.Contains(text, `"role":"tool"`)}
	switch {
	case request.ResponseFormat != nil:
		a.what = forPlan
	case strings.Contains(text, "You finish one piece of work"):
		a.what = forCombine
	}
	return a
}

func (f *foe) requests() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.total
}

// of counts the requests that came whole for a mark, and how many came of which it is
// not known whose they were.
func (f *foe) of(mark string) (whole, cut int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.marks[mark], f.cut
}

// say answers in the format, with a usage that is honest unless a lies.
func say(w http.ResponseWriter, a asked, finish string, message map[string]any) {
	usage := a.lie
	if usage == nil {
		usage = map[string]any{"prompt_tokens": 100, "completion_tokens": 50, "total_tokens": 150}
	}
	body := map[string]any{"choices": []any{map[string]any{"finish_reason": finish, "message": message}}}
	if usage != silence {
		body["usage"] = usage
	}
	_ = json.NewEncoder(w).Encode(body)
}

// silence is a usage that is not reported.
const silence = "none"

// good answers as asked.
func good(w http.ResponseWriter, _ *http.Request, a asked) {
	text := "the answer of " + a.mark
	if a.what == forPlan {
		text = planOf(a)
	}
	say(w, a, "stop", map[string]any{"content": text})
}

// planOf is a plan of two tasks, or of the nodes that a has.
func planOf(a asked) string {
	nodes := a.nodes
	if nodes == nil {
		for i := range 2 {
			nodes = append(nodes, step(a, fmt.Sprint(i+1), nil, "task"))
		}
	}
	text, err := json.Marshal(map[string]any{"title": "The job of " + a.mark, "questions": []any{}, "nodes": nodes})
	if err != nil {
		panic(err) // maps of texts are JSON
	}
	return string(text)
}

func step(a asked, key string, parent any, kind string) map[string]any {
	n := map[string]any{"key": key, "parent": parent, "type": kind, "title": "Part " + key}
	if kind == "task" {
		n["tools"] = []string{"calculate"}
	}
	if kind != "subplan" {
		n["prompt"] = "Say part " + key + " of " + a.mark + "."
	}
	return n
}

// refuse answers with a status and an error object.
func refuse(status int, code, words string, header ...string) blow {
	return func(w http.ResponseWriter, _ *http.Request, _ asked) {
		for i := 0; i < len(header); i += 2 {
			w.Header().Set(header[i], header[i+1])
		}
		w.WriteHeader(status)
		_ = json.NewEncoder(w).Encode(map[string]any{"error": map[string]any{"message": words, "code": code}})
	}
}

// ends answers with a text and how it ended.
func ends(finish, text string) blow {
	return func(w http.ResponseWriter, _ *http.Request, a asked) {
		say(w, a, finish, map[string]any{"content": text})
	}
}

// calls has a tool called, and answers once it was.
func calls(again bool, name, args string) blow {
	return func(w http.ResponseWriter, r *http.Request, a asked) {
		if a.what != forWork || a.told && !again {
			good(w, r, a)
			return
		}
		say(w, a, "tool_calls", map[string]any{"tool_calls": []any{map[string]any{
			"id": "1", "type": "function", "function": map[string]any{"name": name, "arguments": args},
		}}})
	}
}

// huge answers with more than any answer may have.
func huge(w http.ResponseWriter, _ *http.Request, a asked) {
	say(w, a, "stop", map[string]any{"content": strings.Repeat("0123456789", 1<<20)})
}

// hang says nothing until nobody listens any more.
func hang(_ http.ResponseWriter, r *http.Request, _ asked) { <-r.Context().Done() }

// breakOff closes the connection in the middle of an answer.
func breakOff(w http.ResponseWriter, _ *http.Request, _ asked) {
	w.Header().Set("Content-Length", "1000")
	_, _ = io.WriteString(w, `{"choices":[{"message":{"content":"half`)
	_ = http.NewResponseController(w).Flush()
	panic(http.ErrAbortHandler)
}

// garbage is no plan, and no answer in the format either if a wants none.
func garbage(w http.ResponseWriter, _ *http.Request, a asked) {
	if a.what == forPlan {
		say(w, a, "stop", map[string]any{"content": `Sure! {"title": "x", "nodes": [{"key": 7, "type": "dance"}]}`})
		return
	}
	_, _ = io.WriteString(w, "<html>502 and proud of it</html>")
}

var (
	wrongKey = refuse(http.StatusUnauthorized, "invalid_api_key", "Incorrect API key provided")
	noQuota  = refuse(http.StatusTooManyRequests, "insufficient_quota", "You exceeded your current quota")
	nowhere  = refuse(http.StatusNotFound, "model_not_found", "The model does not exist")
	tooLong  = refuse(http.StatusBadRequest, "context_length_exceeded", "This model's maximum context length is 10 tokens")
	refused  = refuse(http.StatusBadRequest, "content_filter", "The prompt was filtered")
	filtered = ends("content_filter", "")
	cut      = ends("length", `{"title":"x","nodes":[{"key":"1","par`)
	empty    = ends("stop", "")
	broken   = refuse(http.StatusInternalServerError, "server_error", "The server had an error")
	limited  = refuse(http.StatusTooManyRequests, "rate_limit_exceeded", "Slow down")
	later    = refuse(http.StatusTooManyRequests, "rate_limit_exceeded", "Slow down", "Retry-After-Ms", "20")
	tomorrow = refuse(http.StatusTooManyRequests, "rate_limit_exceeded", "Slow down", "Retry-After", "3600")
	stranger = calls(false, "format_disk", `{}`)
	illFed   = calls(false, "calculate", `{"expression": {"no": 1}}`)
	looping  = calls(true, "calculate", `{"expression": "1+1"}`)
)
