package drill

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tidwall/gjson"

	"github.com/askbob/bob/llm"
)

// served is a request as the server saw it.
type served struct {
	id      string // that the answer carried
	key     string // of the ledger's line, as the asker says
	job     string
	node    string
	life    string // of the process that asked
	in, out int64  // tokens that the answer said were used
	billed  bool   // an answer with its usage was written whole

	over  bool
	rival bool // another request for the same node came while this one was open
}

// server is the drill's model: an OpenAI server that misbehaves by seed and
// counts what it is asked.
type server struct {
	seed  uint64
	url   string
	tally *tally
	calm  atomic.Bool // no more faults
	http  *http.Server

	mu       sync.Mutex
	served   []*served
	nth      map[string]int
	overlaps []string
}

// listen starts a server on the loopback. The caller must close it.
func listen(ctx context.Context, seed uint64, t *tally) (*server, error) {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	s := &server{seed: seed, tally: t, nth: map[string]int{}, url: "http://" + l.Addr().String() + "/v1/"}
	s.http = &http.Server{Handler: s, ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = s.http.Serve(l) }() // ends with close
	return s, nil
}

func (s *server) close() error { return s.http.Close() }

// counts returns what the server has seen.
func (s *server) counts() (list []served, overlaps []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.served {
		list = append(list, *c)
	}
	return list, slices.Clone(s.overlaps)
}

// maxRequestBytes bounds a request: a prompt that quotes a megabyte is the largest.
const maxRequestBytes = 16 << 20

// ServeHTTP implements http.Handler.
func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(io.LimitReader(r.Body, maxRequestBytes))
	if err != nil {
		return // who asked was killed
	}
	call, q := s.arrived(r, body)
	defer s.left(call)
	if err := s.answer(w, r, call, q); err != nil && !errors.Is(err, context.Canceled) {
		panic(http.ErrAbortHandler) // closes the connection in the middle
	}
}

// question is what a request wants.
type question struct {
	marker  string // of the job or step, as the drill wrote it into the request
	purpose llm.Purpose
	tools   []string
	room    int64 // tokens that the answer may have
	in      int64
	nth     int // question about the same thing
	seed    uint64
	rng     *rand.Rand
}

var markers = regexp.MustCompile(`\[d\d+(/[0-9.]+)?\]`)

func (s *server) arrived(r *http.Request, body []byte) (*served, *question) {
	q := &question{
		seed:    s.seed,
		purpose: llm.Purpose(r.Header.Get(headerPurpose)), in: int64(len(body)/6 + 1),
		room: gjson.GetBytes(body, "max_tokens").Int(),
	}
	for _, name := range gjson.GetBytes(body, "tools.#.function.name").Array() {
		q.tools = append(q.tools, name.String())
	}
	first := gjson.GetBytes(body, `messages.#(role=="user").content`).String()
	for _, m := range markers.FindAllString(first, -1) {
		if len(m) > len(q.marker) { // a step's own is longer than its job's
			q.marker = m
		}
	}
	call := &served{key: r.Header.Get(headerKey), life: r.Header.Get(headerLife)}
	if parts := strings.Split(call.key, "-"); len(parts) > 1 {
		call.job, call.node = parts[0], parts[1]
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	about := q.marker + string(q.purpose)
	q.nth = s.nth[about]
	s.nth[about]++
	call.id = "drill-" + strconv.Itoa(len(s.served)+1)
	for _, other := range s.served {
		if !other.over && other.node == call.node && other.life == call.life {
			other.rival = true
		}
	}
	s.served = append(s.served, call)
	q.rng = draws(s.seed, about+strconv.Itoa(q.nth))
	return call, q
}

// draws is the source of chance of one thing, whatever happens beside it.
func draws(seed uint64, about string) *rand.Rand {
	h := fnv.New64a()
	_, _ = io.WriteString(h, about)               // never fails
	return rand.New(rand.NewPCG(seed, h.Sum64())) //nolint:gosec // to be repeated, not to be secret
}

func (s *server) left(c *served) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c.over = true
}

// rivalGrace is how long an interrupted worker's connection may take to close: long,
// for the machine may be loaded, and only a worker that waits on uses it up.
const rivalGrace = 10 * time.Second

// alone keeps an answer back while another request for the same node is there, until
// whoever asked for this one goes away, which is an error. One who waits on is noted.
func (s *server) alone(ctx context.Context, c *served, grace time.Duration) error {
	s.mu.Lock()
	rival := c.rival
	s.mu.Unlock()
	if !rival {
		return ctx.Err()
	}
	if err := wait(ctx, grace); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.overlaps = append(s.overlaps, fmt.Sprintf("node %s of %s waited for two answers at once (%s)", c.node, c.job, c.key))
	return nil
}

// wrote notes that an answer was written whole, and what it cost.
func (s *server) wrote(c *served, in, out int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c.in, c.out, c.billed = in, out, true
}

// answer is a whole one, in the format's words.
type answer struct {
	text   string
	tool   string // to call; empty: none
	args   string
	finish string
	out    int64 // tokens; 0: as long as the text
}

func (s *server) write(w http.ResponseWriter, r *http.Request, c *served, q *question, a answer) error {
	out := a.out
	if out == 0 {
		out = int64(len(a.text)+len(a.args))/4 + 1
	}
	if q.room > 0 {
		out = min(out, q.room)
	}
	message := map[string]any{"role": "assistant", "content": a.text}
	if a.tool != "" {
		message["tool_calls"] = []any{map[string]any{
			"id": "c-" + c.id, "type": "function", "function": map[string]any{"name": a.tool, "arguments": a.args},
		}}
	}
	data, err := json.Marshal(map[string]any{
		"id": c.id, "object": "chat.completion", "model": modelName,
		"choices": []any{map[string]any{"index": 0, "finish_reason": a.finish, "message": message}},
		"usage":   map[string]any{"prompt_tokens": q.in, "completion_tokens": out, "total_tokens": q.in + out},
	})
	if err != nil {
		return err
	}
	if err := s.alone(r.Context(), c, rivalGrace); err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("X-Request-Id", c.id)
	if _, err := w.Write(data); err != nil {
		return err
	}
	s.wrote(c, q.in, out)
	return nil
}

// wait returns early, with an error, if the asker went away.
func wait(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}

// longestThought is what a good answer takes while there are faults: long enough
// for something to happen meanwhile.
const longestThought = 120 * time.Millisecond

// answer answers as the seed says, or misbehaves as it says.
func (s *server) answer(w http.ResponseWriter, r *http.Request, c *served, q *question) error {
	fault := Fault("")
	if !s.calm.Load() {
		fault = drawFault(q)
	}
	thinks := time.Duration(q.rng.Int64N(int64(longestThought)))
	if s.calm.Load() {
		thinks /= 10
	}
	if err := wait(r.Context(), thinks); err != nil {
		return err
	}
	if fault == "" {
		return s.write(w, r, c, q, good(q))
	}
	s.tally.fault(fault)
	return s.misbehave(w, r, c, q, fault)
}
