package bot

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
	"golang.org/x/time/rate"

	"github.com/askbob/bob/jobs"
)

// Changes tells which jobs changed.
type Changes interface {
	// Next waits for changes and returns the jobs that changed since it was last
	// called. It returns an error when ctx is done.
	Next(ctx context.Context) ([]jobs.JobID, error)
}

// Reports is what cards and messages are made of. It is safe for concurrent use.
type Reports interface {
	// Report says all of a job, without its nodes if whole is false. ErrNotFound.
	Report(ctx context.Context, id jobs.JobID, whole bool) (*jobs.Report, error)
	// Top returns the top of a job's tree, and how many steps there are more.
	// ErrNotFound.
	Top(ctx context.Context, id jobs.JobID) (list []jobs.TopStep, more int, err error)
	// Yield returns what a job came to, with at most limit files. ErrNotFound.
	Yield(ctx context.Context, id jobs.JobID, limit int) (jobs.Yield, error)
	// Notices returns what of a job is still to be said, oldest first.
	Notices(ctx context.Context, id jobs.JobID) ([]jobs.Notice, error)
	// File returns a file that a job made. ErrNotFound.
	File(ctx context.Context, id jobs.JobID, name string) (jobs.Artifact, []byte, error)
}

// DeliveryConfig configures a Delivery. All but the numbers, Board and Link are required.
type DeliveryConfig struct {
	FrontEnd FrontEnd
	Outbox   jobs.Outbox
	Places   jobs.Places
	Reports  Reports
	Writer   jobs.Writer
	Changes  Changes
	Now      func() time.Time
	Log      *slog.Logger
	Board    *Board // of the surface's Reporter

	// Link returns the address of a job's web page; nil: there is none.
	Link func(id jobs.JobID) string

	ChannelPerSecond   float64       // messages to one channel; default 1
	ChannelBurst       int           // default 3
	WorkspacePerSecond float64       // messages to one workspace; default 5
	WorkspaceBurst     int           // default 10
	AtOnce             int           // letters on their way at once; default 32
	WorkspaceAtOnce    int           // of one workspace; default 4
	Patience           time.Duration // with one call of the front end; default 1 min
	Idle               time.Duration // when the outbox is looked at though nothing knocked; default 1 min
}

// Delivery takes letters from the outbox and puts them up, each exactly once, in the
// order of their job. Jobs do not wait for each other.
type Delivery struct {
	cfg      DeliveryConfig
	channels *paces
	teams    *paces

	limit int // letters that are looked at at once

	// Of the letters that are on their way, kept by Run's turns alone.
	owners map[string]bool // jobs and schedules
	rooms  map[string]bool // channels
	busy   map[string]int  // letters of a workspace
	paused map[string]time.Time

	ended  chan ended
	active sync.WaitGroup
}

// ended is a letter that is not on its way any more.
type ended struct {
	letter jobs.Letter
	pause  time.Duration // of its workspace
}

// Bounds of the letters that are looked at at once: enough to find one that may go
// behind many that may not.
const (
	fewLetters  = 256
	manyLetters = 8192
)

const (
	// heldGap is how long is waited if a postponed letter is due that may not go yet.
	heldGap = 5 * time.Second
	// sickGap is how long is waited after the store failed.
	sickGap = 5 * time.Second
)

// NewDelivery returns a Delivery for cfg.
func NewDelivery(cfg DeliveryConfig) (*Delivery, error) {
	if cfg.FrontEnd == nil || cfg.Outbox == nil || cfg.Places == nil || cfg.Reports == nil || cfg.Writer == nil ||
		cfg.Changes == nil || cfg.Now == nil || cfg.Log == nil {
		return nil, errors.New("bot: FrontEnd, Outbox, Places, Reports, Writer, Changes, Now and Log are required")
	}
	cfg.ChannelPerSecond = orDefault(cfg.ChannelPerSecond, 1)
	cfg.ChannelBurst = orDefault(cfg.ChannelBurst, 3)
	cfg.WorkspacePerSecond = orDefault(cfg.WorkspacePerSecond, 5)
	cfg.WorkspaceBurst = orDefault(cfg.WorkspaceBurst, 10)
	cfg.AtOnce = orDefault(cfg.AtOnce, 32)
	cfg.WorkspaceAtOnce = orDefault(cfg.WorkspaceAtOnce, 4)
	cfg.Patience = orDefault(cfg.Patience, time.Minute)
	cfg.Idle = orDefault(cfg.Idle, time.Minute)
	return &Delivery{
		cfg:      cfg,
		channels: newPaces(rate.Limit(cfg.ChannelPerSecond), cfg.ChannelBurst),
		teams:    newPaces(rate.Limit(cfg.WorkspacePerSecond), cfg.WorkspaceBurst),
		limit:    fewLetters,
		owners:   map[string]bool{}, rooms: map[string]bool{}, busy: map[string]int{}, paused: map[string]time.Time{},
		ended: make(chan ended),
	}, nil
}

