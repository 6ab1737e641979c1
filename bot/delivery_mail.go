package bot

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"time"

	"github.com/askbob/bob/jobs"
)

const (
	// firstBackoff and longestBackoff frame the pauses between tries.
	firstBackoff   = 2 * time.Second
	longestBackoff = 10 * time.Minute
	// revokedPause is how often is looked whether a workspace took Bob back.
	revokedPause = time.Hour
	// recordLimit bounds how long the outcome is recorded.
	recordLimit = 5 * time.Second
	// maxWhy bounds what is kept of why a letter waits, in characters.
	maxWhy = 300
)

// mail is a letter on its way.
type mail struct {
	d      *Delivery
	letter jobs.Letter
	steps  []step
	log    *slog.Logger

	count   int    // steps that the next message holds
	alone   int    // the step before which files go up one by one: they were refused together
	note    string // said with the next message: the place is another one than before
	moved   int    // how often the place changed for the next message
	plain   bool   // the platform took no other form of the next message
	doubt   bool   // the next message may be up
	counted bool   // the next try was counted when the letter was sent off
}

// step is a part of a letter: a message, or a file. Files that follow each other share
// a message.
type step struct {
	post Post
	file *enclosure // nil: what post says
}

// enclosure is a file of a letter.
type enclosure struct {
	name string
	size int64
	text []byte // all of it, a Markdown text; nil: it is one of the job's files
}

// maxTogether bounds the files that share a message, in bytes: it is below what Discord
// takes in one request, and all of it is in memory.
const maxTogether = 20 << 20

// deliver puts up what is still missing of a letter, and records it. It returns how
// long the letter's workspace wants to be left alone.
func (d *Delivery) deliver(ctx context.Context, l jobs.Letter) (left time.Duration) {
	m := &mail{d: d, letter: l, counted: true, log: d.cfg.Log.With("notice", l.ID, "job", l.Job, "kind", l.Kind)}
	defer func() {
		if p := recover(); p != nil { // the front end is other people's code
			m.log.Error("delivery panicked", "panic", p)
			left = sickGap
		}
	}()
	if l.Kind == jobs.NoticeDecided {
		return m.decide(ctx)
	}
	steps, err := d.compose(ctx, l)
	if err != nil {
		return m.storeFailed(ctx, err)
	}
	if m.steps = steps; l.Step >= len(steps) { // there is nothing to say any more
		return m.storeFailed(ctx, m.record(ctx, jobs.Delivered{Notice: l.ID}))
	}
	if l.Place.Channel == "" { // it is for one person alone
		if m.letter.Place, err = m.direct(ctx); err != nil {
			return m.failed(ctx, err)
		}
	}
	for m.letter.Step < len(m.steps) {
		at, err := m.putUp(ctx)
		if err != nil {
			return m.failed(ctx, err)
		}
		if err := m.up(ctx, at); err != nil {
			return m.storeFailed(ctx, err)
		}
	}
	m.log.Info("letter delivered", "parts", len(m.steps))
	return 0
}

// storeFailed ends a try for which the store is to blame. What is up is found by its
// key the next time.
func (m *mail) storeFailed(ctx context.Context, err error) time.Duration {
	switch {
	case err == nil, ctx.Err() != nil:
		return 0
	case errors.Is(err, jobs.ErrStale):
		m.log.Info("letter dropped", "reason", "what it says was overtaken")
		return 0
	case errors.Is(err, jobs.ErrNotFound):
		m.log.Warn("letter dropped", "reason", "its job is not kept any more", "err", err)
	default:
		m.log.Error("letter not recorded", "err", err)
	}
	return sickGap
}

// record makes changes, even after a stop signal.
func (m *mail) record(ctx context.Context, changes ...jobs.Change) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), recordLimit)
	defer cancel()
	out, err := m.d.cfg.Writer.Apply(ctx, changes...)
	for _, o := range out {
		err = errors.Join(err, o.Err)
	}
	return err
}

