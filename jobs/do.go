package jobs

import (
	"context"
	"errors"
	"fmt"
)

// Do makes a change that a person wished for, once: if one of the keys of the inbound
// event was seen before, it changes nothing and returns ErrSeen. Without keys it is
// made whenever it is called; without a change only the keys are remembered. It
// returns what the change is refused with: ErrNotFound, or a *UserError for what makes
// no sense, and whoever comes with the keys again gets ErrSeen for that too. It takes
// no changes but those of people.
func (s *Service) Do(ctx context.Context, keys []string, c Change) error {
	c, err := sensible(c)
	if err != nil {
		return s.refuse(ctx, keys, err)
	}
	return s.apply(ctx, once(keys, c))
}

// once binds a change to the keys of its event, if there are any.
func once(keys []string, c Change) Change {
	if len(keys) == 0 && c != nil {
		return c
	}
	return Once{Keys: keys, Do: c}
}

// refuse remembers the keys of an event that a person is told is no good, so that they
// are told once. What is Bob's own fault may come again.
func (s *Service) refuse(ctx context.Context, keys []string, why error) error {
	if _, user := errors.AsType[*UserError](why); !user || len(keys) == 0 {
		return why
	}
	if err := s.apply(ctx, Once{Keys: keys}); err != nil {
		return err
	}
	return why
}

// sensible returns the change as it is made, or a *UserError that says what is wrong
// with it whatever its job.
func sensible(c Change) (Change, error) {
	switch c := c.(type) {
	case Command:
		return c, c.Check()
	case Say:
		text, err := checkSaid("message", c.Text)
		c.Text = text
		return c, err
	case Answer:
		text, err := checkSaid("answer", c.Text)
		c.Text = text
		return c, err
	case SetBudget:
		if c.Budget < 0 {
			return nil, &UserError{Message: "A budget cannot be negative: give US dollars such as 2 or 0.50."}
		}
		return c, nil
	case AddBudget:
		if c.Amount <= 0 {
			return nil, &UserError{Message: "There is nothing to add: give US dollars such as 1 or 0.50."}
		}
		return c, nil
	case nil, Approve, FinishNow, Cancel, Unpark, Mute, Feedback:
		return c, nil
	}
	return nil, fmt.Errorf("%T is no change that a person makes", c)
}
