package discord

import (
	"regexp"
	"slices"
	"testing"
)

var commandName = regexp.MustCompile(`^[-_a-z0-9]{1,32}$`)

// TestCommands_areWhatDiscordTakes holds them to what Discord refuses all of them for,
// and its description does not say.
func TestCommands_areWhatDiscordTakes(t *testing.T) {
	t.Parallel()
	const maxSubcommands, maxChoices, maxWords, maxCommand = 25, 25, 100, 8_000
	for _, c := range commands() {
		if c.Type != 1 {
			continue
		}
		size, subs := 0, 0
		var walk func(list []option, name string)
		walk = func(list []option, name string) {
			var names []string
			late := false
			for _, o := range list {
				size += len(o.Name) + len(o.Description)
				for _, ch := range o.Choices {
					size += len(ch.Name) + len(ch.Value)
				}
				if o.Type == 1 {
					subs++
				}
				if !commandName.MatchString(o.Name) || slices.Contains(names, o.Name) || o.Description == "" || units(o.Description) > maxWords || len(o.Choices) > maxChoices {
					t.Errorf("%s %s: a bad name, a bad description or too many choices", name, o.Name)
				}
				if late = late || !o.Required; late && o.Required {
					t.Errorf("%s %s is required, and stands behind one that is not", name, o.Name)
				}
				if o.Suggest && len(o.Choices) > 0 {
					t.Errorf("%s %s has choices and suggestions", name, o.Name)
				}
				names = append(names, o.Name)
				walk(o.Options, name+" "+o.Name)
			}
		}
		walk(c.Options, c.Name)
		if size += len(c.Name) + len(c.Description); size > maxCommand || subs > maxSubcommands {
			t.Errorf("/%s has %d characters and %d subcommands", c.Name, size, subs)
		}
	}
}

// Whatever can be said to Bob can be chosen.
func TestCommands_areAllThereAre(t *testing.T) {
	t.Parallel()
	have := map[string]option{}
	for _, o := range subcommands() {
		have[o.Name] = o
	}
	for _, name := range []string{
		"ask", "status", "results", "jobs", "plan", "approve", "edit", "cheaper", "reject", "pause", "resume", "cancel", "finish", "retry", "rerun",
		"skip", "answer", "priority", "budget", "mute", "schedule", "schedules", "cost", "help",
	} {
		o, ok := have[name]
		if !ok {
			t.Errorf("there is no /bob %s", name)
		}
		at := slices.IndexFunc(o.Options, func(o option) bool { return o.Name == optionJob })
		if at >= 0 && !o.Options[at].Suggest {
			t.Errorf("/bob %s offers no jobs", name)
		}
	}
}
