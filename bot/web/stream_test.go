package web_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/askbob/bob/bot/web"
	"github.com/askbob/bob/jobs"
)

// read reads events from a stream until it ends or most were read, and returns
// their numbers.
func read(body io.Reader, most int) (seqs []int64, err error) {
	lines := bufio.NewScanner(body)
	lines.Buffer(nil, 1<<20)
	id := ""
	for len(seqs) < most && lines.Scan() {
		if text, ok := strings.CutPrefix(lines.Text(), "id: "); ok {
			id = text
		}
		text, ok := strings.CutPrefix(lines.Text(), "data: ")
		if !ok {
			continue
		}
		var h jobs.Happening
		if err := json.Unmarshal([]byte(text), &h); err != nil {
			return seqs, err
		}
		moves, err := h.List()
		if want := (jobs.Move{Node: 1, Event: jobs.EventClaim, From: jobs.StatusQueued, Status: jobs.StatusRunning}); fmt.Sprint(h.Seq) != id || err != nil || moves[0] != want {
			return seqs, fmt.Errorf("event %s is %+v, %w", id, h, err)
		}
		seqs = append(seqs, h.Seq)
	}
	return seqs, lines.Err()
}

// follow opens a job's stream after the event of that number. over: there is
// nothing to come any more.
func follow(ctx context.Context, client *http.Client, url string, job jobs.JobID, after int64) (stream io.ReadCloser, over bool, err error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url+"/api/v1/jobs/"+string(job)+"/events", nil)
	if err != nil {
		return nil, false, err
	}
	r.Header.Set("Authorization", "Bearer "+token)
	if after > 0 {
		r.Header.Set("Last-Event-ID", fmt.Sprint(after))
	}
	resp, err := client.Do(r)
	if err != nil {
		return nil, false, err
	}
	switch {
	case resp.StatusCode == http.StatusNoContent:
		return nil, true, resp.Body.Close()
	case resp.StatusCode != http.StatusOK || resp.Header.Get("Content-Type") != "text/event-stream":
		return nil, false, errors.Join(fmt.Errorf("%s %s", resp.Status, resp.Header.Get("Content-Type")), resp.Body.Close())
	}
	return resp.Body, false, nil
}

// TestStream_resumed_shows_every_event_once lets a reader lose its connection at
// random places while the job goes on.
func TestStream_resumed_shows_every_event_once(t *testing.T) {
	t.Parallel()
	b := newBook()
	srv := serve(t, b.config(t))
	n := 0
	rapid.Check(t, func(rt *rapid.T) {
		n++
		job := jobs.JobID(fmt.Sprintf("job_%d", n))
		steps := rapid.SliceOfN(rapid.IntRange(1, 600), 1, 6).Draw(rt, "events")
		drops := rapid.SliceOfN(rapid.IntRange(1, 400), 0, 5).Draw(rt, "events before each drop")
		b.happen(job, 1, false)
		total := 1
		for _, s := range steps {
			total += s
		}
		written := make(chan struct{})
		go func() {
			defer close(written)
			for i, s := range steps {
				b.happen(job, s, i == len(steps)-1)
			}
		}()
		var seen []int64
		for connections := 0; ; connections++ {
			var after int64
			if len(seen) > 0 {
				after = seen[len(seen)-1]
			}
			stream, over, err := follow(t.Context(), srv.Client(), srv.URL, job, after)
			if err != nil {
				rt.Fatal(err)
			}
			if over {
				break
			}
			most := total + 1
			if connections < len(drops) {
				most = drops[connections]
			}
			seqs, err := read(stream, most)
			seen = append(seen, seqs...)
			if err := errors.Join(err, stream.Close()); err != nil {
				rt.Fatal(err)
			}
		}
		<-written
		if len(seen) != total {
			rt.Fatalf("%d events were seen, want %d", len(seen), total)
		}
		for i, seq := range seen {
			if seq != int64(3*(i+1)) {
				rt.Fatalf("event %d is %d, want %d", i, seq, 3*(i+1))
			}
		}
	})
}

// pipes is a network inside a test's bubble.
type pipes struct {
	conns chan net.Conn
	done  chan struct{}
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.done:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error {
	close(p.done)
	return nil
}

func (p *pipes) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)} }

