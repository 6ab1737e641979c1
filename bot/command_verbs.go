package bot

import (
	"strings"

	"github.com/askbob/bob/jobs"
)

// names are the verbs as people write them.
var names = map[string]verb{ //nolint:gochecknoglobals // a constant table
	"status": verbStatus, "details": verbStatus, "progress": verbStatus,
	"results": verbResults, "result": verbResults,
	"jobs": verbJobs, "list": verbJobs,
	"plan":    verbPlan,
	"approve": verbApprove, "approved": verbApprove, "reject": verbReject, "edit": verbEdit, "cheaper": verbCheaper,
	"pause": verbPause, "resume": verbResume, "continue": verbResume, "unpause": verbResume,
	"cancel": verbCancel, "stop": verbCancel, "abort": verbCancel,
	"retry": verbRetry, "rerun": verbRerun, "skip": verbSkip, "finish": verbFinish,
	"budget": verbBudget, "priority": verbPriority,
	"schedule": verbSchedule, "schedules": verbSchedules, "unschedule": verbRemove, "remove": verbRemove,
	"cost": verbCost, "costs": verbCost, "mute": verbMute, "unmute": verbUnmute,
	"answer": verbAnswer, "submit": verbSubmit, "help": verbHelp, "commands": verbHelp, "?": verbHelp, "aside": verbAside,
}

func verbOf(low string) (verb, bool) {
	v, ok := names[low]
	return v, ok
}

// takes says what a verb takes beside a job's ID.
type takes struct {
	path, revision, amount, priority, schedule bool

	words string // more words that add nothing
}

// closedVerbs are the verbs that take no free text, and no word that is not listed.
var closedVerbs = map[verb]takes{ //nolint:gochecknoglobals // a constant table
	verbStatus:   {path: true},
	verbResults:  {},
	verbPlan:     {},
	verbApprove:  {revision: true, words: " plan revision "},
	verbReject:   {revision: true, words: " plan revision "},
	verbEdit:     {revision: true, words: " plan revision "},
	verbCheaper:  {revision: true, words: " plan revision make "},
	verbPause:    {path: true, schedule: true, words: " schedule everything "},
	verbResume:   {path: true, schedule: true, words: " schedule everything "},
	verbCancel:   {path: true, schedule: true, words: " schedule everything "},
	verbRemove:   {schedule: true, words: " schedule "},
	verbRetry:    {path: true, words: " failed everything all what "},
	verbRerun:    {path: true, words: " everything all "},
	verbSkip:     {path: true},
	verbFinish:   {words: " with what there is "},
	verbBudget:   {amount: true, words: " usd dollar dollars more "},
	verbPriority: {priority: true},
	verbMute:     {}, verbUnmute: {}, verbAside: {},
}

// closed reads what stands behind a verb. It reports whether that is all the verb
// takes, and nothing else: then it is a command.
func closed(v verb, rest []token) (order, bool) {
	o := order{verb: v}
	switch v {
	case verbJobs:
		return o.readList(rest)
	case verbHelp:
		return o.readTopic(rest)
	case verbCost:
		return o.readCost(rest)
	case verbSchedules, verbSchedule:
		return o.readSchedules(rest)
	default:
	}
	accepts, ok := closedVerbs[v]
	if !ok {
		return o, false
	}
	for i, t := range rest {
		if !o.take(accepts, rest, i) && !fillers[t.low] && !strings.Contains(accepts.words, " "+t.low+" ") {
			return o, false
		}
	}
	if v == verbRemove && o.schedule == "" {
		return o, false
	}
	return o, true
}

