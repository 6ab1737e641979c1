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

// retryAfter reads Retry-After-Ms, then Retry-After as seconds or as a date. What
// cannot be read, or has passed, counts as not said.
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
	return min(max(date.Sub(now), 0), MaxRetryAfter)
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
