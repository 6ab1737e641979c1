package llmtest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/askbob/bob/llm"
)

// cuts checks answers of which only a part comes, and those of which too much
// does.
func (s suite) cuts(t *testing.T) {
	t.Helper()
	each(t, "fails when the line is cut", s.cut)
	each(t, "fails when the line is cut before the answer", s.hungUp)
	each(t, "fails when the line is cut after the headers", s.cutAfterHeaders)
	each(t, "fails when there is no content", s.noContent)
	for _, percent := range []int{10, 25, 50, 75, 90, 99} {
		t.Run("fails when half an answer looks whole/"+strconv.Itoa(percent), func(t *testing.T) {
			t.Parallel()
			s.half(t, percent)
		})
	}
	for _, percent := range []int{5, 15, 30, 45} {
		t.Run("fails when the stream ends at/"+strconv.Itoa(percent), func(t *testing.T) {
			t.Parallel()
			s.endsAt(t, percent)
		})
	}
	t.Run("fails when the stream ends early", s.endsEarly)
	for name, a := range map[string]Answer{
		"words":    {Text: strings.Repeat(longWord, 1_000)},
		"one word": {Text: strings.Repeat("o", 10_000_000)},
		"a call": {End: EndTools, Calls: []llm.ToolCall{
			{ID: "c1", Name: "look", Args: json.RawMessage(`{"at":"` + strings.Repeat("o", 10_000_000) + `"}`)},
		}},
	} {
		each(t, "fails when the answer is 10 MB/"+name, func(t *testing.T, how mode) {
			t.Helper()
			answer := a // the other way to ask runs beside this one
			answer.Usage = s.Dialect.Usage
			srv := serve(t, s.answering(t, answer))
			_, err := ask(within(t), s.open(t, srv.URL), how, looking())
			_ = wantKind(t, err, llm.KindBroken)
		})
	}
	each(t, "works on after failures", s.recovers)
}

// longWord is 10 kB: a stream that went word by word would take its time.
var longWord = strings.Repeat("o", 10_000) + " " //nolint:gochecknoglobals // a constant

// several is an answer of several words, so that a cut can be in the middle.
func (s suite) several() Answer {
	return Answer{
		Model: serverModel, Usage: s.Dialect.Usage,
		Text: "Here are some words, and after them some more, so that whoever stops reading too soon misses something.",
	}
}

// cut hangs up in the middle of an answer.
func (s suite) cut(t *testing.T, how mode) {
	t.Helper()
	a := s.several()
	srv := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		if how == whole {
			body := s.Dialect.Answer(a)
			w.Header().Set("Content-Length", strconv.Itoa(len(body)))
			s.send(w, [][]byte{body[:len(body)/2]})
		} else {
			pieces := s.Dialect.Stream(a)
			s.send(w, pieces[:len(pieces)/2])
		}
		panic(http.ErrAbortHandler)
	})
	_, err := ask(within(t), s.open(t, srv.URL), how, hello())
	if e := wantKind(t, err, llm.KindBroken); e.Usage.Known {
		t.Errorf("usage = %+v, want it unknown", e.Usage)
	}
}

// hungUp takes the request and closes the connection without a word.
func (s suite) hungUp(t *testing.T, how mode) {
	t.Helper()
	srv := serve(t, func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
	_, err := ask(within(t), s.open(t, srv.URL), how, hello())
	if e := wantKind(t, err, llm.KindUnavailable); e.Usage.Known {
		t.Errorf("usage = %+v, want it unknown: the model may have worked", e.Usage)
	}
	if got := len(srv.got()); got != 1 {
		t.Errorf("the server got %d requests, want 1: retrying is not the adapter's", got)
	}
}

func (s suite) cutAfterHeaders(t *testing.T, how mode) {
	t.Helper()
	srv := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		if how == whole {
			w.Header().Set("Content-Length", "1000")
		}
		s.send(w, [][]byte{nil})
		panic(http.ErrAbortHandler)
	})
	_, err := ask(within(t), s.open(t, srv.URL), how, hello())
	if e := wantKind(t, err, llm.KindBroken); e.Usage.Known {
		t.Errorf("usage = %+v, want it unknown", e.Usage)
	}
}

func (s suite) noContent(t *testing.T, how mode) {
	t.Helper()
	srv := serve(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	_, err := ask(within(t), s.open(t, srv.URL), how, hello())
	_ = wantKind(t, err, llm.KindBroken)
}

// half answers with a part of a whole answer as if it were all of it.
func (s suite) half(t *testing.T, percent int) {
	t.Helper()
	srv := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		body := bytes.TrimSpace(s.Dialect.Answer(s.several()))
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(body[:len(body)*percent/100])
	})
	_, err := ask(within(t), s.open(t, srv.URL), whole, hello())
	_ = wantKind(t, err, llm.KindBroken)
}

// endsAt ends a stream in good order, but in the middle of a piece.
func (s suite) endsAt(t *testing.T, percent int) {
	t.Helper()
	srv := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		all := bytes.Join(s.Dialect.Stream(s.several()), nil)
		s.send(w, [][]byte{all[:len(all)*percent/100]})
	})
	_, err := ask(within(t), s.open(t, srv.URL), streamed, hello())
	_ = wantKind(t, err, llm.KindBroken)
}

