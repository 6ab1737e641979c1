package storage

import (
	"context"
	"time"

	"github.com/askbob/bob/jobs"
)

// sampleRow is one call with the attempt that made it.
type sampleRow struct {
	NodeID, Epoch         int64
	Type, Phase           string
	Provider, Model       string
	Status, Reason        string
	Cost                  int64
	Priced                bool
	StartedAt, FinishedAt int64
}

// selectSamples walks the newest calls only: the ledger grows for ever.
const selectSamples = `SELECT c.node_id, c.epoch, n.type, a.phase, c.provider, c.model, a.status, a.reason, c.cost, c.priced, a.started_at, a.finished_at
FROM (SELECT * FROM calls ORDER BY id DESC LIMIT ?) c
JOIN attempts a ON a.node_id = c.node_id AND a.epoch = c.epoch JOIN nodes n ON n.id = c.node_id ORDER BY c.id DESC`

// Samples returns what nodes took whose phase came to a good end, newest first, at
// most limit calls back. Attempts that failed before are in it: they cost too.
func (s *Store) Samples(ctx context.Context, limit int) ([]jobs.Sample, error) {
	var rows []sampleRow
	if err := s.reads.WithContext(ctx).Raw(selectSamples, limit).Scan(&rows).Error; err != nil {
		return nil, translate(err)
	}
	type phaseOf struct {
		node  int64
		phase string
	}
	type attempt struct{ node, epoch int64 }
	at := map[phaseOf]int{}
	seen := map[attempt]bool{}
	var list []jobs.Sample
	for _, r := range rows {
		key := phaseOf{r.NodeID, r.Phase}
		i, known := at[key]
		if !known {
			if !r.good() {
				continue // it never ended well, or not yet
			}
			i = len(list)
			at[key] = i
			list = append(list, jobs.Sample{Priced: true, Kind: jobs.Kind{
				Type: jobs.Type(r.Type), Phase: jobs.Phase(r.Phase), Model: r.Provider + "/" + r.Model,
			}})
		}
		list[i].Cost += jobs.Money(r.Cost)
		list[i].Priced = list[i].Priced && r.Priced
		if a := (attempt{r.NodeID, r.Epoch}); !seen[a] {
			seen[a] = true
			list[i].Took += time.Duration(max(0, r.FinishedAt-r.StartedAt)) * time.Millisecond
		}
	}
	return list, nil
}

// good reports whether the attempt ended its phase well.
func (r *sampleRow) good() bool {
	switch jobs.Status(r.Status) {
	case jobs.StatusCompleted, jobs.StatusPartial:
		return r.Reason == ""
	case jobs.StatusWaitingForChildren:
		return true
	case jobs.StatusAwaitingApproval:
		return r.Reason == string(jobs.ReasonApproval) // else the plan of before waits again
	case jobs.StatusQueued:
		return r.Phase == string(jobs.PhasePlan) && r.Reason == "" // its plan had one step
	default:
		return false
	}
}
