package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/askbob/bob/bot/web"
	"github.com/askbob/bob/jobs"
)

// client asks a running `bob serve`.
type client struct {
	base  *url.URL
	token string // empty: none is known
	http  *http.Client
}

// client returns one for the server at address; empty: the configured one.
func (p *process) client(address string) (*client, error) {
	cfg, err := loadConfig(p.config, p.env, p.environ)
	if err != nil {
		return nil, err
	}
	c := &client{base: cfg.Web.address(), token: p.setting("BOB_TOKEN", ""), http: &http.Client{Transport: &http.Transport{
		Proxy: http.ProxyFromEnvironment, ResponseHeaderTimeout: bodyTimeout,
	}}}
	given := address != ""
	if given {
		if c.base, err = url.Parse(address); err != nil || !isWebURL(address) {
			return nil, fmt.Errorf("--server must be a URL such as http://127.0.0.1:8484, not %q", jobs.Shorten(address, 80))
		}
	}
	// The tokens of this machine are not for another one.
	if c.token == "" && (!given || isLocal(c.base.Hostname())) {
		if c.token = string(cfg.Web.Token); c.token == "" {
			data, _ := os.ReadFile(tokenFile(p.data)) // without it the server says what is missing
			c.token = strings.TrimSpace(string(data))
		}
	}
	return c, nil
}

func isLocal(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// request makes a request to the API.
func (c *client) request(ctx context.Context, method, media string, body io.Reader, path ...string) (*http.Request, error) {
	r, err := http.NewRequestWithContext(ctx, method, c.base.JoinPath("api", "v1").JoinPath(path...).String(), body)
	if err != nil {
		return nil, err
	}
	if c.token != "" {
		r.Header.Set("Authorization", "Bearer "+c.token)
	}
	if body != nil {
		r.Header.Set("Content-Type", media)
	}
	return r, nil
}

// post makes a request whose body is JSON.
func (c *client) post(ctx context.Context, body any, path ...string) (*http.Request, error) {
	data, err := json.Marshal(body)
	if err != nil {
		return nil, err
	}
	return c.request(ctx, http.MethodPost, "application/json", bytes.NewReader(data), path...)
}

// errLost says that the server may have done what it was asked for.
var errLost = errors.New("the answer was lost")

// send returns the answer to r if it is a good one, else why not. The caller must
// close its body.
func (c *client) send(r *http.Request) (*http.Response, error) {
	resp, err := c.http.Do(r)
	if err != nil {
		if op, ok := errors.AsType[*net.OpError](err); ok && op.Op == "dial" {
			return nil, &jobs.UserError{Message: fmt.Sprintf("no bob serve answers at %s: start it with: bob serve", c.base), Err: err}
		}
		return nil, &exitError{code: exitFailed, err: fmt.Errorf("%s: %w: %w", c.base, errLost, err)}
	}
	if resp.StatusCode < http.StatusMultipleChoices {
		return resp, nil
	}
	return nil, errors.Join(c.problem(resp), resp.Body.Close())
}

// maxProblem bounds what is read of an error.
const maxProblem = 64 << 10

func (c *client) problem(resp *http.Response) error {
	var p web.Problem
	data, err := io.ReadAll(io.LimitReader(resp.Body, maxProblem))
	if err != nil || json.Unmarshal(data, &p) != nil || p.Detail == "" {
		return &exitError{code: exitFailed, err: fmt.Errorf("%s answered %s: is it a bob serve?", c.base, resp.Status)}
	}
	switch {
	case resp.StatusCode == http.StatusUnauthorized:
		return &jobs.UserError{Message: "The token is missing or wrong: set BOB_TOKEN to the server's web.token, or name its data directory with --data."}
	case resp.StatusCode == http.StatusNotFound:
		return fmt.Errorf("%w: %s", jobs.ErrNotFound, p.Detail)
	case resp.StatusCode >= http.StatusInternalServerError:
		return &exitError{code: exitFailed, err: errors.New(p.Detail)}
	}
	return &jobs.UserError{Message: p.Detail}
}

// ask sends a request and reads the JSON of its answer into out.
func (c *client) ask(r *http.Request, out any) (err error) {
	resp, err := c.send(r)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, resp.Body.Close()) }()
	if err := json.NewDecoder(resp.Body).Decode(out); err != nil {
		return &exitError{code: exitFailed, err: fmt.Errorf("%s: %w: %w", c.base, errLost, err)}
	}
	return nil
}

