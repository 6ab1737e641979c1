package main

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/askbob/bob/bot/discord/discordfake"
	"github.com/askbob/bob/jobs"
)

const (
	// answerWithin is how long Discord waits for the first answer to an interaction.
	answerWithin = 3 * time.Second
	// looksAgain is how long people wait for a sign of what is lost, and then say it again.
	looksAgain = 3 * time.Second
	// givesUp is how long they wait for what Discord says that Bob has.
	givesUp = 3 * time.Minute
)

// discordLimits are rates as Discord's answers tell them, for each channel.
func discordLimits() []discordfake.Limit {
	return []discordfake.Limit{
		{Method: http.MethodPost, Path: "/channels/*/messages", Calls: 5, Per: 5 * time.Second},
		{Method: http.MethodPatch, Path: "/channels/*/messages/*", Calls: 5, Per: 5 * time.Second},
		{Method: http.MethodGet, Path: "/channels/*/messages", Calls: 5, Per: 5 * time.Second},
		{Method: http.MethodPost, Path: "/channels/*/messages/*/threads", Calls: 10, Per: 10 * time.Second},
		{Method: http.MethodGet, Path: "/channels/*", Calls: 50, Per: 10 * time.Second},
	}
}

// TestSoak_discord has people hand in jobs by mention, command, menu and direct message
// while the gateway breaks in all ways, answers get lost, Discord refuses, and Bob is
// started anew.
//
//	BOB_SURFACE_SOAK=1000 go test ./cmd/bob -run Soak_discord -timeout 40m -v
func TestSoak_discord(t *testing.T) {
	t.Parallel()
	c := newCrowd(t)
	v, fake, guild := openDiscord(t, &busy{puppets: puppets{steps: []jobs.Step{leaf("1"), leaf("2", "1")}}, longest: 2 * time.Second})
	fake.AnswerWithin(answerWithin)
	fake.Limits(50, discordLimits()...)
	c.venue = v
	d := &discordCrowd{crowd: c, fake: fake}
	d.open(guild)
	c.give, c.trouble, c.mend, c.shown = d.giveOne, d.breakOne, fake.Mend, d.messages
	c.soak()
	d.countThreads()
	d.countCalls()
	d.countExcess()
}

// discordCrowd is a crowd on Discord.
type discordCrowd struct {
	*crowd

	fake     *discordfake.Server
	channels []discordfake.Channel // of guilds
	direct   []discordfake.Channel
	again    atomic.Int64 // said once more, because it was lost
	breaks   time.Time    // when the gateway breaks next

	mu     sync.Mutex
	broken map[string]int
}

// open makes the other guilds and the channels.
func (d *discordCrowd) open(first string) {
	d.broken = map[string]int{}
	guilds := []string{first}
	for len(guilds) < d.rooms {
		guilds = append(guilds, d.fake.AddGuild("600"))
	}
	for _, guild := range guilds {
		for range 5 {
			d.channels = append(d.channels, d.channel(guild, discordfake.TextChannel))
		}
	}
	for range 20 {
		d.direct = append(d.direct, d.channel("", discordfake.DirectChannel))
	}
}

func (d *discordCrowd) channel(guild string, kind int) discordfake.Channel {
	c, _ := d.fake.Channel(d.fake.AddChannel(guild, "", kind))
	return c
}

// The ways to hand a job in.
const (
	byMention = iota
	byCommand
	byMenu
	byDirect
)

func (d *discordCrowd) giveOne(mark string, dice *rand.Rand) {
	user, at := fmt.Sprint(700+dice.IntN(20)), oneOf(dice, d.channels...)
	way, menu := oneOf(dice, byMention, byMention, byMention, byCommand, byCommand, byCommand, byMenu, byDirect), ""
	if way == byDirect {
		at = oneOf(dice, d.direct...)
	}
	for n := 1; ; n++ {
		text := fmt.Sprintf("Write a report on %s. Asked %d times.", mark, n)
		id, token := "", ""
		switch way {
		case byMention:
			id = d.fake.Say(at.ID, user, "<@"+discordfake.BotID+"> "+text, nil)
		case byDirect:
			id = d.fake.Say(at.ID, user, text, nil)
		case byCommand:
			id, token = d.use(asks(at.Guild, at.ID, user, text))
		case byMenu:
			if menu == "" {
				menu = d.fake.Say(at.ID, user, text, nil)
			}
			id, token = d.use(menuOf(at, user, menu))
		}
		if dice.IntN(4) == 0 {
			d.fake.Again(id)
		}
		if d.taken(mark, id, token) {
			return
		}
		d.again.Add(1)
	}
}

func (d *discordCrowd) use(event map[string]any) (id, token string) {
	token = d.fake.Interact(event)
	return d.fake.Interaction(token).ID, token
}

