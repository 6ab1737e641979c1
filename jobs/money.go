package jobs

import "context"

// TryAgain lets what waits for money go on as if there were some: a day or a month
// may be over, or a limit may have been raised. What is still short asks again.
func (s *Service) TryAgain(ctx context.Context, id JobID) error {
	return s.Do(ctx, nil, Unpark{Job: id, Reason: ReasonBudget})
}

// Costs adds up the ledger, and returns a line per group in the order of their
// keys; jobs and days newest first.
func (s *Service) Costs(ctx context.Context, q CostQuery) ([]CostLine, error) {
	return s.cfg.Store.Costs(ctx, q)
}
