package drill

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
)

// Kind is one kind of broken promise.
type Kind string

// The kinds of violation.
const (
	KindLost       Kind = "jobs lost"
	KindDuplicated Kind = "jobs duplicated"
	KindTwice      Kind = "steps run twice"
	KindOverBudget Kind = "over budget"
	KindUnbooked   Kind = "calls not booked"
	KindStuck      Kind = "stuck"
	KindStatus     Kind = "wrong status"
	KindNotices    Kind = "wrong notices"
	KindCounters   Kind = "wrong counters"
	KindBlobs      Kind = "orphan blobs"
	KindDamaged    Kind = "database damaged"
	KindGaveUp     Kind = "engine gave up"
)

// Kinds lists all kinds, in the order in which they are reported.
func Kinds() []Kind {
	return []Kind{
		KindLost, KindDuplicated, KindTwice, KindOverBudget, KindUnbooked, KindStuck, KindStatus, KindNotices,
		KindCounters, KindBlobs, KindDamaged, KindGaveUp,
	}
}

// Violation is a promise that was broken.
type Violation struct {
	Kind   Kind   `json:"kind"`
	Job    string `json:"job"` // or what else it is about
	Detail string `json:"detail"`
}

// evidence is what the drill knows from outside: it is held against the rows.
type evidence struct {
	acknowledged map[string]map[string]bool // inbound key -> ids that were returned for it
	served       []served
	overlaps     []string
}

// checker reads the rows of a database that nobody works with.
type checker struct {
	ctx   context.Context //nolint:containedctx // of one check, from its beginning to its end
	db    *sql.DB
	seen  evidence
	nodes map[int64]*node
	order []*node // children before their parents
	jobs  map[string]*job
	found []Violation
}

// size is how much was looked at.
type size struct{ jobs, nodes int }

// check recounts everything and returns what is wrong. A damaged file is not
// recounted.
func check(ctx context.Context, path string, seen evidence) ([]Violation, size, error) {
	db, err := openRows(path)
	if err != nil {
		return nil, size{}, err
	}
	c := &checker{ctx: ctx, db: db, seen: seen, nodes: map[int64]*node{}, jobs: map[string]*job{}}
	if err := c.integrity(); err != nil {
		c.fault(KindDamaged, "", "%v", err)
	}
	if len(c.found) > 0 {
		return c.found, size{}, db.Close()
	}
	for _, step := range []func() error{
		c.load, c.submissions, c.events, c.attempts, c.purses, c.ledger, c.open, c.tree, c.notices, c.blobs,
	} {
		if err := step(); err != nil {
			return nil, size{}, errors.Join(fmt.Errorf("check %s: %w", path, err), db.Close())
		}
	}
	return c.found, size{len(c.jobs), len(c.nodes)}, db.Close()
}

func (c *checker) fault(k Kind, about, format string, args ...any) {
	c.found = append(c.found, Violation{Kind: k, Job: about, Detail: fmt.Sprintf(format, args...)})
}

// each reads rows, each by fn.
func (c *checker) each(text string, fn func(scan func(...any) error) error) error {
	return query(c.ctx, c.db, text, fn)
}

// job is a row of jobs.
type job struct {
	id, key, request string
	root             int64
	final            bool
	ends             int // how often its root came to an end, by its events
}

// node is what a recount needs of a row of nodes.
type node struct {
	id, parent                  int64
	job, path, status, reason   string
	phase, owner, onFailure     string
	optional, ready             bool
	notBefore, completed        int64
	openChildren, openDeps, any int64
	kids                        [7]int64 // completed, partial, failed, skipped, cancelled, optional good, optional bad
	counts                      [8]int64 // total, completed, failed, running, skipped, cancelled, weight, weight done
	money                       [5]int64 // tokens in, read, write, out; cost
	below                       []*node  // its children
	held, ended                 bool     // by its events
	ends                        int      // how often it completed, by its events
	spent                       [5]int64 // by the ledger, its own calls
}

const loadNodes = `SELECT id, parent_id, job_id, path, status, reason, phase, owner, on_failure, optional, ready, not_before, completed_at,
  open_children, open_deps, busy, c_completed, c_partial, c_failed, c_skipped, c_cancelled, o_good, o_bad,
  l_total, l_completed, l_failed, l_running, l_skipped, l_cancelled, weight, weight_done,
  tokens_in, tokens_read, tokens_write, tokens_out, cost FROM nodes ORDER BY depth DESC, id`

