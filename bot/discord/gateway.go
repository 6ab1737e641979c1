package discord

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/gorilla/websocket"
	"golang.org/x/time/rate"
)

// fatal lists the codes after which Discord must not be asked again, and what to do.
var fatal = map[int]string{ //nolint:gochecknoglobals // a constant table
	4004:        "the token is refused: take a new one from the developer portal and set discord.token",
	4010:        "this shard does not exist: check discord.shards",
	4011:        "the bot is in too many servers for so few shards: raise discord.shards, or set it to 0",
	4012:        "this version of the gateway is gone: a newer Bob is needed",
	4013:        "the intents are not valid: a newer Bob is needed",
	codeIntents: "an intent is not allowed: turn on the Message Content Intent of the bot in the developer portal",
}

// codeIntents says that the bot may not be told what it asked for.
const codeIntents = 4014

// errStuck says that a session did not come up in time. The library may hold its
// lock for ever then, as when Discord answers with op 7 or op 9: the session is left
// behind.
var errStuck = errors.New("the session did not come up in time")

// maxResumes bounds how often a session is tried again before a new one is started.
const maxResumes = 5

// shard keeps one connection to the gateway up.
type shard struct {
	front     *FrontEnd
	id, count int
	log       *slog.Logger
	listen    listener
	starts    *starts
}

// run keeps the shard up until ctx is done. It returns an error only for what trying
// again cannot mend.
func (s *shard) run(ctx context.Context) error {
	var l *link
	for try := 0; ctx.Err() == nil; try++ {
		up, err := s.session(ctx, &l)
		code := closeCode(err)
		if code == codeIntents && s.front.deafen() {
			l.abandon()
			l = nil
			continue
		}
		if fatal[code] != "" {
			return fmt.Errorf("discord: %s (gateway code %d)", fatal[code], code)
		}
		if unauthorized(err) {
			return errToken
		}
		if ctx.Err() != nil {
			break
		}
		if up {
			try = 0 // this is a new trouble
		}
		if l != nil && (try > maxResumes || code != 0 || errors.Is(err, errStuck)) {
			l.abandon()
			l = nil
		}
		s.log.Warn("discord's gateway is gone, and tried again", "try", try, "resume", l != nil, "err", err)
		wait(ctx, max(pause(s.front.cfg.Pause, try), s.starts.until(time.Now())))
	}
	if l != nil {
		l.close()
	}
	return nil
}

// session brings a connection up, as one that goes on where *l was, and returns when
// it is gone, and whether it was up. Nil *l starts a new one.
func (s *shard) session(ctx context.Context, l **link) (up bool, err error) {
	// A session that is to go on may turn out to be a new one.
	if err := s.front.identify.Wait(ctx); err != nil {
		return false, err
	}
	hush := s.front.cfg.ResumeWithin
	if *l == nil {
		if err := s.mayIdentify(ctx); err != nil {
			return false, err
		}
		fresh, err := newLink(ctx, s)
		if err != nil {
			return false, err
		}
		*l, hush = fresh, s.front.cfg.OpenWithin
	}
	if err := (*l).open(ctx, s.front.cfg.OpenWithin, hush); err != nil {
		return false, err
	}
	s.log.Info("discord's gateway is up")
	return true, (*l).watch(ctx, s.front.cfg.QuietFor)
}

// mayIdentify waits until a new session may be started. Discord resets the token of
// a bot that starts too many.
func (s *shard) mayIdentify(ctx context.Context) error {
	start, err := s.front.rest.gateway(ctx)
	if err != nil {
		return err
	}
	limit := start.SessionStartLimit
	if limit.Total > 0 && limit.Remaining <= 0 {
		s.log.Error("no new session may be started yet: the bot connected too often", "wait_ms", limit.ResetAfter)
		wait(ctx, time.Duration(max(limit.ResetAfter, 1))*time.Millisecond)
		return errors.New("no session was left to start")
	}
	return nil
}

// closeCode is the code with which Discord closed a connection; 0: it did not.
func closeCode(err error) int {
	if e, ok := errors.AsType[*websocket.CloseError](err); ok && !slices.Contains(transport, e.Code) {
		return e.Code
	}
	return 0
}

// transport lists the codes that stand for a broken connection: its session may go on.
var transport = []int{ //nolint:gochecknoglobals // a constant table
	websocket.CloseAbnormalClosure, websocket.CloseNoStatusReceived, websocket.CloseTLSHandshake,
}

// starts counts the sessions of a shard that came up new. Those that go on where they
// were cost nothing; new ones may follow each other, but not all day long. It is safe
// for concurrent use.
type starts struct {
	by  *rate.Limiter
	gap time.Duration
}

const (
	// startGap is how often new sessions may come up in the long run: 720 times in the
	// day, of which Discord allows a thousand.
	startGap = 2 * time.Minute
	// startBurst is how many may follow each other at once, of all shards, and fewStarts
	// how many of one in any case.
	startBurst = 30
	fewStarts  = 3
)

// newStarts is for one of so many shards.
func newStarts(shards int) *starts {
	gap := startGap * time.Duration(shards)
	return &starts{by: rate.NewLimiter(rate.Every(gap), max(fewStarts, startBurst/shards)), gap: gap}
}

// count counts one.
func (s *starts) count(now time.Time) { s.by.ReserveN(now, 1) }

// until is how long to wait before another one; 0: not at all.
func (s *starts) until(now time.Time) time.Duration {
	return time.Duration(max(0, -s.by.TokensAt(now)) * float64(s.gap))
}

// pause is how long to wait before a new try: twice as long each time, up to 128 times
// as long, and between half and all of that, so that many do not come at once. So no
// trouble uses up the thousand sessions that Discord allows in a day.
func pause(first time.Duration, try int) time.Duration {
	d := first << min(max(try, 0), 7)
	return d/2 + rand.N(d/2+1) //nolint:gosec // no secret
}
