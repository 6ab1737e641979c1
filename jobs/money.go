package jobs

import "context"

// SetBudget bounds what a job may spend, and lets what waited for money go on. It
// returns a *UserError if more is spent or reserved already.
func (s *Service) SetBudget(ctx context.Context, id JobID, budget Money) error {
	return s.SetBranchBudget(ctx, id, "", budget)
}

// SetBranchBudget bounds what the node at path and all below it may spend, beside
// the job's own budget; an empty path is the job itself. ErrNotFound, or a
// *UserError if more is spent or reserved already.
func (s *Service) SetBranchBudget(ctx context.Context, id JobID, path string, budget Money) error {
	return s.Do(ctx, nil, SetBudget{Job: id, Path: path, Budget: budget})
}

// AddBudget lets a job spend so much more, and what waited for money go on. A job
// without a limit keeps having none.
func (s *Service) AddBudget(ctx context.Context, id JobID, amount Money) error {
	return s.Do(ctx, nil, AddBudget{Job: id, Amount: amount})
}

// TryAgain lets what waits for money go on as if there were some: a day or a month
// may be over, or a limit may have been raised. What is still short asks again.
func (s *Service) TryAgain(ctx context.Context, id JobID) error {
	return s.Do(ctx, nil, Unpark{Job: id, Reason: ReasonBudget})
}

// FinishNow makes a job end with what there is: what is open is skipped, and the
// answer names the gaps. A job without any result so far fails. It returns a
// *UserError if the job is over.
func (s *Service) FinishNow(ctx context.Context, id JobID) error {
	return s.Do(ctx, nil, FinishNow{Job: id})
}

// Costs adds up the ledger, and returns a line per group in the order of their
// keys; jobs and days newest first.
func (s *Service) Costs(ctx context.Context, q CostQuery) ([]CostLine, error) {
	return s.cfg.Store.Costs(ctx, q)
}
