package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"github.com/askbob/bob/bot/web"
	"github.com/askbob/bob/jobs"
	"github.com/askbob/bob/jobs/schedule"
)

// The timeouts of the HTTP server. Streams of events have their own.
const (
	headerTimeout = 10 * time.Second
	bodyTimeout   = 2 * time.Minute // 100 MiB on a slow line
	idleTimeout   = 2 * time.Minute
	closeTimeout  = 2 * time.Second // for the requests in hand at a stop
	maxHeader     = 64 << 10
)

func (p *process) serveCommand() *cobra.Command {
	return &cobra.Command{
		Use: "serve", Short: "Take jobs and run them until told to stop", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return p.serve(cmd.Context()) },
	}
}

// serve works on all jobs of the data directory until ctx is done.
func (p *process) serve(ctx context.Context) (err error) {
	h, err := p.openHouse(ctx, true)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, h.close()) }()
	listener, err := listen(ctx, h.cfg.Web)
	if err != nil {
		return err
	}
	defer func() { _ = listener.Close() }() // serving closes it too
	s := &server{p: p, h: h, listener: listener, over: make(chan struct{})}
	if err := s.takeToken(); err != nil {
		return err
	}
	return h.writing(ctx, func() error { return s.run(ctx) })
}

// listen opens the configured address. It refuses one that others reach if nothing
// would keep them out.
func listen(ctx context.Context, cfg WebConfig) (net.Listener, error) {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", cfg.Listen)
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return nil, &jobs.UserError{Message: fmt.Sprintf("%s is in use by another program: stop it, or set web.listen to another address.", cfg.Listen), Err: err}
	case err != nil:
		return nil, &jobs.UserError{Message: fmt.Sprintf("Bob cannot listen at %s (%v): set web.listen to an address of this machine.", cfg.Listen, err), Err: err}
	case !isLoopback(listener.Addr()) && cfg.Token == "":
		return nil, errors.Join(&jobs.UserError{Message: fmt.Sprintf(
			"Others reach %s: set web.token (or BOB_WEB_TOKEN), or listen at 127.0.0.1 only.", cfg.Listen)}, listener.Close())
	}
	return listener, nil
}

func isLoopback(a net.Addr) bool {
	tcp, ok := a.(*net.TCPAddr)
	return ok && tcp.IP.IsLoopback()
}

// server is one `bob serve`.
type server struct {
	p        *process
	h        *house
	listener net.Listener
	token    string
	made     bool          // the token is of this start
	ready    atomic.Bool   // new work is begun
	over     chan struct{} // closed when no work is in hand any more
}

// takeToken finds the configured token, or makes one and leaves it where the
// commands on this machine find it.
func (s *server) takeToken() error {
	s.token = string(s.h.cfg.Web.Token)
	path := tokenFile(s.p.data)
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("remove the last token: %w", err)
	}
	if s.token != "" {
		return nil
	}
	s.token, s.made = rand.Text(), true
	if err := os.WriteFile(path, []byte(s.token+"\n"), 0o600); err != nil {
		return &jobs.UserError{Message: "The token cannot be written into the data directory: give write permission, or set web.token.", Err: err}
	}
	return nil
}

func tokenFile(data string) string { return filepath.Join(data, "token") }

// run serves and works until ctx is done or one of both fails. A stop begins no new
// work, gives what is in hand the grace time, and answers requests until then.
func (s *server) run(ctx context.Context) error {
	work, err := s.h.runner(true)
	if err != nil {
		return err
	}
	keeper, err := s.h.keeper()
	if err != nil {
		return err
	}
	talk, routes, err := s.talks(keeper)
	if err != nil {
		return err
	}
	streams, endStreams := context.WithCancel(context.WithoutCancel(ctx))
	defer endStreams()
	srv, err := s.http(streams, keeper, routes)
	if err != nil {
		return err
	}
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error {
		if err := srv.Serve(s.listener); !errors.Is(err, http.ErrServerClosed) {
			return err
		}
		return nil
	})
	g.Go(func() error {
		defer close(s.over)
		err := work.Run(ctx)
		s.ready.Store(false)
		endStreams()
		return errors.Join(err, shutDown(ctx, srv))
	})
	g.Go(func() error {
		if err := keeper.Run(ctx); ctx.Err() == nil {
			return err
		}
		return nil // whatever it was doing was interrupted
	})
	talk(ctx, g)
	g.Go(func() error { return s.begin(ctx) })
	g.Go(func() error {
		s.end(ctx)
		return nil
	})
	if err := g.Wait(); err != nil {
		s.h.log.Error("serve ended", "err", err)
		return &exitError{code: exitFailed, err: fmt.Errorf("bob serve could not go on (%w): all jobs are kept, start it again", err)}
	}
	return nil
}

func (s *server) http(streams context.Context, keeper *schedule.Keeper, routes map[string]http.Handler) (*http.Server, error) {
	zone, err := schedule.Zone(s.h.cfg.Schedules.TimeZone)
	if err != nil {
		return nil, err
	}
	api, err := web.New(streams, web.Config{
		Service: s.h.service, Reader: s.h.store, Feed: s.h.feed, Log: s.h.log, Ready: s.ready.Load, Token: s.token,
		Local: isLoopback(s.listener.Addr()), PublicURL: s.h.cfg.Web.PublicURL, Budget: s.h.cfg.Jobs.Budget,
		CheckModel: s.h.models.check, Schedules: keeper, Digests: s.h.store, Zone: zone,
	})
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.Handle("/", api)
	for path, handler := range routes {
		mux.Handle(path, handler)
	}
	return &http.Server{
		Handler: mux, ReadHeaderTimeout: headerTimeout, ReadTimeout: bodyTimeout, WriteTimeout: bodyTimeout, IdleTimeout: idleTimeout,
		MaxHeaderBytes: maxHeader, ErrorLog: slog.NewLogLogger(s.h.log.Handler(), slog.LevelWarn),
	}, nil
}

// begin says that work is done once the store takes changes.
func (s *server) begin(ctx context.Context) error {
	// An empty change: the answer comes when the writer runs.
	if _, err := s.h.store.Apply(context.WithoutCancel(ctx)); err != nil {
		return err
	}
	if ctx.Err() == nil { // not stopped before it began
		s.ready.Store(true)
	}
	s.p.sayf("Bob answers at http://%s\n", s.listener.Addr())
	if s.made {
		s.p.sayf("The token of this start: %s (also in %s)\n", s.token, tokenFile(s.p.data))
	}
	if s.h.models.onlyDemo() {
		s.p.sayf("No model is configured: the built-in demo model works by rules. Set OPENAI_API_KEY for a real one.\n")
	}
	return nil
}

// end waits for the stop. Who asks for it twice does not want to wait for what is in
// hand.
func (s *server) end(ctx context.Context) {
	<-ctx.Done()
	s.ready.Store(false)
	again := make(chan os.Signal, 1)
	signal.Notify(again, os.Interrupt, syscall.SIGTERM)
	defer signal.Stop(again)
	s.p.sayf("Stopping: tasks in hand have %s to end. Stop again to hand them back at once.\n", s.h.cfg.Jobs.StopGrace)
	select {
	case <-again:
		s.h.local.Hurry()
	case <-s.over:
	}
}

// shutDown ends the HTTP server, after the requests in hand if they are quick.
func shutDown(ctx context.Context, srv *http.Server) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeTimeout)
	defer cancel()
	if err := srv.Shutdown(ctx); err != nil {
		return srv.Close()
	}
	return nil
}
