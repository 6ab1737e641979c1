package storage

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/askbob/bob/jobs"
)

// costRow is the sum of the calls of one group.
type costRow struct {
	Grp                                          string
	Slot                                         int64
	Title                                        string
	Settled, Lost, Reserved                      int64
	TokensIn, TokensRead, TokensWrite, TokensOut int64
	Calls, Unpriced                              int
}

func (r *costRow) line() jobs.CostLine {
	return jobs.CostLine{
		Key: r.Grp, Title: r.Title,
		Settled: jobs.Money(r.Settled), Lost: jobs.Money(r.Lost), Reserved: jobs.Money(r.Reserved),
		Tokens: jobs.Tokens{Input: r.TokensIn, CacheRead: r.TokensRead, CacheWrite: r.TokensWrite, Output: r.TokensOut},
		Calls:  r.Calls, Unpriced: r.Unpriced,
	}
}

const sumCalls = `sum(iif(c.status IN ('ok', 'error'), c.cost, 0)) AS settled, sum(iif(c.status = 'lost', c.cost, 0)) AS lost,
  sum(iif(c.status = 'sent', c.reserved, 0)) AS reserved,
  sum(c.tokens_in) AS tokens_in, sum(c.tokens_read) AS tokens_read, sum(c.tokens_write) AS tokens_write, sum(c.tokens_out) AS tokens_out,
  count(*) AS calls, sum(c.priced = 0) AS unpriced
FROM calls c JOIN jobs j ON j.id = c.job_id
WHERE c.started_at >= @since AND c.started_at < @until
  AND (@workspace = '' OR j.workspace = @workspace) AND (@user = '' OR j.user_name = @user)
  AND (@all OR j.user_name = @seer OR @open AND j.room = '' OR j.room IN @rooms) `

// costSlot is what days of all time zones are made of, in milliseconds: a quarter of
// an hour.
const costSlot = 900_000

// selectCosts is what of a call tells its group, and its order.
var selectCosts = map[jobs.CostGroup]string{ //nolint:gochecknoglobals // a constant table
	jobs.CostByDay:     "SELECT c.started_at / 900000 AS slot, " + sumCalls + "GROUP BY slot ORDER BY slot DESC",
	jobs.CostByUser:    "SELECT j.user_name AS grp, " + sumCalls + "GROUP BY grp ORDER BY grp",
	jobs.CostByChannel: "SELECT j.workspace || iif(j.channel = '', '', '/' || j.channel) AS grp, " + sumCalls + "GROUP BY grp ORDER BY grp",
	jobs.CostByModel:   "SELECT c.provider || '/' || c.model AS grp, " + sumCalls + "GROUP BY grp ORDER BY grp",
	jobs.CostByJob:     "SELECT j.id AS grp, (SELECT title FROM nodes WHERE id = j.root_id) AS title, " + sumCalls + "GROUP BY grp ORDER BY j.created_at DESC, j.root_id DESC",
}

// Costs adds up the ledger: a line per group, in the order of their keys; days and
// jobs newest first.
func (s *Store) Costs(ctx context.Context, q jobs.CostQuery) ([]jobs.CostLine, error) {
	text, ok := selectCosts[q.By]
	if !ok {
		_, err := jobs.ParseCostGroup(string(q.By))
		return nil, err
	}
	until := int64(maxTime)
	if !q.Until.IsZero() {
		until = ms(q.Until)
	}
	var rows []costRow
	sight := q.Sight
	if sight == nil {
		sight = &jobs.Sight{All: true}
	}
	args := map[string]any{
		"since": ms(q.Since), "until": until, "workspace": q.Workspace, "user": q.User,
		"all": sight.All, "seer": sight.User, "open": sight.Open, "rooms": sight.Rooms,
	}
	if err := s.reads.WithContext(ctx).Raw(text, args).Scan(&rows).Error; err != nil {
		return nil, translate(err)
	}
	if q.By == jobs.CostByDay {
		return byDay(rows, q.Zone), nil
	}
	list := make([]jobs.CostLine, 0, len(rows))
	for i := range rows {
		list = append(list, rows[i].line())
	}
	return list, nil
}

// maxTime is later than any call, in milliseconds.
const maxTime = 1 << 62

// byDay adds slots up to days of a zone, newest first as the slots are.
func byDay(rows []costRow, zone *time.Location) []jobs.CostLine {
	if zone == nil {
		zone = time.UTC
	}
	var list []jobs.CostLine
	for i := range rows {
		rows[i].Grp = fromMS(rows[i].Slot * costSlot).In(zone).Format(time.DateOnly)
		line := rows[i].line()
		if n := len(list); n > 0 && list[n-1].Key == line.Key {
			list[n-1].Add(&line)
			continue
		}
		list = append(list, line)
	}
	slices.SortStableFunc(list, func(a, b jobs.CostLine) int { return strings.Compare(b.Key, a.Key) })
	return list
}
