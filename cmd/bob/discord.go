package main

import (
	"crypto/ed25519"
	"encoding/hex"
	"errors"

	"github.com/askbob/bob/bot/discord"
)

// DiscordConfig says how Bob is reached on Discord. Without a token there is no
// Discord.
type DiscordConfig struct {
	Token     Secret `yaml:"token"`
	PublicKey string `yaml:"public_key"` // of the application, for interactions over HTTP; empty: they come over the gateway
	Shards    int    `yaml:"shards"`     // 0: as many as Discord advises
	APIURL    string `yaml:"api_url"`    // empty: Discord's own
}

func (c DiscordConfig) on() bool { return c.Token != "" }

func (c DiscordConfig) check() []error {
	var faults []error
	if c.Shards < 0 {
		faults = append(faults, errors.New("discord.shards must be 0 or more"))
	}
	if key, err := hex.DecodeString(c.PublicKey); err != nil || c.PublicKey != "" && len(key) != ed25519.PublicKeySize {
		faults = append(faults, errors.New("discord.public_key must be the 64 hexadecimal digits of the application's page \"General Information\", or empty"))
	}
	if c.APIURL != "" && !isWebURL(c.APIURL) {
		faults = append(faults, errors.New("discord.api_url must be a URL such as http://127.0.0.1:4004, or empty"))
	}
	return faults
}

// discord makes Discord's front end.
func (h *house) discord() (*discord.FrontEnd, error) {
	c := h.cfg.Discord
	return discord.New(discord.Config{
		Token: string(c.Token), PublicKey: c.PublicKey, Shards: c.Shards, APIURL: c.APIURL, Log: h.log.With("surface", "discord"),
	})
}
