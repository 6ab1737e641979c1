package slack

import (
	"context"
	"errors"
	"fmt"

	slackapi "github.com/slack-go/slack"

	"github.com/askbob/bob/bot"
	"github.com/askbob/bob/jobs"
)

// What the metadata of a message says, which people do not see.
const (
	metaType = "bob_message"
	metaKey  = "key" // of the post
	metaJob  = "job"
)

// Post puts a message up.
func (s *Slack) Post(ctx context.Context, p bot.Post) (at bot.Placed, err error) {
	t, err := s.teams.get(ctx, p.Place.Workspace)
	if err != nil {
		return bot.Placed{}, delivery(err, deedLook)
	}
	defer func() { s.posted(at, p, err) }()
	if p = wordy(p); len(p.Files) > 0 {
		return s.postFiles(ctx, t, p)
	}
	return s.postText(ctx, t, p)
}

// postText puts up a card or a text.
func (s *Slack) postText(ctx context.Context, t *team, p bot.Post) (bot.Placed, error) {
	blocks, text := postBlocks(p)
	payload := map[string]any{metaKey: p.Key}
	if p.Card != nil {
		blocks, text = cardBlocks(*p.Card)
		payload[metaJob] = string(p.Card.Job)
	}
	opts := append(messageOptions(blocks, text), slackapi.MsgOptionMetadata(slackapi.SlackMetadata{EventType: metaType, EventPayload: payload}))
	if p.Place.Thread != "" {
		opts = append(opts, slackapi.MsgOptionTS(p.Place.Thread))
	}
	var channel, ts string
	var msg slackapi.Message
	err := s.call(ctx, t, mPost, p.Place.Channel, func(api *slackapi.Client) (err error) {
		channel, ts, msg, err = api.PostMessageWithResponseContext(ctx, p.Place.Channel, opts...)
		return err
	})
	if err != nil {
		return bot.Placed{}, delivery(err, deedPost)
	}
	at := p.Place
	at.Channel = channel
	// A reply to a message that was deleted goes up on its own: it makes a new thread.
	if at.Thread == "" || msg.ThreadTimestamp == "" {
		at.Thread = ts
	}
	return bot.Placed{Place: at, Message: ts}, nil
}

// messageOptions is what all messages have: nobody is pinged by the words for
// notifications, and links show no preview.
func messageOptions(blocks []slackapi.Block, text string) []slackapi.MsgOption {
	return []slackapi.MsgOption{
		slackapi.MsgOptionBlocks(blocks...), slackapi.MsgOptionText(text, false),
		slackapi.MsgOptionDisableLinkUnfurl(), slackapi.MsgOptionDisableMediaUnfurl(),
	}
}

// Edit puts a card or a text in place of one that was posted. Slack notifies nobody of
// an edit, and keeps the metadata.
func (s *Slack) Edit(ctx context.Context, at bot.Placed, p bot.Post) error {
	t, err := s.teams.get(ctx, at.Place.Workspace)
	if err != nil {
		return delivery(err, deedLook)
	}
	blocks, text := postBlocks(p)
	err = s.call(ctx, t, mUpdate, "", func(api *slackapi.Client) error {
		_, _, _, err := api.UpdateMessageContext(ctx, at.Place.Channel, at.Message, messageOptions(blocks, text)...)
		return err
	})
	if p.Card != nil {
		s.shows(at, *p.Card)
	}
	return delivery(err, deedEdit)
}

// Find returns the message that an earlier Post with that key put up.
func (s *Slack) Find(ctx context.Context, p bot.Post) (bot.Placed, error) {
	t, err := s.teams.get(ctx, p.Place.Workspace)
	if err != nil {
		return bot.Placed{}, delivery(err, deedLook)
	}
	var text, file bot.Placed
	p = wordy(p)
	err = s.look(ctx, t, p.Place, func(m slackapi.Message) bool {
		if key, _ := m.Metadata.EventPayload[metaKey].(string); key == p.Key && p.Key != "" && m.Metadata.EventType == metaType {
			text = placedAt(p.Place, m)
		}
		if id := filesIn(t, m, p.Files); id != "" {
			file = bot.Placed{Place: placedAt(p.Place, m).Place, Message: id}
		}
		if len(p.Files) == 0 {
			return text.Message != ""
		}
		return file.Message != "" && (text.Message != "" || p.Text == "")
	})
	switch {
	case err != nil:
		return bot.Placed{}, delivery(err, deedLook)
	case len(p.Files) == 0:
		return text, nil
	case file.Message == "" && text.Message != "":
		s.halves.add(p.Key, text.Place.Thread) // the next Post sends the files alone
		return bot.Placed{}, nil
	case p.Text != "" && text.Message == "":
		return bot.Placed{}, nil
	}
	return file, nil
}

