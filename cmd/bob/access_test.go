package main

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/askbob/bob/jobs"
)

func TestLoadConfig_access(t *testing.T) {
	t.Parallel()
	got, err := load(t, `
access:
  workspaces: [slack:T1, "discord:"]
  channels: [slack:T1:C1, discord:7]
  users: [slack:U1]
  admins: [discord:9, "discord:5:9"]
  members_may_steer: true
`, nil)
	want := jobs.Access{
		Workspaces: []string{"slack:T1", "discord:"}, Channels: []string{"slack:T1:C1", "discord:7"},
		Users: []string{"slack:U1"}, Admins: []string{"discord:9", "discord:5:9"}, MembersMaySteer: true,
	}
	if diff := cmp.Diff(want, got.Access.rules()); err != nil || diff != "" {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	rules := got.Access.rules()
	dm := jobs.Visitor{Place: jobs.Place{Surface: "discord"}, User: "discord::9", Direct: true}
	if err := rules.May(dm, jobs.ActCancel, jobs.Matter{Owner: "slack:T1:U1"}); err != nil {
		t.Errorf("an admin may not: %v", err)
	}
}

func TestLoadConfig_refusesAccessForNobody(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"workspaces: [T1]", "workspaces: ['slack:']", "workspaces: [slack:T1:C1]", "channels: [general]", "channels: ['discord:']",
		"users: ['@ann']", "admins: ['slack:T1:']", "admins: [irc:x]", "admins: ['slack:T1: U1']", "admins: ['']",
	} {
		_, err := load(t, "access: {"+text+"}", nil)
		list, _, _ := strings.Cut(text, ":")
		if err == nil || !strings.Contains(err.Error(), "access."+list) {
			t.Errorf("%s: %v, want an error that names access.%s", text, err, list)
		}
	}
	if _, err := load(t, "access: {admin: [slack:U1]}", nil); err == nil || !strings.Contains(err.Error(), "did you mean access.admins?") {
		t.Errorf("an unknown setting: %v", err)
	}
}
