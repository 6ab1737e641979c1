package route

import (
	"maps"
	"slices"
	"time"
)

const (
	// maxLine bounds the places that are kept; who comes then is told to come back
	// and is served like one that has just come.
	maxLine = 10_000
	// grace is how long a slot is kept for one that was told to come now.
	grace = 2 * time.Second
	// keepPlace is how long a place is kept for one that does not come back: its
	// step was cancelled, or there is no worker for it.
	keepPlace = time.Minute
	// keepBegun is how long one that was let in counts as having begun: the turns of
	// a step come more often. They are swept once there are sweepBegun.
	keepBegun  = 10 * time.Minute
	sweepBegun = 1000
	// firstHold is taken for the length of a call before there was one.
	firstHold = time.Second / 2
	// soonest, headWait and longest frame when one in the line looks again.
	soonest  = 100 * time.Millisecond
	headWait = 2 * time.Second // for the first ones, however long calls take
	longest  = time.Minute     // for all: who is first by then cannot know
)

// line keeps who waits for a provider in the order in which they came. Nobody
// stands in it: each was told when to come back. Its caller holds the gate's lock.
type line struct {
	slots   int // calls at once; 0: no limit
	running []*pass
	hold    time.Duration // how long calls take lately
	tickets []ticket
	// begun are those that were let in lately. They go before the others: what has
	// begun is finished before more is begun.
	begun map[string]time.Time
}

// ticket is one place.
type ticket struct {
	caller string
	tokens int
	due    time.Time // when it was told to come
	begun  bool
}

func newLine(slots int) line {
	return line{slots: slots, hold: firstHold, begun: map[string]time.Time{}}
}

// ahead counts the places before a caller, and what they need; blocking and blocked
// are those of them whose time has come.
func (l *line) ahead(caller string, now time.Time) (places, tokens, blocking, blocked int) {
	l.tickets = slices.DeleteFunc(l.tickets, func(t ticket) bool { return now.Sub(t.due) > keepPlace })
	_, begun := l.begun[caller]
	for _, t := range l.tickets {
		if t.caller == caller || begun && !t.begun {
			break
		}
		places++
		tokens += t.tokens
		if late := now.Sub(t.due); late >= -patience && late <= grace {
			blocking++
			blocked += t.tokens
		}
	}
	return places, tokens, blocking, blocked
}

// wait returns when one with so many ahead should look again; 0: its turn is now.
// It is the larger part of the time until a slot may be free: guesses are often
// wrong, and who always comes back a little early finds the moment in a few steps.
func (l *line) wait(ahead, blocking int, now time.Time) time.Duration {
	free := l.slots - len(l.running)
	if free > blocking {
		return 0
	}
	behind := max(0, ahead-max(0, free)) // of those who wait for a slot that is taken
	hold := l.lately(now)
	guess := time.Duration(behind/l.slots)*hold + l.freedIn(behind%l.slots, hold, now)
	const fine = 16 // that part of a call's length is lost at most between two
	least := min(max(hold/fine, soonest), headWait)
	return min(max(guess*2/3, least), longest)
}

// lately returns how long a call takes: those that run may show that it is more
// than before.
func (l *line) lately(now time.Time) time.Duration {
	var sum time.Duration
	for _, p := range l.running {
		sum += now.Sub(p.begun)
	}
	return max(l.hold, sum/time.Duration(max(1, len(l.running))))
}

// freedIn guesses when the n-th of the calls that run now is over.
func (l *line) freedIn(n int, hold time.Duration, now time.Time) time.Duration {
	left := make([]time.Duration, 0, len(l.running))
	for _, p := range l.running {
		left = append(left, max(0, p.begun.Add(hold).Sub(now)))
	}
	slices.Sort(left)
	if n >= len(left) {
		return 0
	}
	return left[n]
}

// promise gives a caller a place, or keeps the one it has, and returns when to come
// back.
func (l *line) promise(caller string, tokens int, now time.Time, wait time.Duration) time.Duration {
	wait = jittered(wait)
	if caller == "" {
		return wait
	}
	_, begun := l.begun[caller]
	t := ticket{caller: caller, tokens: tokens, due: now.Add(wait), begun: begun}
	if i := slices.IndexFunc(l.tickets, func(t ticket) bool { return t.caller == caller }); i >= 0 {
		l.tickets[i] = t
		return wait
	}
	if len(l.tickets) >= maxLine {
		return wait
	}
	at := len(l.tickets)
	if i := slices.IndexFunc(l.tickets, func(t ticket) bool { return !t.begun }); begun && i >= 0 {
		at = i
	}
	l.tickets = slices.Insert(l.tickets, at, t)
	return wait
}

// enter makes a caller one of those that run.
func (l *line) enter(p *pass, caller string) {
	l.drop(caller)
	l.running = append(l.running, p)
	if caller == "" {
		return
	}
	if len(l.begun) >= sweepBegun {
		maps.DeleteFunc(l.begun, func(_ string, at time.Time) bool { return p.begun.Sub(at) > keepBegun })
	}
	l.begun[caller] = p.begun
}

// leave ends a call. How long it took counts if it was really made.
func (l *line) leave(p *pass, took time.Duration, made bool) {
	l.running = slices.DeleteFunc(l.running, func(q *pass) bool { return q == p })
	if made {
		const memory = 4
		l.hold += (took - l.hold) / memory
	}
}

func (l *line) drop(caller string) {
	if caller == "" {
		return
	}
	l.tickets = slices.DeleteFunc(l.tickets, func(t ticket) bool { return t.caller == caller })
}
