package jobs_test

import (
	"errors"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/askbob/bob/jobs"
)

// on is a visitor of a workspace, in channel C1.
func on(surface, workspace, id string) jobs.Visitor {
	p := jobs.Place{Surface: surface, Workspace: workspace, Channel: "C1"}
	return jobs.Visitor{Place: p, User: p.UserOf(id)}
}

func runs(v jobs.Visitor) jobs.Visitor {
	v.Admin = true
	return v
}

func direct(v jobs.Visitor) jobs.Visitor {
	v.Direct = true
	return v
}

func TestAccess_May_byTheRoleInTheJob(t *testing.T) {
	t.Parallel()
	const annes = "slack:T1:U1"
	open := jobs.Access{Admins: []string{"slack:T9:U9", "discord:9"}}
	steering := jobs.Access{MembersMaySteer: true}
	acts := []jobs.Act{jobs.ActSubmit, jobs.ActSee, jobs.ActSteer, jobs.ActPay, jobs.ActCancel}
	tests := map[string]struct {
		access jobs.Access
		who    jobs.Visitor
		owner  string
		want   string // the acts that are granted
	}{
		"the requester":                     {open, on("slack", "T1", "U1"), annes, "submit see steer pay cancel"},
		"another member":                    {open, on("slack", "T1", "U2"), annes, "submit see"},
		"a member who may steer":            {steering, on("slack", "T1", "U2"), annes, "submit see steer"},
		"who runs the workspace":            {open, runs(on("slack", "T1", "U2")), annes, "submit see steer pay cancel"},
		"who runs another workspace":        {open, runs(on("slack", "T2", "U2")), annes, "submit"},
		"the same ID elsewhere":             {open, on("slack", "T2", "U1"), annes, "submit"},
		"the same ID on another surface":    {open, on("discord", "T1", "U1"), annes, "submit"},
		"a member who may steer, elsewhere": {steering, on("slack", "T2", "U2"), annes, "submit"},
		"an admin of another workspace":     {open, on("slack", "T9", "U9"), annes, "submit see steer pay cancel"},
		"an admin's ID in another one":      {open, on("slack", "T1", "U9"), annes, "submit see"},
		"an admin in every guild":           {open, on("discord", "G5", "9"), annes, "submit see steer pay cancel"},
		"an admin in a direct message":      {open, direct(on("discord", "", "9")), annes, "submit see steer pay cancel"},
		"a guild's job, asked for directly": {open, direct(on("discord", "", "7")), "discord:G1:7", "submit see steer pay cancel"},
		"a direct job, asked for in guild":  {open, on("discord", "G1", "7"), "discord::7", "submit see steer pay cancel"},
		"a stranger's direct job":           {steering, runs(direct(on("discord", "", "8"))), "discord::7", "submit"},
		"a guild's job, of another":         {open, direct(on("discord", "", "8")), "discord:G1:7", "submit"},
		"a job of the API":                  {open, runs(on("slack", "T1", "U1")), "api", "submit"},
		"a job of nobody":                   {open, on("slack", "T1", "U1"), "", "submit"},
		"nobody":                            {open, jobs.Visitor{}, "", ""},
		"who calls itself as the owner":     {open, jobs.Visitor{User: annes}, annes, ""},
		"the API's token":                   {jobs.Access{Workspaces: []string{"slack:T7"}}, jobs.Visitor{Token: true}, annes, "submit see steer pay cancel"},
	}
	for name, tt := range tests {
		var got []string
		for _, act := range acts {
			err := tt.access.May(tt.who, act, tt.owner)
			if _, user := errors.AsType[*jobs.UserError](err); err != nil && !user {
				t.Errorf("%s: %s: %v is no UserError", name, act, err)
			}
			if err == nil {
				got = append(got, string(act))
			}
		}
		if text := strings.Join(got, " "); text != tt.want {
			t.Errorf("%s: may %q, want %q", name, text, tt.want)
		}
	}
}