func (p *pipes) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	ours, theirs := net.Pipe()
	select {
	case p.conns <- theirs:
		return ours, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// bubble serves b over pipes until the returned function is called.
func bubble(t *testing.T, b *book) (client *http.Client, stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	s, err := web.New(ctx, b.config(t))
	if err != nil {
		t.Fatal(err)
	}
	net := &pipes{conns: make(chan net.Conn), done: make(chan struct{})}
	srv := &http.Server{Handler: s, ReadHeaderTimeout: time.Minute, ReadTimeout: time.Minute, WriteTimeout: time.Minute}
	over := make(chan error)
	go func() { over <- srv.Serve(net) }()
	transport := &http.Transport{DialContext: net.dial}
	return &http.Client{Transport: transport}, func() {
		cancel()
		if err := srv.Shutdown(context.WithoutCancel(ctx)); err != nil {
			t.Error(err)
		}
		if err := <-over; !errors.Is(err, http.ErrServerClosed) {
			t.Error(err)
		}
		transport.CloseIdleConnections()
	}
}

// A reader who takes nothing is dropped, holds nobody up, and finds everything when
// it comes again.
func TestStream_drops_a_slow_reader_and_nobody_else(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBook()
		client, stop := bubble(t, b)
		defer stop()
		b.happen("job_1", 1, false)
		slow, _, err := follow(t.Context(), client, "http://localhost", "job_1", 0)
		if err != nil {
			t.Fatal(err)
		}
		fast, _, err := follow(t.Context(), client, "http://localhost", "job_1", 0)
		if err != nil {
			t.Fatal(err)
		}
		if seqs, err := read(slow, 1); err != nil || len(seqs) != 1 {
			t.Fatal(seqs, err)
		}
		began := time.Now()
		b.happen("job_1", 4999, false)
		if seqs, err := read(fast, 5000); err != nil || len(seqs) != 5000 {
			t.Errorf("the fast reader saw %d events, %v", len(seqs), err)
		}
		if took := time.Since(began); took > 5*time.Second {
			t.Errorf("the fast reader waited %s for the slow one", took)
		}
		<-time.After(11 * time.Second) // longer than any reader may take
		seqs, err := read(slow, 5000)
		if err == nil {
			t.Errorf("the slow reader was not dropped: it saw %d events", len(seqs))
		}
		seen := 1 + len(seqs)
		b.happen("job_1", 1, true)
		again, _, err := follow(t.Context(), client, "http://localhost", "job_1", int64(3*seen))
		if err != nil {
			t.Fatal(err)
		}
		rest, err := read(again, 5001)
		if err != nil || seen+len(rest) != 5001 {
			t.Errorf("%d and %d events were seen, want 5001: %v", seen, len(rest), err)
		}
		for _, stream := range []io.Closer{slow, fast, again} {
			_ = stream.Close() // the slow one was closed from the other side
		}
	})
}

func TestStream_shows_that_it_is_alive(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBook()
		client, stop := bubble(t, b)
		defer stop()
		b.happen("job_1", 1, false)
		stream, _, err := follow(t.Context(), client, "http://localhost", "job_1", 3)
		if err != nil {
			t.Fatal(err)
		}
		began, beats := time.Now(), 0
		for lines := bufio.NewScanner(stream); beats < 10 && lines.Scan(); {
			if strings.HasPrefix(lines.Text(), ":") {
				beats++
			}
		}
		// Longer than the server's timeouts for other requests.
		if took := time.Since(began); beats != 10 || took < 140*time.Second || took > 160*time.Second {
			t.Errorf("%d signs of life in %s", beats, took)
		}
		if err := stream.Close(); err != nil {
			t.Error(err)
		}
	})
}

func TestStream_ends_with_the_server(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBook()
		client, stop := bubble(t, b)
		b.happen("job_1", 2, false)
		stream, _, err := follow(t.Context(), client, "http://localhost", "job_1", 0)
		if err != nil {
			t.Fatal(err)
		}
		if seqs, err := read(stream, 2); err != nil || len(seqs) != 2 {
			t.Errorf("saw %d events, %v; want 2", len(seqs), err)
		}
		stopped := make(chan struct{})
		go func() {
			defer close(stopped)
			stop()
		}()
		if seqs, err := read(stream, 5); err != nil || len(seqs) != 0 {
			t.Errorf("saw %d more events, %v; want the end", len(seqs), err)
		}
		if err := stream.Close(); err != nil {
			t.Error(err)
		}
		<-stopped
	})
}

// A job that ended and is run again has more to show.
func TestStream_goes_on_with_a_job_that_is_run_again(t *testing.T) {
	t.Parallel()
	b := newBook()
	srv := serve(t, b.config(t))
	b.happen("job_1", 3, true)
	stream, _, err := follow(t.Context(), srv.Client(), srv.URL, "job_1", 0)
	if err != nil {
		t.Fatal(err)
	}
	if seqs, err := read(stream, 9); err != nil || len(seqs) != 3 {
		t.Errorf("saw %v, %v; want 3 and the end", seqs, err)
	}
	if err := stream.Close(); err != nil {
		t.Error(err)
	}
	if _, over, err := follow(t.Context(), srv.Client(), srv.URL, "job_1", 9); err != nil || !over {
		t.Errorf("over: %t, %v", over, err)
	}
	b.happen("job_1", 1, false)
	stream, over, err := follow(t.Context(), srv.Client(), srv.URL, "job_1", 9)
	if err != nil || over {
		t.Fatalf("over: %t, %v", over, err)
	}
	b.happen("job_1", 1, true)
	if seqs, err := read(stream, 9); err != nil || len(seqs) != 2 {
		t.Errorf("saw %v, %v; want 2 and the end", seqs, err)
	}
	if err := stream.Close(); err != nil {
		t.Error(err)
	}
}
