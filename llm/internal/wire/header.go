package wire

import (
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// MaxRetryAfter bounds what a provider may ask for: who waits longer than a day
// has to be told by a person.
const MaxRetryAfter = 24 * time.Hour

// wait returns how long the answer asks to wait. What cannot be read, or has
// passed, counts as not said. Only a 429 means its reset headers so: good answers
// and other failures have them too.
func wait(resp *http.Response, now time.Time) time.Duration {
	d := retryAfter(resp.Header, now)
	if d == 0 && resp.StatusCode == http.StatusTooManyRequests {
		d = reset(resp.Header, now)
	}
	return min(d, MaxRetryAfter)
}

// retryAfter reads Retry-After-Ms, then Retry-After as seconds or as a date.
func retryAfter(h http.Header, now time.Time) time.Duration {
	if d := Wait(h.Get("Retry-After-Ms"), time.Millisecond); d > 0 {
		return d
	}
	value := strings.TrimSpace(h.Get("Retry-After"))
	if d := Wait(value, time.Second); d > 0 {
		return d
	}
	date, err := http.ParseTime(value)
	if err != nil {
		return 0
	}
	return max(date.Sub(now), 0)
}

// reset reads when the limit that was hit is lifted: of requests, of tokens, or
// of what the provider does not name. The limit that was hit is the one of which
// the least is left; of equals, the longer wait.
func reset(h http.Header, now time.Time) time.Duration {
	var longest time.Duration
	scarcest := math.Inf(1)
	for _, of := range []string{"-Requests", "-Tokens", ""} {
		d := until(h.Get("X-Ratelimit-Reset"+of), now)
		if d <= 0 {
			continue
		}
		left := share(h.Get("X-Ratelimit-Remaining"+of), h.Get("X-Ratelimit-Limit"+of))
		if left < scarcest || left == scarcest && d > longest {
			scarcest, longest = left, d
		}
	}
	return longest
}

// share returns what is left of a limit, 0 to 1. What is not said counts as
// nothing left.
func share(left, of string) float64 {
	l, errLeft := strconv.ParseFloat(left, 64)
	o, errOf := strconv.ParseFloat(of, 64)
	if errLeft != nil || errOf != nil || !(l >= 0 && o > 0) {
		return 0
	}
	return min(l/o, 1)
}

// Moments as numbers, by their size: no wait has a hundred million seconds, which
// in milliseconds is a day of 1970.
const (
	firstSecond = 1e8
	firstMilli  = 1e11
)

// until reads a reset in all forms that were seen: 1m30s, 0.5 (seconds), and the
// moment itself in seconds or milliseconds since 1970 or as a date.
func until(value string, now time.Time) time.Duration {
	value = strings.TrimSpace(value)
	if d, err := time.ParseDuration(value); err == nil {
		return d
	}
	if date, err := time.Parse(time.RFC3339, value); err == nil {
		return date.Sub(now)
	}
	n, err := strconv.ParseFloat(value, 64)
	switch {
	case err != nil || n < firstSecond:
		return Wait(value, time.Second)
	case n < firstMilli:
		return time.Unix(int64(n), 0).Sub(now)
	case n < firstMilli*1000:
		return time.UnixMilli(int64(n)).Sub(now)
	}
	return 0
}

// Wait reads a wait that a provider states as a number of units, at most
// MaxRetryAfter. What cannot be read, or is not positive, counts as not said.
func Wait(value string, unit time.Duration) time.Duration {
	n, err := strconv.ParseFloat(strings.TrimSpace(value), 64)
	switch {
	case math.IsNaN(n) || n <= 0:
		return 0
	case n >= float64(MaxRetryAfter/unit): // an overflow is a long wait, not none
		return MaxRetryAfter
	case err != nil:
		return 0
	}
	return time.Duration(n * float64(unit))
}
