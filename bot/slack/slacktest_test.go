package slack_test

import (
	"context"
	"io"
	"log/slog"
	"strings"
	"testing"

	"github.com/slack-go/slack/slacktest"

	"github.com/askbob/bob/bot"
	"github.com/askbob/bob/bot/slack"
)

// TestSlack_Run_withAnotherSlack tries the socket against the library's own server,
// which shares nothing with slackfake.
func TestSlack_Run_withAnotherSlack(t *testing.T) {
	t.Parallel()
	peer := slacktest.NewTestServer()
	peer.Start()
	t.Cleanup(peer.Stop)

	heard := make(chan bot.Message, 1)
	e := &ear{hear: func(_ context.Context, m bot.Message) (bot.Reply, error) {
		heard <- m
		return bot.Reply{Text: "written"}, nil
	}}
	n := newNotes()
	front, err := slack.New(slack.Config{
		BotToken: "xoxb-x", AppToken: "xapp-1", APIURL: peer.GetAPIURL(), Notes: n, Log: slog.New(slog.NewTextHandler(io.Discard, nil)),
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	over := make(chan error, 1)
	go func() { over <- front.Run(ctx, e) }()
	<-n.ready
	peer.SendToWebsocket(`{"type":"hello"}`)
	peer.SendToWebsocket(`{"type":"slash_commands","envelope_id":"e1","accepts_response_payload":true,"payload":{"command":"/bob","text":"do x","channel_id":"C1","user_id":"U1","team_id":"T024BE7LD","trigger_id":"1.2"}}`)
	if m := <-heard; m.Text != "do x" || m.Place.Channel != "C1" {
		t.Errorf("heard %+v", m)
	}
	for acked := false; !acked; { // the server stops after each line until it is read
		select {
		case line := <-peer.SeenFeed:
			acked = strings.Contains(line, `"envelope_id":"e1"`) && strings.Contains(line, "written")
		case <-t.Context().Done():
			t.Fatalf("not answered: %q", peer.GetSeenInboundMessages())
		}
	}
	cancel()
	if err := <-over; err != nil {
		t.Error(err)
	}
}