func (c *checker) load() error {
	err := c.each("SELECT id, coalesce(inbound_key, ''), request, root_id, final FROM jobs", func(scan func(...any) error) error {
		j := &job{}
		if err := scan(&j.id, &j.key, &j.request, &j.root, &j.final); err != nil {
			return err
		}
		c.jobs[j.id] = j
		return nil
	})
	if err != nil {
		return err
	}
	err = c.each(loadNodes, func(scan func(...any) error) error {
		n := &node{}
		dest := []any{
			&n.id, &n.parent, &n.job, &n.path, &n.status, &n.reason, &n.phase, &n.owner, &n.onFailure, &n.optional, &n.ready, &n.notBefore,
			&n.completed, &n.openChildren, &n.openDeps, &n.any,
		}
		for _, list := range [][]int64{n.kids[:], n.counts[:], n.money[:]} {
			for i := range list {
				dest = append(dest, &list[i])
			}
		}
		if err := scan(dest...); err != nil {
			return err
		}
		c.nodes[n.id] = n
		c.order = append(c.order, n)
		return nil
	})
	for _, n := range c.order {
		if p := c.nodes[n.parent]; p != nil {
			p.below = append(p.below, n)
		}
	}
	return err
}

// integrity asks SQLite whether the file is sound.
func (c *checker) integrity() error {
	return c.each("PRAGMA integrity_check(5)", func(scan func(...any) error) error {
		var text string
		if err := scan(&text); err != nil {
			return err
		}
		if text != "ok" {
			c.fault(KindDamaged, "", "%s", text)
		}
		return nil
	})
}

// submissions looks for every acknowledged job, and for two of one message.
func (c *checker) submissions() error {
	byKey, byMark := map[string][]string{}, map[string][]string{}
	for id, j := range c.jobs {
		byKey[j.key] = append(byKey[j.key], id)
		if mark := markers.FindString(j.request); mark != "" {
			byMark[mark] = append(byMark[mark], id)
		}
		if root := c.nodes[j.root]; root == nil || root.job != id {
			c.fault(KindLost, id, "the job has no root")
		}
	}
	for key, ids := range c.seen.acknowledged {
		if len(ids) > 1 {
			c.fault(KindDuplicated, key, "one message was acknowledged as %d jobs", len(ids))
		}
		for id := range ids {
			if c.jobs[id] == nil {
				c.fault(KindLost, id, "acknowledged for %s, and not there", key)
			}
		}
	}
	for _, group := range []map[string][]string{byKey, byMark} {
		for what, ids := range group {
			if len(ids) > 1 {
				c.fault(KindDuplicated, what, "%d jobs of one message: %s", len(ids), strings.Join(ids, ", "))
			}
		}
	}
	return nil
}

// open looks for what is not final, and says what it waits for.
func (c *checker) open() error {
	for id, j := range c.jobs {
		root := c.nodes[j.root]
		if root == nil || final(root.status) {
			continue
		}
		var open []string
		for _, n := range c.order {
			if n.job == id && !final(n.status) && len(open) < 4 {
				open = append(open, fmt.Sprintf("%q %s/%s ready=%v owner=%q not_before=%d deps=%d children=%d",
					n.path, n.status, n.reason, n.ready, n.owner, n.notBefore, n.openDeps, n.openChildren))
			}
		}
		c.fault(KindStuck, id, "%s: %s", root.status, strings.Join(open, "; "))
	}
	return nil
}

// blobs looks for bytes that nothing has named for a day, and for names without
// bytes. A start sweeps what nothing has named for an hour, and clocks jump here.
func (c *checker) blobs() error {
	const named = `(SELECT sha256 FROM attachments UNION SELECT sha256 FROM artifacts UNION SELECT sha256 FROM schedule_files
		UNION SELECT result_sha256 FROM nodes WHERE result_sha256 <> '')`
	for text, kind := range map[string]Kind{
		`SELECT sha256 FROM blobs WHERE created_at < (unixepoch() - 86400) * 1000 AND sha256 NOT IN ` + named: KindBlobs,
		`SELECT sha256 FROM ` + named + ` WHERE sha256 NOT IN (SELECT sha256 FROM blobs)`:                     KindLost,
	} {
		err := c.each(text, func(scan func(...any) error) error {
			var sum string
			if err := scan(&sum); err != nil {
				return err
			}
			c.fault(kind, "blob "+sum[:min(8, len(sum))], "bytes without a name, or a name without bytes")
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}
