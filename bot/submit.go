package bot

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/askbob/bob/jobs"
)

const (
	// maxFetched bounds the files of one message together, in bytes: they are in memory
	// until they are stored.
	maxFetched = 100 << 20
	// maxHeld bounds the files of all messages that are in memory at once, in bytes.
	maxHeld = 4 * maxFetched
	// fetchFor bounds how long a platform may take to hand over one message's files.
	fetchFor = 2 * time.Minute
)

// submit makes a job of a message.
func (c *Conversation) submit(ctx context.Context, t turn, m Message) (Reply, error) {
	if err := c.maySubmit(t); err != nil {
		return Reply{}, err
	}
	r, err := c.request(t, m)
	if err != nil {
		return Reply{}, err
	}
	files, done, err := c.fetch(ctx, m.Files)
	if err != nil {
		return Reply{}, err
	}
	defer done()
	r.Files = files
	return c.hand(ctx, t, r)
}

// hand hands a request in. The job's card says all of it; only who gave a command
// sees no thread yet.
func (c *Conversation) hand(ctx context.Context, t turn, r jobs.Request) (Reply, error) {
	r.Seen = t.spend()
	id, err := c.cfg.Jobs.Submit(ctx, r)
	if err != nil {
		return Reply{}, err
	}
	if t.way == WayMention || t.way == WayDirect || t.way == WayReply {
		return Reply{Job: id}, nil
	}
	return Reply{Job: id, Text: fmt.Sprintf("Job %s is on its way. \"status %s\" says how far it is.", id, id)}, nil
}

// request is what a message asks for, without its files. Errors are of type
// *jobs.UserError.
func (c *Conversation) request(t turn, m Message) (jobs.Request, error) {
	r := jobs.Request{
		Text: strings.ToValidUTF8(m.Text, "\ufffd"), Budget: c.cfg.Budget, Priority: jobs.Priority(bare(m.Draft.Priority)),
		User: t.name(), Workspace: t.place.Scope(), Channel: t.place.Room(), Place: t.place, Room: t.room(),
	}
	if text := strings.TrimSpace(m.Draft.Budget); text != "" {
		amount, more, ok := money(strings.ToLower(text))
		if !ok || more || amount <= 0 {
			return r, refuse("%q is no budget: give US dollars such as 2 or 0.50.", shown(text))
		}
		r.Budget = amount
	}
	if text := strings.TrimSpace(m.Draft.Approval); text != "" {
		approval, err := jobs.ParseApproval(strings.ToLower(text))
		if err != nil {
			return r, refuse("%q does not say when to ask for approval: say never, always, or an amount such as \"over $1\".", shown(text))
		}
		r.Approval = approval
	}
	asked := r
	asked.Files = make([]jobs.Attachment, len(m.Files))
	return r, asked.Check()
}

// fetch reads the files of a message, all or none, once there is room for them in memory
// beside those of others. The caller must call done when they are stored.
func (c *Conversation) fetch(ctx context.Context, files []File) (list []jobs.Attachment, done func(), err error) {
	ctx, stop := context.WithTimeout(ctx, fetchFor)
	defer stop()
	room := roomFor(files)
	if room == 0 {
		return nil, func() {}, nil // and waits for nobody
	}
	if err := c.held.Acquire(ctx, room); err != nil {
		return nil, nil, fmt.Errorf("wait for room for files: %w", err)
	}
	done = func() { c.held.Release(room) }
	if list, err = fetchAll(ctx, files); err != nil {
		done()
		return nil, nil, err
	}
	return list, done, nil
}

// roomFor is what the files of a message may take in memory.
func roomFor(files []File) (room int64) {
	for _, f := range files {
		if f.Size <= 0 || f.Size > jobs.MaxFile {
			f.Size = jobs.MaxFile // it does not say
		}
		room = min(room+f.Size, maxFetched)
	}
	return room
}

func fetchAll(ctx context.Context, files []File) (list []jobs.Attachment, err error) {
	left := int64(maxFetched)
	for _, f := range files {
		if f.Size > jobs.MaxFile {
			return nil, tooLarge(f.Name)
		}
		data, err := fetchOne(ctx, f)
		if err != nil {
			return nil, err
		}
		if left -= int64(len(data)); left < 0 {
			return nil, refuse("The files together have more than %d MiB: send fewer or smaller ones. No job was made.", maxFetched>>20)
		}
		list = append(list, jobs.Attachment{Name: f.Name, Data: data})
	}
	return list, nil
}

func fetchOne(ctx context.Context, f File) ([]byte, error) {
	lost := func(err error) error {
		if errors.Is(ctx.Err(), context.Canceled) { // Bob stops: the platform sends the event again
			return fmt.Errorf("fetch a file: %w", err)
		}
		return &jobs.UserError{Message: fmt.Sprintf("The file %q could not be fetched: send it again. No job was made.", shown(f.Name)), Err: err}
	}
	body, err := f.Open(ctx)
	if err != nil {
		return nil, lost(err)
	}
	defer func() { _ = body.Close() }()
	var data bytes.Buffer
	data.Grow(int(min(max(0, f.Size), jobs.MaxFile)) + bytes.MinRead)
	switch n, err := io.Copy(&data, io.LimitReader(body, jobs.MaxFile+1)); {
	case err != nil:
		return nil, lost(err)
	case n > jobs.MaxFile:
		return nil, tooLarge(f.Name)
	}
	return data.Bytes(), nil
}