// together is how many steps the next message holds: files share one, as many as every
// platform takes.
func (m *mail) together() int {
	n, size := 0, int64(0)
	for _, s := range m.steps[m.letter.Step:] {
		if s.file == nil || n == MaxPostFiles || m.letter.Step < m.alone {
			break
		}
		if size += s.file.size; n > 0 && size > maxTogether {
			break
		}
		n++
	}
	return max(1, n)
}

// putUp puts up the next message, unless it is up already.
func (m *mail) putUp(ctx context.Context) (Placed, error) {
	m.count = m.together()
	if m.letter.Begun {
		at, err := m.search(ctx)
		if err != nil || at.Message != "" {
			return at, err
		}
	} else {
		if err := m.record(ctx, jobs.Begin{Notice: m.letter.ID}); err != nil {
			return Placed{}, err
		}
		m.letter.Begun = true
	}
	at, err := m.try(ctx)
	for err != nil {
		if err = m.otherwise(ctx, err); err != nil {
			return Placed{}, err
		}
		at, err = m.try(ctx)
	}
	return at, nil
}

// search looks for the next message. Of files that were refused together the first may
// be up alone.
func (m *mail) search(ctx context.Context) (Placed, error) {
	at, err := m.find(ctx)
	if n := m.count; n > 1 && err == nil && at.Message == "" {
		m.count = 1
		if at, err = m.find(ctx); at.Message == "" {
			m.count = n
		}
	}
	return at, err
}

// find looks for a message that may be up. Where nobody can look, nobody sees it.
func (m *mail) find(ctx context.Context) (Placed, error) {
	m.doubt = true
	p, err := m.post(ctx)
	if err != nil {
		return Placed{}, err
	}
	ctx, cancel := outlive(ctx, m.d.cfg.Patience)
	defer cancel()
	at, err := m.d.cfg.FrontEnd.Find(ctx, p)
	err = explained(err)
	if trouble(err) == TroubleGone {
		err = nil
	}
	m.doubt = err != nil
	return at, err
}

// try posts the next message.
func (m *mail) try(ctx context.Context) (Placed, error) {
	p, err := m.post(ctx)
	if err != nil {
		return Placed{}, err
	}
	if err := m.pace(ctx); err != nil {
		return Placed{}, err // nothing is begun after a stop
	}
	ctx, cancel := outlive(ctx, m.d.cfg.Patience)
	defer cancel()
	m.doubt = true
	at, err := m.d.cfg.FrontEnd.Post(ctx, p)
	err = explained(err)
	m.doubt = trouble(err) == TroubleUnsure
	if err == nil && p.Card != nil {
		m.d.cfg.Board.put(at, *p.Card)
	}
	return at, err
}

// pace waits until the channel and the workspace take another message.
func (m *mail) pace(ctx context.Context) error {
	if m.counted {
		m.counted = false
		return ctx.Err()
	}
	now := m.d.cfg.Now()
	return errors.Join(
		m.d.channels.wait(ctx, m.letter.Place.Room(), now),
		m.d.teams.wait(ctx, m.letter.Place.Scope(), now))
}

// explained makes an error that the front end does not explain one that is not to be
// relied on.
func explained(err error) error {
	if err == nil {
		return nil
	}
	if _, ok := errors.AsType[*DeliveryError](err); ok {
		return err
	}
	return &DeliveryError{Trouble: TroubleUnsure, Err: err}
}

// up records that the next message is up, and where.
func (m *mail) up(ctx context.Context, at Placed) error {
	l := &m.letter
	var changes []jobs.Change
	card := ""
	if m.steps[l.Step].post.Card != nil && !m.plain {
		card = at.Message
	}
	if l.Job != "" && (at.Place != l.Place || card != "") {
		changes = append(changes, jobs.Put{Job: l.Job, Place: at.Place, Card: card})
	}
	if l.Job != "" && asks(l.Kind) {
		changes = append(changes, jobs.Asked{Notice: l.ID, Place: at.Place, Message: at.Message})
	}
	l.Step += m.count
	if l.Step == len(m.steps) {
		changes = append(changes, jobs.Delivered{Notice: l.ID})
	} else {
		changes = append(changes, jobs.Sent{Notice: l.ID, Step: l.Step})
	}
	l.Place, l.Begun = at.Place, false
	m.note, m.plain, m.moved = "", false, 0
	return m.record(ctx, changes...)
}