// menuOf is a use of the menu of a message, of which Discord sends no more than its ID.
func menuOf(at discordfake.Channel, user, message string) map[string]any {
	return map[string]any{
		"type": 2, "guild_id": at.Guild, "channel_id": at.ID,
		"member": map[string]any{"user": map[string]any{"id": user, "username": "user-" + user}, "permissions": "0"},
		"data":   map[string]any{"id": "2", "name": "Give this to Bob", "type": 3, "target_id": message},
	}
}

// taken waits until there is a job, or who gave it says it again: because it was lost on
// the way, or Discord or Bob said that it failed.
func (d *discordCrowd) taken(mark, id, token string) bool {
	begun := time.Now()
	lost := time.Time{}
	for now := begun; now.Sub(begun) < givesUp; now = <-time.After(200 * time.Millisecond) {
		if len(d.jobsOf(mark)) > 0 {
			return true
		}
		failed := !d.fake.Reaches(id)
		if token != "" {
			failed = failed || now.Sub(begun) > answerWithin || len(d.fake.Interaction(token).Answers) > 0
		}
		switch {
		case !failed:
		case lost.IsZero():
			lost = now
		case now.Sub(lost) > looksAgain:
			return false
		}
	}
	d.Errorf("%s: Bob has it, and there is no job", mark)
	return true
}

func (d *discordCrowd) breakOne(dice *rand.Rand) {
	now, next := time.Now(), time.Duration(1+dice.IntN(14))*time.Second
	switch {
	case d.fake.Lines() == 0: // it is broken
		d.breaks = now.Add(next)
	case now.After(d.breaks):
		d.breaks = now.Add(next)
		d.breakGateway(dice)
		return
	}
	d.breakAnswer(dice, oneOf(dice,
		discordfake.Fault{Method: http.MethodPost, Path: "/channels/", End: "/messages"},
		discordfake.Fault{Method: http.MethodPost, Path: "/channels/", End: "/messages"},
		discordfake.Fault{Method: http.MethodPost, Path: "/channels/", End: "/threads"},
		discordfake.Fault{Method: http.MethodPost, Path: "/channels/", End: "/threads"},
		discordfake.Fault{Method: http.MethodPatch, Path: "/channels/"},
		discordfake.Fault{Method: http.MethodGet, Path: "/channels/"},
		discordfake.Fault{Method: http.MethodPost, Path: "/interactions/"},
		discordfake.Fault{Method: http.MethodPost, Path: "/webhooks/"},
		discordfake.Fault{Method: http.MethodPatch, Path: "/webhooks/"}))
}

// breakAnswer has the next request that fits f go wrong.
func (d *discordCrowd) breakAnswer(dice *rand.Rand, f discordfake.Fault) {
	kinds := []string{"lost", "lost", "lost before", "500", "502", "503", "429", "shared 429", "slow"}
	if dice.IntN(20) == 0 {
		kinds = []string{"global 429"}
	}
	kind := oneOf(dice, kinds...)
	switch kind {
	case "lost", "lost before":
		f.Lost, f.Before = true, kind == "lost before"
	case "500", "502", "503":
		_, _ = fmt.Sscan(kind, &f.Status)
	case "429", "shared 429", "global 429":
		f.Status, f.Retry = http.StatusTooManyRequests, time.Second
		f.Shared, f.Global = kind == "shared 429", kind == "global 429"
	case "slow":
		f.Slow = time.Second
	}
	d.fake.Fail(f)
	d.note(kind)
}

// breakGateway breaks the connection, and sometimes what comes after it.
func (d *discordCrowd) breakGateway(dice *rand.Rand) {
	kind := oneOf(dice, "cut", "cut", "op 7", "op 9", "op 9, resumable", "code 4000", "code 4009", "code 1001", "op 9 to RESUME", "op 7 to RESUME",
		"code 4007 to RESUME", "op 9 to IDENTIFY", "forgets nonces")
	switch kind {
	case "op 7":
		d.fake.Op(7, "null")
	case "op 9", "op 9, resumable":
		d.fake.Op(9, fmt.Sprint(kind != "op 9"))
	case "code 4000", "code 4009", "code 1001":
		code := 0
		_, _ = fmt.Sscanf(kind, "code %d", &code)
		d.fake.CloseWith(code)
	case "op 9 to RESUME":
		d.fake.AnswerResume(0, discordfake.Invalid)
	case "op 7 to RESUME":
		d.fake.AnswerResume(0, discordfake.Reconnect)
	case "code 4007 to RESUME":
		d.fake.AnswerResume(4007, discordfake.Refuse)
	case "op 9 to IDENTIFY":
		d.fake.AnswerIdentify(0, discordfake.Invalid)
		d.fake.Op(9, "false")
	case "forgets nonces":
		d.fake.Forget()
		kind = "cut"
	}
	if kind == "cut" || strings.HasSuffix(kind, "RESUME") {
		d.fake.Drop()
	}
	d.note(kind)
	if dice.IntN(4) == 0 { // coming back is not easy either
		d.breakAnswer(dice, discordfake.Fault{Method: http.MethodGet, Path: "/gateway"})
	}
}

