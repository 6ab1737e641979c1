package drill

import (
	"database/sql"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// played runs one seed to its end and returns its database, in which nothing may
// be wrong, and what was seen from outside.
func played(t *testing.T, seed uint64) (path string, seen evidence) {
	t.Helper()
	r, err := newTrial(t.Context(), childArgv(t), t.TempDir(), seed, newTally())
	if err != nil {
		t.Fatal(err)
	}
	err = r.play(t.Context())
	if endErr := r.end(); err != nil || endErr != nil {
		t.Fatal(err, endErr)
	}
	found, err := r.verdict(t.Context())
	if err != nil || len(found) > 0 {
		t.Fatalf("seed %d: %v, %+v", seed, err, found)
	}
	return r.path, r.evidence()
}

// copied returns a copy of a database, changed by a statement.
func copied(t *testing.T, path, change string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	to := filepath.Join(t.TempDir(), "bob.db")
	if err := os.WriteFile(to, data, 0o600); err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open("sqlite", "file:"+to)
	if err != nil {
		t.Fatal(err)
	}
	res, err := db.ExecContext(t.Context(), change)
	if err != nil {
		t.Fatalf("%s: %v", change, err)
	}
	if n, err := res.RowsAffected(); n == 0 || err != nil {
		t.Fatalf("%s: changed %d rows, %v", change, n, err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	return to
}

// injuries break a sound database, one promise each.
var injuries = map[string]struct {
	kind   Kind
	change string
}{
	"a job is gone":            {KindLost, `DELETE FROM jobs WHERE id = (SELECT min(id) FROM jobs)`},
	"a root is gone":           {KindLost, `DELETE FROM nodes WHERE id = (SELECT root_id FROM jobs LIMIT 1)`},
	"a file is gone":           {KindLost, `INSERT INTO artifacts SELECT id, 'a', root_id, '', 1, 'none', 0 FROM jobs LIMIT 1`},
	"a job is there twice":     {KindDuplicated, `INSERT INTO jobs (id, root_id, inbound_key, request, user_name, model, revision, timeout_ms, deadline, final, created_at) SELECT id || 'x', root_id, inbound_key || 'x', request, user_name, model, revision, timeout_ms, deadline, final, created_at FROM jobs LIMIT 1`},
	"two workers at once":      {KindTwice, `INSERT INTO events (job_id, at, moves) SELECT id, 0, '[{"n":' || root_id || ',"e":"claim","s":"running"},{"n":' || root_id || ',"e":"claim","s":"running"}]' FROM jobs LIMIT 1`},
	"completed once more":      {KindTwice, `INSERT INTO attempts SELECT node_id, epoch + 1000, phase, attempt, status, reason, error, started_at, finished_at FROM attempts WHERE status = 'completed' LIMIT 1`},
	"ended once more":          {KindTwice, `INSERT INTO events (job_id, at, moves) SELECT id, 0, '[{"n":' || root_id || ',"e":"complete","s":"completed"}]' FROM jobs LIMIT 1`},
	"overspent":                {KindOverBudget, `UPDATE purses SET budget = spent - 1 WHERE key = (SELECT key FROM purses WHERE spent > 0 LIMIT 1)`},
	"reserved for ever":        {KindOverBudget, `UPDATE purses SET reserved = 1 WHERE key = (SELECT min(key) FROM purses)`},
	"purse and ledger differ":  {KindOverBudget, `UPDATE purses SET spent = spent - 1 WHERE key = (SELECT min(key) FROM purses)`},
	"a call is not booked":     {KindUnbooked, `DELETE FROM calls WHERE id = (SELECT max(id) FROM calls WHERE status = 'ok')`},
	"a call is never settled":  {KindUnbooked, `UPDATE calls SET status = 'sent' WHERE id = (SELECT max(id) FROM calls)`},
	"a call costs too little":  {KindUnbooked, `UPDATE calls SET tokens_out = tokens_out - 1 WHERE id = (SELECT max(id) FROM calls WHERE status = 'ok')`},
	"an answer is made up":     {KindUnbooked, `UPDATE calls SET request_id = 'x' WHERE id = (SELECT max(id) FROM calls WHERE status = 'ok')`},
	"a job never ends":         {KindStuck, `UPDATE nodes SET status = 'queued', completed_at = 0 WHERE id = (SELECT min(root_id) FROM jobs)`},
	"green over red":           {KindStatus, `UPDATE nodes SET status = CASE status WHEN 'failed' THEN 'completed' ELSE 'failed' END, reason = '' WHERE id = (SELECT min(id) FROM nodes WHERE phase = 'combine' AND status IN ('completed', 'partial', 'failed'))`},
	"final with an open step":  {KindStatus, `UPDATE nodes SET status = 'queued', completed_at = 0 WHERE id = (SELECT min(id) FROM nodes WHERE parent_id > 0)`},
	"the job's own flag":       {KindStatus, `UPDATE jobs SET final = 0 WHERE id = (SELECT min(id) FROM jobs)`},
	"final and ready":          {KindStatus, `UPDATE nodes SET ready = 1 WHERE id = (SELECT min(id) FROM nodes)`},
	"nobody was told":          {KindNotices, `DELETE FROM outbox WHERE id = (SELECT max(id) FROM outbox WHERE kind = 'completion')`},
	"told twice":               {KindNotices, `INSERT INTO outbox (job_id, kind, key, text, created_at) SELECT job_id, kind, key || 'x', text, created_at FROM outbox WHERE kind = 'completion' LIMIT 1`},
	"told something else":      {KindNotices, `UPDATE outbox SET text = 'Job cheerful: all is well' WHERE kind = 'completion'`},
	"never acknowledged":       {KindNotices, `DELETE FROM outbox WHERE kind = 'ack'`},
	"miscounted leaves":        {KindCounters, `UPDATE nodes SET l_completed = l_completed + 1 WHERE id = (SELECT min(id) FROM nodes WHERE phase = 'combine')`},
	"miscounted children":      {KindCounters, `UPDATE nodes SET c_failed = c_failed + 1 WHERE id = (SELECT min(id) FROM nodes WHERE phase = 'combine')`},
	"miscounted open children": {KindCounters, `UPDATE nodes SET open_children = 1 WHERE id = (SELECT min(id) FROM nodes WHERE phase = 'combine')`},
	"miscounted money":         {KindCounters, `UPDATE nodes SET cost = cost + 1 WHERE id = (SELECT min(id) FROM nodes)`},
	"miscounted hindrances":    {KindCounters, `UPDATE nodes SET open_deps = -1 WHERE id = (SELECT min(id) FROM nodes)`},
	"a worker that is not":     {KindCounters, `UPDATE nodes SET busy = 1 WHERE id = (SELECT min(id) FROM nodes WHERE phase = 'combine')`},
	"bytes that nobody names":  {KindBlobs, `INSERT INTO blobs VALUES ('none', 0, x'00')`},
	"an event that is none":    {KindDamaged, `UPDATE events SET moves = 'oops' WHERE seq = (SELECT max(seq) FROM events)`},
	"an index that lies":       {KindDamaged, `PRAGMA writable_schema = ON; UPDATE sqlite_schema SET sql = 'CREATE INDEX nodes_tree ON nodes (job_id, ord, parent_id)' WHERE name = 'nodes_tree'`},
	"a history of nothing":     {KindLost, `INSERT INTO events (job_id, at, moves) VALUES ('x', 0, '[{"n":999999,"e":"claim","s":"running"}]')`},
}

// TestCheck_findsEveryKindOfInjury holds the checks to their word: each must be
// able to fail.
func TestCheck_findsEveryKindOfInjury(t *testing.T) {
	t.Parallel()
	path, seen := played(t, 4)
	missing := map[Kind]bool{}
	for _, k := range Kinds() {
		missing[k] = true
	}
	delete(missing, KindGaveUp) // no row says so: see TestTrial_saysThatAnEngineGaveUp
	for name, injury := range injuries {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			found, _, err := check(t.Context(), copied(t, path, injury.change), seen)
			if err != nil {
				t.Fatal(err)
			}
			if !slices.ContainsFunc(found, func(v Violation) bool { return v.Kind == injury.kind }) {
				t.Errorf("found %+v, want %q", found, injury.kind)
			}
		})
		delete(missing, injury.kind)
	}
	if len(missing) > 0 {
		t.Errorf("no injury for %v", slices.Collect(maps.Keys(missing)))
	}
}

// TestCheck_believesWhatWasSeenFromOutside: acknowledgements and the server's
// counts are held against the rows.
func TestCheck_believesWhatWasSeenFromOutside(t *testing.T) {
	t.Parallel()
	path, seen := played(t, 5)
	for name, c := range map[string]struct {
		kind Kind
		tell func(e *evidence)
	}{
		"an acknowledged job that is not there": {KindLost, func(e *evidence) { e.acknowledged = map[string]map[string]bool{"k": {"job_none": true}} }},
		"two jobs for one message":              {KindDuplicated, func(e *evidence) { e.acknowledged = map[string]map[string]bool{"k": {"a": true, "b": true}} }},
		"a call that was sent twice":            {KindUnbooked, func(e *evidence) { e.served = append(slices.Clone(e.served), e.served[0], e.served[0]) }},
		"a call that nobody booked":             {KindUnbooked, func(e *evidence) { e.served = append(slices.Clone(e.served), served{key: "k"}) }},
		"a bill that is higher": {KindUnbooked, func(e *evidence) {
			e.served = append(slices.Clone(e.served), served{key: e.served[0].key, job: e.served[0].job, out: 1 << 40, billed: true})
		}},
		"two answers for one step at once": {KindTwice, func(e *evidence) { e.overlaps = []string{"node 1"} }},
	} {
		told := seen
		c.tell(&told)
		found, _, err := check(t.Context(), path, told)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.ContainsFunc(found, func(v Violation) bool { return v.Kind == c.kind }) {
			t.Errorf("%s: found %+v, want %q", name, found, c.kind)
		}
	}
}
