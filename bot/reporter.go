package bot

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
	"golang.org/x/time/rate"

	"github.com/askbob/bob/jobs"
)

// ReporterConfig configures a Reporter. All but the numbers and Board are required.
type ReporterConfig struct {
	FrontEnd FrontEnd
	Places   jobs.Places
	Reports  Reports
	Writer   jobs.Writer
	Changes  Changes
	Now      func() time.Time
	Log      *slog.Logger
	Board    *Board // of the surface's Delivery

	// EditsPerMinute bounds the edits in one workspace; default 48, a few less than Slack
	// takes, because a restart makes some more. So many cards of running jobs can change
	// once a minute there; if there are more, each has its turn.
	EditsPerMinute int
	MinInterval    time.Duration // between two edits of one card; default 3 s
	Refresh        time.Duration // when an open job is looked at though nothing changed; default 1 min
	StaleGap       time.Duration // between two calls of Stale; default 5 s
	Patience       time.Duration // with one call of the front end; default 30 s
}

// Reporter keeps the cards of one surface as their jobs are: first those whose job is
// over, then those that ask people something, then the other news, of each the oldest;
// cards on which only the time is old come last. What it knows is in the store: it may
// be started anew at any time.
type Reporter struct {
	cfg   ReporterConfig
	edits *paces // by workspace

	mu     sync.Mutex
	told   map[jobs.JobID]bool // changed, and not seen to yet
	knocks chan struct{}

	// Kept by Run's turns alone.
	cards     map[jobs.JobID]*liveCard
	strangers map[jobs.JobID]bool // jobs that are not seen on this surface
	editing   map[string]int      // edits of a workspace under way
	paused    map[string]time.Time
	stale     map[string]bool // people whose lists are out of date
	staleAt   time.Time       // when they are told

	ended  chan edited
	active sync.WaitGroup
}

const (
	// editsAtOnce bounds the edits of one workspace that are under way: a slow platform
	// must not hold up all cards.
	editsAtOnce = 4
	// lookPace is the time that is taken per changed card between two looks at them: a
	// thousand jobs that change all the time must not keep the store busy.
	lookPace = 10 * time.Millisecond
	// maxStrangers and maxResting bound what is remembered of jobs that need no edit.
	maxStrangers = 10_000
	maxResting   = 1_000
	// editBurst is how many edits may follow each other at once, as a part of those of a
	// minute: few, because each is one less of the minute's steady edits, but not one
	// alone, which would lose the time between its turn and the next look.
	editBurst = 24
)

// NewReporter returns a Reporter for cfg.
func NewReporter(cfg ReporterConfig) (*Reporter, error) {
	if cfg.FrontEnd == nil || cfg.Places == nil || cfg.Reports == nil || cfg.Writer == nil ||
		cfg.Changes == nil || cfg.Now == nil || cfg.Log == nil {
		return nil, errors.New("bot: FrontEnd, Places, Reports, Writer, Changes, Now and Log are required")
	}
	cfg.EditsPerMinute = orDefault(cfg.EditsPerMinute, 48)
	cfg.MinInterval = orDefault(cfg.MinInterval, 3*time.Second)
	cfg.Refresh = orDefault(cfg.Refresh, time.Minute)
	cfg.StaleGap = orDefault(cfg.StaleGap, 5*time.Second)
	cfg.Patience = orDefault(cfg.Patience, 30*time.Second)
	// A burst and a minute of the rate after it are a minute's edits together.
	burst := max(1, cfg.EditsPerMinute/editBurst)
	perMinute := max(1, cfg.EditsPerMinute-burst)
	return &Reporter{
		cfg: cfg, edits: newPaces(rate.Limit(float64(perMinute)/60), burst),
		told: map[jobs.JobID]bool{}, knocks: make(chan struct{}, 1),
		ended: make(chan edited),
	}, nil
}

// Run keeps the cards until ctx is done, and then waits for the edits that are under
// way. It may be called again after it returned. Its error is that of Changes, or says
// that the cards could not be listed.
func (r *Reporter) Run(ctx context.Context) error {
	defer r.active.Wait()
	r.cards, r.strangers, r.editing = map[jobs.JobID]*liveCard{}, map[jobs.JobID]bool{}, map[string]int{}
	r.paused, r.stale, r.staleAt = map[string]time.Time{}, map[string]bool{}, time.Time{}
	list, err := r.cfg.Places.Cards(ctx, r.cfg.FrontEnd.Name())
	if err != nil {
		return fmt.Errorf("list cards: %w", err)
	}
	for _, p := range list {
		r.track(p)
	}
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return listen(ctx, r.cfg.Changes, r.tell) })
	g.Go(func() error {
		turns[edited]{knocks: r.knocks, ended: r.ended, look: r.turn, back: r.back}.run(ctx)
		return nil
	})
	return g.Wait()
}