func (d *discordCrowd) note(kind string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.broken[kind]++
}

// messages are those of Bob that stand in channels.
func (d *discordCrowd) messages() (list []seen) {
	for _, c := range d.fake.Channels() {
		for _, m := range d.fake.Messages(c.ID) {
			if m.Author != discordfake.BotID {
				continue
			}
			out := seen{thread: c.ID, words: wording(m.Body), card: cardOf(m.Body)}
			if c.Type != discordfake.PublicThread {
				out.thread = m.ID // of which the thread is named
				if to, ok := m.Body["message_reference"].(map[string]any); ok {
					out.thread, _ = to["message_id"].(string)
				}
			}
			out.key, _ = m.Body["nonce"].(string)
			list = append(list, out)
		}
	}
	return list
}

// cardOf is the job of which a message is the card; empty: it is none.
func cardOf(body map[string]any) jobs.JobID {
	embeds, _ := body["embeds"].([]any)
	for _, e := range embeds {
		embed, _ := e.(map[string]any)
		footer, _ := embed["footer"].(map[string]any)
		text, _ := footer["text"].(string)
		if job, ok := strings.CutPrefix(text, "Job "); ok {
			id, _, _ := strings.Cut(job, " ")
			return jobs.JobID(id)
		}
	}
	return ""
}

// countThreads compares threads with cards: each has one.
func (d *discordCrowd) countThreads() {
	d.Helper()
	threads, kinds := map[string]int{}, map[string]int{}
	for _, c := range d.fake.Channels() {
		if c.Type == discordfake.PublicThread {
			threads[c.ID] = 0
		}
	}
	direct := 0
	for _, m := range d.messages() {
		switch {
		case m.card == "" && strings.Contains(m.words, "Completed"):
			kinds["end"]++
		case m.card == "":
			kinds["other"]++
		default:
			kinds["card"]++
			if _, ok := threads[m.thread]; ok {
				threads[m.thread]++
			} else {
				direct++
			}
		}
	}
	bare, shared := 0, 0
	for id, n := range threads {
		switch {
		case n == 0:
			bare++
			d.Errorf("the thread %s has no card", id)
		case n > 1:
			shared++
			d.Errorf("the thread %s has %d cards", id, n)
		}
	}
	d.Logf("threads: %d, without a card %d, with several %d; cards without a thread (direct messages): %d; messages: %v", len(threads), bare, shared, direct, kinds)
}

// countCalls says what Discord was asked, and how interactions fared.
func (d *discordCrowd) countCalls() {
	d.Helper()
	unanswered, away, late, asked := 0, 0, 0, d.fake.Asked()
	for i := range asked {
		if len(asked[i].Answers) > 0 {
			continue
		}
		unanswered++
		switch a := &asked[i]; {
		case a.Told == 0 || a.Told > answerWithin:
			away++
		case a.Late > 0:
			late++
		}
	}
	ignored := d.fake.Ignored()
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, kind := range slices.Sorted(maps.Keys(d.broken)) {
		d.Logf("went wrong: %s, %d times", kind, d.broken[kind])
	}
	d.Logf("said again: %d; sessions: %d started, %d resumed", d.again.Load(), len(d.fake.Identifies()), d.fake.Resumes())
	d.Logf("interactions: %d, unanswered %d: Bob was not there for %d, too late for %d, ignored %d", len(asked), unanswered, away, late, len(ignored))
	if len(ignored) > 0 {
		d.Errorf("%d interactions came in time and were not answered", len(ignored))
	}
}

// countExcess counts what Discord refused because Bob asked too often. Who is started
// anew does not know what was asked before.
func (d *discordCrowd) countExcess() {
	d.Helper()
	own, strange := map[string]int{}, map[string]int{}
	for _, e := range d.fake.Exceeded() {
		if slices.ContainsFunc(d.restarts, func(at time.Time) bool { return at.After(e.Since) && at.Before(e.Until.Add(time.Second)) }) {
			strange[e.Limit]++
			continue
		}
		own[e.Limit]++
	}
	d.Logf("refused as too many: %v, and after a restart %v", own, strange)
	delete(own, "") // how many come within one second is up to the machine too
	if len(own) > 0 {
		d.Errorf("Discord refused requests as too many: %v", own)
	}
}