func orDefault[T int | float64 | time.Duration](v, otherwise T) T {
	if v <= 0 {
		return otherwise
	}
	return v
}

// Run delivers until ctx is done, and then waits for the messages that are under way.
// It may be called once. Its error is that of Changes.
func (d *Delivery) Run(ctx context.Context) error {
	defer d.active.Wait()
	knocks := make(chan struct{}, 1)
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return listen(ctx, d.cfg.Changes, func([]jobs.JobID) { knock(knocks) }) })
	g.Go(func() error {
		turns[ended]{knocks: knocks, ended: d.ended, look: d.look, back: d.back}.run(ctx)
		return nil
	})
	return g.Wait()
}

// listen hands changes on until ctx is done.
func listen(ctx context.Context, changes Changes, told func([]jobs.JobID)) error {
	for {
		list, err := changes.Next(ctx)
		if err == nil {
			told(list)
			continue
		}
		if ctx.Err() != nil {
			return nil //nolint:nilerr // a stop is no failure
		}
		return fmt.Errorf("wait for changes: %w", err)
	}
}

func knock(ch chan<- struct{}) {
	select {
	case ch <- struct{}{}:
	default:
	}
}

// look sends off what may go, and returns when to look again.
func (d *Delivery) look(ctx context.Context) time.Duration {
	now := d.cfg.Now()
	letters, err := d.cfg.Outbox.Due(ctx, d.cfg.FrontEnd.Name(), now, d.limit)
	if err != nil {
		return d.sick(ctx, err)
	}
	next, sent := d.cfg.Idle, 0
	for _, l := range letters {
		held, after := d.held(l, now)
		switch {
		case !held:
			d.send(ctx, l, now)
			sent++
		case after > 0:
			next = min(next, after)
		}
	}
	switch {
	case len(letters) < d.limit:
		d.limit = max(fewLetters, d.limit/2)
	case sent == 0 && d.limit < manyLetters:
		d.limit *= 2
		return 0
	}
	due, err := d.cfg.Outbox.NextDue(ctx, d.cfg.FrontEnd.Name())
	if err != nil {
		return d.sick(ctx, err)
	}
	switch {
	case due.IsZero():
	case due.After(now):
		next = min(next, due.Sub(now))
	default: // it is held, and may hide what is due next
		next = min(next, heldGap)
	}
	return next
}

func (d *Delivery) sick(ctx context.Context, err error) time.Duration {
	if ctx.Err() == nil {
		d.cfg.Log.Error("outbox not read", "surface", d.cfg.FrontEnd.Name(), "err", err)
	}
	return sickGap
}

// held reports whether a letter must wait, and how long if time is all it waits for.
func (d *Delivery) held(l jobs.Letter, now time.Time) (held bool, after time.Duration) {
	scope, room := l.Place.Scope(), l.Place.Room()
	if d.owners[owner(l)] || d.rooms[room] || d.busy[scope] >= d.cfg.WorkspaceAtOnce || len(d.owners) >= d.cfg.AtOnce {
		return true, 0
	}
	after = max(d.channels.until(room, now), d.teams.until(scope, now), d.paused[scope].Sub(now))
	return after > 0, after
}

// owner names the job or schedule that a letter speaks of: its letters keep their
// order.
func owner(l jobs.Letter) string {
	if l.Job != "" {
		return string(l.Job)
	}
	return string(l.Schedule)
}

// send sends a letter off.
func (d *Delivery) send(ctx context.Context, l jobs.Letter, now time.Time) {
	scope, room := l.Place.Scope(), l.Place.Room()
	d.owners[owner(l)], d.rooms[room] = true, true
	d.busy[scope]++
	d.channels.take(room, now)
	d.teams.take(scope, now)
	d.active.Go(func() {
		e := ended{letter: l, pause: d.deliver(ctx, l)}
		select {
		case d.ended <- e:
		case <-ctx.Done():
		}
	})
}

// back takes back a letter that was sent off.
func (d *Delivery) back(e ended) {
	scope := e.letter.Place.Scope()
	delete(d.owners, owner(e.letter))
	delete(d.rooms, e.letter.Place.Room())
	if d.busy[scope]--; d.busy[scope] == 0 {
		delete(d.busy, scope)
	}
	now := d.cfg.Now()
	if e.pause > 0 {
		d.paused[scope] = now.Add(e.pause)
	}
	if until, ok := d.paused[scope]; ok && !until.After(now) {
		delete(d.paused, scope)
	}
}