// tell notes which jobs changed.
func (r *Reporter) tell(list []jobs.JobID) {
	r.mu.Lock()
	for _, id := range list {
		r.told[id] = true
	}
	r.mu.Unlock()
	knock(r.knocks)
}

// hear takes note of the jobs that changed.
func (r *Reporter) hear() {
	r.mu.Lock()
	told := r.told
	r.told = map[jobs.JobID]bool{}
	r.mu.Unlock()
	now := r.cfg.Now()
	for id := range told {
		switch c := r.cards[id]; {
		case c != nil:
			c.told = cmp.Or(c.told, now)
		case !r.strangers[id]:
			r.track(jobs.Posted{Job: id})
		}
	}
}

func (r *Reporter) track(p jobs.Posted) {
	r.cards[p.Job] = &liveCard{posted: p, told: r.cfg.Now()}
}

// turn hears what changed, looks at the cards whose time has come, begins the edits
// that may be made, and returns when there is something to do again.
func (r *Reporter) turn(ctx context.Context) time.Duration {
	r.hear()
	now := r.cfg.Now()
	next, gap := r.cfg.Refresh, r.gap()
	waiting := map[string][]*liveCard{}
	for id, c := range r.cards {
		if !c.lookAt(gap, r.cfg.Refresh).After(now) && !r.look(ctx, c, now) {
			delete(r.cards, id)
			continue
		}
		next = min(next, c.lookAt(gap, r.cfg.Refresh).Sub(now))
		if c.differs() && !c.busy {
			scope := c.posted.Place.Scope()
			waiting[scope] = append(waiting[scope], c)
		}
	}
	for scope, list := range waiting {
		next = min(next, r.edit(ctx, scope, list, now))
	}
	r.forgetResting()
	return max(0, min(next, r.tellStale(now)))
}

// gap is the least time between two looks at a card.
func (r *Reporter) gap() time.Duration {
	dirty := 0
	for _, c := range r.cards {
		if c.dirty() {
			dirty++
		}
	}
	return max(r.cfg.MinInterval, time.Duration(dirty)*lookPace)
}

// edit begins the edits of a workspace that may be made now, and returns when the next
// one may.
func (r *Reporter) edit(ctx context.Context, scope string, list []*liveCard, now time.Time) time.Duration {
	if wait := r.paused[scope].Sub(now); wait > 0 {
		return wait
	}
	delete(r.paused, scope)
	slices.SortFunc(list, (*liveCard).before)
	next := r.cfg.Refresh
	for _, c := range list {
		if wait := c.mayEdit(r.cfg.MinInterval).Sub(now); wait > 0 {
			next = min(next, wait)
			continue
		}
		if r.editing[scope] >= editsAtOnce {
			return next // one that ends says when to go on
		}
		if wait := r.edits.until(scope, now); wait > 0 {
			return min(next, wait)
		}
		if !r.fresh(ctx, c, now) {
			continue
		}
		r.edits.take(scope, now)
		r.editing[scope]++
		c.busy, c.edited, c.news = true, now, time.Time{}
		c.sent = c.hash
		r.active.Go(r.carryOut(ctx, c.posted, *c.card, c.completed))
	}
	return next
}

// fresh looks once more at a card that waited long for its edit, which is to show how its
// job is now. It reports whether there is still something to edit.
func (r *Reporter) fresh(ctx context.Context, c *liveCard, now time.Time) bool {
	if now.Sub(c.looked) < r.cfg.MinInterval {
		return true
	}
	if !r.look(ctx, c, now) {
		delete(r.cards, c.posted.Job)
		return false
	}
	return c.differs()
}

// tellStale tells whose lists of jobs are out of date, not too often, and returns when
// to do so again.
func (r *Reporter) tellStale(now time.Time) time.Duration {
	switch {
	case len(r.stale) == 0:
		return r.cfg.Refresh
	case now.Before(r.staleAt):
		return r.staleAt.Sub(now)
	}
	users := make([]string, 0, len(r.stale))
	for user := range r.stale {
		users = append(users, user)
	}
	slices.Sort(users)
	clear(r.stale)
	r.staleAt = now.Add(r.cfg.StaleGap)
	r.cfg.FrontEnd.Stale(users)
	return r.cfg.Refresh
}

// forgetResting drops cards that show their job's end, if there are many. They are
// kept for a while, because what is recorded of them is told as a change too.
func (r *Reporter) forgetResting() {
	var resting []*liveCard
	for _, c := range r.cards {
		if c.resting() {
			resting = append(resting, c)
		}
	}
	if len(resting) <= maxResting {
		return
	}
	slices.SortFunc(resting, func(a, b *liveCard) int { return a.edited.Compare(b.edited) })
	for _, c := range resting[:len(resting)-maxResting/2] {
		delete(r.cards, c.posted.Job)
	}
}
