package bottest

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/askbob/bob/bot"
	"github.com/askbob/bob/jobs"
)

// Conform tries what every front end promises. open returns a new one and the
// platform behind it; it ends with t.
func Conform(t *testing.T, open func(t *testing.T) (bot.FrontEnd, Peer)) {
	t.Helper()
	for name, test := range map[string]func(s *stage){
		"a message makes a thread":             threads,
		"a card is a message with buttons":     cards,
		"an edit replaces the card":            edits,
		"what went up unseen is found by key":  finds,
		"a card that went up unseen is found":  findsCards,
		"an edit ends what was asked":          ends,
		"a mention pings one person":           mentions,
		"texts cannot ping":                    noPings,
		"long texts go up":                     longTexts,
		"cards of any size go up":              longCards,
		"files go up whole":                    files,
		"empty files go up":                    emptyFiles,
		"files go up as one message":           manyFiles,
		"a person is reached alone":            directs,
		"what does not go up says what to do":  troubles,
		"an edit that fails says what to do":   editTroubles,
		"a front end says which surface it is": surfaces,
		"no key is taken for another":          keys,
		"a closed channel is closed":           closed,
	} {
		t.Run(name, func(t *testing.T) {
			front, peer := open(t)
			test(&stage{t: t, front: front, peer: peer})
		})
	}
}

// stage is one front end on trial.
type stage struct {
	t     *testing.T
	front bot.FrontEnd
	peer  Peer
}

// post puts a message up that must go up.
func (s *stage) post(p bot.Post) bot.Placed {
	s.t.Helper()
	at, err := s.front.Post(s.t.Context(), p)
	if err != nil {
		s.t.Fatalf("post %s: %v", p.Key, err)
	}
	if at.Message == "" || at.Place.Thread == "" || at.Place.Room() != s.peer.Room().Room() {
		s.t.Fatalf("posted %s at %+v: no message, no thread, or another channel", p.Key, at)
	}
	return at
}

// shown returns the messages that are up, which must be n.
func (s *stage) shown(n int) []Shown {
	s.t.Helper()
	list := s.peer.Shown(s.peer.Room())
	if len(list) != n {
		s.t.Fatalf("%d messages are up, want %d: %+v", len(list), n, list)
	}
	return list
}

func (s *stage) says(m Shown, words ...string) {
	s.t.Helper()
	for _, w := range words {
		if !strings.Contains(m.Text, w) {
			s.t.Errorf("%q is not shown in %q", w, jobs.Shorten(m.Text, 500))
		}
	}
}

func (s *stage) pings(m Shown, users ...string) {
	s.t.Helper()
	if !slices.Equal(m.Pings, users) {
		s.t.Errorf("%v are pinged, want %v, by %q", m.Pings, users, jobs.Shorten(m.Text, 500))
	}
}

func (s *stage) text(key, text string) bot.Post {
	return bot.Post{Key: key, Place: s.peer.Room(), Text: text}
}

// card is a running job's.
func card(title string) *bot.Card {
	return &bot.Card{
		Job: "job_7k3f9q2x", Title: title, Status: jobs.StatusRunning, State: "▶️ Running", Percent: 40,
		Facts: []string{"2 of 5 done", "$0.03 of $2.00"}, Activity: "Reading the table", Waits: []string{"Step 2 waits for an answer"},
		Steps: []bot.CardRow{
			{Path: "1", Title: "Collect the sources", Status: jobs.StatusCompleted, State: "✅ Completed"},
			{Path: "2", Title: "Write the report", Status: jobs.StatusRunning, State: "▶️ Running", Detail: "1 of 3 done"},
		},
		More: 3, Hints: []string{"Ask for it with: status job_7k3f9q2x"},
		Buttons: []bot.Button{
			{Action: bot.ActDetails, Job: "job_7k3f9q2x", Label: "View details"},
			{Action: bot.ActCancel, Job: "job_7k3f9q2x", Label: "Cancel", Style: bot.StyleDanger, Confirm: &bot.Confirm{
				Title: "Cancel the job?", Text: "What is done is kept.", Yes: "Cancel the job", No: "Go on",
			}},
		},
	}
}

