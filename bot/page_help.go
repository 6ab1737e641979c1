package bot

import "github.com/askbob/bob/jobs"

// lesson says what a command does.
type lesson struct {
	verb verb
	use  string
	does string
}

// lessons are the commands in the order in which help lists them.
var lessons = []struct { //nolint:gochecknoglobals // a constant table
	head string
	list []lesson
}{
	{"Look", []lesson{
		{verbJobs, "jobs [active | queued | finished | failed | all | about WORD]", "lists your jobs, or everybody's"},
		{verbStatus, "status [ID] [STEP]", "says how far a job is, or all of one step"},
		{verbResults, "results [ID]", "shows what came out"},
		{verbPlan, "plan [ID]", "shows the steps, their order and the forecast"},
		{verbCost, "cost [ID | by day | user | channel | model | job]", "says what a job, or the month, has cost"},
	}},
	{"Steer", []lesson{
		{verbPause, "pause [ID] [STEP]", "starts nothing more of it; resume goes on"},
		{verbResume, "resume [ID] [STEP]", "goes on with what was paused"},
		{verbCancel, "cancel [ID] [STEP]", "ends it at once; what is done stays"},
		{verbRetry, "retry [ID] [STEP] [: new prompt]", "runs again what did not succeed"},
		{verbRerun, "rerun [ID] [STEP] [: new prompt]", "runs all of it again, and what depends on it"},
		{verbSkip, "skip [ID] STEP", "ends a step without a result"},
		{verbFinish, "finish [ID]", "ends the job with what there is"},
		{verbPriority, "priority [ID] low | medium | high | urgent", "decides between jobs"},
		{verbAnswer, "answer [ID] [STEP] TEXT", "answers what a job asks"},
		{verbMute, "mute [ID]", "leaves out all news but questions and the end"},
		{verbUnmute, "unmute [ID]", "tells all news again"},
	}},
	{"Plans and money", []lesson{
		{verbApprove, "approve [ID] [REVISION]", "lets a plan run"},
		{verbEdit, "edit [ID]", "changes a plan before it runs"},
		{verbCheaper, "cheaper [ID]", "asks for a plan that costs less"},
		{verbReject, "reject [ID]", "cancels a job whose plan you do not want"},
		{verbBudget, "budget [ID] 5 | +1", "says what a job may cost, or how much more, in US dollars"},
	}},
	{"Again and again", []lesson{
		{verbSchedule, `schedule "every Monday at 9" REQUEST`, "keeps a job that runs at those times; cron works too"},
		{verbSchedules, "schedules", "lists them; schedule pause, resume or remove ID changes one"},
		{verbRemove, "schedule remove ID", "ends a schedule; its jobs stay"},
	}},
	{"Other", []lesson{
		{verbSubmit, "submit: REQUEST", "hands in words that would be a command otherwise"},
		{verbHelp, "help [COMMAND]", "shows this"},
		{verbAside, "!aside …", "in a job's thread: not for Bob"},
	}},
}

// misused says how a command is used that was given what it does not take.
func misused(text string) error {
	low, _, _ := head(text)
	for _, chapter := range lessons {
		for _, l := range chapter.list {
			if string(l.verb) == low {
				return refuse("\"%s\" is not understood. It is used so: %s", jobs.Shorten(oneLine(text), maxSnippet), l.use)
			}
		}
	}
	return refuse("\"%s\" is not understood. \"help\" lists all commands.", jobs.Shorten(oneLine(text), maxSnippet))
}

// helpPage says what people can say; with a topic only that.
func helpPage(topic verb) Page {
	p := Page{Kind: PageHelp, Title: "What you can say to Bob"}
	if topic != "" {
		for _, chapter := range lessons {
			for _, l := range chapter.list {
				if l.verb == topic {
					p.Parts = []Part{{Head: l.use, Lines: []string{capital(l.does) + "."}}}
					return p
				}
			}
		}
	}
	p.Parts = append(p.Parts, Part{Lines: []string{
		"Say what you want done, with files if there are any: that is a job. Bob plans it, works on it, and answers in its thread.",
		"In a job's thread, what you say answers its question, steers it while it runs, and starts the next job when it is over. The ID may be left out there.",
		"Before a command in a thread, ! makes clear that it is one: !status.",
	}})
	for _, chapter := range lessons {
		part := Part{Head: chapter.head}
		for _, l := range chapter.list {
			part.Lines = append(part.Lines, l.use+": "+l.does)
		}
		p.Parts = append(p.Parts, part)
	}
	p.Parts[len(p.Parts)-1].Buttons = []Button{{Action: ActJobs, Arg: listing{mine: true}.String(), Label: "📋 My jobs"}, {Action: ActNew, Label: "➕ New job", Style: StylePrimary}}
	return p
}
