package drill

import (
	"fmt"
	"strings"
)

// What a token costs in nano-dollars, as the child was told.
const (
	nanoPerIn  = 1_000
	nanoPerOut = 10_000
)

// purses holds every purse against its ledger.
func (c *checker) purses() error {
	over, err := overBudget(c.ctx, c.db)
	if err != nil {
		return err
	}
	c.found = append(c.found, over...)
	billed := map[string]int64{}
	for _, s := range c.seen.served {
		if s.billed {
			billed[s.job] += s.in*nanoPerIn + s.out*nanoPerOut
		}
	}
	return c.each(`SELECT p.key, p.spent, p.reserved, coalesce((SELECT sum(c.cost) FROM holds h JOIN calls c ON c.id = h.call_id WHERE h.purse = p.key), 0) FROM purses p`,
		func(scan func(...any) error) error {
			var key string
			var spent, reserved, ledger int64
			if err := scan(&key, &spent, &reserved, &ledger); err != nil {
				return err
			}
			if reserved != 0 {
				c.fault(KindOverBudget, key, "%d is still reserved", reserved)
			}
			if spent != ledger {
				c.fault(KindOverBudget, key, "spent %d, the ledger adds up to %d", spent, ledger)
			}
			if bill := billed[strings.TrimPrefix(key, "job:")]; bill > spent {
				c.fault(KindUnbooked, key, "the provider billed %d, the purse says %d", bill, spent)
			}
			return nil
		})
}

// ledger holds the calls against what the server was asked.
func (c *checker) ledger() error {
	lines := map[string]int{}
	answers := map[string]served{}
	for _, s := range c.seen.served {
		answers[s.id] = s
	}
	err := c.each("SELECT id, job_id, node_id, status, key, request_id, tokens_in, tokens_read, tokens_write, tokens_out, cost FROM calls",
		func(scan func(...any) error) error {
			var id, nodeID int64
			var job, status, key, request string
			var used [5]int64
			if err := scan(&id, &job, &nodeID, &status, &key, &request, &used[0], &used[1], &used[2], &used[3], &used[4]); err != nil {
				return err
			}
			lines[key]++
			if n := c.nodes[nodeID]; n != nil {
				for i := range used {
					n.spent[i] += used[i]
				}
			}
			switch s, given := answers[request]; {
			case status == "sent":
				c.fault(KindUnbooked, job, "call %d is neither answered nor lost", id)
			case status != "ok":
			case !given || s.key != key:
				c.fault(KindUnbooked, job, "call %d has an answer %q that was never given to it", id, request)
			case s.in != used[0]+used[1] || s.out != used[3]:
				c.fault(KindUnbooked, job, "call %d: the answer used %d and %d tokens, the ledger says %d and %d", id, s.in, s.out, used[0]+used[1], used[3])
			}
			return nil
		})
	if err != nil {
		return err
	}
	asked := map[string]int{}
	for _, s := range c.seen.served {
		asked[s.key]++
	}
	for key, n := range asked {
		if n > lines[key] {
			c.fault(KindUnbooked, key, "asked %d times, %d times in the ledger", n, lines[key])
		}
	}
	for _, text := range c.seen.overlaps {
		c.fault(KindTwice, "", "%s", text)
	}
	return nil
}

// notices counts what is said to people: one acknowledgement a job, and one
// completion for each time that it came to its end.
func (c *checker) notices() error {
	said := map[string]map[string]int{}
	err := c.each("SELECT job_id, kind, count(*) FROM outbox GROUP BY job_id, kind", func(scan func(...any) error) error {
		var job, kind string
		var n int
		if err := scan(&job, &kind, &n); err != nil {
			return err
		}
		if said[job] == nil {
			said[job] = map[string]int{}
		}
		said[job][kind] = n
		return nil
	})
	if err != nil {
		return err
	}
	for id, j := range c.jobs {
		for kind, want := range map[string]int{"ack": 1, "completion": j.ends} {
			if got := said[id][kind]; got != want {
				c.fault(KindNotices, id, "%d notices of kind %s, want %d", got, kind, want)
			}
		}
	}
	return c.lastWords()
}

// lastWords holds a job's last completion message against its status.
func (c *checker) lastWords() error {
	return c.each(`SELECT job_id, text FROM outbox WHERE id IN (SELECT max(id) FROM outbox WHERE kind = 'completion' GROUP BY job_id)`,
		func(scan func(...any) error) error {
			var id, text string
			if err := scan(&id, &text); err != nil {
				return err
			}
			j := c.jobs[id]
			if j == nil || c.nodes[j.root] == nil {
				return nil
			}
			if root := c.nodes[j.root]; final(root.status) && !strings.HasPrefix(text, fmt.Sprintf("Job %s:", root.status)) {
				c.fault(KindNotices, id, "the job is %s, people were told %.60q", root.status, text)
			}
			return nil
		})
}
