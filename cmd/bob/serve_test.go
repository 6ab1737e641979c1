package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/askbob/bob/jobs"
)

func TestMain(m *testing.M) {
	// A library of Google's SDK starts it when the program starts.
	google := goleak.IgnoreTopFunction("go.opencensus.io/stats/view.(*worker).start")
	// Discord's library waits for its own lock for ever where a new line is answered with
	// op 7 or op 9.
	gateway := goleak.IgnoreAnyFunction("github.com/bwmarrin/discordgo.(*Session).CloseWithCode")
	goleak.VerifyTestMain(m, google, gateway, goleak.Cleanup(func(code int) {
		if err := os.RemoveAll(built.dir); err != nil {
			fmt.Fprintln(os.Stderr, err)
		}
		os.Exit(code)
	}))
}

// built is the program, built once for all tests that need a process of its own.
var built struct {
	once sync.Once
	dir  string
	err  error
}

func program(tb testing.TB) string {
	tb.Helper()
	built.once.Do(func() {
		if built.dir, built.err = os.MkdirTemp("", "bob-test-"); built.err != nil {
			return
		}
		build := exec.CommandContext(context.WithoutCancel(tb.Context()), "go", "build", "-o", built.dir, ".")
		build.Env = append(os.Environ(), "CGO_ENABLED=0") // as it is released, and as the other tests compiled most of it
		out, err := build.CombinedOutput()
		if err != nil {
			built.err = fmt.Errorf("%w: %s", err, out)
		}
	})
	if built.err != nil {
		tb.Fatal(built.err)
	}
	return filepath.Join(built.dir, "bob")
}

// daemon is a bob serve in a process of its own.
type daemon struct {
	url, token string
	took       time.Duration // from the start until it answers
	cmd        *exec.Cmd
	said       *bytes.Buffer
	done       chan struct{} // closed when said is complete
}

// startDaemon starts bob serve on that data directory. Settings are NAME=VALUE.
func startDaemon(tb testing.TB, data string, settings ...string) *daemon {
	tb.Helper()
	d := &daemon{said: &bytes.Buffer{}, done: make(chan struct{})}
	d.cmd = exec.CommandContext(context.WithoutCancel(tb.Context()), program(tb), "serve", "--data", data)
	d.cmd.Dir = filepath.Dir(data)
	d.cmd.Env = append([]string{"BOB_WEB_LISTEN=127.0.0.1:0"}, settings...)
	stderr, err := d.cmd.StderrPipe()
	if err != nil {
		tb.Fatal(err)
	}
	began := time.Now()
	if err := d.cmd.Start(); err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		_ = d.cmd.Process.Kill() // unless it was stopped
		<-d.done
		_ = d.cmd.Wait()
	})
	lines := bufio.NewScanner(stderr)
	for d.url == "" && lines.Scan() {
		fmt.Fprintln(d.said, lines.Text())
		d.url, _ = strings.CutPrefix(lines.Text(), "Bob answers at ")
		if !strings.HasPrefix(d.url, "http://") {
			d.url = ""
		}
	}
	d.took = time.Since(began)
	go func() {
		defer close(d.done)
		for lines.Scan() {
			fmt.Fprintln(d.said, lines.Text())
		}
	}()
	if d.url == "" {
		<-d.done
		tb.Fatalf("bob serve did not start: %s", d.said)
	}
	token, err := os.ReadFile(filepath.Join(data, "token"))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		tb.Fatal(err)
	}
	d.token = strings.TrimSpace(string(token))
	return d
}

// stop sends the signals, and waits for the end.
func (d *daemon) stop(tb testing.TB, signals ...os.Signal) {
	tb.Helper()
	for _, s := range signals {
		if err := d.cmd.Process.Signal(s); err != nil {
			tb.Fatal(err)
		}
	}
	<-d.done
	if err := d.cmd.Wait(); err != nil {
		tb.Errorf("bob serve ended with %v: %s", err, d.said)
	}
}

