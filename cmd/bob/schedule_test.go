package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/askbob/bob/jobs"
)

// scheduled lists the schedules of a data directory.
func scheduled(t *testing.T, data string) []jobs.ScheduleReport {
	t.Helper()
	code, stdout, stderr := bob(t, "schedule", "list", "--json", "--data", data)
	var list []jobs.ScheduleReport
	if err := json.Unmarshal([]byte(stdout), &list); code != exitOK || err != nil {
		t.Fatalf("exit status %d, %v: %s%s", code, err, stdout, stderr)
	}
	return list
}

func TestSchedule_addListShowPauseResumeRemove(t *testing.T) {
	t.Parallel()
	data := t.TempDir()
	file := filepath.Join(data, "sales.csv")
	if err := os.WriteFile(file, []byte("region,revenue\nnorth,1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	do := func(args ...string) string {
		t.Helper()
		code, stdout, stderr := bob(t, append([]string{"schedule", "--data", data}, args...)...)
		if code != exitOK {
			t.Fatalf("%v: exit status %d, %s", args, code, stderr)
		}
		return stdout
	}
	out := do("add", "every Monday at 9", "Summarise the sales", "-f", file, "--tz", "Europe/Berlin", "--missed", "once",
		"--overlap", "queue", "--budget", "0.5", "--budget-month", "2", "--priority", "high", "--approve", "ask")
	for _, want := range []string{"0 9 * * 1, Europe/Berlin", "09:00 CE", "sales.csv", "at most $0.50 a run, at most $2.00 a month"} {
		if !strings.Contains(out, want) {
			t.Errorf("add does not say %q: %s", want, out)
		}
	}
	do("add", "tomorrow", "at", "10", "say", "hello")
	list := scheduled(t, data)
	if len(list) != 2 || list[0].Spec[:4] != "@at " || list[0].Request != "say hello" || list[0].Missed != jobs.MissedOnce {
		t.Fatalf("got %+v, want what comes tomorrow first", list)
	}
	got := list[1]
	if got.Next == nil || !got.Next.After(time.Now()) || got.Next.Weekday() != time.Monday {
		t.Errorf("next is %v, want a Monday to come", got.Next)
	}
	id := string(got.ID)
	got.ID, got.Next, got.CreatedAt = "", nil, time.Time{}
	want := jobs.ScheduleReport{
		Status: "active", Request: "Summarise the sales", Words: "every Monday at 9", Spec: "0 9 * * 1", TimeZone: "Europe/Berlin",
		Missed: "once", Overlap: "queue", Priority: "high", Budget: "0.500000000", Month: "2.000000000", Ask: true,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	do("pause", id)
	if out := do("show", id); !strings.Contains(out, "[PAUSED]") || strings.Contains(out, "Next:") {
		t.Errorf("show a paused one: %s", out)
	}
	if out := do("resume", id); !strings.Contains(out, "goes on Monday") {
		t.Errorf("resume: %s", out)
	}
	do("remove", id)
	if list := scheduled(t, data); len(list) != 1 {
		t.Errorf("%d schedules after one of two was removed", len(list))
	}
	do("remove", string(list[0].ID))
	if out := do("list"); !strings.Contains(out, "no schedules") {
		t.Errorf("an empty list: %s", out)
	}
}

func TestSchedule_refusesInOneLine(t *testing.T) {
	t.Parallel()
	data := t.TempDir()
	if code, _, stderr := bob(t, "schedule", "add", "@daily", "work", "--data", data); code != exitOK {
		t.Fatal(stderr)
	}
	for want, args := range map[string][]string{
		`say it like "daily at 9 and 17"`: {"add", "twice a day", "work"},
		"there is no such day":            {"add", "0 9 30 2 *", "work"},
		"The request is missing":          {"add", "every", "Monday"},
		"The request is empty":            {"add", "every Monday", " "},
		`"PST" is no time zone`:           {"add", "daily at 9", "work", "--tz", "PST"},
		"not \"all\"":                     {"add", "daily at 9", "work", "--missed", "all"},
		"not \"kill\"":                    {"add", "daily at 9", "work", "--overlap", "kill"},
		"--budget-month: ":                {"add", "daily at 9", "work", "--budget-month", "much"},
		"There is no file":                {"add", "daily at 9", "work", "-f", filepath.Join(data, "none.csv")},
		"nothing":                         {"add", "daily at 9", "work", "--model", "nothing"},
		"--approve is auto or ask":        {"add", "daily at 9", "work", "--approve", "no"},
		`There is no schedule "sch_x"`:    {"show", "sch_x"},
		"takes one schedule ID":           {"pause"},
		`There is no schedule "sch_y"`:    {"remove", "sch_y"},
		"there is no command":             {"ad"},
	} {
		code, stdout, stderr := bob(t, append([]string{"schedule", "--data", data}, args...)...)
		if code != exitUsage || !strings.Contains(stderr, want) || strings.Count(stderr, "\n") != 1 || stdout != "" {
			t.Errorf("%v: exit status %d, %q, %q; want %q", args, code, stdout, stderr, want)
		}
	}
	if list := scheduled(t, data); len(list) != 1 {
		t.Errorf("%d schedules, want the first alone", len(list))
	}
}

func TestSchedule_saysWhoHasTheDataDirectory(t *testing.T) {
	t.Parallel()
	data := t.TempDir()
	p := process{data: data, stderr: os.Stderr, env: func(string) (string, bool) { return "", false }}
	h, err := p.open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = h.close() }()
	if code, _, stderr := bob(t, "schedule", "add", "@daily", "work", "--data", data); code != exitUsage || !strings.Contains(stderr, "in use by another Bob") {
		t.Errorf("add: exit status %d, %s", code, stderr)
	}
	if list := scheduled(t, data); len(list) != 0 { // reading needs no lock
		t.Errorf("list: %v", list)
	}
}

// The server has the data directory: the commands find it by its lock, or by name.
func TestSchedule_besideAServer(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	data, config, file := filepath.Join(dir, "data"), filepath.Join(dir, "bob.yaml"), filepath.Join(dir, "sales.csv")
	if err := os.WriteFile(file, []byte("region,revenue\nnorth,1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	d := startDaemon(t, data, "BOB_SCHEDULES_TIME_ZONE=Europe/Berlin")
	listen := "web: {listen: " + strings.TrimPrefix(d.url, "http://") + "}\n"
	if err := os.WriteFile(config, []byte(listen), 0o600); err != nil {
		t.Fatal(err)
	}
	do := func(want int, args ...string) string {
		t.Helper()
		code, stdout, stderr := bob(t, append([]string{"schedule", "--data", data, "--config", config}, args...)...)
		if code != want {
			t.Fatalf("%v: exit status %d, %s", args, code, stderr)
		}
		return stdout + stderr
	}
	out := do(exitOK, "add", "every Monday at 9", "Summarise the sales", "-f", file, "--budget", "0.5", "--budget-month", "2", "--overlap", "queue")
	for _, want := range []string{"0 9 * * 1, Europe/Berlin", "09:00 CE", "sales.csv", "at most $0.50 a run, at most $2.00 a month"} {
		if !strings.Contains(out, want) {
			t.Errorf("add does not say %q: %s", want, out)
		}
	}
	do(exitOK, "add", "tomorrow", "at", "10", "say", "hello", "--server", d.url)
	list := scheduled(t, data) // as the server wrote it
	if len(list) != 2 || list[1].User != "api" || list[1].Overlap != jobs.OverlapQueue || list[0].Request != "say hello" {
		t.Fatalf("got %+v", list)
	}
	id := string(list[1].ID)
	if out := do(exitOK, "list", "--server", d.url); strings.Count(out, "sch_") != 2 {
		t.Errorf("list: %s", out)
	}
	if out := do(exitOK, "pause", id); !strings.Contains(out, "is paused") {
		t.Errorf("pause: %s", out)
	}
	if out := do(exitOK, "show", id, "--server", d.url); !strings.Contains(out, "[PAUSED]") {
		t.Errorf("show: %s", out)
	}
	if out := do(exitOK, "resume", id); !strings.Contains(out, "goes on Monday") || !strings.Contains(out, "09:00 CE") {
		t.Errorf("resume: %s", out)
	}
	for want, args := range map[string][]string{
		"only a paused one can be resumed": {"resume", id},
		`There is no schedule "sch_none"`:  {"remove", "sch_none"},
		`say it like "daily at 9 and 17"`:  {"add", "twice a day", "work"},
	} {
		if out := do(exitUsage, args...); !strings.Contains(out, want) || strings.Count(out, "\n") != 1 {
			t.Errorf("%v: %s", args, out)
		}
	}
	do(exitOK, "remove", id)
	if list := scheduled(t, data); len(list) != 1 {
		t.Errorf("%d schedules after one of two was removed", len(list))
	}
	d.stop(t, syscall.SIGTERM)
	do(exitOK, "remove", string(list[0].ID)) // nobody has the data directory any more
}

func TestLoadConfig_schedulesAndRetention(t *testing.T) {
	t.Parallel()
	got, err := load(t, "schedules: {time_zone: Europe/Berlin}\nretention: {jobs: 90d}", nil)
	if err != nil || got.Schedules.TimeZone != "Europe/Berlin" || time.Duration(got.Retention.Jobs) != 90*24*time.Hour {
		t.Errorf("got %+v, %+v, %v", got.Schedules, got.Retention, err)
	}
	for _, text := range []string{
		"schedules: {time_zone: PST}", "schedules: {time_zone: \"\"}", "retention: {jobs: 90}", "retention: {jobs: -1d}",
		"retention: {jobs: 12h}", "retention: {jobs: 99999d}",
	} {
		if _, err := load(t, text, nil); err == nil {
			t.Errorf("%s: no error", text)
		} else if section, _, _ := strings.Cut(text, ":"); !strings.Contains(err.Error(), section) {
			t.Errorf("%s: %v", text, err)
		}
	}
}
