package storage

import (
	"fmt"
	"sort"
	"strings"

	"github.com/askbob/bob/jobs"
)

// putOff is what a unit will write: rows of one kind go together, several to a
// statement, when the unit ends or a statement is about to touch one of them. What
// happens to a row meanwhile is written with it.
type putOff struct {
	sprouts  []any           // columns of nodes to be inserted, by ID
	ripe     []any           // columns of leaves to be inserted that are done already
	planted  int64           // nodes from this ID on are among those; 0: none
	edges    []any           // columns of dependencies to be inserted
	claims   map[int64]grant // granted, their rows not yet written
	ends     []any           // columns of those that are over
	attempts []any           // columns of attempts to be inserted
	worked   []any           // columns of attempts that did their work
}

// reset empties p, and keeps the room.
func (p *putOff) reset() {
	for _, list := range []*[]any{&p.sprouts, &p.ripe, &p.edges, &p.ends, &p.attempts, &p.worked} {
		empty(list)
	}
	if p.claims == nil {
		p.claims = map[int64]grant{}
	}
	clear(p.claims)
	p.planted = 0
}

// empty forgets values that were written: long texts are not kept alive.
func empty(list *[]any) {
	clear(*list)
	*list = (*list)[:0]
}

// grant is a claim whose row is not yet written.
type grant struct {
	node *jobs.Node
	over bool // the node has come to its end, and is among the ends
}

// rowsAtOnce lists how many rows one statement writes, most first: a few are as
// dear as one.
var rowsAtOnce = [...]int{64, 8, 1} //nolint:gochecknoglobals // a constant table

// writeRows runs a statement for rows, several at once. Row is how one is written,
// with a parameter for each of its values; tail is what follows the rows. It returns
// how many rows of the table were changed.
func (u *unit) writeRows(head, row, tail string, values []any) (changed int64, err error) {
	columns := strings.Count(row, "?")
	for _, n := range rowsAtOnce {
		if len(values) < n*columns {
			continue
		}
		text := head + strings.Repeat(row+", ", n-1) + row + tail
		for ; len(values) >= n*columns; values = values[n*columns:] {
			rows, err := u.write(text, values[:n*columns]...)
			if err != nil {
				return changed, err
			}
			changed += rows
		}
	}
	return changed, nil
}

func (u *unit) insertRows(head, row string, values []any) error {
	_, err := u.writeRows(head, row, "", values)
	return err
}

// settleRows writes the rows that were put off, but for the states in memory: a
// statement is about to look for rows.
func (u *unit) settleRows() error {
	if err := u.plant(u.w.nextID); err != nil {
		return err
	}
	for id := range u.claims {
		if err := u.writeClaim(id); err != nil {
			return err
		}
	}
	return nil
}

// settleRow writes what was put off of one node's row.
func (u *unit) settleRow(id int64) error {
	if err := u.plant(id); err != nil {
		return err
	}
	return u.writeClaim(id)
}

// plant inserts the nodes and dependencies that wait for it, if id is among them:
// a statement is about to touch its row.
func (u *unit) plant(id int64) error {
	if u.planted == 0 || id < u.planted {
		return nil
	}
	u.planted = 0
	if err := u.insertRows(insertRipe, ripeRow, u.ripe); err != nil {
		return err
	}
	if err := u.insertRows(insertNodes, params(nodeColumns), standing(u.sprouts)); err != nil {
		return err
	}
	if err := u.insertRows("INSERT INTO deps (on_id, node_id) VALUES ", params(2), u.edges); err != nil {
		return err
	}
	empty(&u.sprouts)
	empty(&u.ripe)
	empty(&u.edges)
	return nil
}

// What is inserted of a node: first what it has for ever, then how it begins.
const (
	insertNode = `INSERT INTO nodes (id, job_id, parent_id, path, depth, ord, type, title, description, prompt, priority,
  needs, tools, optional, on_failure, estimate_ms, revision, created_at, dependants, weight, `
	insertNodes  = insertNode + "status, reason, phase, ready, open_children, open_deps, l_total) VALUES "
	lastingNodes = 20 // columns of insertNode
	nodeColumns  = lastingNodes + 7
)

// insertRipe inserts leaves that were claimed and completed in the transaction that
// makes them: insertNodes, claimNode and endNodes in one.
const (
	insertRipe = insertNode + `started_at, claimed_at, completed_at, result, weight_done, status, phase, ready, open_deps,
  l_total, l_completed, epoch, attempt, tries, steps_completed) VALUES `
	ripeColumns = lastingNodes + 5
)

//nolint:gochecknoglobals // a constant text
var ripeRow = strings.TrimSuffix(params(ripeColumns), ")") + ", 'completed', 'work', 0, 0, 1, 1, 1, 1, 1, 1)"