func sampleFile(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "q4-sales.csv")
	if err := os.WriteFile(path, sampleSales, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestServe_day is a day of a server: a job done, one cancelled, one approved.
func TestServe_day(t *testing.T) {
	t.Parallel()
	data := filepath.Join(t.TempDir(), "data")
	d := startDaemon(t, data)
	t.Logf("ready after %s", d.took)
	ask := func(args ...string) (int, string, string) {
		return bob(t, append(args, "--server", d.url, "--data", data)...)
	}
	out := filepath.Join(t.TempDir(), "out")
	code, stdout, stderr := ask("submit", "-f", sampleFile(t), "--wait", "-o", out, "Analyze the Q4 sales data and create a presentation")
	total, _ := sumOf(t, sampleSales, "Revenue")
	if code != exitOK || !strings.Contains(stdout, thousands(total)) {
		t.Fatalf("exit status %d, without the total %s: %s%.500s", code, thousands(total), stderr, stdout)
	}
	if slides, err := filepath.Glob(filepath.Join(out, "*.pptx")); err != nil || len(slides) != 1 {
		t.Errorf("slides: %v, %v", slides, err)
	}

	code, stdout, stderr = ask("submit", "-f", sampleFile(t), "--approve", "ask", "--wait", "--json", "Analyze the sales data")
	waiting := report(t, stdout)
	if code != exitWaits || waiting.Status != jobs.StatusAwaitingApproval {
		t.Fatalf("exit status %d, %s: %s", code, waiting.Status, stderr)
	}
	if code, stdout, stderr = ask("edit", string(waiting.ID), "--revision", "1", "--drop", "1.1", "--json"); code != exitOK {
		t.Fatalf("exit status %d: %s", code, stderr)
	}
	if r := report(t, stdout); r.PlanRevision != 2 || r.Summary.Total >= waiting.Summary.Total {
		t.Errorf("revision %d with %d steps, before there were %d", r.PlanRevision, r.Summary.Total, waiting.Summary.Total)
	}
	if code, _, stderr = ask("approve", string(waiting.ID), "--revision", "1"); code != exitUsage || !strings.Contains(stderr, "newest revision is 2") {
		t.Errorf("an old plan was approved: exit status %d: %s", code, stderr)
	}
	if code, stdout, stderr = ask("approve", string(waiting.ID)); code != exitOK || !strings.Contains(stdout, string(waiting.ID)) {
		t.Errorf("exit status %d: %s%s", code, stdout, stderr)
	}
	code, stdout, stderr = ask("submit", "--approve", "ask", "Write a long report about everything, in many chapters, and compare them")
	if code != exitOK {
		t.Fatalf("exit status %d: %s", code, stderr)
	}
	id := strings.TrimSpace(stdout)
	if code, stdout, stderr = ask("cancel", id); code != exitOK || !strings.Contains(stdout, "cancelled") {
		t.Errorf("exit status %d: %s%s", code, stdout, stderr)
	}
	if code, _, stderr = ask("resume", id); code != exitUsage || !strings.Contains(stderr, "already cancelled") {
		t.Errorf("exit status %d: %s", code, stderr)
	}
	checkList(t, data, d, id)
	d.stop(t, syscall.SIGTERM)
}

// checkList reads the server's jobs through it and beside it.
func checkList(t *testing.T, data string, d *daemon, id string) {
	t.Helper()
	for _, where := range [][]string{{"--server", d.url, "--data", data}, {"--data", data}} {
		if code, stdout, stderr := bob(t, append([]string{"jobs"}, where...)...); code != exitOK || strings.Count(stdout, "job_") != 3 {
			t.Errorf("bob jobs %v: exit status %d: %s%s", where, code, stdout, stderr)
		}
		if code, stdout, stderr := bob(t, append([]string{"status", id, "--json"}, where...)...); code != exitOK || report(t, stdout).Status != jobs.StatusCancelled {
			t.Errorf("bob status %v: exit status %d: %s", where, code, stderr)
		}
	}
	if code, _, stderr := bob(t, "status", "job_none", "--server", d.url, "--data", data); code != exitUsage || !strings.Contains(stderr, "There is no job") {
		t.Errorf("exit status %d: %s", code, stderr)
	}
}

// TestServe_stopped_in_the_middle goes on after the next start, and no step counts
// an attempt more.
func TestServe_stopped_in_the_middle(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		grace   string
		signals []os.Signal
	}{
		"soft": {"20s", []os.Signal{syscall.SIGTERM}},
		"hard": {"0s", []os.Signal{syscall.SIGINT}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			data := filepath.Join(t.TempDir(), "data")
			d := startDaemon(t, data, "BOB_JOBS_WORKERS=1", "BOB_JOBS_STOP_GRACE="+test.grace)
			code, stdout, stderr := bob(t, "submit", "-f", sampleFile(t), "--server", d.url, "--data", data, "Analyze the Q4 sales data and create a presentation")
			if code != exitOK {
				t.Fatalf("exit status %d: %s", code, stderr)
			}
			id := strings.TrimSpace(stdout)
			untilRunning(t, data, d, id)
			d.stop(t, test.signals...)
			if r := readReport(t, data, id); r.Status.Final() || r.Summary.Completed == r.Summary.Total {
				t.Fatalf("the job is over before the stop: %s, %+v", r.Status, r.Summary)
			}

			d = startDaemon(t, data)
			follow(t, data, d, id)
			r := readReport(t, data, id)
			if r.Status != jobs.StatusCompleted {
				t.Errorf("%s (%s): %s", r.Status, r.Reason, r.Error)
			}
			for _, n := range r.Nodes {
				if n.Attempts > 1 {
					t.Errorf("step %s counts %d attempts", n.Path, n.Attempts)
				}
			}
			d.stop(t, syscall.SIGTERM)
		})
	}
}

