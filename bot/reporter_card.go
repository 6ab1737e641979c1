package bot

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/askbob/bob/jobs"
)

// liveCard is what a Reporter knows of a card.
type liveCard struct {
	posted jobs.Posted
	told   time.Time // when its job changed first since it was looked at; zero: it did not
	looked time.Time // zero: not yet

	card      *Card // as it should be; nil: it is shown so
	hash      digest
	sent      digest    // of the last edit that was begun
	shown     digest    // of what is up; zero: not known
	urgency   int       // lower goes first
	news      time.Time // since when there is news that is not up; zero: at most time passed
	completed time.Time

	busy      bool
	edited    time.Time // when the last edit was begun
	tries     int       // failed ones since the last that succeeded
	notBefore time.Time
}

type digest [sha256.Size]byte

// The urgencies of news.
const (
	urgentEnd = iota
	urgentAsk
	urgentStep
	urgentNone // there is none
)

// lookAt is when a card is to be looked at next: soon if its job changed, some time if
// it is open, because time passes, or if it is not as it should be. One that is not
// posted is looked at when it is: that is a change too.
func (c *liveCard) lookAt(gap, refresh time.Duration) time.Time {
	switch {
	case c.looked.IsZero():
		return time.Time{}
	case c.dirty():
		return c.looked.Add(gap)
	case c.posted.Card != "" && (c.completed.IsZero() || c.card != nil):
		return c.looked.Add(refresh)
	}
	return c.looked.Add(never)
}

// never is longer than any process lives.
const never = 100 * 365 * 24 * time.Hour

func (c *liveCard) dirty() bool { return !c.told.IsZero() }

func (c *liveCard) differs() bool { return c.card != nil && c.posted.Card != "" }

// at is where the card is.
func (c *liveCard) at() Placed { return placedOf(c.posted) }

func placedOf(p jobs.Posted) Placed { return Placed{Place: p.Place, Message: p.Card} }

// resting reports whether a card shows its job's end, or is not posted: it needs nothing
// before the next change.
func (c *liveCard) resting() bool {
	return (!c.completed.IsZero() || c.posted.Card == "") && !c.differs() && !c.busy && !c.dirty()
}

func (c *liveCard) mayEdit(interval time.Duration) time.Time {
	at := c.edited.Add(interval)
	if c.notBefore.After(at) {
		return c.notBefore
	}
	return at
}

// before compares two cards by which one is edited first: by their news, of which the
// oldest goes first, and then those on which at most time passed.
func (c *liveCard) before(o *liveCard) int {
	return cmp.Or(cmp.Compare(c.rank(), o.rank()), c.news.Compare(o.news), c.edited.Compare(o.edited), cmp.Compare(c.posted.Job, o.posted.Job))
}

func (c *liveCard) rank() int {
	if c.news.IsZero() {
		return urgentNone
	}
	return c.urgency
}

// look makes the card anew and compares it with what is up. It reports whether there
// is such a card on this surface.
func (r *Reporter) look(ctx context.Context, c *liveCard, now time.Time) bool {
	told := c.told
	c.looked, c.told = now, time.Time{}
	posted, report, v, err := r.read(ctx, c.posted.Job)
	switch {
	case errors.Is(err, jobs.ErrNotFound), err == nil && posted.Place.Surface != r.cfg.FrontEnd.Name():
		r.stranger(c.posted.Job)
		c.card = nil
		return c.busy // it is dropped once it is back
	case err != nil:
		if ctx.Err() == nil {
			r.cfg.Log.Error("card not made", "job", c.posted.Job, "err", err)
		}
		c.told = cmp.Or(told, now)
		return true
	}
	if at := placedOf(posted); at != c.at() { // another message, or to be had elsewhere
		c.shown, c.notBefore, c.tries = r.cfg.Board.take(at), time.Time{}, 0
		if report != nil && report.Status.Final() {
			c.shown = digest{} // that the end is shown is recorded with an edit
		}
	}
	c.posted = posted
	changed := !told.IsZero()
	if report != nil {
		c.judge(report)
		changed = c.wants(NewCard(report, v, now))
	}
	if changed && c.card != nil {
		c.news = cmp.Or(c.news, told)
	}
	if changed && posted.User != "" {
		r.outOfDate(posted.User, now)
	}
	return true
}

// judge says how urgent news of a job is.
func (c *liveCard) judge(report *jobs.Report) {
	c.urgency, c.completed = urgentStep, time.Time{}
	switch {
	case report.Status.Final():
		c.urgency, c.completed = urgentEnd, endOf(report)
	case awaitsPerson(report):
		c.urgency = urgentAsk
	}
}

// read reads all that a job's card is made of. The report is nil as long as no card of
// it is up on this surface: whoever posts it makes it of the job as it is then, and in a
// rush of new jobs there is better to do.
func (r *Reporter) read(ctx context.Context, id jobs.JobID) (p jobs.Posted, report *jobs.Report, v CardView, err error) {
	p, err = r.cfg.Places.Posted(ctx, id)
	if err != nil || p.Card == "" || p.Place.Surface != r.cfg.FrontEnd.Name() {
		return p, nil, v, err
	}
	if report, err = r.cfg.Reports.Report(ctx, id, false); err != nil {
		return p, nil, v, err
	}
	v.Muted = p.Muted
	v.Top, v.More, err = r.cfg.Reports.Top(ctx, id)
	return p, report, v, err
}