// List returns the newest jobs first.
func (c *client) List(ctx context.Context, limit int) ([]jobs.Report, error) {
	r, err := c.request(ctx, http.MethodGet, "", nil, "jobs")
	if err != nil {
		return nil, err
	}
	r.URL.RawQuery = fmt.Sprintf("limit=%d", limit)
	var list struct{ Jobs []jobs.Report }
	return list.Jobs, c.ask(r, &list)
}

// Report says all of a job. ErrNotFound.
func (c *client) Report(ctx context.Context, id jobs.JobID, whole bool) (*jobs.Report, error) {
	r, err := c.request(ctx, http.MethodGet, "", nil, "jobs", url.PathEscape(string(id)))
	if err != nil {
		return nil, err
	}
	r.URL.RawQuery = fmt.Sprintf("nodes=%t", whole)
	var report jobs.Report
	return &report, c.ask(r, &report)
}

// command does something to a job and returns it as it is then, without its nodes.
func (c *client) command(ctx context.Context, id jobs.JobID, verb string, body any) (*jobs.Report, error) {
	r, err := c.post(ctx, body, "jobs", url.PathEscape(string(id)), verb)
	if err != nil {
		return nil, err
	}
	var report jobs.Report
	if err := c.ask(r, &report); err != nil {
		return nil, noSuchPart(id, err)
	}
	return &report, nil
}

func noSuchPart(id jobs.JobID, err error) error {
	if errors.Is(err, jobs.ErrNotFound) {
		return &jobs.UserError{Message: fmt.Sprintf("There is no job %q there, or it has no such step: bob status %s shows its steps.", id, id), Err: err}
	}
	return err
}

// fetch returns a file that a job made.
func (c *client) fetch(ctx context.Context, id jobs.JobID, name string) (data []byte, err error) {
	r, err := c.request(ctx, http.MethodGet, "", nil, "jobs", url.PathEscape(string(id)), "artifacts", url.PathEscape(name))
	if err != nil {
		return nil, err
	}
	resp, err := c.send(r)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, resp.Body.Close()) }()
	return io.ReadAll(io.LimitReader(resp.Body, jobs.MaxFile))
}

// again is how long follow waits before it connects again.
const again = time.Second

// follow knocks when something happens to a job, until the job is final or ctx is
// done. A stream that breaks goes on where it was.
func (c *client) follow(ctx context.Context, id jobs.JobID, knock chan<- struct{}) {
	seen := ""
	for ctx.Err() == nil {
		if over := c.listen(ctx, id, &seen, knock); over {
			return
		}
		select {
		case <-ctx.Done():
		case <-time.After(again):
		}
	}
}

// listen reads one stream, and reports whether there is nothing more to come.
func (c *client) listen(ctx context.Context, id jobs.JobID, seen *string, knock chan<- struct{}) (over bool) {
	r, err := c.request(ctx, http.MethodGet, "", nil, "jobs", url.PathEscape(string(id)), "events")
	if err != nil {
		return true
	}
	if *seen != "" {
		r.Header.Set("Last-Event-ID", *seen)
	}
	resp, err := c.send(r)
	if err != nil {
		return false
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode == http.StatusNoContent {
		return true
	}
	lines := bufio.NewReader(resp.Body)
	for {
		line, prefix, err := lines.ReadLine()
		if err != nil {
			return false
		}
		if event, ok := strings.CutPrefix(string(line), "id: "); ok {
			*seen = event
			select {
			case knock <- struct{}{}:
			default:
			}
		}
		for prefix && err == nil { // what happened is read from the report
			_, prefix, err = lines.ReadLine()
		}
	}
}