// endsEarly ends a stream in good order, but before its end: what came may look
// whole.
func (s suite) endsEarly(t *testing.T) {
	t.Parallel()
	srv := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		s.send(w, s.Dialect.Stream(Answer{Model: serverModel, Text: "some words", Usage: s.Dialect.Usage})[:1])
	})
	_, err := ask(within(t), s.open(t, srv.URL), streamed, hello())
	_ = wantKind(t, err, llm.KindBroken)
}

// recovers lets one model meet every sort of failure, and then a good answer: no
// connection and no state of a failed call may be left behind.
func (s suite) recovers(t *testing.T, how mode) {
	t.Helper()
	good := s.answering(t, Answer{Text: "all is well", Usage: s.Dialect.Usage})
	var stop context.CancelFunc
	bad := []http.HandlerFunc{
		s.failing(http.StatusTooManyRequests, "slow down", nil),
		func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("garbage")) },
		func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
		func(_ http.ResponseWriter, r *http.Request) { stop(); <-r.Context().Done() },
		s.failing(http.StatusInternalServerError, "oh no", nil),
	}
	turn := make(chan http.HandlerFunc, 1)
	srv := serve(t, func(w http.ResponseWriter, r *http.Request) { (<-turn)(w, r) })
	model := s.open(t, srv.URL)
	for i, handler := range bad {
		var ctx context.Context
		ctx, stop = context.WithCancel(within(t))
		turn <- handler
		if _, err := ask(ctx, model, how, hello()); llm.AsAPIError(err) == nil {
			t.Errorf("failure %d: error = %v, want an *llm.APIError", i, err)
		}
		stop()
		turn <- good
		got, err := ask(within(t), model, how, hello())
		if err != nil || got.Text != "all is well" {
			t.Errorf("after failure %d: answer = %q, %v", i, got.Text, err)
		}
	}
}

// faults checks failures that come in an unusual way: in the middle of an answer,
// without an end, with more words than anybody reads.
func (s suite) faults(t *testing.T) {
	t.Helper()
	if s.Dialect.Fault != nil {
		for status, want := range map[int]llm.Kind{429: llm.KindRateLimited, 503: llm.KindUnavailable} {
			t.Run("fails when the provider fails midway/"+strconv.Itoa(status), func(t *testing.T) {
				t.Parallel()
				s.midway(t, status, want)
			})
		}
	}
	each(t, "bounds the words of a failure", func(t *testing.T, how mode) {
		t.Helper()
		srv := serve(t, s.failing(http.StatusInternalServerError, strings.Repeat("very long ", 200_000), nil))
		_, err := ask(within(t), s.open(t, srv.URL), how, hello())
		if e := wantKind(t, err, llm.KindUnavailable); len(e.Error()) > 2*maxMessage {
			t.Errorf("the error has %d bytes, want at most %d", len(e.Error()), 2*maxMessage)
		}
	})
	each(t, "fails when the failure falls silent", func(t *testing.T, how mode) {
		t.Helper()
		srv := serve(t, func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(http.StatusInternalServerError)
			_ = http.NewResponseController(w).Flush()
			<-r.Context().Done()
		})
		_, err := ask(within(t), s.impatient(t, srv.URL), how, hello())
		_ = wantKind(t, err, llm.KindUnavailable)
	})
	each(t, "ends at its deadline", func(t *testing.T, how mode) {
		t.Helper()
		srv := serve(t, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		_, err := ask(ctx, s.open(t, srv.URL), how, hello())
		if _ = wantKind(t, err, llm.KindUnavailable); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("error = %v, want context.DeadlineExceeded in it", err)
		}
	})
	each(t, "ends with its context midway", s.cancelledMidway)
}

// midway fails in the middle of a stream. What was said before it stays said, and
// was billed.
func (s suite) midway(t *testing.T, status int, want llm.Kind) {
	t.Helper()
	srv := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		pieces := s.Dialect.Stream(s.several())
		s.send(w, [][]byte{pieces[0], pieces[1], s.Dialect.Fault(status, "no, because of reasons")})
	})
	var said string
	var last error
	for delta, err := range s.open(t, srv.URL).Stream(within(t), hello()) {
		said, last = said+delta.Text, err
	}
	e := wantKind(t, last, want)
	if said == "" || !strings.Contains(e.Message, "because of reasons") || e.RequestID != serverRequestID {
		t.Errorf("said %q, error = %+v, want some words, then the provider's reason and request id", said, e)
	}
	if e.Usage == (llm.Usage{Known: true}) {
		t.Error("usage = none for certain, but the model has worked")
	}
}

// cancelledMidway ends the context when a part of the answer is there.
func (s suite) cancelledMidway(t *testing.T, how mode) {
	t.Helper()
	left := make(chan struct{})
	ctx, cancel := context.WithCancel(within(t))
	srv := serve(t, func(w http.ResponseWriter, r *http.Request) {
		defer close(left)
		a := s.several()
		s.send(w, map[mode][][]byte{whole: {s.Dialect.Answer(a)[:5]}, streamed: s.Dialect.Stream(a)[:1]}[how])
		cancel()
		<-r.Context().Done()
	})
	_, err := ask(ctx, s.open(t, srv.URL), how, hello())
	if e := wantKind(t, err, llm.KindUnavailable); !errors.Is(err, context.Canceled) || e.Usage == (llm.Usage{Known: true}) {
		t.Errorf("error = %v with usage %+v, want context.Canceled, and not that nothing was used", err, e.Usage)
	}
	wantClosed(t, left)
}
