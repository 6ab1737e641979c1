package jobs_test

import (
	"errors"
	"slices"
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
			err := tt.access.May(tt.who, act, jobs.Matter{Owner: tt.owner})
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

// listed is a sight as a store reads it.
func listed(s jobs.Sight, m jobs.Matter) bool {
	return s.All || s.User != "" && s.User == m.Owner || s.Open && m.Room == "" || m.Room != "" && slices.Contains(s.Rooms, m.Room)
}

// TestAccess_May_byThePlaceOfTheJob tries who may do what with a job that Anne gave in a
// place, from where they are.
func TestAccess_May_byThePlaceOfTheJob(t *testing.T) {
	t.Parallel()
	const anne, ben = "U1", "U2"
	at := func(channel, thread string) jobs.Place {
		return jobs.Place{Surface: "slack", Workspace: "T1", Channel: channel, Thread: thread}
	}
	home, public, closed, nook, other := at("", ""), at("C1", "1"), at("G1", "2"), at("C1", "3"), at("C2", "4")
	given := map[string]jobs.Matter{
		"public":  {Place: public},
		"closed":  {Place: closed, Room: closed.Room()},
		"thread":  {Place: nook, Room: nook.Nook()},
		"direct":  {Place: at("D1", "5"), Room: jobs.RoomDirect},
		"unknown": {Place: other, Room: jobs.RoomDirect}, // of an older Bob
	}
	const all, sees, steers = "see steer pay cancel", "see", "see steer"
	member := func(p jobs.Place, change ...func(*jobs.Visitor)) jobs.Visitor {
		v := jobs.Visitor{Place: p, User: p.UserOf(ben), Direct: p.Channel == ""}
		for _, c := range change {
			c(&v)
		}
		return v
	}
	in := func(rooms ...string) func(*jobs.Visitor) { return func(v *jobs.Visitor) { v.Rooms = rooms } }
	heard := func(v *jobs.Visitor) { v.Overheard = true }
	guest := func(v *jobs.Visitor) { v.Guest = true }
	own := func(v *jobs.Visitor) { v.User = v.Place.UserOf(anne) }
	runs := func(v *jobs.Visitor) { v.Admin = true }
	steering := jobs.Access{MembersMaySteer: true, Admins: []string{"slack:T9:U9"}}
	for name, tt := range map[string]struct {
		access jobs.Access
		who    jobs.Visitor
		want   map[string]string // what they may do with the jobs of some places; of others nothing
	}{
		"a member elsewhere":             {jobs.Access{}, member(other), map[string]string{"public": sees, "unknown": sees}},
		"a member in no channel":         {jobs.Access{}, member(home), map[string]string{"public": sees}},
		"a member who may steer":         {steering, member(home), map[string]string{"public": steers}},
		"a member in the place":          {jobs.Access{}, member(closed), map[string]string{"public": sees, "closed": sees}},
		"a member in another thread":     {steering, member(at("G1", "")), map[string]string{"public": steers, "closed": steers}},
		"a member in the closed thread":  {jobs.Access{}, member(nook), map[string]string{"public": sees, "thread": sees}},
		"a member beside that thread":    {jobs.Access{}, member(public), map[string]string{"public": sees}},
		"who is known to be there":       {steering, member(home, in("slack:T1:G1")), map[string]string{"public": steers, "closed": steers}},
		"who is known to be in thread":   {jobs.Access{}, member(other, in("slack:T1:C1:3")), map[string]string{"public": sees, "thread": sees, "unknown": sees}},
		"who says to be with Bob alone":  {jobs.Access{}, member(home, in("-", "")), map[string]string{"public": sees, "direct": sees, "unknown": sees}},
		"who is there, overheard":        {jobs.Access{}, member(other, in("slack:T1:G1"), heard), map[string]string{"public": sees, "unknown": sees}},
		"a guest":                        {jobs.Access{}, member(home, guest), nil},
		"a guest in the channel":         {jobs.Access{}, member(at("C1", "9"), guest), map[string]string{"public": sees}},
		"a guest who is let in":          {jobs.Access{}, member(home, guest, in("slack:T1:G1")), map[string]string{"closed": sees}},
		"who asked for it":               {jobs.Access{}, member(home, own), map[string]string{"public": all, "closed": all, "thread": all, "direct": all, "unknown": all}},
		"who asked for it, overheard":    {jobs.Access{}, member(public, own, heard), map[string]string{"public": all}},
		"who asked, overheard there":     {jobs.Access{}, member(closed, own, heard), map[string]string{"public": all, "closed": all}},
		"who runs the workspace":         {jobs.Access{}, member(home, runs), map[string]string{"public": all, "closed": all, "thread": all, "direct": all, "unknown": all}},
		"who runs it, overheard":         {jobs.Access{}, member(public, runs, heard), map[string]string{"public": all}},
		"a guest who asked":              {jobs.Access{}, member(home, own, guest), map[string]string{"public": all, "closed": all, "thread": all, "direct": all, "unknown": all}},
		"who runs another":               {steering, jobs.Visitor{Place: jobs.Place{Surface: "slack", Workspace: "T2", Channel: "G1"}, User: "slack:T2:U1", Admin: true}, nil},
		"an admin of all":                {steering, jobs.Visitor{Place: jobs.Place{Surface: "slack", Workspace: "T9"}, User: "slack:T9:U9"}, map[string]string{"public": all, "closed": all, "thread": all, "direct": all, "unknown": all}},
		"an admin of all, overheard":     {steering, jobs.Visitor{Place: jobs.Place{Surface: "slack", Workspace: "T9", Channel: "C"}, User: "slack:T9:U9", Overheard: true}, nil},
		"the API's token":                {jobs.Access{}, jobs.Visitor{Token: true}, map[string]string{"public": all, "closed": all, "thread": all, "direct": all, "unknown": all}},
		"a member who is not let in":     {jobs.Access{Channels: []string{"slack:C1"}}, member(closed), nil},
		"who asked, where Bob is not":    {jobs.Access{Channels: []string{"slack:C1"}}, member(closed, own), nil},
		"who asked, where nobody listed": {jobs.Access{Users: []string{"slack:U2"}}, member(home, own), nil},
	} {
		for place, m := range given {
			m.Owner = m.Place.UserOf(anne)
			var got []string
			for _, act := range []jobs.Act{jobs.ActSee, jobs.ActSteer, jobs.ActPay, jobs.ActCancel} {
				if tt.access.May(tt.who, act, m) == nil {
					got = append(got, string(act))
				}
			}
			if text := strings.Join(got, " "); text != tt.want[place] {
				t.Errorf("%s may %q with a job of %s, want %q", name, text, place, tt.want[place])
			}
		}
	}
}

func TestAccess_MayRun_asksWhereAScheduleIs(t *testing.T) {
	t.Parallel()
	a := jobs.Access{Workspaces: []string{"slack:T1"}, Channels: []string{"slack:C1"}, Users: []string{"slack:U1"}, Admins: []string{"slack:T2:U9"}}
	at := func(workspace, channel string) jobs.Place {
		return jobs.Place{Surface: "slack", Workspace: workspace, Channel: channel}
	}
	for name, tt := range map[string]struct {
		owner jobs.Owner
		ok    bool
	}{
		"in the channel":      {at("T1", "C1").Owner("U1", ""), true},
		"in another":          {at("T1", "C2").Owner("U1", "slack:T1:C2"), false},
		"to Bob alone":        {at("T1", "D1").Owner("U1", jobs.RoomDirect), true},
		"in no channel":       {at("T1", "").Owner("U1", jobs.RoomDirect), true},
		"in another place":    {at("T2", "C1").Owner("U1", ""), false},
		"of somebody else":    {at("T1", "C1").Owner("U2", ""), false},
		"of an admin":         {at("T2", "C2").Owner("U9", ""), true},
		"on the command line": {jobs.Owner{User: "ann"}, true},
	} {
		if err := a.MayRun(tt.owner); (err == nil) != tt.ok {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestPlaceOf_readsBackWhatNamesAPlace(t *testing.T) {
	t.Parallel()
	for _, p := range []jobs.Place{
		{Surface: "slack", Workspace: "T1", Channel: "C1"}, {Surface: "discord", Workspace: "1", Channel: "2", Thread: "3"}, {Surface: "discord", Channel: "2"},
	} {
		if got := jobs.PlaceOf(p.Nook()); got != p {
			t.Errorf("%q is read as %+v", p.Nook(), got)
		}
	}
	for _, name := range []string{"", jobs.RoomDirect, "slack", "slack:T1", "slack:T1:", ":T1:C1"} {
		if got := jobs.PlaceOf(name); got != (jobs.Place{}) {
			t.Errorf("%q is read as %+v", name, got)
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
		err := a.May(tt.who, jobs.ActSubmit, jobs.Matter{})
		if (err == nil) != (tt.want == "") || err != nil && !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v, want %q", name, err, tt.want)
		}
		if e := a.May(tt.who, jobs.ActSee, jobs.Matter{Owner: tt.who.User}); (e == nil) != (err == nil) {
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
			Guest: rapid.Bool().Draw(t, "guest"), Overheard: rapid.Bool().Draw(t, "overheard"),
			Rooms: rapid.SliceOfN(rapid.SampledFrom([]string{"slack:1:C", "slack:1:D"}), 0, 2).Draw(t, "rooms"),
		}
		who.User = who.Place.UserOf(id.Draw(t, "user"))
		owner := jobs.Place{Surface: surface.Draw(t, "owner's surface"), Workspace: id.Draw(t, "owner's workspace")}.UserOf(id.Draw(t, "owner"))
		a := jobs.Access{MembersMaySteer: rapid.Bool().Draw(t, "steer")}
		if rapid.Bool().Draw(t, "bounded") {
			a.Workspaces = []string{"slack:1"}
		}
		m := jobs.Matter{Owner: owner, Room: rapid.SampledFrom([]string{"", jobs.RoomDirect, "slack:1:C", "slack:1:D"}).Draw(t, "room")}
		may := func(act jobs.Act) bool { return a.May(who, act, m) == nil }
		if may(jobs.ActPay) && !may(jobs.ActSteer) || may(jobs.ActCancel) != may(jobs.ActPay) || may(jobs.ActSteer) && !may(jobs.ActSee) || may(jobs.ActSee) && !may(jobs.ActSubmit) {
			t.Fatalf("%+v of %+v under %+v may more than what is less", who, m, a)
		}
		if len(a.Workspaces) > 0 && may(jobs.ActSubmit) && who.Place.Scope() != "slack:1" {
			t.Fatalf("%+v is let in under %+v", who, a)
		}
		if may(jobs.ActSee) && who.Place.Surface+":" != owner[:strings.IndexByte(owner, ':')+1] {
			t.Fatalf("%+v sees a job of %q", who, owner)
		}
		// Lists show of the own workspace what one may look at, and nothing else.
		sight, err := a.Sight(who)
		if err == nil != may(jobs.ActSubmit) {
			t.Fatalf("%+v under %+v: lists say %v", who, a, err)
		}
		if own := who.Place.Workspace != "" && strings.HasPrefix(owner, who.Place.UserOf("")); own && err == nil && listed(sight, m) != may(jobs.ActSee) {
			t.Fatalf("%+v of %+v under %+v: in lists %t", who, m, a, listed(sight, m))
		}
	})
}