// Who asks twice does not want to wait for a model that never answers.
func TestServe_told_twice_to_stop_waits_no_longer(t *testing.T) {
	t.Parallel()
	asked := make(chan struct{}, 10)
	model := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body) // or the end of the caller is not seen
		asked <- struct{}{}
		<-r.Context().Done()
	}))
	t.Cleanup(model.Close)
	dir := t.TempDir()
	data, config := filepath.Join(dir, "data"), `
llm:
  providers: [{name: slow, kind: openai, base_url: "`+model.URL+`"}]
  models: [{model: m, provider: slow, price: 0}]
jobs: {stop_grace: 1h}
`
	if err := os.WriteFile(filepath.Join(dir, "config.yaml"), []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	d := startDaemon(t, data)
	code, stdout, stderr := bob(t, "submit", "--server", d.url, "--data", data, "Say something about rivers")
	if code != exitOK {
		t.Fatalf("exit status %d: %s", code, stderr)
	}
	<-asked
	if err := d.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	for ready := true; ready; { // the server answers while it waits
		resp, err := http.Get(d.url + "/readyz") //nolint:noctx // our own server
		if err != nil {
			t.Fatal(err)
		}
		ready = resp.StatusCode == http.StatusOK
		if err := resp.Body.Close(); err != nil {
			t.Error(err)
		}
	}
	d.stop(t, syscall.SIGTERM)
	r := readReport(t, data, strings.TrimSpace(stdout))
	if r.Status != jobs.StatusPlanning || r.Nodes[0].Attempts != 0 {
		t.Errorf("%s after %d attempts, want it handed back uncounted", r.Status, r.Nodes[0].Attempts)
	}
}