func TestAccess_May_letsInWhoIsListed(t *testing.T) {
	t.Parallel()
	a := jobs.Access{
		Workspaces: []string{"slack:T1", "discord:G1"}, Channels: []string{"slack:T1:C1", "discord:C1"},
		Users: []string{"slack:T1:U1", "discord:7"}, Admins: []string{"slack:T8:U8"},
	}
	elsewhere := on("slack", "T1", "U1")
	elsewhere.Place.Channel = "C2"
	tests := map[string]struct {
		who  jobs.Visitor
		want string // of the refusal; empty: none
	}{
		"all three":              {on("slack", "T1", "U1"), ""},
		"without the workspace":  {on("discord", "G1", "7"), ""},
		"another channel":        {elsewhere, "add slack:T1:C2 to access.channels"},
		"no channel":             {direct(elsewhere), ""},
		"another person":         {on("slack", "T1", "U2"), "add slack:T1:U2 to access.users"},
		"another workspace":      {on("slack", "T2", "U1"), "add slack:T2 to access.workspaces"},
		"Discord's directs":      {direct(on("discord", "", "7")), "add discord: to access.workspaces"},
		"an admin":               {on("slack", "T8", "U8"), ""},
		"an admin in no channel": {direct(on("slack", "T8", "U8")), ""},
		"who runs a workspace":   {runs(on("slack", "T2", "U1")), "access.workspaces"},
	}
	for name, tt := range tests {
		err := a.May(tt.who, jobs.ActSubmit, "")
		if (err == nil) != (tt.want == "") || err != nil && !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v, want %q", name, err, tt.want)
		}
		if e := a.May(tt.who, jobs.ActSee, tt.who.User); (e == nil) != (err == nil) {
			t.Errorf("%s: may submit: %v, may see the own job: %v", name, err, e)
		}
	}
}

// Whoever may do more may do less: what a member may, the requester and admins may.
func TestAccess_May_growsWithTheRole(t *testing.T) {
	t.Parallel()
	id := rapid.SampledFrom([]string{"1", "2", ""})
	surface := rapid.SampledFrom([]string{"slack", "discord", ""})
	rapid.Check(t, func(t *rapid.T) {
		who := jobs.Visitor{
			Place:  jobs.Place{Surface: surface.Draw(t, "surface"), Workspace: id.Draw(t, "workspace"), Channel: "C"},
			Direct: rapid.Bool().Draw(t, "direct"), Admin: rapid.Bool().Draw(t, "admin"),
		}
		who.User = who.Place.UserOf(id.Draw(t, "user"))
		owner := jobs.Place{Surface: surface.Draw(t, "owner's surface"), Workspace: id.Draw(t, "owner's workspace")}.UserOf(id.Draw(t, "owner"))
		a := jobs.Access{MembersMaySteer: rapid.Bool().Draw(t, "steer")}
		if rapid.Bool().Draw(t, "bounded") {
			a.Workspaces = []string{"slack:1"}
		}
		may := func(act jobs.Act) bool { return a.May(who, act, owner) == nil }
		if may(jobs.ActPay) && !may(jobs.ActSteer) || may(jobs.ActCancel) != may(jobs.ActPay) || may(jobs.ActSteer) && !may(jobs.ActSee) || may(jobs.ActSee) && !may(jobs.ActSubmit) {
			t.Fatalf("%+v of %q under %+v may more than what is less", who, owner, a)
		}
		if len(a.Workspaces) > 0 && may(jobs.ActSubmit) && who.Place.Scope() != "slack:1" {
			t.Fatalf("%+v is let in under %+v", who, a)
		}
		if may(jobs.ActSee) && who.Place.Surface+":" != owner[:strings.IndexByte(owner, ':')+1] {
			t.Fatalf("%+v sees a job of %q", who, owner)
		}
	})
}
