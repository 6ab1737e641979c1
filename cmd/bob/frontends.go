package main

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/askbob/bob/bot"
	"github.com/askbob/bob/jobs/schedule"
)

// surface is a front end that the configuration turns on.
type surface interface {
	bot.FrontEnd
	// Check says what works and what does not, for bob doctor.
	Check(ctx context.Context) []bot.Finding
}

// surfaces makes the front ends that the configuration turns on, and what of them is
// reached over HTTP, by its pattern.
func (h *house) surfaces() (list []surface, routes map[string]http.Handler, err error) {
	routes = map[string]http.Handler{}
	if h.cfg.Slack.on() {
		s, err := h.slack()
		if err != nil {
			return nil, nil, err
		}
		list = append(list, s)
		routes["/slack/"] = s.HTTP()
	}
	if h.cfg.Discord.on() {
		d, err := h.discord()
		if err != nil {
			return nil, nil, err
		}
		list = append(list, d)
		if h.cfg.Discord.PublicKey != "" {
			routes["POST /discord/interactions"] = d.Interactions()
		}
	}
	return list, routes, nil
}

const (
	// newborn is how long a front end that cannot be used ends bob serve: whoever
	// started it is still looking. Later its jobs go on without it.
	newborn = 30 * time.Second
	// comeBack is how long a front end that could not be used is left alone.
	comeBack = time.Minute
)

// talks makes the front ends. Start lets them run in a group; routes is what of them
// is reached over HTTP.
func (s *server) talks(keeper *schedule.Keeper) (start func(ctx context.Context, g *errgroup.Group), routes map[string]http.Handler, err error) {
	list, routes, err := s.h.surfaces()
	if err != nil {
		return nil, nil, err
	}
	c, err := s.h.conversation(keeper, list)
	if err != nil {
		return nil, nil, err
	}
	return func(ctx context.Context, g *errgroup.Group) {
		for _, f := range list {
			g.Go(func() error { return s.talk(ctx, f, c) })
		}
	}, routes, nil
}

// talk runs a front end with what says and shows things on it, until ctx is done.
func (s *server) talk(ctx context.Context, f surface, c *bot.Conversation) error {
	reporter, delivery, stop, err := s.voice(f)
	if err != nil {
		return err
	}
	defer stop()
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return unlessOver(ctx, reporter.Run(ctx)) })
	g.Go(func() error { return unlessOver(ctx, delivery.Run(ctx)) })
	g.Go(func() error { return s.listen(ctx, f, c) })
	return g.Wait()
}

// unlessOver is err, or nil where ctx was done: what was under way was interrupted.
func unlessOver(ctx context.Context, err error) error {
	if ctx.Err() == nil {
		return err
	}
	return nil
}

// listen keeps a front end listening.
func (s *server) listen(ctx context.Context, f surface, c *bot.Conversation) error {
	began := time.Now()
	for ctx.Err() == nil {
		err := f.Run(ctx, c)
		if ctx.Err() == nil {
			if err != nil && time.Since(began) < newborn {
				return fmt.Errorf("%s: %w", f.Name(), err)
			}
			s.h.log.Error("a front end cannot be used: its jobs go on", "surface", f.Name(), "err", err)
		}
		select {
		case <-ctx.Done():
		case <-time.After(comeBack):
		}
	}
	return nil
}

// voice makes what speaks on a front end. The caller must call stop.
func (s *server) voice(f surface) (*bot.Reporter, *bot.Delivery, func(), error) {
	shown, said := s.h.feed.Watch(), s.h.feed.Watch()
	stop := func() { shown.Stop(); said.Stop() }
	log, board := s.h.log.With("surface", f.Name()), bot.NewBoard()
	reporter, err := bot.NewReporter(bot.ReporterConfig{
		FrontEnd: f, Places: s.h.store, Reports: s.h.store, Writer: s.h.store, Changes: shown, Now: time.Now, Log: log, Board: board,
	})
	if err != nil {
		stop()
		return nil, nil, nil, err
	}
	delivery, err := bot.NewDelivery(bot.DeliveryConfig{
		FrontEnd: f, Outbox: s.h.store, Places: s.h.store, Reports: s.h.store, Writer: s.h.store, Changes: said, Now: time.Now, Log: log,
		Board: board,
	})
	if err != nil {
		stop()
		return nil, nil, nil, err
	}
	return reporter, delivery, stop, nil
}

// conversation makes what people on all front ends talk to.
func (h *house) conversation(keeper *schedule.Keeper, list []surface) (*bot.Conversation, error) {
	zone, err := schedule.Zone(h.cfg.Schedules.TimeZone)
	if err != nil {
		return nil, err
	}
	doors := map[string]bot.Doors{}
	for _, f := range list {
		doors[f.Name()] = f
	}
	return bot.NewConversation(bot.Config{
		Jobs: h.service, Places: h.store, Files: h.store, Schedules: keeper, Gate: h.cfg.Access.rules(),
		Doors: doors, Now: time.Now, Budget: h.cfg.Jobs.Budget, Zone: zone,
	})
}