// ripen makes a leaf that waits to be inserted, and is done, one that is inserted as
// such. It reports false if there is none: then its row stands already.
func (u *unit) ripen(n *jobs.Node, result string) bool {
	if u.planted == 0 || int64(n.ID) < u.planted {
		return false
	}
	rows := len(u.sprouts) / nodeColumns
	i := sort.Search(rows, func(i int) bool { return idOf(u.sprouts[i*nodeColumns:]) >= int64(n.ID) })
	if i == rows {
		return false
	}
	row := u.sprouts[i*nodeColumns : (i+1)*nodeColumns]
	if idOf(row) != int64(n.ID) || row[1] == nil {
		return false
	}
	claimed := ms(n.Claimed)
	u.ripe = append(append(u.ripe, row[:lastingNodes]...), claimed, claimed, u.now, result, row[lastingNodes-1])
	clear(row[1:]) // the ID stays: others are found by it
	return true
}

func idOf(row []any) int64 {
	id, _ := row[0].(int64)
	return id
}

// standing moves the rows together that did not become others.
func standing(sprouts []any) []any {
	kept := sprouts[:0]
	for ; len(sprouts) > 0; sprouts = sprouts[nodeColumns:] {
		if sprouts[1] != nil {
			kept = append(kept, sprouts[:nodeColumns]...)
		}
	}
	return kept
}

// writeClaim writes the row of a granted claim.
func (u *unit) writeClaim(id int64) error {
	g, ok := u.claims[id]
	switch {
	case !ok:
		return nil
	case g.over:
		return u.writeEnds()
	}
	delete(u.claims, id)
	rows, err := u.write(claimNode, g.node.Owner, ms(g.node.Claimed), ms(g.node.Claimed), id, g.node.Epoch-1)
	if err == nil && rows != 1 {
		err = fmt.Errorf("node %d was claimed and its row is not ready", id) // a mistake of ours
	}
	return err
}

// endNodes is claimAndFinish for leaves that completed and have no more to tell than
// their results.
const (
	endNodes = `UPDATE nodes SET status = 'completed', reason = '', error = '', result = e.column5, result_sha256 = '', summary = '',
  epoch = epoch + 1, attempt = attempt + 1, tries = tries + 1, ready = 0,
  started_at = CASE started_at WHEN 0 THEN e.column3 ELSE started_at END, claimed_at = e.column3, completed_at = e.column4,
  steps_completed = total_steps, l_completed = 1, weight_done = weight
FROM (VALUES `
	endNodesWhere = ") AS e WHERE id = e.column1 AND epoch = e.column2 AND ready = 1"
	endColumns    = 5
)

// putOffEnd is the end of a leaf that was claimed in this unit: no other can have
// taken it, so the row can wait.
func (u *unit) putOffEnd(n *jobs.Node, result string) {
	id := int64(n.ID)
	if u.ripen(n, result) {
		delete(u.claims, id)
		return
	}
	u.claims[id] = grant{node: n, over: true}
	u.ends = append(u.ends, id, n.Epoch-1, ms(n.Claimed), u.now, result)
}

// writeEnds writes the rows of the nodes that are over.
func (u *unit) writeEnds() error {
	ends := u.ends
	defer empty(&u.ends)
	rows, err := u.writeRows(endNodes, params(endColumns), endNodesWhere, ends)
	if err == nil && rows != int64(len(ends)/endColumns) {
		err = fmt.Errorf("%d nodes came to an end and %d rows were ready", len(ends)/endColumns, rows) // a mistake of ours
	}
	for ; len(ends) > 0; ends = ends[endColumns:] {
		delete(u.claims, idOf(ends))
	}
	return err
}

const (
	insertAttempts = "INSERT INTO attempts (node_id, epoch, phase, attempt, status, reason, error, started_at, finished_at) VALUES "
	attemptColumns = 9
	// workedValues is the row of an attempt that did a leaf's work: most are.
	workedValues = "(?, ?, 'work', ?, 'completed', '', '', ?, ?)"
)

// attemptRow keeps what came of one claim, for ever.
func (u *unit) attemptRow(id, epoch, claimed int64, phase jobs.Phase, attempt int, to jobs.Status, why jobs.Reason, msg string) {
	if phase == jobs.PhaseWork && to == jobs.StatusCompleted && why == "" && msg == "" {
		u.worked = append(u.worked, id, epoch, attempt, claimed, u.now)
		return
	}
	u.attempts = append(u.attempts, id, epoch, string(phase), attempt, string(to), string(why), msg, claimed, u.now)
}

func (u *unit) writeAttempts() error {
	if err := u.insertRows(insertAttempts, workedValues, u.worked); err != nil {
		return err
	}
	return u.insertRows(insertAttempts, params(attemptColumns), u.attempts)
}

// params is a row of so many parameters.
func params(columns int) string { return "(" + strings.Repeat("?, ", columns-1) + "?)" }
