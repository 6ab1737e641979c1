package bottest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/askbob/bob/bot"
	"github.com/askbob/bob/jobs"
)

// Op names a method of a front end.
type Op string

// The methods that can fail.
const (
	OpPost   Op = "post"
	OpEdit   Op = "edit"
	OpFind   Op = "find"
	OpDirect Op = "direct"
)

// Call is one use of a FrontEnd.
type Call struct {
	Op   Op
	When time.Time
	Post bot.Post   // of post, edit and find
	At   bot.Placed // of edit
	User string     // of direct
}

// Fault is what goes wrong with a call. Its zero value is nothing.
type Fault struct {
	Delay time.Duration      // before anything happens; a done context cuts it short
	Err   *bot.DeliveryError // what the caller is told; nil: all is well
	Done  bool               // it was done all the same
}

// Up is a message that is up.
type Up struct {
	Placed  bot.Placed
	Post    bot.Post // as it was posted, what was edited in it
	Edits   int
	Deleted bool
}

// FrontEnd is a platform in memory: channels, threads and direct messages. Where no
// thread is named, a message makes one that is named as the message. It is safe for
// concurrent use; its zero value is not ready, see New.
type FrontEnd struct {
	surface string

	mu     sync.Mutex
	up     []*Up
	closed map[jobs.Place]bool // channels and threads, and workspaces that threw Bob out
	mute   map[string]bool     // people who take no direct messages
	fault  func(c Call) Fault
	calls  []Call
	stale  [][]string
	inside map[string][]jobs.Place // closed places where people are
}

var _ bot.FrontEnd = (*FrontEnd)(nil)

// New returns a platform without messages, all of whose channels are open.
func New(surface string) *FrontEnd {
	return &FrontEnd{surface: surface, closed: map[jobs.Place]bool{}, mute: map[string]bool{}, inside: map[string][]jobs.Place{}}
}

// Name is the surface.
func (f *FrontEnd) Name() string { return f.surface }

// Run waits for the end of ctx: nobody speaks here.
func (f *FrontEnd) Run(ctx context.Context, _ bot.Handler) error {
	<-ctx.Done()
	return nil
}

// Enter lets a person be in a closed channel, or a closed thread of one.
func (f *FrontEnd) Enter(user string, room jobs.Place) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.inside[user] = append(f.inside[user], room)
}

// Inside returns in which of the rooms a person was let by Enter.
func (f *FrontEnd) Inside(_ context.Context, user string, rooms []jobs.Place) []jobs.Place {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(rooms), func(p jobs.Place) bool { return !slices.Contains(f.inside[user], p) })
}

// Fail lets fault decide what goes wrong from now on; nil: nothing. It is called
// with one call at a time.
func (f *FrontEnd) Fail(fault func(c Call) Fault) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.fault = fault
}

// Shut closes a thread, a channel (a place without a thread) or a workspace (one
// without a channel).
func (f *FrontEnd) Shut(p jobs.Place) { f.set(p, true) }

// Reopen takes back Shut.
func (f *FrontEnd) Reopen(p jobs.Place) { f.set(p, false) }

func (f *FrontEnd) set(p jobs.Place, closed bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.closed[p] = closed
}

// Refuse lets a person take no direct messages.
func (f *FrontEnd) Refuse(user string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.mute[user] = true
}

// Delete takes a message down, as people can.
func (f *FrontEnd) Delete(message string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, u := range f.up {
		if u.Placed.Message == message {
			u.Deleted = true
		}
	}
}

// Up returns all messages, oldest first, but for deleted ones.
func (f *FrontEnd) Up() []Up {
	f.mu.Lock()
	defer f.mu.Unlock()
	var list []Up
	for _, u := range f.up {
		if !u.Deleted {
			list = append(list, *u)
		}
	}
	return list
}

// Calls returns all calls so far, those that failed too.
func (f *FrontEnd) Calls(op Op) []Call {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(f.calls), func(c Call) bool { return c.Op != op })
}

