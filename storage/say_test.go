package storage_test

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/askbob/bob/jobs"
	"github.com/askbob/bob/jobs/tool"
)

func serviceOf(t *testing.T, o *opened) *jobs.Service {
	t.Helper()
	s, err := jobs.NewService(jobs.ServiceConfig{Store: o, Inspector: &tool.Inspector{}, Now: start1970})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestService_Say_reachesTheNodeAndAllBelowIt(t *testing.T) {
	t.Parallel()
	o := openAt(t, filepath.Join(t.TempDir(), "bob.db"), start1970())
	job := o.planned()
	s := serviceOf(t, o)
	one := o.claim(job, "1")
	for _, m := range []struct{ path, text string }{{"", " to all "}, {"2", "to step 2"}, {"1", "to step 1"}} {
		if err := s.Do(t.Context(), nil, jobs.Say{Job: job, Path: m.path, User: "ann", Text: m.text}); err != nil {
			t.Fatal(err)
		}
	}
	said := func(text string) jobs.Said { return jobs.Said{User: "ann", Text: text, At: start1970().UTC()} }
	got, err := o.Said(t.Context(), one)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]jobs.Said{said("to all"), said("to step 1")}, got); diff != "" {
		t.Errorf("step 1 hears (-want +got):\n%s", diff)
	}
	o.apply(jobs.Finish{Node: one, Status: jobs.StatusCompleted, Result: "x"})
	b, err := o.Brief(t.Context(), o.claim(job, "2"))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]jobs.Said{said("to all"), said("to step 2")}, b.Messages); diff != "" {
		t.Errorf("step 2 is told (-want +got):\n%s", diff)
	}
}

func TestService_Say_refusesWhatNobodyWillHear(t *testing.T) {
	t.Parallel()
	o := openAt(t, filepath.Join(t.TempDir(), "bob.db"), start1970())
	job := o.planned()
	s := serviceOf(t, o)
	o.apply(jobs.Finish{Node: o.claim(job, "1"), Status: jobs.StatusCompleted, Result: "x"})
	tests := map[string]struct{ path, text, want string }{
		"nothing":             {"", " \n", "is empty"},
		"a book":              {"", strings.Repeat("ü", jobs.MaxSaid+1), "4001 characters"},
		"no text":             {"", "\xff", "UTF-8"},
		"an unknown step":     {"9", "x", `no step "9"`},
		"no step":             {"one", "x", `no step "one"`},
		"below a leaf":        {"1.1", "x", `no step "1.1"`},
		"half a path":         {"1.", "x", `no step "1."`},
		"a step that is done": {"1", "x", "is completed"},
	}
	for name, tt := range tests {
		err := s.Do(t.Context(), nil, jobs.Say{Job: job, Path: tt.path, User: "ann", Text: tt.text})
		if e, ok := errors.AsType[*jobs.UserError](err); !ok || !strings.Contains(e.Message, tt.want) {
			t.Errorf("%s: got %v, want a UserError with %q", name, err, tt.want)
		}
	}
	if err := s.Do(t.Context(), nil, jobs.Say{Job: "job_none", User: "ann", Text: "x"}); !errors.Is(err, jobs.ErrNotFound) {
		t.Errorf("an unknown job: %v, want ErrNotFound", err)
	}
	for range jobs.MaxMessages {
		if err := s.Do(t.Context(), nil, jobs.Say{Job: job, User: "ann", Text: "x"}); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Do(t.Context(), nil, jobs.Say{Job: job, User: "ann", Text: "x"}); err == nil || !strings.Contains(err.Error(), "told 100 things") {
		t.Errorf("one message too many: %v", err)
	}
	if err := s.Do(t.Context(), nil, jobs.Cancel{Job: job, Reason: jobs.ReasonUser}); err != nil {
		t.Fatal(err)
	}
	if err := s.Do(t.Context(), nil, jobs.Say{Job: job, User: "ann", Text: "x"}); err == nil || !strings.Contains(err.Error(), "is cancelled") {
		t.Errorf("a job that is over: %v", err)
	}
}
