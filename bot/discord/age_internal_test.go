package discord

import (
	"strconv"
	"testing"
	"time"
)

func TestAges_areThoseOfDiscordsClock(t *testing.T) {
	t.Parallel()
	var a ages
	now := time.Now()
	const begin = 1_000_000_000 // milliseconds of Discord's clock, which is not ours
	for _, c := range []struct {
		made, told time.Duration // since then
		want       time.Duration
	}{
		{0, 5 * time.Second, 0}, // nothing is known of the clocks yet
		{6 * time.Second, 6 * time.Second, 0},
		{6 * time.Second, 10 * time.Second, 4 * time.Second},
		{20 * time.Second, 20100 * time.Millisecond, 100 * time.Millisecond},
	} {
		id := strconv.FormatInt((begin+c.made.Milliseconds())<<22|7, 10)
		if got := a.of(id, now.Add(c.told)); got != c.want {
			t.Errorf("what was made at %s and told at %s is %s old, want %s", c.made, c.told, got, c.want)
		}
	}
	for _, id := range []string{"", "x", "700", "99999999999999999999999"} {
		if got := a.of(id, now.Add(time.Hour)); got != 0 {
			t.Errorf("%q is %s old", id, got)
		}
	}
}