func threads(s *stage) {
	first := s.post(s.text("n1.0", "the first"))
	p := s.text("n2.0", "the second")
	p.Place = first.Place
	second := s.post(p)
	if second.Place != first.Place || second.Message == first.Message {
		s.t.Errorf("the second is at %+v, the first at %+v", second, first)
	}
	apart := s.post(s.text("n3.0", "apart"))
	if apart.Place.Thread == first.Place.Thread {
		s.t.Error("two messages without a thread share one")
	}
	list := s.shown(3)
	for i, want := range []struct{ words, thread string }{
		{"the first", first.Place.Thread}, {"the second", first.Place.Thread}, {"apart", apart.Place.Thread},
	} {
		s.says(list[i], want.words)
		s.pings(list[i])
		if list[i].Thread != want.thread {
			s.t.Errorf("message %d stands in thread %q, want %q", i, list[i].Thread, want.thread)
		}
	}
}

func cards(s *stage) {
	s.post(bot.Post{Key: "n1.0", Place: s.peer.Room(), Card: card("Q4 sales")})
	m := s.shown(1)[0]
	s.says(m, "Q4 sales", "job_7k3f9q2x", "Running", "2 of 5 done", "$0.03 of $2.00", "Reading the table",
		"Step 2 waits for an answer", "Collect the sources", "Completed", "Write the report", "status job_7k3f9q2x")
	for _, label := range []string{"View details", "Cancel"} {
		if !slices.Contains(m.Labels, label) {
			s.t.Errorf("no button %q among %q", label, m.Labels)
		}
	}
}

func edits(s *stage) {
	at := s.post(bot.Post{Key: "n1.0", Place: s.peer.Room(), Card: card("before")})
	after := card("afterwards")
	after.Steps, after.Buttons = nil, after.Buttons[:1]
	for range 2 {
		if err := s.front.Edit(s.t.Context(), at, bot.Post{Card: after}); err != nil {
			s.t.Fatal(err)
		}
	}
	m := s.shown(1)[0]
	s.says(m, "afterwards")
	s.pings(m)
	if strings.Contains(m.Text, "before") || strings.Contains(m.Text, "Collect the sources") || slices.Contains(m.Labels, "Cancel") {
		s.t.Errorf("something of the old card is still there: %q %q", m.Text, m.Labels)
	}
}

func ends(s *stage) {
	p := s.text("n1.0", "Which year?")
	p.Mention = s.peer.Person()
	p.Buttons = []bot.Button{{Action: bot.ActAnswer, Job: "job_7k3f9q2x", Label: "Answer"}}
	at := s.post(p)
	p.Text, p.Buttons = "answered: 2025.", nil
	for range 2 {
		if err := s.front.Edit(s.t.Context(), at, p); err != nil {
			s.t.Fatal(err)
		}
	}
	m := s.shown(1)[0]
	s.says(m, "answered: 2025.")
	if strings.Contains(m.Text, "Which year?") || len(m.Labels) > 0 {
		s.t.Errorf("something of the question is still there: %q %q", m.Text, m.Labels)
	}
	if again := s.found(p); again != at {
		s.t.Errorf("after an edit it is found at %+v, want %+v", again, at)
	}
}

// unsure breaks the answer to a post, which must say so.
func (s *stage) unsure(p bot.Post) {
	s.t.Helper()
	s.peer.Break(BreakLost)
	_, err := s.front.Post(s.t.Context(), p)
	if e, ok := errors.AsType[*bot.DeliveryError](err); !ok || e.Trouble != bot.TroubleUnsure {
		s.t.Fatalf("an answer was lost, and the error is %v, want %s", err, bot.TroubleUnsure)
	}
}

// found looks for a post that must be up.
func (s *stage) found(p bot.Post) bot.Placed {
	s.t.Helper()
	at, err := s.front.Find(s.t.Context(), p)
	if err != nil || at.Message == "" || at.Place.Thread == "" || at.Place.Room() != p.Place.Room() {
		s.t.Fatalf("%s is up, and found at %+v, %v", p.Key, at, err)
	}
	return at
}

func finds(s *stage) {
	first := s.text("n1.0", "the first")
	s.unsure(first)
	at := s.found(first)
	second := s.text("n2.0", "the second")
	second.Place = at.Place
	if got, err := s.front.Find(s.t.Context(), second); err != nil || got != (bot.Placed{}) {
		s.t.Errorf("what is not up was found at %+v, %v", got, err)
	}
	s.unsure(second)
	if got := s.found(second); got.Place != at.Place || got.Message == at.Message {
		s.t.Errorf("found at %+v in the thread of %+v", got, at)
	}
	list := s.shown(2)
	if list[0].Thread != at.Place.Thread || list[0].Message != at.Message {
		s.t.Errorf("found at %+v, it is %+v", at, list[0])
	}
}

