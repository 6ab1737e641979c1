package bot

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/askbob/bob/jobs"
)

const (
	// slotLayout is a time at which a schedule is due, for people.
	slotLayout = "Mon 2 Jan 2006 15:04 MST"
	// maxSchedules is how many schedules a page shows.
	maxSchedules = 20
	// maxSnippet bounds a request on one line of a list, in characters.
	maxSnippet = 120
)

// schedule keeps a job that runs again and again.
func (c *Conversation) schedule(ctx context.Context, t turn, o order, files []File) (Reply, error) {
	if err := c.maySubmit(t); err != nil {
		return Reply{}, err
	}
	zone := ""
	if z := t.user.Zone; z != nil && z != time.Local {
		zone = z.String()
	}
	d := jobs.ScheduleDraft{
		Zone: zone, Budget: c.cfg.Budget, MonthBudget: -1,
		Owner: t.place.Owner(t.user.ID, t.room()),
	}
	var err error
	if d.Words, d.Request, err = c.cfg.Schedules.Split(o.text, zone); err != nil {
		return Reply{}, err
	}
	var done func()
	if d.Files, done, err = c.fetch(ctx, files); err != nil {
		return Reply{}, err
	}
	defer done()
	if err := c.cfg.Jobs.Do(ctx, t.spend(), nil); err != nil {
		return Reply{}, err
	}
	s, err := c.cfg.Schedules.Add(ctx, d)
	if err != nil {
		return Reply{}, err
	}
	return Reply{Text: fmt.Sprintf("Schedule %s is due next on %s. \"schedules\" lists all, \"schedule remove %s\" ends it.",
		s.ID, slot(s.Slots.Next, s.Zone), s.ID)}, nil
}

// slot is a time in the zone of a schedule, for people.
func slot(at time.Time, zone string) string {
	loc, err := time.LoadLocation(zone)
	if err != nil {
		loc = time.UTC
	}
	return at.In(loc).Format(slotLayout)
}

// changeSchedule pauses, resumes or removes a schedule.
func (c *Conversation) changeSchedule(ctx context.Context, t turn, v verb, id jobs.ScheduleID) (Reply, error) {
	s, err := c.changeable(ctx, t, v, id)
	if err != nil {
		return Reply{}, err
	}
	if err := c.cfg.Jobs.Do(ctx, t.spend(), nil); err != nil {
		return Reply{}, err
	}
	switch v {
	case verbPause:
		return Reply{Text: fmt.Sprintf("Schedule %s is paused.", id)}, c.cfg.Schedules.Pause(ctx, id)
	case verbResume:
		next, err := c.cfg.Schedules.Resume(ctx, id)
		return Reply{Text: fmt.Sprintf("Schedule %s goes on. It is due next on %s.", id, slot(next, s.Zone))}, err
	default:
	}
	return Reply{Text: fmt.Sprintf("Schedule %s is removed. The jobs that it started stay.", id)}, c.cfg.Schedules.Remove(ctx, id)
}

// changeable returns a schedule to which the person may do that.
func (c *Conversation) changeable(ctx context.Context, t turn, v verb, id jobs.ScheduleID) (jobs.Schedule, error) {
	list, err := c.schedulesOf(ctx, t)
	if err != nil {
		return jobs.Schedule{}, err
	}
	i := slices.IndexFunc(list, func(s jobs.Schedule) bool { return s.ID == id })
	if i < 0 {
		return jobs.Schedule{}, refuse("There is no schedule %s here: \"schedules\" lists those that there are.", shown(string(id)))
	}
	right := jobs.ActSteer
	if v == verbCancel || v == verbRemove {
		right = jobs.ActCancel
	}
	return list[i], c.may(ctx, t, right, list[i].Owner.Matter())
}

// schedulesOf lists the schedules of the person's workspace that they may see.
func (c *Conversation) schedulesOf(ctx context.Context, t turn) ([]jobs.Schedule, error) {
	list, err := c.cfg.Schedules.List(ctx)
	if err != nil {
		return nil, err
	}
	list = slices.DeleteFunc(list, func(s jobs.Schedule) bool { return s.Owner.Place().Scope() != t.place.Scope() })
	var rooms []string
	for _, s := range list {
		if len(rooms) < maxRooms && !slices.Contains(rooms, s.Owner.Room) {
			rooms = append(rooms, s.Owner.Room)
		}
	}
	who := t.visitor(c.inside(ctx, t, rooms)...)
	return slices.DeleteFunc(list, func(s jobs.Schedule) bool { return c.cfg.Gate.May(who, jobs.ActSee, s.Owner.Matter()) != nil }), nil
}

// schedulesPage lists the schedules that a person may see.
func (c *Conversation) schedulesPage(ctx context.Context, t turn) (*Page, error) {
	list, err := c.schedulesOf(ctx, t)
	if err != nil {
		return nil, err
	}
	p := &Page{Kind: PageSchedules, Title: fmt.Sprintf("Schedules (%d)", len(list))}
	if len(list) == 0 {
		p.Parts = append(p.Parts, Part{Lines: []string{`There are none. Add one: schedule "every Monday at 9" summarise last week's sales`}})
	}
	for i, s := range list {
		if i == maxSchedules {
			p.Parts = append(p.Parts, Part{Lines: []string{fmt.Sprintf("… and %d more.", len(list)-i)}})
			break
		}
		p.Parts = append(p.Parts, schedulePart(s))
	}
	return p, nil
}

func schedulePart(s jobs.Schedule) Part {
	mark := map[jobs.ScheduleState]string{jobs.ScheduleActive: "🔁", jobs.SchedulePaused: "⏸️", jobs.ScheduleEnded: "🏁"}[s.State]
	part := Part{Head: fmt.Sprintf("%s [%s] %s", mark, upper(string(s.State)), jobs.Shorten(oneLine(s.Request), maxSnippet))}
	add := func(line string) { part.Lines = append(part.Lines, line) }
	add("🗓️ When: " + oneLine(s.Words) + ", " + oneLine(s.Zone))
	if !s.Slots.Next.IsZero() {
		add("⏭️ Next: " + slot(s.Slots.Next, s.Zone))
	}
	if s.LastJob != "" {
		add("🕐 Last: " + slot(s.LastRun, s.Zone) + ", job " + string(s.LastJob))
	}
	if n := s.Counts; n != (jobs.RunCounts{}) {
		add(fmt.Sprintf("📊 So far: %d started, %d skipped, %d missed", n.Started, n.Skipped, n.Missed))
	}
	add("🆔 " + string(s.ID))
	button := func(do, label string, style Style) Button {
		return Button{Action: ActSchedule, Arg: do + " " + string(s.ID), Label: label, Style: style}
	}
	switch s.State {
	case jobs.ScheduleActive:
		part.Buttons = append(part.Buttons, button("pause", "⏸️ Pause", StylePlain))
	case jobs.SchedulePaused:
		part.Buttons = append(part.Buttons, button("resume", "▶️ Resume", StylePlain))
	case jobs.ScheduleEnded:
	}
	remove := button("remove", "❌ Remove", StyleDanger)
	remove.Confirm = &Confirm{Title: "Remove this schedule?", Text: "It does not run any more. The jobs that it started stay.", Yes: "Remove", No: "Keep"}
	part.Buttons = append(part.Buttons, remove)
	return part
}