// placedAt says where a message of a thread, or of a channel, is.
func placedAt(at jobs.Place, m slackapi.Message) bot.Placed {
	at.Thread = m.ThreadTimestamp
	if at.Thread == "" {
		at.Thread = m.Timestamp
	}
	return bot.Placed{Place: at, Message: m.Timestamp}
}

// The bounds of a search for a message: more than a thread of Bob's holds.
const (
	lookPages = 15
	lookPage  = 200
)

// look shows the messages of a thread, or the last ones of a channel, to see until it
// says that it has seen enough.
func (s *Slack) look(ctx context.Context, t *team, at jobs.Place, see func(slackapi.Message) bool) error {
	cursor := ""
	for range lookPages {
		list, next, err := s.page(ctx, t, at, cursor)
		if err != nil {
			return err
		}
		for _, m := range list {
			if see(m) {
				return nil
			}
		}
		if next == "" || at.Thread == "" { // of a channel the last page alone: what is looked for is young
			return nil
		}
		cursor = next
	}
	return nil
}

// page reads some messages of a thread or channel.
func (s *Slack) page(ctx context.Context, t *team, at jobs.Place, cursor string) (list []slackapi.Message, next string, err error) {
	if at.Thread == "" {
		err = s.call(ctx, t, mHistory, "", func(api *slackapi.Client) error {
			resp, err := api.GetConversationHistoryContext(ctx, &slackapi.GetConversationHistoryParameters{
				ChannelID: at.Channel, Cursor: cursor, Limit: lookPage, IncludeAllMetadata: true,
			})
			if err != nil {
				return fmt.Errorf("read a channel: %w", err)
			}
			list, next = resp.Messages, resp.ResponseMetaData.NextCursor
			return nil
		})
		return list, next, err
	}
	err = s.call(ctx, t, mReplies, "", func(api *slackapi.Client) (err error) {
		list, _, next, err = api.GetConversationRepliesContext(ctx, &slackapi.GetConversationRepliesParameters{
			ChannelID: at.Channel, Timestamp: at.Thread, Cursor: cursor, Limit: lookPage, IncludeAllMetadata: true,
		})
		return err
	})
	if refusal, ok := errors.AsType[slackapi.SlackErrorResponse](err); ok && refusal.Err == "thread_not_found" {
		return nil, "", nil
	}
	return list, next, err
}

// single reads one message, wherever in a thread it is.
func (s *Slack) single(ctx context.Context, t *team, channel, ts string) (slackapi.Message, error) {
	list, _, err := s.page(ctx, t, place(t.id, channel, ts), "")
	if err != nil {
		return slackapi.Message{}, fmt.Errorf("read a message: %w", err)
	}
	for _, m := range list {
		if m.Timestamp == ts {
			return m, nil
		}
	}
	return slackapi.Message{}, nil
}

// Direct returns the direct messages with one person.
func (s *Slack) Direct(ctx context.Context, workspace, user string) (jobs.Place, error) {
	t, err := s.teams.get(ctx, workspace)
	if err != nil {
		return jobs.Place{}, delivery(err, deedLook)
	}
	var channel *slackapi.Channel
	err = s.call(ctx, t, mOpenDM, "", func(api *slackapi.Client) (err error) {
		channel, _, _, err = api.OpenConversationContext(ctx, &slackapi.OpenConversationParameters{Users: []string{user}})
		return err
	})
	if err != nil {
		return jobs.Place{}, delivery(err, deedLook)
	}
	return place(workspace, channel.ID, ""), nil
}
