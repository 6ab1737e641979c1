package main

import (
	"errors"

	"github.com/askbob/bob/bot/slack"
)

// SlackConfig says how Bob is reached on Slack. Without a token or a client there is
// no Slack.
type SlackConfig struct {
	Mode          string `yaml:"mode"`           // socket or http
	BotToken      Secret `yaml:"bot_token"`      // of one workspace
	AppToken      Secret `yaml:"app_token"`      // of socket mode
	SigningSecret Secret `yaml:"signing_secret"` // of http mode
	ClientID      string `yaml:"client_id"`      // for several workspaces
	ClientSecret  Secret `yaml:"client_secret"`
	APIURL        string `yaml:"api_url"` // empty: Slack's own
}

func (c SlackConfig) on() bool { return c.BotToken != "" || c.ClientID != "" }

func (c SlackConfig) check() []error {
	if c.Mode != string(slack.ModeSocket) && c.Mode != string(slack.ModeHTTP) {
		return []error{errors.New("slack.mode must be socket or http")}
	}
	if c.APIURL != "" && !isWebURL(c.APIURL) {
		return []error{errors.New("slack.api_url must be a URL such as http://127.0.0.1:4003/api/, or empty")}
	}
	return nil
}

// slack makes Slack's front end.
func (h *house) slack() (*slack.Slack, error) {
	c := h.cfg.Slack
	return slack.New(slack.Config{
		Mode: slack.Mode(c.Mode), BotToken: string(c.BotToken), AppToken: string(c.AppToken), SigningSecret: string(c.SigningSecret),
		ClientID: c.ClientID, ClientSecret: string(c.ClientSecret), APIURL: c.APIURL, PublicURL: h.cfg.Web.PublicURL,
		Notes: h.store, Log: h.log.With("surface", "slack"),
	})
}
