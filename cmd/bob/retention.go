package main

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/askbob/bob/jobs/schedule"
)

// Age is how old something gets: whole days, written as "90d". 0 is for ever.
type Age time.Duration

const (
	day     = 24 * time.Hour
	maxDays = 36_500 // a century
)

// parseAge reads whole days such as "90d", or "0". A day is the least, so that the
// last answers to a job's calls are in before its rows go.
func parseAge(text string) (Age, error) {
	digits, ok := strings.CutSuffix(text, "d")
	days, err := strconv.Atoi(digits)
	switch {
	case err != nil:
		return 0, err
	case !ok && days != 0:
		return 0, errors.New("the unit is missing")
	case days < 0 || days > maxDays:
		return 0, fmt.Errorf("%d days are out of range", days)
	}
	return Age(time.Duration(days) * day), nil
}

func (s SchedulesConfig) check() []error {
	if _, err := schedule.Zone(s.TimeZone); err != nil {
		return []error{fmt.Errorf("schedules.time_zone: %w", err)}
	}
	return nil
}