// otherwise finds another way for a message that did not go up, or returns why there
// is none now.
func (m *mail) otherwise(ctx context.Context, err error) error {
	switch trouble(err) {
	case TroubleGone:
		return m.move(ctx, err)
	case TroubleRefused:
		if m.plain {
			return err
		}
		m.log.Warn("message refused", "err", err)
		if m.count > 1 { // perhaps for one of the files
			m.alone, m.count = m.letter.Step+m.count, 1
			return nil
		}
		m.plain = true
		return nil
	default:
		return err
	}
}

// move takes the job to where people can still be reached: out of the thread into its
// channel, out of the channel to who asked for it. The store learns of it first, so
// that the message is looked for where it may be.
func (m *mail) move(ctx context.Context, cause error) error {
	was := m.letter.Place
	place, from := was, "thread"
	place.Thread = ""
	if was.Thread == "" {
		if m.moved > 1 {
			return cause
		}
		to, err := m.direct(ctx)
		if err != nil {
			return err
		}
		if to == was {
			return cause
		}
		place, from = to, "channel"
	}
	m.moved++
	m.letter.Place = place
	m.note = "The " + from + " of this job cannot be written to any more, so it goes on here."
	m.log.Warn("job moved", "from", from, "cause", cause)
	if m.letter.Job == "" {
		return nil
	}
	return m.record(ctx, jobs.Put{Job: m.letter.Job, Place: place})
}

// direct returns where who asked for the job is reached alone.
func (m *mail) direct(ctx context.Context) (jobs.Place, error) {
	user := jobs.LocalUser(m.letter.User)
	if user == "" {
		return jobs.Place{}, &DeliveryError{
			Trouble: TroubleGone, Err: errors.New("the channel is gone, and nobody is known who could be told alone"),
		}
	}
	ctx, cancel := outlive(ctx, m.d.cfg.Patience)
	defer cancel()
	p, err := m.d.cfg.FrontEnd.Direct(ctx, m.letter.Place.Workspace, user)
	return p, explained(err)
}

// trouble is what to do about an error of a front end; of none nothing.
func trouble(err error) Trouble {
	if e, ok := errors.AsType[*DeliveryError](err); ok {
		return e.Trouble
	}
	return ""
}

// failed records what becomes of a letter whose next message is not up.
func (m *mail) failed(ctx context.Context, err error) (left time.Duration) {
	e, ok := errors.AsType[*DeliveryError](err)
	if !ok {
		return m.storeFailed(ctx, err)
	}
	why := jobs.Shorten(fmt.Sprintf("%s: %v", e.Trouble, e.Err), maxWhy)
	wait := backoff(m.letter.Tries)
	switch e.Trouble {
	case TroubleGone, TroubleRefused:
		if !m.doubt {
			m.log.Error("letter given up", "err", err)
			return m.storeFailed(ctx, m.record(ctx, jobs.GiveUp{Notice: m.letter.ID, Why: why}))
		}
	case TroubleRevoked:
		wait, left = revokedPause, revokedPause
	case TroubleLater:
		wait, left = e.After+wait, e.After
	case TroubleUnsure:
	}
	m.log.Warn("letter postponed", "err", err, "wait", wait)
	err = m.record(ctx, jobs.Postpone{Notice: m.letter.ID, Until: m.d.cfg.Now().Add(wait), Why: why, Unsure: m.doubt})
	return max(left, m.storeFailed(ctx, err))
}

// backoff is how long to wait after so many failed tries, a part of it by chance so
// that not all come back at once.
func backoff(tries int) time.Duration {
	wait := longestBackoff
	if tries < 8 {
		wait = firstBackoff << tries
	}
	return wait/2 + rand.N(wait/2) //nolint:gosec // jitter
}