// untilRunning waits until a step of a job is done and another one at work.
func untilRunning(t *testing.T, data string, d *daemon, id string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 4*time.Minute)
	defer cancel()
	p := process{data: data, env: func(string) (string, bool) { return "", false }}
	c, err := p.client(d.url)
	if err != nil {
		t.Fatal(err)
	}
	defer c.http.CloseIdleConnections()
	knock := make(chan struct{}, 1)
	done := make(chan struct{})
	go func() {
		defer close(done)
		c.follow(ctx, jobs.JobID(id), knock)
	}()
	defer func() { <-done }()
	defer cancel()
	for {
		r, err := c.Report(ctx, jobs.JobID(id), false)
		if err != nil {
			t.Fatal(err)
		}
		if r.Summary.Running > 0 && r.Summary.Completed > 0 {
			return
		}
		select {
		case <-knock:
		case <-ctx.Done():
			t.Fatalf("nothing runs: %s", r.Status)
		}
	}
}

// follow waits for the end of a job.
func follow(t *testing.T, data string, d *daemon, id string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 4*time.Minute)
	defer cancel()
	p := process{data: data, env: func(string) (string, bool) { return "", false }}
	c, err := p.client(d.url)
	if err != nil {
		t.Fatal(err)
	}
	c.follow(ctx, jobs.JobID(id), make(chan struct{}, 1))
	c.http.CloseIdleConnections()
	if ctx.Err() != nil {
		t.Fatal("the job does not end")
	}
}

func readReport(t *testing.T, data, id string) jobs.Report {
	t.Helper()
	code, stdout, stderr := bob(t, "status", id, "--json", "--data", data)
	if code != exitOK {
		t.Fatalf("exit status %d: %s", code, stderr)
	}
	return report(t, stdout)
}

func TestServe_says_what_is_wrong(t *testing.T) {
	t.Parallel()
	data := filepath.Join(t.TempDir(), "data")
	d := startDaemon(t, data)
	free, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	nobody := "http://" + free.Addr().String()
	if err := free.Close(); err != nil {
		t.Fatal(err)
	}
	other := t.TempDir()
	address := strings.TrimPrefix(d.url, "http://")
	for name, test := range map[string]struct {
		env  map[string]string
		args []string
		want string
	}{
		"no server":           {nil, []string{"submit", "--server", nobody, "x"}, "no bob serve answers at " + nobody + ": start it with: bob serve"},
		"no token":            {nil, []string{"submit", "--server", d.url, "--data", other, "x"}, "set BOB_TOKEN"},
		"wrong token":         {map[string]string{"BOB_TOKEN": "wrong"}, []string{"pause", "job_1", "--server", d.url, "--data", data}, "set BOB_TOKEN"},
		"no job":              {nil, []string{"pause", "job_1", "--server", d.url, "--data", data}, `There is no job "job_1"`},
		"no URL":              {nil, []string{"pause", "job_1", "--server", "here"}, "--server must be a URL"},
		"no revision":         {nil, []string{"edit", "job_1", "--server", d.url, "--drop", "1"}, "--revision is missing"},
		"no edit":             {nil, []string{"edit", "job_1", "--server", d.url, "--revision", "1"}, "nothing to change"},
		"odd edit":            {nil, []string{"edit", "job_1", "--server", d.url, "--revision", "1", "--prompt", "1.2"}, `--prompt "1.2" is not understood`},
		"no priority":         {nil, []string{"priority", "job_1", "now", "--server", d.url, "--data", data}, "is no priority"},
		"second server":       {nil, []string{"serve", "--data", data}, "in use by another Bob"},
		"address in use":      {map[string]string{"BOB_WEB_LISTEN": address}, []string{"serve", "--data", filepath.Join(other, "1")}, "is in use by another program"},
		"no address of ours":  {map[string]string{"BOB_WEB_LISTEN": "192.0.2.1:1"}, []string{"serve", "--data", filepath.Join(other, "2")}, "set web.listen"},
		"open to all":         {map[string]string{"BOB_WEB_LISTEN": "0.0.0.0:0"}, []string{"serve", "--data", filepath.Join(other, "3")}, "set web.token"},
		"a token like a word": {map[string]string{"BOB_WEB_TOKEN": "secret"}, []string{"serve", "--data", filepath.Join(other, "4")}, "web.token must have at least 16 characters"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var out, errs bytes.Buffer
			p := process{args: test.args, stdout: &out, stderr: &errs, env: func(name string) (string, bool) {
				value, ok := test.env[name]
				return value, ok
			}}
			if code := p.main(t.Context()); code != exitUsage || out.Len() > 0 {
				t.Errorf("exit status %d, stdout %q", code, &out)
			}
			if strings.Count(errs.String(), "\n") != 1 || !strings.Contains(errs.String(), test.want) {
				t.Errorf("got %q, want one line with %q", &errs, test.want)
			}
		})
	}
}