func tooLarge(name string) error {
	return refuse("The file %q has more than %d MiB: split it or leave out columns. No job was made.", shown(name), jobs.MaxFile>>20)
}

// followUp makes a job that goes on where another ended: it is given that one's
// request, result and files.
func (c *Conversation) followUp(ctx context.Context, t turn, m Message, id jobs.JobID) (Reply, error) {
	f, err := c.find(ctx, t, id, jobs.ActSee)
	if err != nil {
		return Reply{Job: id}, err
	}
	if err := c.maySubmit(t); err != nil {
		return Reply{Job: id}, err
	}
	r, err := c.request(t, m)
	if err != nil {
		return Reply{}, err
	}
	files, done, err := c.fetch(ctx, m.Files)
	if err != nil {
		return Reply{}, err
	}
	defer done()
	before, err := c.cfg.Jobs.Report(ctx, f.ID)
	if err != nil {
		return Reply{}, err
	}
	summary := jobs.Attachment{Name: string(f.ID) + ".md", Data: lookBack(before)}
	if r.Stored, err = c.cfg.Jobs.Accept(ctx, append(files, summary)); err != nil {
		return Reply{}, err
	}
	left, err := c.inherit(ctx, &r, f.ID)
	if err != nil {
		return Reply{}, err
	}
	r.Text += fmt.Sprintf("\n\n(This goes on from job %s, %q. What was asked there and what came out is in the file %s; its own files are attached too.)",
		f.ID, titleOf(before), r.Stored[len(files)].Name)
	if left > 0 {
		r.Text += fmt.Sprintf(" (%d files of that job are left out: a job takes at most %d.)", left, jobs.MaxFiles)
	}
	return c.hand(ctx, t, r)
}

// inherit adds what a job made and was given to the files of a request, what it made
// first. It returns how many are left out because they are too many.
func (c *Conversation) inherit(ctx context.Context, r *jobs.Request, id jobs.JobID) (left int, err error) {
	given, made, err := c.cfg.Files.FilesOf(ctx, id)
	if err != nil {
		return 0, err
	}
	var taken []string
	for _, f := range r.Stored {
		taken = append(taken, f.Name)
	}
	for _, f := range append(made, given...) {
		if len(r.Stored) >= jobs.MaxFiles {
			left++
			continue
		}
		f.Name = jobs.FreeName(f.Name, taken)
		taken = append(taken, f.Name)
		r.Stored = append(r.Stored, f)
	}
	return left, nil
}

// lookBack is a job for the one that follows it.
func lookBack(r *jobs.Report) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "# %s\n\nJob %s, %s.\n\n## Request\n\n%s\n", titleOf(r), r.ID, stateName(r.Status), r.Request)
	if r.Error != "" {
		fmt.Fprintf(&b, "\n## Error\n\n%s\n", oneLine(r.Error))
	}
	if r.Result != "" {
		fmt.Fprintf(&b, "\n## Result\n\n%s\n", r.Result)
	}
	if b.Len() > jobs.MaxFile {
		b.Truncate(jobs.MaxFile)
		return bytes.ToValidUTF8(b.Bytes(), nil)
	}
	return b.Bytes()
}

// again is the turn as if it had been where a job was given: its next run is given
// there. Where somebody else is alone with Bob nobody goes.
func (t turn) again(p jobs.Posted) turn {
	direct := p.Room == jobs.RoomDirect
	if p.Place.Surface == t.place.Surface && (!direct || jobs.LocalUser(p.User) == t.user.ID) {
		t.place, t.direct = p.Place, direct
	}
	return t
}

// again makes a job of the same request and files as another.
func (c *Conversation) again(ctx context.Context, t turn, id jobs.JobID) (Reply, error) {
	f, err := c.find(ctx, t, id, jobs.ActSee)
	if err != nil {
		return Reply{Job: id}, err
	}
	to := t.again(f.posted)
	if err := c.maySubmit(to); err != nil {
		return Reply{Job: id}, err
	}
	given, _, err := c.cfg.Files.FilesOf(ctx, id)
	if err != nil {
		return Reply{}, err
	}
	r, err := c.request(to, Message{Text: f.Request})
	if err != nil {
		return Reply{}, err
	}
	r.Stored, r.Priority, r.Room = given, f.Priority, to.room()
	if to.place == f.posted.Place {
		r.Room = f.posted.Room
	}
	if r.Budget = -1; f.Cost.Budget != "" {
		if r.Budget, err = jobs.ParseMoney(f.Cost.Budget); err != nil {
			return Reply{}, err
		}
	}
	return c.hand(ctx, t, r)
}