func findsCards(s *stage) {
	p := bot.Post{Key: "n1.0", Place: s.peer.Room(), Card: card("unseen")}
	s.unsure(p)
	at := s.found(p)
	if err := s.front.Edit(s.t.Context(), at, bot.Post{Card: card("seen")}); err != nil {
		s.t.Fatal(err)
	}
	s.says(s.shown(1)[0], "seen")
	if again := s.found(p); again != at {
		s.t.Errorf("after an edit it is found at %+v, want %+v", again, at)
	}
}

func mentions(s *stage) {
	p := s.text("n1.0", "it is done")
	p.Mention = s.peer.Person()
	s.post(p)
	m := s.shown(1)[0]
	s.says(m, "it is done")
	s.pings(m, s.peer.Person())
}

// pinging is what would ping on one platform or another.
const pinging = "<!channel> <!here> <!everyone> <!subteam^S012AB3CD> <@U0OTHER12> <@!123456789012345678> <@123456789012345678> " +
	"<@&123456789012345678> @everyone @here @channel"

func noPings(s *stage) {
	s.post(s.text("n1.0", pinging))
	c := card(pinging)
	c.State, c.Facts, c.Activity, c.Waits, c.Hints = pinging, []string{pinging}, pinging, []string{pinging}, []string{pinging}
	c.Steps[0] = bot.CardRow{Path: "1", Title: pinging, Status: jobs.StatusFailed, State: pinging, Detail: pinging}
	at := s.post(bot.Post{Key: "n2.0", Place: s.peer.Room(), Card: c})
	if err := s.front.Edit(s.t.Context(), at, bot.Post{Card: c}); err != nil {
		s.t.Fatal(err)
	}
	p := s.text("n3.0", "**"+pinging+"**\n\n- "+pinging+"\n\n> "+pinging+"\n\n[x](y) "+pinging)
	p.Mention = s.peer.Person()
	p.Buttons = []bot.Button{{Action: bot.ActAgain, Job: "job_7k3f9q2x", Label: "@everyone"}}
	s.post(p)
	p = s.text("n4.0", pinging)
	p.Files = []bot.FileContent{{Name: "@everyone.txt", MediaType: "text/plain", Data: []byte(pinging)}}
	s.post(p)
	list := s.peer.Shown(s.peer.Room())
	if len(list) < 4 { // a text and its file may be two messages
		s.t.Fatalf("%d messages are up, want 4 or more", len(list))
	}
	for i, m := range list {
		if i == 2 {
			s.pings(m, s.peer.Person())
			continue
		}
		s.pings(m)
	}
}

func longTexts(s *stage) {
	var b strings.Builder
	for i := range 2_000 {
		fmt.Fprintf(&b, "%d. Ein **ziemlich** langer Satz mit Ümläuten, 東京 und 🎉.\n", i)
	}
	for i, text := range []string{b.String(), strings.Repeat("x", 50_000), strings.Repeat("```\n# *code* <a> & @b\n```\n", 500)} {
		p := s.text(fmt.Sprintf("n%d.0", i), "BEGIN "+text)
		at := s.post(p)
		if got := s.found(p); got != at {
			s.t.Errorf("a long text is found at %+v, it is at %+v", got, at)
		}
	}
	for _, m := range s.shown(3) {
		s.says(m, "BEGIN")
	}
}

func longCards(s *stage) {
	long := strings.Repeat("very long words ", 300)
	c := card("TITLE " + long)
	c.State, c.Activity = "▶️ Running "+long, long
	for i := range 60 {
		c.Facts, c.Waits, c.Hints = append(c.Facts, long), append(c.Waits, long), append(c.Hints, long)
		c.Steps = append(c.Steps, bot.CardRow{Path: fmt.Sprint(i), Title: long, Status: jobs.StatusQueued, State: long, Detail: long})
		c.Buttons = append(c.Buttons, bot.Button{Action: bot.ActRetry, Job: c.Job, Arg: fmt.Sprint(i), Label: long})
	}
	at := s.post(bot.Post{Key: "n1.0", Place: s.peer.Room(), Card: c})
	for _, edited := range []bot.Card{*c, {Job: c.Job, Status: jobs.StatusPlanning, Percent: -1}} {
		if err := s.front.Edit(s.t.Context(), at, bot.Post{Card: &edited}); err != nil {
			s.t.Errorf("a card of another size: %v", err)
		}
	}
	s.shown(1)
}

