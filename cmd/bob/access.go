package main

import (
	"fmt"
	"strings"

	"github.com/askbob/bob/jobs"
)

// AccessConfig says who may do what on Slack and Discord. Whoever has the web's token
// may do everything.
type AccessConfig struct {
	Workspaces      []string `yaml:"workspaces"` // empty: all
	Channels        []string `yaml:"channels"`   // empty: all
	Users           []string `yaml:"users"`      // empty: everybody
	Admins          []string `yaml:"admins"`
	MembersMaySteer bool     `yaml:"members_may_steer"`
}

// rules are the settings as every front end asks them.
func (a AccessConfig) rules() jobs.Access {
	return jobs.Access{
		Workspaces: a.Workspaces, Channels: a.Channels, Users: a.Users, Admins: a.Admins, MembersMaySteer: a.MembersMaySteer,
	}
}

// check finds names that nobody has: a list that names nobody would shut out
// everybody, or let nobody be an admin.
func (a AccessConfig) check() []error {
	var faults []error
	for _, l := range []struct {
		name string
		list []string
		max  int // of parts
		like string
	}{
		{"workspaces", a.Workspaces, 2, "slack:T012AB3CD, discord:81384788765712384, or discord: for direct messages there"},
		{"channels", a.Channels, 3, "slack:T012AB3CD:C012AB3CD or slack:C012AB3CD"},
		{"users", a.Users, 3, "slack:T012AB3CD:U012AB3CD or discord:80351110224678912"},
		{"admins", a.Admins, 3, "slack:T012AB3CD:U012AB3CD or discord:80351110224678912"},
	} {
		for _, name := range l.list {
			if !named(name, l.max) {
				faults = append(faults, fmt.Errorf("access.%s: %q must be like %s", l.name, name, l.like))
			}
		}
	}
	return faults
}

// named reports whether a name is made of a surface and at most so many parts in all,
// the last of which may be empty only in a workspace.
func named(name string, most int) bool {
	parts := strings.Split(name, ":")
	if len(parts) < 2 || len(parts) > most || strings.ContainsAny(name, " \t\n") {
		return false
	}
	switch last := parts[len(parts)-1]; parts[0] {
	case "slack":
		return last != "" && parts[1] != ""
	case "discord":
		return last != "" || most == 2
	}
	return false
}
