package slack

import (
	"errors"
	"fmt"
	"testing"
	"time"

	slackapi "github.com/slack-go/slack"

	"github.com/askbob/bob/bot"
)

func TestPacer_keepBelowWhatSlackAllows(t *testing.T) {
	t.Parallel()
	allowed := map[method]int{ // a minute, by Slack's tiers
		mUpdate: 50, mReplies: 50, mHistory: 50, mOpenDM: 50, mPublish: 100, mViewOpen: 100, mViewEdit: 100,
		mUser: 100, mUpload: 100, mComplete: 100, mEphemeral: 100,
	}
	for m, most := range allowed {
		now := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
		l := newPacer(time.Nanosecond, func() time.Time { return now })
		var made []time.Time
		for range 4 * 60 * 10 { // four minutes, ten tries a second
			if l.turn(t.Context(), "T1", m, "") == nil {
				made = append(made, now)
			}
			now = now.Add(100 * time.Millisecond)
		}
		for i := range made {
			n := 0
			for _, at := range made[i:] {
				if at.Sub(made[i]) < time.Minute {
					n++
				}
			}
			if n > most {
				t.Fatalf("%s was called %d times in a minute, Slack allows %d", m, n, most)
			}
		}
		if len(made) < 3*most/2 {
			t.Errorf("%s was called %d times in four minutes: too timid", m, len(made))
		}
	}
}

func TestPacer_startAnewWithinWhatSlackAllows(t *testing.T) {
	t.Parallel()
	for _, m := range []method{mUpdate, mReplies, mHistory, mOpenDM} {
		now := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
		begun, n := now.Add(10*time.Minute), 0
		l := newPacer(time.Nanosecond, func() time.Time { return now })
		for now.Before(begun.Add(time.Minute)) {
			if now.Equal(begun.Add(30 * time.Second)) {
				l = newPacer(time.Nanosecond, func() time.Time { return now })
			}
			// It rests until begun, so that the burst is there.
			if l.turn(t.Context(), "T1", m, "") == nil && !now.Before(begun) {
				n++
			}
			now = now.Add(100 * time.Millisecond)
			if n == 0 && now.Before(begun) {
				now = begun
			}
		}
		if n > 50 || n < 30 {
			t.Errorf("%s was called %d times in a minute with a start in it, Slack allows 50", m, n)
		}
	}
}

func TestPacer_eachWorkspaceAndChannelHasItsOwn(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	l := newPacer(time.Nanosecond, func() time.Time { return now })
	post := func(team, channel string) (n int) {
		for l.turn(t.Context(), team, mPost, channel) == nil {
			n++
		}
		return n
	}
	if a, b, c := post("T1", "C1"), post("T1", "C2"), post("T2", "C1"); a != channelPace().burst || b != a || c != a {
		t.Errorf("at once %d, %d, %d messages go up, want %d each", a, b, c, channelPace().burst)
	}
	l.hold("T1", mPost, time.Minute)
	if err := l.turn(t.Context(), "T1", mPost, "C3"); err == nil || l.turn(t.Context(), "T2", mPost, "C3") != nil {
		t.Errorf("a workspace that refuses does not speak for others: %v", err)
	}
}

func TestPacer_forgetChannelsThatAreQuiet(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	l := newPacer(time.Hour, func() time.Time { return now })
	for i := range 3 * maxBuckets {
		if _, undo := l.reserve("T1", mPost, fmt.Sprint("C", i)); i%2 == 0 {
			undo()
		}
		now = now.Add(time.Second)
	}
	if n := len(l.buckets); n > maxBuckets+1 {
		t.Errorf("%d buckets are kept, want at most %d", n, maxBuckets+1)
	}
}

func TestDelivery_knowsSlacksWords(t *testing.T) {
	t.Parallel()
	if delivery(nil, deedPost) != nil {
		t.Error("nothing went wrong, and it is an error")
	}
	for _, c := range []struct {
		err  error
		want bot.DeliveryError
	}{
		{&slackapi.RateLimitedError{RetryAfter: 9 * time.Second}, bot.DeliveryError{Trouble: bot.TroubleLater, After: 9 * time.Second}},
		{slackapi.StatusCodeError{Code: 429}, bot.DeliveryError{Trouble: bot.TroubleLater, After: noWait}},
		{slackapi.SlackErrorResponse{Err: "ratelimited"}, bot.DeliveryError{Trouble: bot.TroubleLater, After: noWait}},
		{notYet{after: time.Second}, bot.DeliveryError{Trouble: bot.TroubleLater, After: time.Second}},
		{slackapi.SlackErrorResponse{Err: "of_tomorrow"}, bot.DeliveryError{Trouble: bot.TroubleRefused}},
		{errors.New("a cut"), bot.DeliveryError{Trouble: bot.TroubleUnsure}},
	} {
		e, ok := errors.AsType[*bot.DeliveryError](delivery(fmt.Errorf("deep inside: %w", c.err), deedPost))
		if !ok || e.Trouble != c.want.Trouble || e.After != c.want.After || e.Err == nil {
			t.Errorf("%v is %+v, want %+v", c.err, e, c.want)
		}
	}
}

func TestMemory_forgetsTheOldest(t *testing.T) {
	t.Parallel()
	m := newMemory()
	for i := range memorySize + 10 {
		if !m.add(fmt.Sprint(i), "x") {
			t.Errorf("%d is new", i)
		}
	}
	if m.add("20", "y") {
		t.Error("20 is not new")
	}
	if text, ok := m.text("20"); !ok || text != "y" {
		t.Errorf("20 is %q", text)
	}
	if _, ok := m.text("9"); ok || len(m.texts) != memorySize {
		t.Errorf("the oldest is still there among %d", len(m.texts))
	}
}