func directs(s *stage) {
	room := s.peer.Room()
	p, err := s.front.Direct(s.t.Context(), room.Workspace, s.peer.Person())
	if err != nil || p.Surface != s.front.Name() || p.Channel == "" || p.Channel == room.Channel {
		s.t.Fatalf("a person is reached at %+v, %v", p, err)
	}
	if _, err := s.front.Post(s.t.Context(), bot.Post{Key: "n1.0", Place: p, Text: "psst"}); err != nil {
		s.t.Fatal(err)
	}
	s.shown(0)
	if list := s.peer.Shown(p); len(list) != 1 || !strings.Contains(list[0].Text, "psst") {
		s.t.Errorf("the person sees %+v", list)
	}
}

// breaks are what a platform can do, and what is to be made of it.
func breaks() map[Break]bot.Trouble {
	return map[Break]bot.Trouble{
		BreakLater: bot.TroubleLater, BreakGone: bot.TroubleGone, BreakRefused: bot.TroubleRefused, BreakRevoked: bot.TroubleRevoked,
	}
}

func (s *stage) trouble(b Break, want bot.Trouble, err error) {
	s.t.Helper()
	e, ok := errors.AsType[*bot.DeliveryError](err)
	switch {
	case !ok || e.Trouble != want:
		s.t.Errorf("%s: the error is %v, want %s", b, err, want)
	case b == BreakLater && e.After != LaterAfter:
		s.t.Errorf("%s: %s are to be waited, want %s", b, e.After, LaterAfter)
	}
}

func troubles(s *stage) {
	for b, want := range breaks() {
		s.peer.Break(b)
		_, err := s.front.Post(s.t.Context(), s.text("n1.0", "broken"))
		s.trouble(b, want, err)
		s.shown(0)
	}
	s.post(s.text("n1.0", "whole again"))
	s.shown(1)
}

func editTroubles(s *stage) {
	at := s.post(bot.Post{Key: "n1.0", Place: s.peer.Room(), Card: card("before")})
	all := breaks()
	delete(all, BreakRefused) // of an edit some platforms say that, and mean a message that is gone
	all[BreakLost] = bot.TroubleUnsure
	for b, want := range all {
		s.peer.Break(b)
		s.trouble(b, want, s.front.Edit(s.t.Context(), at, bot.Post{Card: card("after " + string(b))}))
	}
	if err := s.front.Edit(s.t.Context(), at, bot.Post{Card: card("at last")}); err != nil {
		s.t.Fatal(err)
	}
	s.says(s.shown(1)[0], "at last")
}

func surfaces(s *stage) {
	if got := s.peer.Room().Surface; s.front.Name() != got || got == "" {
		s.t.Errorf("the front end is called %q, its places %q", s.front.Name(), got)
	}
}

func keys(s *stage) {
	first := s.post(s.text("n10.0", "ten"))
	if got, err := s.front.Find(s.t.Context(), s.text("n1.0", "one")); err != nil || got != (bot.Placed{}) {
		s.t.Errorf("n10.0 was taken for n1.0 at %+v, %v", got, err)
	}
	if second := s.post(s.text("n1.0", "one")); second.Message == first.Message {
		s.t.Error("two keys are one message")
	}
	s.shown(2)
}

func closed(s *stage) {
	room := s.peer.Closed()
	nowhere := jobs.Place{Surface: room.Surface, Workspace: "1", Channel: room.Channel}
	for _, user := range []string{"799", "U799", "", room.Channel} {
		if got := s.front.Inside(s.t.Context(), user, []jobs.Place{room, nowhere}); len(got) > 0 {
			s.t.Errorf("%q is in %v", user, got)
		}
	}
	for _, rooms := range [][]jobs.Place{nil, {nowhere}, {{}}} {
		if got := s.front.Inside(s.t.Context(), s.peer.Person(), rooms); len(got) > 0 {
			s.t.Errorf("somebody is in %v of %v", got, rooms)
		}
	}
}
