package main

import (
	"slices"
	"strings"
	"testing"

	"github.com/askbob/bob/bot"
	"github.com/askbob/bob/bot/discord/discordfake"
	"github.com/askbob/bob/bot/slack/slackfake"
	"github.com/askbob/bob/jobs"
)

// secret is in the request, and so in the title and the result, of what is asked for
// in a closed place.
const secret = "Zanzibar"

// shows checks whether what somebody is shown tells of the closed place's job.
func shows(t *testing.T, want bool, what, text, id string) {
	t.Helper()
	if text == "" || strings.Contains(text, secret) != want {
		t.Errorf("%s: tells: %t, want %t\n%s", what, !want, want, text)
	}
	if list := strings.HasPrefix(what, "jobs") || strings.HasPrefix(what, "Home"); list && strings.Contains(text, id) != want {
		t.Errorf("%s lists it: %t, want %t\n%s", what, !want, want, text)
	}
}

// TestSlack_closedChannel gives a job in a private channel, and asks for it elsewhere:
// as somebody who is not in the channel, and as somebody who is.
func TestSlack_closedChannel(t *testing.T) {
	t.Parallel()
	o := enterOffice(t, "", nil)
	o.fake.Private("C7", "UANN", "UCAT")
	o.fake.Say(slackfake.Speech{Team: "T1", Channel: "C7", User: "UANN", Text: "<@U0BOB> Count the words of " + secret})
	var card slackfake.Message
	o.wait(func() bool {
		list := o.fake.Messages("T1", "C7")
		i := slices.IndexFunc(list, func(m slackfake.Message) bool { return strings.Contains(m.Words(), "Completed: ") })
		for _, m := range list {
			if strings.Contains(m.Words(), "ID job_") {
				card = m
			}
		}
		return i >= 0
	})
	id := o.theJob()
	for user, sees := range map[string]bool{"UBEN": false, "UCAT": true, "UANN": true} {
		for _, text := range []string{"status " + id, "results " + id, "plan " + id, "jobs all", "jobs finished all", "cost by job"} {
			d := o.fake.Command("T1", "C1", user, text)
			answer, err := d.Answer(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			shown := slackfake.Message{Blocks: answer}
			shows(t, sees, text+" by "+user, shown.Words(), id)
		}
		if _, err := o.fake.OpenHome("T1", user, "home").Answer(t.Context()); err != nil {
			t.Fatal(err)
		}
		o.wait(func() bool { return o.fake.Home("T1", user).ID != "" })
		home := o.fake.Home("T1", user)
		shows(t, sees, "Home of "+user, home.Words(), id)
		for _, a := range []bot.Action{bot.ActDetails, bot.ActResults, bot.ActPlan} {
			before := len(o.fake.Views())
			b := bot.Button{Action: a, Job: jobs.JobID(id)}
			if _, err := o.fake.Press("T1", "C1", card.TS, user, "bob_"+string(a), b.Value()).Answer(t.Context()); err != nil {
				t.Fatal(err)
			}
			o.wait(func() bool { list := o.fake.Views(); return len(list) > before && list[len(list)-1].Updates == 1 })
			list := o.fake.Views()
			shows(t, sees, string(a)+" by "+user+" on a forwarded card", list[len(list)-1].Words(), id)
		}
		answer, err := o.fake.Command("T1", "C7", user, "results "+id).Answer(t.Context())
		inside := slackfake.Message{Blocks: answer}
		if shows(t, true, "where it was given", inside.Words(), id); err != nil {
			t.Error(err)
		}
	}
	o.stop()
}

// TestSlack_directMessage: what was said to Bob alone is for who said it.
func TestSlack_directMessage(t *testing.T) {
	t.Parallel()
	o := enterOffice(t, "", nil)
	o.fake.Say(slackfake.Speech{Team: "T1", Channel: "DUANN", User: "UANN", Text: "Count the words of " + secret})
	o.wait(func() bool {
		return slices.ContainsFunc(o.fake.Messages("T1", "DUANN"), func(m slackfake.Message) bool { return strings.Contains(m.Words(), "Completed: ") })
	})
	id := o.theJob()
	o.fake.Know("UBOSS", map[string]any{"id": "UBOSS", "name": "boss", "is_admin": true})
	for user, sees := range map[string]bool{"UBEN": false, "UANN": true, "UBOSS": true} {
		for _, text := range []string{"results " + id, "jobs all"} {
			answer, err := o.fake.Command("T1", "C1", user, text).Answer(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			shown := slackfake.Message{Blocks: answer}
			shows(t, sees, text+" by "+user, shown.Words(), id)
		}
	}
	o.stop()
}

// by is what somebody else than Ann does in the guild.
func (g *guild) by(user string, kind int, at string, data map[string]any) map[string]any {
	e := g.event(kind, at, data)
	e["member"] = map[string]any{"user": map[string]any{"id": user, "username": "user"}, "permissions": "0", "roles": []any{}}
	return e
}

// TestDiscord_closedPlaces gives a job in a channel that some see, and one in a private
// thread, and asks for them elsewhere.
func TestDiscord_closedPlaces(t *testing.T) {
	t.Parallel()
	const ben, cat = "701", "702"
	g := newGuild(t)
	hidden := g.AddChannel(g.id, "", discordfake.TextChannel)
	nook := g.AddChannel(g.id, g.channel, discordfake.PrivateThread)
	g.Hide(hidden, ann, cat)
	for _, id := range []string{ann, cat} {
		g.Join(nook, id)
	}
	for _, id := range []string{ann, ben, cat} {
		g.Member(g.id, id)
	}
	g.serve(t)
	for _, at := range []string{hidden, nook} {
		said := wording(g.use(t, at, bobCommand("ask", option(3, "task", "Count the words of "+secret))).Original)
		id := anyJob.FindString(said)
		if id == "" {
			t.Fatalf("no job: %s", said)
		}
		g.until(t, "the end", func() bool {
			return slices.ContainsFunc(append(g.Threads(at), at), func(place string) bool {
				return slices.ContainsFunc(g.Messages(place), func(m discordfake.Message) bool { return strings.Contains(wording(m.Body), "**Completed: ") })
			})
		})
		for user, sees := range map[string]bool{ben: false, cat: true, ann: true} {
			for what, data := range map[string]map[string]any{
				"status": bobCommandTop("status", id), "results": bobCommandTop("results", id), "jobs all": bobCommand("jobs", option(3, "filter", "all")),
				"plan": bobCommand("plan", option(3, "job", id)),
			} {
				shows(t, sees, what+" by "+user, saidTo(g.answer(t, g.by(user, 2, g.channel, data))), id)
			}
			for _, a := range []bot.Action{bot.ActDetails, bot.ActResults, bot.ActPlan} {
				b := bot.Button{Action: a, Job: jobs.JobID(id)}
				event := g.by(user, 3, g.channel, map[string]any{"custom_id": b.Value(), "component_type": 2})
				event["message"] = map[string]any{"id": "5", "channel_id": g.channel}
				shows(t, sees, string(a)+" by "+user+" on a forwarded card", saidTo(g.answer(t, event)), id)
			}
			typed := g.answer(t, g.by(user, 4, g.channel, map[string]any{"id": "1", "name": "results", "type": 1, "options": []any{
				map[string]any{"name": "job", "type": 3, "value": "", "focused": true},
			}}))
			data, _ := typed.Answers[0]["data"].(map[string]any)
			offered, _ := data["choices"].([]any)
			found := slices.ContainsFunc(offered, func(c any) bool { return c.(map[string]any)["value"] == id })
			if found != sees {
				t.Errorf("%s is offered %v while typing", user, offered)
			}
			shows(t, true, "where it was given, by "+user, saidTo(g.answer(t, g.by(user, 2, at, bobCommandTop("results", id)))), id)
		}
		// Everybody reads what is answered to a message.
		before := len(g.Messages(g.channel))
		g.Say(g.channel, ann, "<@"+discordfake.BotID+"> results "+id, map[string]any{"mentions": []any{map[string]any{"id": discordfake.BotID, "username": "bob"}}})
		g.until(t, "an answer", func() bool { return len(g.Messages(g.channel)) == before+2 })
		list := g.Messages(g.channel)
		shows(t, false, "a message by Ann", wording(list[len(list)-1].Body), id)
	}
}

// bobCommandTop is a use of one of Bob's commands that take a job.
func bobCommandTop(name, id string) map[string]any {
	return map[string]any{"id": "1", "name": name, "type": 1, "options": []any{option(3, "job", id)}}
}

// saidTo is all that was answered.
func saidTo(i discordfake.Interaction) string {
	text := said(i)
	for _, a := range i.Answers {
		if data, ok := a["data"].(map[string]any); ok {
			text += wording(data)
		}
	}
	return text
}
