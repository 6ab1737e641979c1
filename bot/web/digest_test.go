package web_test

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/askbob/bob/jobs"
)

// diary answers with what it was asked for.
type diary struct{ asked []jobs.DigestQuery }

func (d *diary) Digest(_ context.Context, q jobs.DigestQuery) (jobs.Digest, error) {
	d.asked = append(d.asked, q)
	return jobs.Digest{
		From: q.From, Until: q.Until, SpentUSD: "1.500000000",
		Finished: jobs.DigestJobs{Total: 1, Jobs: []jobs.DigestJob{{ID: "job_known", Title: "a title", Status: jobs.StatusCompleted}}},
		Failed:   jobs.DigestJobs{Jobs: []jobs.DigestJob{}}, Waiting: jobs.DigestJobs{Jobs: []jobs.DigestJob{}},
		Due: jobs.DigestSchedules{Schedules: []jobs.DigestSchedule{}},
	}, nil
}

func TestServer_says_what_happened_in_a_day(t *testing.T) {
	t.Parallel()
	zone, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	d := &diary{}
	cfg := newBook().config(t)
	cfg.Digests, cfg.Zone = d, zone
	srv := serve(t, cfg)
	var got jobs.Digest
	status, answer, _ := ask(t, srv, "GET", "/api/v1/digest?day=2026-01-31", "")
	if err := json.Unmarshal([]byte(answer), &got); err != nil || status != http.StatusOK || got.Finished.Jobs[0].ID != "job_known" || got.SpentUSD != "1.500000000" {
		t.Errorf("%d %v %s", status, err, answer)
	}
	if want := time.Date(2026, 1, 30, 23, 0, 0, 0, time.UTC); !got.From.Equal(want) || !got.Until.Equal(want.Add(24*time.Hour)) {
		t.Errorf("the day is %s to %s", got.From, got.Until)
	}
	if status, answer, _ := ask(t, srv, "GET", "/api/v1/digest", ""); status != http.StatusOK {
		t.Errorf("%d %s", status, answer)
	}
	if q := d.asked[1]; q.Until.Sub(q.From) != 24*time.Hour || time.Since(q.Until) > time.Minute || q.Limit != jobs.DigestLimit {
		t.Errorf("asked for %+v, want the last day", q)
	}
	status, answer, h := ask(t, srv, "GET", "/api/v1/digest?day=monday", "")
	if p := problem(t, status, answer, h); status != http.StatusBadRequest || !strings.Contains(p.Detail, "2026-01-31") {
		t.Errorf("%d %s", status, p.Detail)
	}
	if status, _, _ := ask(t, serve(t, newBook().config(t)), "GET", "/api/v1/digest", ""); status != http.StatusNotFound {
		t.Errorf("%d where nobody knows", status)
	}
}
