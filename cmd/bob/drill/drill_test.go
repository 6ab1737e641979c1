package drill

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestRun_hurtsTheEngineAndFindsItSound(t *testing.T) {
	t.Parallel()
	res, err := Run(t.Context(), Options{Runs: 2, Seed: 11, Argv: childArgv(t)})
	if err != nil {
		t.Fatal(err)
	}
	if !res.OK() {
		t.Errorf("found %+v", res.Failed)
	}
	done := 0
	for _, n := range res.Faults {
		done += n
	}
	if res.Faults[FaultKill] == 0 || done < 20 || res.Jobs < 2*minJobs || res.Calls == 0 || res.Restarts == 0 {
		t.Errorf("%d faults in %+v, want kills and a good number of all", done, res)
	}
}

// TestTrial_saysThatAnEngineGaveUp lets a drill begin on a file that is no database.
func TestTrial_saysThatAnEngineGaveUp(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "bob.db"), bytes.Repeat([]byte("no database "), 1000), 0o600); err != nil {
		t.Fatal(err)
	}
	r, err := newTrial(t.Context(), childArgv(t), dir, 1, newTally())
	if err != nil {
		t.Fatal(err)
	}
	if err := r.play(t.Context()); err == nil || !strings.Contains(err.Error(), "gave up") {
		t.Errorf("play = %v, want an error that says that the engine gave up", err)
	}
	if err := r.end(); err != nil {
		t.Error(err)
	}
	if !slices.ContainsFunc(r.found, func(v Violation) bool { return v.Kind == KindGaveUp }) {
		t.Errorf("found %+v, want %q", r.found, KindGaveUp)
	}
}

func TestSampler_seesAPurseThatIsOverdrawnForAMoment(t *testing.T) {
	t.Parallel()
	path, _ := played(t, 6)
	path = copied(t, path, "UPDATE purses SET budget = 0, reserved = 1 WHERE key = (SELECT min(key) FROM purses)")
	s, err := sample(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	for deadline := time.After(10 * time.Second); ; {
		select {
		case <-deadline:
			t.Fatal("nothing was sampled")
		case <-time.After(sampleEvery):
		}
		if list := s.close(); len(list) > 0 {
			if list[0].Kind != KindOverBudget {
				t.Errorf("found %+v", list)
			}
			return
		}
		if s, err = sample(t.Context(), path); err != nil {
			t.Fatal(err)
		}
	}
}

func TestScenario_isTheSameForTheSameSeed(t *testing.T) {
	t.Parallel()
	a, b, c := drawScenario(7), drawScenario(7), drawScenario(8)
	if diff := cmp.Diff(a.work, b.work); diff != "" || !slices.Equal(a.acts, b.acts) {
		t.Errorf("the same seed drew something else: %s", diff)
	}
	if slices.Equal(a.acts, c.acts) {
		t.Error("another seed drew the same acts")
	}
	for range 100 {
		if x, y := a.command(target{"j", "1"}), b.command(target{"j", "1"}); x != y {
			t.Fatalf("commands %+v and %+v", x, y)
		}
	}
}

// ask sends the server a question as the child's model does.
func ask(t *testing.T, s *server, key, body string) (status int, text string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.url+"chat/completions", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set(headerKey, key)
	r.Header.Set(headerLife, "1")
	r.Header.Set(headerPurpose, "turn")
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		return 0, "cut"
	}
	defer func() { _ = resp.Body.Close() }()
	data, err := io.ReadAll(resp.Body)
	if err != nil {
		return resp.StatusCode, "cut"
	}
	return resp.StatusCode, string(data)
}

func TestServer_misbehavesTheSameWayForTheSameSeed(t *testing.T) {
	t.Parallel()
	var runs [2][]int
	for i := range runs {
		s, err := listen(t.Context(), 42, newTally())
		if err != nil {
			t.Fatal(err)
		}
		for range 30 {
			status, text := ask(t, s, "job_a-1-work-1-1", `{"max_tokens":10,"messages":[{"role":"user","content":"Do it [d1/2]."}]}`)
			runs[i] = append(runs[i], status, len(text))
		}
		if err := s.close(); err != nil {
			t.Error(err)
		}
	}
	if !slices.Equal(runs[0], runs[1]) {
		t.Errorf("the answers differ:\n%v\n%v", runs[0], runs[1])
	}
	if !slices.Contains(runs[0], http.StatusTooManyRequests) && !slices.Contains(runs[0], http.StatusInternalServerError) {
		t.Errorf("no fault in %v", runs[0])
	}
}

// TestServer_seesAStepThatWaitsForTwoAnswers: an answer that is still wanted long
// after another request for the same step came is one too many.
func TestServer_seesAStepThatWaitsForTwoAnswers(t *testing.T) {
	t.Parallel()
	s := &server{nth: map[string]int{}}
	calls := make([]*served, 2)
	for i := range calls {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "/", http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set(headerKey, "job_a-1-work-1-"+strconv.Itoa(i))
		calls[i], _ = s.arrived(r, nil)
	}
	gone, leave := context.WithCancel(t.Context())
	leave()
	if err := s.alone(gone, calls[0], time.Hour); err == nil || len(s.overlaps) != 0 {
		t.Errorf("of one who went away: %v, overlaps = %q, want none", err, s.overlaps)
	}
	for _, c := range calls {
		if err := s.alone(t.Context(), c, 0); err != nil {
			t.Error(err)
		}
	}
	if len(s.overlaps) != 1 {
		t.Errorf("overlaps = %q, want one", s.overlaps)
	}
}

func TestResult_print(t *testing.T) {
	t.Parallel()
	res := &Result{Seed: 7, Runs: 3}
	res.take(newTally())
	var out bytes.Buffer
	if err := res.Print(&out); err != nil {
		t.Fatal(err)
	}
	if text := out.String(); !strings.Contains(text, "Nothing lost") || !strings.Contains(text, "seed 7") {
		t.Errorf("printed %s", text)
	}
	res.Directory = "/somewhere"
	res.Failed = []FailedRun{{Seed: 8, Database: "/somewhere/bob.db", Violations: slices.Repeat([]Violation{{KindStuck, "job_a", "waits"}}, 7)}}
	out.Reset()
	if err := res.Print(&out); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"seed 8: stuck: job_a: waits", "and 2 more", "databases are in /somewhere", "/somewhere/bob.db", "bob drill --runs 1 --seed 8 --keep"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("printed %s, want %q in it", out.String(), want)
		}
	}
	data, err := json.Marshal(res)
	if err != nil || !strings.Contains(string(data), `"jobs lost":0`) || !strings.Contains(string(data), `"kill -9":0`) {
		t.Errorf("JSON %s, %v", data, err)
	}
}
