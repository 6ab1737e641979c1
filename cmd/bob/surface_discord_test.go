package main

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/askbob/bob/bot/discord/discordfake"
	"github.com/askbob/bob/jobs"
	"github.com/askbob/bob/jobs/run"
)

// openDiscord starts a Discord with a guild, and Bob, who is in it.
func openDiscord(tb testing.TB, hands run.Hands) (v *venue, fake *discordfake.Server, guild string) {
	tb.Helper()
	fake = discordfake.New()
	tb.Cleanup(fake.Close)
	guild = fake.AddGuild("600")
	v = newVenue(tb, hands, fmt.Sprintf("jobs: {workers: 16, budget: 5}\ndiscord: {token: %q, api_url: %q}\n", discordfake.Token, fake.URL()))
	ctx, cancel := context.WithTimeout(context.Background(), 4*time.Minute)
	defer cancel()
	v.must(fake.Wait(ctx, func() bool { return fake.Lines() == 1 }))
	return v, fake, guild
}

// asks is a use of /bob ask.
func asks(guild, channel, user, text string) map[string]any {
	return map[string]any{
		"type": 2, "guild_id": guild, "channel_id": channel,
		"member": map[string]any{"user": map[string]any{"id": user, "username": "user-" + user}, "permissions": "0"},
		"data": map[string]any{"id": "1", "name": "bob", "type": 1, "options": []any{map[string]any{
			"name": "ask", "type": 1, "options": []any{map[string]any{"name": "task", "type": 3, "value": text}},
		}}},
	}
}

// BenchmarkDiscord_burst has 300 people give a command at once, and reports how long
// Discord waits for the answers. Each is a job that is stored before.
func BenchmarkDiscord_burst(b *testing.B) {
	v, fake, guild := openDiscord(b, &busy{puppets: puppets{steps: []jobs.Step{leaf("1")}}})
	var rooms []string
	for range 10 {
		rooms = append(rooms, fake.AddChannel(guild, "", discordfake.TextChannel))
		fake.Tell(rooms[len(rooms)-1])
	}
	var took []time.Duration
	for b.Loop() {
		before := v.jobCount()
		var tokens []string
		for i := range burstSize {
			tokens = append(tokens, fake.Interact(asks(guild, rooms[i%len(rooms)], fmt.Sprint(700+i), "Write a report.")))
		}
		open := burstSize
		err := fake.Wait(b.Context(), func() bool {
			for ; open > 0 && len(fake.Interaction(tokens[open-1]).Answers) > 0; open-- {
			}
			return open == 0
		})
		v.must(err)
		if got := v.jobCount() - before; got != burstSize {
			b.Fatalf("%d jobs of %d commands", got, burstSize)
		}
		for _, token := range tokens {
			took = append(took, fake.Interaction(token).Took)
		}
	}
	reportBurst(b, took)
}