// take reads the i-th token if the verb takes such a thing once.
func (o *order) take(accepts takes, rest []token, i int) bool {
	low := rest[i].low
	if id, ok := jobID(low); ok && o.job == "" && o.schedule == "" {
		o.job = id
		return true
	}
	if id, ok := scheduleID(low); ok && accepts.schedule && o.schedule == "" && o.job == "" {
		o.schedule = id
		return true
	}
	named := i > 0 && rest[i-1].low == "step" // a step's number even where a number is an amount
	switch {
	case isPath(low) && o.path == "" && (accepts.path || accepts.amount && named):
		o.path = low
		return true
	case accepts.revision && o.revision == 0:
		n, ok := revisionOf(low)
		o.revision = n
		return ok
	case accepts.amount && o.amount == 0:
		amount, more, ok := money(strings.Trim(rest[i].raw, ",;:!?`\""))
		o.amount, o.more = amount, o.more || more
		return ok
	case accepts.amount && low == "more":
		o.more = true
		return true
	case accepts.priority && o.priority == "" && jobs.Priority(low).Rank() > 0:
		o.priority = jobs.Priority(low)
		return true
	}
	return false
}

// readTopic reads what help is wanted with.
func (o *order) readTopic(rest []token) (order, bool) {
	for _, t := range rest {
		v, ok := verbOf(t.low)
		switch {
		case ok && o.topic == "":
			o.topic = v
		case !fillers[t.low] && t.low != "with" && t.low != "on":
			return *o, false
		}
	}
	return *o, true
}

// readCost reads whose cost is meant: that of a job, or by what it is added up.
func (o *order) readCost(rest []token) (order, bool) {
	for _, t := range rest {
		id, isJob := jobID(t.low)
		group, err := jobs.ParseCostGroup(strings.TrimSuffix(t.low, "s"))
		switch {
		case isJob && o.job == "":
			o.job = id
		case t.low == "month" && o.group == "":
			o.group = jobs.CostByDay
		case err == nil && o.group == "" && t.low != "job":
			o.group = group
		case t.low == "job" && o.group == "" && len(rest) == 2 && rest[0].low == "by":
			o.group = jobs.CostByJob
		case !fillers[t.low] && t.low != "by":
			return *o, false
		}
	}
	return *o, true
}

// readSchedules reads "schedules", and "schedule pause sch_…".
func (o *order) readSchedules(rest []token) (order, bool) {
	change := verb("")
	for _, t := range rest {
		id, isID := scheduleID(t.low)
		v, isVerb := verbOf(t.low)
		switch {
		case isID && o.schedule == "":
			o.schedule = id
		case isVerb && change == "" && (v == verbPause || v == verbResume || v == verbRemove || v == verbCancel):
			change = v
		case t.low == "delete" && change == "":
			change = verbRemove
		case t.low == "list" || t.low == "all" || t.low == "show" || fillers[t.low]:
		default:
			return *o, false
		}
	}
	o.verb = verbSchedules
	if change != "" {
		o.verb = change
	}
	return *o, (change == "") == (o.schedule == "")
}

// readList reads which jobs are meant. One word that is no filter is looked for in
// the titles, but "list" with such a word is a request: "list customers".
func (o *order) readList(rest []token) (order, bool) {
	o.list.mine = true
	for _, t := range rest {
		switch f, ok := filters[t.low]; {
		case t.low == "all" || t.low == "everyone" || t.low == "everybody":
			o.list.mine = false
		case t.low == "mine":
		case ok && o.list.group == "" && o.list.status == "":
			o.list.group, o.list.status = f.group, f.status
		case !fillers[t.low] && t.low != "jobs":
			return *o, false
		}
	}
	return *o, true
}

// filters are the parts of the list of jobs as people call them.
var filters = map[string]listing{ //nolint:gochecknoglobals // a constant table
	"active": {group: jobs.GroupActive}, "running": {group: jobs.GroupActive}, "open": {group: jobs.GroupActive}, "waiting": {group: jobs.GroupActive},
	"queued":   {group: jobs.GroupQueued},
	"finished": {group: jobs.GroupFinished}, "done": {group: jobs.GroupFinished}, "ended": {group: jobs.GroupFinished},
	"completed": {status: jobs.StatusCompleted}, "failed": {status: jobs.StatusFailed}, "partial": {status: jobs.StatusPartial},
	"cancelled": {status: jobs.StatusCancelled}, "canceled": {status: jobs.StatusCancelled}, "paused": {status: jobs.StatusPaused},
	"planning": {status: jobs.StatusPlanning},
}
