package discord

import (
	"context"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"sync"

	discordapi "github.com/bwmarrin/discordgo"
)

// A session that cannot be gone on with is followed by a new one, to which Discord does
// not tell what was said in between. What people said in the threads that Bob made is
// read then.

// maxMissed bounds in how many threads of a guild is looked for what was said: each is a
// request.
const maxMissed = 50

// past remembers how far what is said was heard over one shard. It is safe for
// concurrent use.
type past struct {
	mu     sync.Mutex
	newest string // message
	from   string // the newest of before the session that is up; empty: there was none
}

func (p *past) hear(message string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if later(message, p.newest) {
		p.newest = message
	}
}

// begin notes that a session begins that was told nothing yet.
func (p *past) begin() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.from = p.newest
}

func (p *past) before() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.from
}

// later reports whether an ID was given after another. IDs are numbers that grow.
func later(id, than string) bool {
	return snowflake(id) && (len(id) > len(than) || len(id) == len(than) && id > than)
}

// catchUp hears what was said in a guild's threads before the session began, before
// what is said there now.
func (l listener) catchUp(ctx context.Context, g *discordapi.Guild) {
	from := l.past.before()
	if from == "" {
		return
	}
	self, err := l.front.whoami(ctx)
	if err != nil {
		return
	}
	looked := 0
	for _, c := range g.Threads {
		if c == nil || c.OwnerID != self.user || !later(c.LastMessageID, from) {
			continue
		}
		if looked++; looked > maxMissed {
			l.front.log.Warn("what was said meanwhile is not read in all threads", "guild", g.ID)
			return
		}
		before, done := l.front.turns.take(c.ID)
		l.spawn(ctx, "missed", func(ctx context.Context, log *slog.Logger) {
			defer done()
			select {
			case <-before:
				l.missed(ctx, log, g.ID, c.ID, from, c.LastMessageID)
			case <-ctx.Done():
			}
		})
	}
}

// missed hears what was said in a thread after one message, as far as another: what was
// said after that one is told.
func (l listener) missed(ctx context.Context, log *slog.Logger, guild, thread, from, to string) {
	var list []*discordapi.Message
	err := l.front.rest.call(ctx, request{
		method: http.MethodGet, path: "/channels/" + thread + "/messages",
		query: url.Values{"after": {from}, "limit": {strconv.Itoa(lookPage)}},
	}, &list)
	if err != nil {
		log.Warn("what was said meanwhile is not known", "thread", thread, "err", err)
		return
	}
	slices.Reverse(list) // the newest comes first
	for _, m := range list {
		if m != nil && !later(m.ID, to) {
			m.GuildID = guild // which is not said here
			l.message(ctx, log, m)
		}
	}
}