// StaleCalls returns whose lists were said to be out of date, call by call.
func (f *FrontEnd) StaleCalls() [][]string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.stale)
}

// Stale records whose lists are out of date.
func (f *FrontEnd) Stale(users []string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.stale = append(f.stale, slices.Clone(users))
}

// Post puts a message up.
func (f *FrontEnd) Post(ctx context.Context, p bot.Post) (placed bot.Placed, err error) {
	err = f.do(ctx, Call{Op: OpPost, Post: p}, p.Place, func() error {
		placed = bot.Placed{Place: p.Place, Message: fmt.Sprintf("m%d", len(f.up)+1)}
		if p.Place.Thread == "" {
			placed.Place.Thread = placed.Message
		}
		f.up = append(f.up, &Up{Placed: placed, Post: p})
		return nil
	})
	if err != nil {
		return bot.Placed{}, err
	}
	return placed, nil
}

// Edit replaces what a message says that is in the channel.
func (f *FrontEnd) Edit(ctx context.Context, at bot.Placed, p bot.Post) error {
	return f.do(ctx, Call{Op: OpEdit, At: at, Post: p}, at.Place, func() error {
		for _, u := range f.up {
			if u.Placed.Message == at.Message && !u.Deleted && sameRoom(u.Placed.Place, at.Place) {
				u.Post.Card, u.Post.Text, u.Post.Buttons, u.Post.Mention = p.Card, p.Text, p.Buttons, p.Mention
				u.Edits++
				return nil
			}
		}
		return gone("no such message")
	})
}

// Find looks for a key: in a thread, or among all messages of a channel that made
// threads.
func (f *FrontEnd) Find(ctx context.Context, p bot.Post) (found bot.Placed, err error) {
	err = f.do(ctx, Call{Op: OpFind, Post: p}, p.Place, func() error {
		for _, u := range f.up {
			at := u.Post.Place
			if u.Post.Key == p.Key && sameRoom(at, p.Place) && (at.Thread == p.Place.Thread) {
				found = u.Placed
			}
		}
		return nil
	})
	return found, err
}

// Direct returns the direct messages of a person.
func (f *FrontEnd) Direct(ctx context.Context, workspace, user string) (p jobs.Place, err error) {
	at := jobs.Place{Surface: f.surface, Workspace: workspace}
	err = f.do(ctx, Call{Op: OpDirect, User: user}, at, func() error {
		if f.mute[user] {
			return gone("takes no messages")
		}
		p = at
		p.Channel = "D" + user
		return nil
	})
	return p, err
}

func sameRoom(a, b jobs.Place) bool { return a.Room() == b.Room() }

func gone(why string) error {
	return &bot.DeliveryError{Trouble: bot.TroubleGone, Err: errors.New(why)}
}

// do carries out a call with what goes wrong with it.
func (f *FrontEnd) do(ctx context.Context, c Call, at jobs.Place, what func() error) error {
	c.When = time.Now()
	fault := f.recorded(c)
	if fault.Delay > 0 {
		select {
		case <-ctx.Done():
			return &bot.DeliveryError{Trouble: bot.TroubleUnsure, Err: ctx.Err()}
		case <-time.After(fault.Delay):
		}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if fault.Err != nil && !fault.Done {
		return fault.Err
	}
	if err := f.shut(at); err != nil {
		return err
	}
	if err := what(); err != nil {
		return err
	}
	if fault.Err != nil {
		return fault.Err
	}
	return nil
}

func (f *FrontEnd) recorded(c Call) Fault {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.calls = append(f.calls, c)
	if f.fault == nil {
		return Fault{}
	}
	return f.fault(c)
}

func (f *FrontEnd) shut(p jobs.Place) error {
	workspace := jobs.Place{Surface: p.Surface, Workspace: p.Workspace}
	channel := workspace
	channel.Channel = p.Channel
	switch {
	case f.closed[workspace]:
		return &bot.DeliveryError{Trouble: bot.TroubleRevoked, Err: errors.New("thrown out")}
	case f.closed[channel], f.closed[p]:
		return gone("closed")
	}
	return nil
}
