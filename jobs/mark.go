package jobs

import (
	"fmt"
	"time"

	"github.com/askbob/bob/llm"
)

// Mark is a symbol for the status, one cell wide and no emoji, so that columns
// stay straight. It goes with the status's word, never instead of it. A status
// that does not exist has the mark "·".
func (s Status) Mark() string {
	switch s {
	case StatusPlanning:
		return "✎"
	case StatusAwaitingApproval:
		return "⚑"
	case StatusQueued:
		return "○"
	case StatusRunning:
		return "●"
	case StatusWaitingForChildren:
		return "◌"
	case StatusWaitingForInput:
		return "?"
	case StatusPaused:
		return "‖"
	case StatusCompleted:
		return "✓"
	case StatusPartial:
		return "◐"
	case StatusFailed:
		return "✗"
	case StatusCancelled:
		return "⊘"
	case StatusSkipped:
		return "↷"
	}
	return "·"
}

// The steps at which a duration loses its smaller unit: nobody waits for the
// seconds of an hour.
const (
	tenthsBelow  = 10 * time.Second
	secondsBelow = 10 * time.Minute
	day          = 24 * time.Hour
)

// HumanDuration writes a duration for people, cut rather than rounded: "40 ms",
// "3.2 s", "42 s", "2 min 5 s", "12 min", "1 h 5 min", "2 d 3 h". A negative one
// is "0 s".
func HumanDuration(d time.Duration) string {
	switch {
	case d < time.Millisecond:
		return "0 s"
	case d < 100*time.Millisecond:
		return fmt.Sprintf("%d ms", d/time.Millisecond)
	case d < tenthsBelow:
		tenths := d / (100 * time.Millisecond)
		return fmt.Sprintf("%d.%d s", tenths/10, tenths%10)
	case d < time.Minute:
		return fmt.Sprintf("%d s", d/time.Second)
	case d < secondsBelow:
		return twoUnits(d, time.Minute, "min", time.Second, "s")
	case d < time.Hour:
		return fmt.Sprintf("%d min", d/time.Minute)
	case d < day:
		return twoUnits(d, time.Hour, "h", time.Minute, "min")
	}
	return twoUnits(d, day, "d", time.Hour, "h")
}

func twoUnits(d, large time.Duration, largeName string, small time.Duration, smallName string) string {
	text := fmt.Sprintf("%d %s", d/large, largeName)
	if rest := d % large / small; rest > 0 {
		text += fmt.Sprintf(" %d %s", rest, smallName)
	}
	return text
}

// HumanMS is HumanDuration for the milliseconds of a report.
func HumanMS(n int64) string { return HumanDuration(time.Duration(n) * time.Millisecond) }

// ShortUSD writes a decimal amount of a report for people, as Money.Short does.
// What is no amount comes back as it is, and an empty one as "$0.00".
func ShortUSD(decimal string) string {
	if decimal == "" {
		return Money(0).Short()
	}
	amount, err := llm.ParseMoney(decimal)
	if err != nil {
		return decimal
	}
	return amount.Short()
}