// Who is told to stop before he began says so, and blames nothing.
func TestServe_stopped_before_it_began(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var errs bytes.Buffer
	p := process{
		args: []string{"serve", "--data", filepath.Join(t.TempDir(), "data")}, stdout: io.Discard, stderr: &errs,
		env: func(string) (string, bool) { return "", false },
	}
	if code := p.main(ctx); code != exitInterrupted || errs.String() != "bob: interrupted\n" {
		t.Errorf("exit status %d, %q", code, &errs)
	}
}

// A token that is configured is not left behind in a file, and the one of this
// machine is not sent to another.
func TestServe_keeps_its_token(t *testing.T) {
	t.Parallel()
	data := filepath.Join(t.TempDir(), "data")
	d := startDaemon(t, data)
	if info, err := os.Stat(tokenFile(data)); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("token file: %v, %v", info, err)
	}
	d.stop(t, syscall.SIGTERM)
	if !strings.Contains(d.said.String(), "The token of this start: "+d.token) {
		t.Errorf("the token is not told: %s", d.said)
	}
	p := process{data: data, env: func(string) (string, bool) { return "", false }}
	for address, want := range map[string]string{"http://127.0.0.1:1": d.token, "http://bob.example.com": "", "": d.token} {
		if c, err := p.client(address); err != nil || c.token != want {
			t.Errorf("%q is sent %q, %v; want %q", address, c.token, err, want)
		}
	}
	d = startDaemon(t, data, "BOB_WEB_TOKEN=0123456789abcdef")
	if _, err := os.Stat(tokenFile(data)); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("there is a token file: %v", err)
	}
	d.stop(t, syscall.SIGTERM)
	if strings.Contains(d.said.String(), "0123456789abcdef") {
		t.Error("the configured token is shown")
	}
}

// TestServe_leaves_nothing_behind runs a server in this process, where what it left
// running would be found.
func TestServe_leaves_nothing_behind(t *testing.T) {
	t.Parallel()
	data := filepath.Join(t.TempDir(), "data")
	said, stderr := io.Pipe()
	p := process{args: []string{"serve", "--data", data}, stdout: io.Discard, stderr: stderr, env: func(name string) (string, bool) {
		value, ok := map[string]string{"BOB_WEB_LISTEN": "127.0.0.1:0"}[name]
		return value, ok
	}}
	ctx, stop := context.WithCancel(t.Context())
	code := make(chan int, 1)
	go func() {
		code <- p.main(ctx)
		_ = stderr.Close() // never fails
	}()
	lines := bufio.NewScanner(said)
	lines.Scan()
	url := strings.TrimPrefix(lines.Text(), "Bob answers at ")
	go func() { _, _ = io.Copy(io.Discard, said) }() // never fails
	resp, err := http.Get(url + "/readyz")           //nolint:noctx // our own server
	if err != nil {
		t.Fatal(err)
	}
	if resp.StatusCode != http.StatusOK {
		t.Errorf("readyz: %s", resp.Status)
	}
	if err := resp.Body.Close(); err != nil {
		t.Error(err)
	}
	stop()
	if got := <-code; got != exitOK {
		t.Errorf("exit status %d", got)
	}
}