func (r *Reporter) stranger(id jobs.JobID) {
	if len(r.strangers) >= maxStrangers {
		clear(r.strangers)
	}
	r.strangers[id] = true
}

// endOf is when a final job ended; never zero.
func endOf(r *jobs.Report) time.Time {
	if r.CompletedAt == nil {
		return r.CreatedAt.Add(time.Nanosecond)
	}
	return *r.CompletedAt
}

// wants says what a card should show, and reports whether that is news.
func (c *liveCard) wants(card Card) bool {
	was := c.hash
	c.hash, c.card = digestOf(card), &card
	c.settle()
	return c.hash != was
}

// settle forgets what a card should show if it does.
func (c *liveCard) settle() {
	if c.hash == c.shown {
		c.card, c.news = nil, time.Time{}
	}
}

func digestOf(c Card) digest {
	text, err := json.Marshal(c)
	if err != nil {
		text = fmt.Append(nil, err) // a card is plain data: it never fails
	}
	return sha256.Sum256(text)
}

func (r *Reporter) outOfDate(user string, now time.Time) {
	if len(r.stale) == 0 && now.After(r.staleAt) {
		r.staleAt = now // the first one is told at once
	}
	r.stale[user] = true
}

// edited is how an edit ended.
type edited struct {
	was jobs.Posted
	now jobs.Posted // where the card is
	err error
}

// carryOut returns a function that makes one edit and reports how it ended.
func (r *Reporter) carryOut(ctx context.Context, p jobs.Posted, card Card, completed time.Time) func() {
	return func() {
		e := edited{was: p, now: p}
		e.now, e.err = r.show(ctx, p, card)
		if e.err == nil && !completed.IsZero() {
			e.err = r.record(ctx, jobs.Shown{Job: p.Job, Completed: completed})
		}
		select {
		case r.ended <- e:
		case <-ctx.Done():
		}
	}
}

// show edits a card. One that was deleted is put up again in its thread.
func (r *Reporter) show(ctx context.Context, p jobs.Posted, card Card) (at jobs.Posted, err error) {
	defer func() {
		if v := recover(); v != nil { // the front end is other people's code
			err = &DeliveryError{Trouble: TroubleUnsure, Err: fmt.Errorf("panic: %v", v)}
		}
	}()
	longer, cancel := outlive(ctx, r.cfg.Patience)
	defer cancel()
	err = r.cfg.FrontEnd.Edit(longer, placedOf(p), Post{Card: &card})
	if trouble(err) != TroubleGone {
		return p, err
	}
	again := Post{Key: cardKey(p), Place: p.Place, Card: &card}
	placed, err := r.cfg.FrontEnd.Find(longer, again)
	if err == nil && placed.Message == "" {
		placed, err = r.cfg.FrontEnd.Post(longer, again)
	}
	if err != nil {
		return p, err
	}
	at = p
	at.Place, at.Card = placed.Place, placed.Message
	return at, r.record(ctx, jobs.Put{Job: p.Job, Place: at.Place, Card: at.Card})
}

// cardKey names the card that is put up in place of one that is gone. It is as short
// as the shortest key of a platform.
func cardKey(p jobs.Posted) string {
	sum := sha256.Sum256([]byte(string(p.Job) + "|" + p.Card))
	return fmt.Sprintf("c%x", sum[:8])
}

// record makes a change, even after a stop signal.
func (r *Reporter) record(ctx context.Context, c jobs.Change) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), recordLimit)
	defer cancel()
	out, err := r.cfg.Writer.Apply(ctx, c)
	for _, o := range out {
		err = errors.Join(err, o.Err)
	}
	return err
}

// back takes note of how an edit ended.
func (r *Reporter) back(e edited) {
	scope := e.was.Place.Scope()
	if r.editing[scope]--; r.editing[scope] == 0 {
		delete(r.editing, scope)
	}
	c := r.cards[e.was.Job]
	c.busy = false
	if e.err == nil {
		c.tries, c.notBefore = 0, time.Time{}
		if at := c.at(); at == placedOf(e.was) || at == placedOf(e.now) { // else the job moved meanwhile
			c.posted.Place, c.posted.Card, c.shown = e.now.Place, e.now.Card, c.sent
			c.settle()
		}
		return
	}
	r.cfg.Log.Warn("card not edited", "job", e.was.Job, "err", e.err)
	now, wait := r.cfg.Now(), backoff(c.tries)
	c.tries++
	if c.news.IsZero() {
		c.news = now
	}
	switch trouble(e.err) {
	case TroubleRefused:
		c.shown = c.sent // it will never be taken; the next one may be
		c.settle()
	case TroubleRevoked:
		r.paused[scope] = now.Add(revokedPause) // it may take Bob back
	case TroubleLater:
		if d, ok := errors.AsType[*DeliveryError](e.err); ok && d.After > 0 {
			wait = d.After
		}
		r.paused[scope] = now.Add(wait)
	case TroubleGone:
		c.notBefore = now.Add(longestBackoff) // unless the job moves before
	default:
		c.notBefore = now.Add(wait)
	}
}
