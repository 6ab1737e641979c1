package jobs

import (
	"slices"
	"strings"
)

// Access says who may do what. Its zero value lets everybody in, and lets everybody
// have a say in their own jobs only. It is only read, and so safe for concurrent use.
//
// Workspaces are listed as Place.Scope names them, "slack:T1", and "discord:" for
// Discord's direct messages. Channels and people are listed with their workspace,
// "slack:T1:C1", or without where the surface knows but one of that ID: "discord:42".
type Access struct {
	Workspaces []string // where Bob takes jobs; empty: everywhere
	Channels   []string // in which channels it does; direct messages are none; empty: in all
	Users      []string // from whom; empty: from everybody
	Admins     []string // who may do everything with every job, wherever they are

	MembersMaySteer bool // have a say in others' jobs of their workspace
}

// Visitor is who wants something.
type Visitor struct {
	Place  Place
	User   string // as Place.UserOf names people
	Direct bool   // it is said to Bob alone, in no channel
	Admin  bool   // the surface says that they run the workspace
	Token  bool   // the holder of the API's token: an admin, on no surface
}

// Act is what a visitor wants.
type Act string

// The acts.
const (
	ActSubmit Act = "submit" // a new job, or a schedule
	ActSee    Act = "see"    // status, plan, results, cost
	ActSteer  Act = "steer"  // say, answer, pause, resume, retry, skip, edit, priority, mute
	ActPay    Act = "pay"    // let a plan run that asks, raise a budget
	ActCancel Act = "cancel" // end it, with or without what there is
)

// Role is what somebody is to a job.
type Role string

// The roles. A stranger is of another workspace.
const (
	RoleStranger  Role = "stranger"
	RoleMember    Role = "member"
	RoleRequester Role = "requester"
	RoleAdmin     Role = "admin"
)

// May returns nil if who may do act with a job that owner asked for, named as in
// Request.User, else a *UserError that says who may. Of ActSubmit there is no owner.
// Every surface asks here.
func (a Access) May(who Visitor, act Act, owner string) error {
	if err := a.admit(who); err != nil {
		return err
	}
	if act == ActSubmit {
		return nil
	}
	switch role := a.Role(who, owner); {
	case role == RoleAdmin, role == RoleRequester:
		return nil
	case role == RoleStranger:
		return &UserError{Message: "That job is not of this workspace: ask about it where it was given."}
	case act == ActSee, act == ActSteer && a.MembersMaySteer:
		return nil
	}
	return &UserError{Message: "Only the person who asked for this job and admins may " + act.words() + " it: ask one of them."}
}

// Role returns what somebody is to a job that owner asked for.
func (a Access) Role(who Visitor, owner string) Role {
	switch own := scopeOf(owner) == who.Place.Scope() && who.Place.Surface != ""; {
	case who.Token, listed(a.Admins, who.User, who.Place.Surface), own && who.Admin && who.Place.Workspace != "":
		return RoleAdmin
	case who.User != "" && samePerson(who, owner):
		return RoleRequester
	case own && who.Place.Workspace != "":
		return RoleMember
	}
	return RoleStranger
}

// admit refuses who is not let in at all.
func (a Access) admit(who Visitor) error {
	if who.Token || listed(a.Admins, who.User, who.Place.Surface) {
		return nil
	}
	p := who.Place
	switch {
	case p.Surface == "":
		return &UserError{Message: "Bob does not know where that comes from: ask on Slack or Discord, or with the API's token."}
	case len(a.Workspaces) > 0 && !slices.Contains(a.Workspaces, p.Scope()):
		return &UserError{Message: "Bob takes no jobs in this workspace: whoever runs it can add " + p.Scope() + " to access.workspaces."}
	case len(a.Channels) > 0 && !who.Direct && !listed(a.Channels, p.Room(), p.Surface):
		return &UserError{Message: "Bob takes no jobs in this channel: use one of its own, or ask whoever runs it to add " + p.Room() + " to access.channels."}
	case len(a.Users) > 0 && !listed(a.Users, who.User, p.Surface):
		return &UserError{Message: "Bob takes no jobs from you: whoever runs it can add " + who.User + " to access.users."}
	}
	return nil
}

// listed reports whether a list has a channel or person, with the workspace or
// without.
func listed(list []string, name, surface string) bool {
	if name == "" || surface == "" || !strings.HasPrefix(name, surface+":") {
		return false
	}
	id := LocalUser(name)
	return id != "" && (slices.Contains(list, name) || slices.Contains(list, surface+":"+id))
}

// samePerson reports whether a visitor asked for a job. In the direct messages of a
// surface without workspaces there, people have the ID that they have everywhere.
func samePerson(who Visitor, owner string) bool {
	if who.User == owner {
		return true
	}
	p := who.Place
	if p.Surface == "" || !strings.HasPrefix(owner, p.Surface+":") || LocalUser(who.User) != LocalUser(owner) {
		return false
	}
	return p.Workspace == "" || scopeOf(owner) == p.Surface+":"
}

// scopeOf is the workspace of a person that Place.UserOf named.
func scopeOf(user string) string {
	i := strings.LastIndexByte(user, ':')
	return user[:max(0, i)]
}

// words say an act before its object.
func (a Act) words() string {
	if a == ActPay {
		return "pay for"
	}
	return string(a)
}
