package slack

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"sync"
	"time"

	slackapi "github.com/slack-go/slack"
	"github.com/slack-go/slack/slackevents"
	"github.com/slack-go/slack/socketmode"
	"golang.org/x/sync/semaphore"

	"github.com/askbob/bob/bot"
	"github.com/askbob/bob/jobs"
)

// The bounds of the socket.
const (
	maxEnvelope = 4 << 20          // bytes of one message of Slack's
	maxInFlight = 512              // handled at once; more wait at Slack
	pingEvery   = 30 * time.Second // a line that is silent for longer is dead
	stopFor     = 5 * time.Second  // what is in hand when Bob stops gets this long
	flushFor    = 100 * time.Millisecond
)

// socket is the line to Slack.
type socket struct {
	s      *Slack
	client *socketmode.Client
	work   sync.WaitGroup // what is being handled
	slots  *semaphore.Weighted
}

// runSocket keeps the line to Slack open, and hands over what comes, until ctx is
// done. What is in hand then is finished first.
func (s *Slack) runSocket(ctx context.Context, h bot.Handler) error {
	token := s.cfg.BotToken
	line := &socket{
		s: s, slots: semaphore.NewWeighted(maxInFlight),
		client: socketmode.New(s.client(token),
			socketmode.OptionPingInterval(pingEvery), socketmode.OptionReadLimit(maxEnvelope), socketmode.OptionLog(silent{})),
	}
	open, hangUp := context.WithCancel(context.WithoutCancel(ctx))
	defer hangUp()
	over := make(chan error, 1)
	go func() { over <- line.supervise(open) }()

	work, giveUp := context.WithCancel(context.WithoutCancel(ctx))
	defer giveUp()
	for {
		select {
		case e := <-line.client.Events:
			line.take(ctx, work, h, e)
			continue
		case err := <-over: // Slack does not take the token any more
			giveUp()
			line.work.Wait()
			return err
		case <-ctx.Done():
		}
		break
	}
	timer := time.AfterFunc(stopFor, giveUp)
	defer timer.Stop()
	line.work.Wait()
	// The library writes answers in a goroutine of its own and does not say when.
	pause(open, flushFor)
	hangUp()
	<-over
	return nil
}

// supervise connects, again and again, until ctx is done. It returns an error if Slack
// does not take the token.
func (l *socket) supervise(ctx context.Context) error {
	connected := false
	for wait := time.Second; ; wait = min(2*wait, time.Minute) {
		begun := l.s.cfg.Now()
		err := l.client.RunContext(ctx)
		switch {
		case ctx.Err() != nil:
			return nil
		case unusable(err), !connected && nowhere(err):
			return &jobs.UserError{Message: "Slack does not take slack.app_token. Make one (xapp-…) with connections:write at the app's page \"Basic Information\", and turn Socket Mode on.", Err: err}
		}
		if l.s.cfg.Now().Sub(begun) > time.Minute {
			connected, wait = true, time.Second
		}
		l.s.cfg.Log.Warn("slack connection ended", "error", err, "again_in_seconds", wait.Seconds())
		pause(ctx, wait)
	}
}

// nowhere reports whether what was called is not Slack.
func nowhere(err error) bool {
	e, ok := errors.AsType[slackapi.StatusCodeError](err)
	return ok && e.Code == http.StatusNotFound
}

// take handles one thing that came over the line, in a goroutine of its own: Slack
// sends the next one meanwhile. If too many are in hand it waits.
func (l *socket) take(ctx, work context.Context, h bot.Handler, e socketmode.Event) {
	log := l.s.cfg.Log
	switch e.Type {
	case socketmode.EventTypeEventsAPI, socketmode.EventTypeSlashCommand, socketmode.EventTypeInteractive:
	case socketmode.EventTypeErrorBadMessage:
		l.odd(e)
		return
	case socketmode.EventTypeConnectionError, socketmode.EventTypeIncomingError, socketmode.EventTypeErrorWriteFailed, socketmode.EventTypeInvalidAuth:
		log.Warn("slack socket", "event", string(e.Type))
		return
	default:
		log.Debug("slack socket", "event", string(e.Type))
		return
	}
	if l.slots.Acquire(ctx, 1) != nil {
		return // Bob stops: Slack sends it again
	}
	l.work.Go(func() {
		defer l.slots.Release(1)
		ctx, cancel := context.WithTimeout(work, handleFor)
		defer cancel()
		l.handle(ctx, h, e)
	})
}

// handle handles one thing: first it is made durable, then Slack gets its answer, then
// the rest is done.
func (l *socket) handle(ctx context.Context, h bot.Handler, e socketmode.Event) {
	var a answer
	switch data := e.Data.(type) {
	case slackevents.EventsAPIEvent:
		a = l.s.event(ctx, h, data)
	case slackapi.SlashCommand:
		a = l.s.command(ctx, h, data)
	case slackapi.InteractionCallback:
		a = l.s.interaction(ctx, h, data)
	}
	if !a.again {
		if err := l.client.AckCtx(ctx, e.Request.EnvelopeID, a.payload); err != nil {
			l.s.cfg.Log.Warn("slack envelope not acknowledged", "error", err)
		}
	}
	if a.after != nil {
		a.after(ctx)
	}
}

// odd acknowledges what cannot be read, so that Slack does not send it for ever.
func (l *socket) odd(e socketmode.Event) {
	bad, ok := e.Data.(*socketmode.ErrorBadMessage)
	if !ok {
		return
	}
	var envelope struct {
		ID string `json:"envelope_id"`
	}
	l.s.cfg.Log.Warn("slack sent what bob does not know", "error", bad.Cause)
	if json.Unmarshal(bad.Message, &envelope) == nil && envelope.ID != "" {
		if err := l.client.Ack(socketmode.Request{EnvelopeID: envelope.ID}); err != nil {
			l.s.cfg.Log.Warn("slack envelope not acknowledged", "error", err)
		}
	}
}
