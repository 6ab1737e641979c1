package main

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/askbob/bob/jobs"
)

// The digest of a server's day, asked of it and read beside it.
func TestDigest_saysWhatHappened(t *testing.T) {
	t.Parallel()
	data := filepath.Join(t.TempDir(), "data")
	d := startDaemon(t, data, "BOB_NOTIFY_DIGEST=00:00")
	code, stdout, stderr := bob(t, "submit", "--wait", "--json", "--server", d.url, "--data", data, "Write a short greeting")
	if code != exitOK {
		t.Fatalf("exit status %d: %s", code, stderr)
	}
	done := report(t, stdout)
	if code, stdout, stderr = bob(t, "submit", "--approve", "ask", "--wait", "--json", "--server", d.url, "--data", data, "Write a long report about everything, in many chapters, and compare them"); code != exitWaits {
		t.Fatalf("exit status %d: %s", code, stderr)
	}
	waiting := report(t, stdout)
	if code, _, stderr = bob(t, "schedule", "add", "in 5 minutes", "say hello", "--server", d.url, "--data", data); code != exitOK {
		t.Fatalf("exit status %d: %s", code, stderr)
	}
	for _, where := range [][]string{{"--server", d.url, "--data", data}, {"--data", data}} {
		code, stdout, stderr := bob(t, append([]string{"digest", "--json"}, where...)...)
		var got jobs.Digest
		if err := json.Unmarshal([]byte(stdout), &got); code != exitOK || err != nil {
			t.Fatalf("%v: exit status %d, %v: %s", where, code, err, stderr)
		}
		if got.Finished.Total != 1 || got.Finished.Jobs[0].ID != done.ID || got.Failed.Total != 0 ||
			got.Waiting.Total != 1 || got.Waiting.Jobs[0].ID != waiting.ID || got.Waiting.Jobs[0].Reason != jobs.ReasonApproval ||
			got.Due.Total != 1 || got.Due.Schedules[0].Request != "say hello" {
			t.Errorf("%v: %s", where, stdout)
		}
		code, stdout, _ = bob(t, append([]string{"digest", "--day", "2026-01-31"}, where...)...)
		if code != exitOK || !strings.HasPrefix(stdout, "The day until Sunday 1 February 2026 00:00 UTC: 0 jobs finished, 0 failed, 1 waits for a person") {
			t.Errorf("%v: exit status %d: %s", where, code, stdout)
		}
		if code, _, stderr := bob(t, append([]string{"digest", "--day", "monday"}, where...)...); code != exitUsage || !strings.Contains(stderr, "2026-01-31") {
			t.Errorf("%v: exit status %d: %s", where, code, stderr)
		}
	}
	d.stop(t, syscall.SIGTERM)
}

func TestLoadConfig_digest(t *testing.T) {
	t.Parallel()
	got, err := load(t, `notify: {digest: "09:30"}`, nil)
	if at, atErr := got.Notify.digest(); err != nil || atErr != nil || at == nil {
		t.Errorf("got %v, %v, %v", at, err, atErr)
	}
	if got, err = load(t, "notify: {quiet_after: 5m}", nil); err != nil || got.Notify.Digest != "" || got.Notify.QuietAfter != 5*time.Minute {
		t.Errorf("got %+v, %v", got.Notify, err)
	}
	if _, err := load(t, `notify: {digest: "9am"}`, nil); err == nil || !strings.Contains(err.Error(), "notify.digest") {
		t.Errorf("9am: %v", err)
	}
}
