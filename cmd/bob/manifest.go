package main

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/askbob/bob/bot/discord"
	"github.com/askbob/bob/bot/slack"
)

// manifestCommand prints what makes Bob known to a platform.
func (p *process) manifestCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "manifest", Short: "Print what to paste so that Slack or Discord knows Bob"}
	cmd.AddCommand(
		&cobra.Command{
			Use: "slack", Short: "The app manifest for api.slack.com/apps", Args: cobra.NoArgs,
			RunE: func(*cobra.Command, []string) error { return p.slackManifest() },
		},
		p.discordManifestCommand(),
	)
	return cmd
}

func (p *process) slackManifest() error {
	cfg, err := loadConfig(p.config, p.env, p.environ)
	if err != nil {
		return err
	}
	text, err := slack.Manifest(slack.ManifestOptions{Mode: slack.Mode(cfg.Slack.Mode), PublicURL: cfg.Web.PublicURL})
	if err != nil {
		return err
	}
	_, err = p.stdout.Write(text)
	return err
}

func (p *process) discordManifestCommand() *cobra.Command {
	var app string
	var commands bool
	cmd := &cobra.Command{
		Use: "discord", Short: "The link that invites Bob to a server", Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			if commands {
				return p.discordCommands()
			}
			return discordInvite(p.stdout, app)
		},
	}
	cmd.Flags().StringVar(&app, "app", "", "the application's ID, from its page \"General Information\"")
	cmd.Flags().BoolVar(&commands, "commands", false, "print the commands that bob serve registers, as Discord takes them")
	return cmd
}

func (p *process) discordCommands() error {
	text, err := discord.Commands()
	if err == nil {
		_, err = fmt.Fprintln(p.stdout, string(text))
	}
	return err
}

// discordInvite says how Bob comes to a server.
func discordInvite(w io.Writer, app string) error {
	link := app
	if link == "" {
		link = "APPLICATION_ID"
	}
	_, err := fmt.Fprintf(w, `1. Make an application at https://discord.com/developers/applications
2. On its page "Bot": reset the token and set it as discord.token (or BOB_DISCORD_TOKEN).
   Switch on "Message Content Intent" if Bob is to read replies that do not mention him.
3. Open this link and choose the server:
   %s
4. Start bob serve. It registers Bob's commands itself.
`, discord.InviteURL(link))
	return err
}
