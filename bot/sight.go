package bot

import (
	"context"
	"slices"

	"github.com/askbob/bob/jobs"
)

// maxRooms bounds the closed places of a workspace that a person may be in: of more
// nobody is known to be in the rest.
const maxRooms = 500

// alone reports whether only Bob hears the person. What is said on a page that stands
// in no channel is.
func (t turn) alone() bool {
	return t.direct || t.way == WayDirect || t.place.Channel == "" || t.place.Workspace == ""
}

// room is the closed place where the person speaks, as in jobs.Request.
func (t turn) room() string {
	switch {
	case t.alone():
		return jobs.RoomDirect
	case t.reach == ReachWorkspace:
		return ""
	case t.reach == ReachThread:
		return t.place.Nook()
	}
	return t.place.Room()
}

func (t turn) visitor(rooms ...string) jobs.Visitor {
	return jobs.Visitor{
		Place: t.place, User: t.name(), Direct: t.alone(), Admin: t.user.Admin, Guest: t.user.Guest,
		Overheard: t.heard && !t.alone(), Rooms: rooms,
	}
}

// may returns a *jobs.UserError if the person may not do that with a job or schedule.
func (c *Conversation) may(ctx context.Context, t turn, act jobs.Act, m jobs.Matter) error {
	err := c.cfg.Gate.May(t.visitor(), act, m)
	if err == nil || act == jobs.ActSubmit {
		return err
	}
	if rooms := c.inside(ctx, t, []string{m.Room}); len(rooms) > 0 {
		return c.cfg.Gate.May(t.visitor(rooms...), act, m)
	}
	return err
}

// maySubmit returns a *jobs.UserError if the person may not give a job.
func (c *Conversation) maySubmit(t turn) error {
	return c.cfg.Gate.May(t.visitor(), jobs.ActSubmit, jobs.Matter{})
}

// inside returns in which closed places of their workspace the person is known to be.
func (c *Conversation) inside(ctx context.Context, t turn, rooms []string) []string {
	doors := c.cfg.Doors[t.place.Surface]
	if doors == nil || t.heard || t.place.Workspace == "" {
		return nil
	}
	var ask []jobs.Place
	for _, room := range rooms {
		if p := jobs.PlaceOf(room); p.Scope() == t.place.Scope() {
			ask = append(ask, p)
		}
	}
	if len(ask) == 0 {
		return nil
	}
	var list []string
	for _, p := range doors.Inside(ctx, t.user.ID, ask) {
		if slices.Contains(ask, p) {
			list = append(list, p.Nook())
		}
	}
	return list
}

// sight is what of their workspace the person may see in lists. It returns a
// *jobs.UserError if that is nothing.
func (c *Conversation) sight(ctx context.Context, t turn) (jobs.Sight, error) {
	s, err := c.cfg.Gate.Sight(t.visitor())
	if err != nil || s.All || c.cfg.Doors[t.place.Surface] == nil || t.heard {
		return s, err
	}
	rooms, err := c.cfg.Places.ClosedRooms(ctx, t.place.Scope(), maxRooms)
	if err != nil {
		return jobs.Sight{}, err
	}
	return c.cfg.Gate.Sight(t.visitor(c.inside(ctx, t, rooms)...))
}
