package slackfake

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// Delivery is something that people did, on its way to Bob.
type Delivery struct {
	ID      string
	kind    string // of an envelope: events_api, slash_commands, interactive
	payload map[string]any

	s      *Server
	over   chan struct{} // closed when Bob has it, or Slack gives up
	done   chan struct{} // closed when it is acked
	acked  bool
	answer json.RawMessage
	sent   []time.Time
	took   time.Duration
}

const kindEvent = "events_api"

// deliver sends something to Bob, again and again if it is an event.
func (s *Server) deliver(kind string, payload map[string]any) *Delivery {
	s.mu.Lock()
	d := &Delivery{ID: fmt.Sprintf("E%d", s.next()), kind: kind, payload: payload, s: s, over: make(chan struct{}), done: make(chan struct{})}
	s.pending[d.ID] = d
	s.mu.Unlock()
	s.work.Go(d.carry)
	return d
}

// Again sends the same once more, as Slack does after an outage: in a new envelope.
func (s *Server) Again(d *Delivery) *Delivery { return s.deliver(d.kind, d.payload) }

// carry sends until Bob answers in time, or Slack gives up.
func (d *Delivery) carry() {
	s := d.s
	defer close(d.over)
	for try := range s.cfg.Retries + 1 {
		s.mu.Lock()
		target := s.target
		s.mu.Unlock()
		var ok bool
		if target != "" {
			ok = d.post(target, try)
		} else {
			ok = d.write(try)
		}
		if ok || d.kind != kindEvent || s.ctx.Err() != nil {
			return
		}
	}
}

// write sends over a line. It reports whether Bob answered in time.
func (d *Delivery) write(try int) bool {
	s := d.s
	c := s.line()
	if c == nil {
		return false
	}
	begin := d.begin()
	envelope := map[string]any{
		"type": d.kind, "envelope_id": d.ID, "payload": d.payload, "accepts_response_payload": d.kind != kindEvent,
	}
	if try > 0 {
		envelope["retry_attempt"], envelope["retry_reason"] = try, "timeout"
	}
	if c.write(envelope) != nil {
		return false
	}
	timer := time.NewTimer(time.Until(begin.Add(s.cfg.AckWithin)))
	defer timer.Stop()
	gone := c.gone
	for {
		select {
		case <-d.done:
			return true
		case <-gone: // the answer may be on another line
			if d.kind == kindEvent {
				return d.isAcked()
			}
			gone = nil
		case <-timer.C:
			return d.isAcked()
		case <-s.ctx.Done():
			return false
		}
	}
}

func (d *Delivery) isAcked() bool {
	d.s.mu.Lock()
	defer d.s.mu.Unlock()
	return d.acked
}

func (d *Delivery) begin() time.Time {
	d.s.mu.Lock()
	defer d.s.mu.Unlock()
	now := time.Now()
	d.sent = append(d.sent, now)
	d.s.change()
	return now
}

// acked takes Bob's answer to an envelope.
func (s *Server) acked(id string, payload any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	d := s.pending[id]
	if d == nil || len(d.sent) == 0 {
		return
	}
	if s.missed > 0 {
		s.missed--
		return
	}
	raw, _ := json.Marshal(payload) //nolint:errchkjson // it came from JSON
	d.take(raw)
}

// Miss lets Bob's next answers over the socket get lost.
func (s *Server) Miss(answers int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.missed += answers
}

// take records an answer. The server's mutex is held.
func (d *Delivery) take(raw json.RawMessage) {
	if d.acked {
		return
	}
	d.took = time.Since(d.sent[len(d.sent)-1])
	if d.took > d.s.cfg.AckWithin {
		d.s.late++
		return // Slack gave up: it shows nothing of it
	}
	d.acked, d.answer = true, raw
	close(d.done)
	d.s.order = append(d.s.order, d.ID)
	d.s.change()
}

// post sends over HTTP, signed. It reports whether Bob took it in time.
func (d *Delivery) post(target string, try int) bool {
	s := d.s
	data, _ := json.Marshal(d.payload) //nolint:errchkjson // maps and strings
	path, kind, body := "/slack/events", "application/json", data
	switch d.kind {
	case "slash_commands":
		form := url.Values{}
		for key, v := range d.payload {
			form.Set(key, fmt.Sprint(v))
		}
		path, kind, body = "/slack/commands", "application/x-www-form-urlencoded", []byte(form.Encode())
	case "interactive":
		path, kind, body = "/slack/interactions", "application/x-www-form-urlencoded", []byte(url.Values{"payload": {string(data)}}.Encode())
	}
	d.begin()
	ctx, cancel := context.WithTimeout(s.ctx, s.cfg.AckWithin)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, target+path, bytes.NewReader(body))
	if err != nil {
		return false
	}
	r.Header.Set("Content-Type", kind)
	if try > 0 {
		r.Header.Set("X-Slack-Retry-Num", strconv.Itoa(try))
		r.Header.Set("X-Slack-Retry-Reason", "http_timeout")
	}
	s.Sign(r, body, time.Now())
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		return false
	}
	defer resp.Body.Close() //nolint:errcheck // it is read as far as it goes
	answer, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	if err != nil || resp.StatusCode != http.StatusOK {
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	d.take(answer)
	return d.acked
}

// Sign signs a request as Slack does at a time.
func (s *Server) Sign(r *http.Request, body []byte, at time.Time) {
	stamp := strconv.FormatInt(at.Unix(), 10)
	mac := hmac.New(sha256.New, []byte(s.cfg.SigningSecret))
	_, _ = mac.Write([]byte("v0:" + stamp + ":"))
	_, _ = mac.Write(body)
	r.Header.Set("X-Slack-Request-Timestamp", stamp)
	r.Header.Set("X-Slack-Signature", "v0="+hex.EncodeToString(mac.Sum(nil)))
}

// errNotTaken says that Bob did not answer in time, as often as Slack tried.
var errNotTaken = errors.New("bob did not answer in time")

// Answer waits until Bob took it, and returns what he answered. It returns an error if
// Slack gave up.
func (d *Delivery) Answer(ctx context.Context) (json.RawMessage, error) {
	select {
	case <-d.over:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	d.s.mu.Lock()
	defer d.s.mu.Unlock()
	if !d.acked {
		return nil, errNotTaken
	}
	return d.answer, nil
}

// Tries counts how often it was sent so far.
func (d *Delivery) Tries() int {
	d.s.mu.Lock()
	defer d.s.mu.Unlock()
	return len(d.sent)
}

// Took is how long Bob's answer took.
func (d *Delivery) Took() time.Duration {
	d.s.mu.Lock()
	defer d.s.mu.Unlock()
	return d.took
}

// Late counts the answers that came too late.
func (s *Server) Late() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.late
}

// Acked lists the deliveries that Bob took, in the order of his answers.
func (s *Server) Acked() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.order...)
}
