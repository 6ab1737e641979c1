package bot

import (
	"regexp"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/askbob/bob/jobs"
)

// What a person said is a command only if all of it is: a verb, what the verb takes
// (an ID, a step's number, an amount) and words that add nothing, such as "please".
// "Cancel the newsletter and write to all subscribers" is a request, for no cancel
// takes a newsletter. So a request is never lost to a command that it happens to
// begin with.
//
// Four verbs take free text, and are told from requests so:
//
//   - schedule: what follows is quoted, or begins as times do ("every Monday at 9").
//   - answer: an ID or step follows, or it is said in a thread of a job.
//   - submit: a colon follows, or it is said as a slash command.
//   - retry and rerun: a step's number and a colon come before the new prompt.
//
// A lone word that is nearly a verb, or one before an ID or whatever the verb takes,
// is taken for a mistyped command: the answer is a hint, never a job that costs
// money. With other words behind it, it is a request. "/" and "!" may stand before
// any verb; after them a lone word that is no verb gets a hint too.

// verb is what a person wants with a message.
type verb string

// The verbs.
const (
	verbSubmit    verb = "submit"
	verbStatus    verb = "status"
	verbResults   verb = "results"
	verbJobs      verb = "jobs"
	verbPlan      verb = "plan"
	verbApprove   verb = "approve"
	verbReject    verb = "reject"
	verbEdit      verb = "edit"
	verbCheaper   verb = "cheaper"
	verbPause     verb = "pause"
	verbResume    verb = "resume"
	verbCancel    verb = "cancel"
	verbRetry     verb = "retry"
	verbRerun     verb = "rerun"
	verbSkip      verb = "skip"
	verbFinish    verb = "finish"
	verbBudget    verb = "budget"
	verbPriority  verb = "priority"
	verbSchedule  verb = "schedule"
	verbSchedules verb = "schedules"
	verbRemove    verb = "remove" // of a schedule
	verbCost      verb = "cost"
	verbMute      verb = "mute"
	verbUnmute    verb = "unmute"
	verbAnswer    verb = "answer"
	verbHelp      verb = "help"
	verbAside     verb = "aside"

	verbHint   verb = "?"      // no command, and no request either: order.text says what may be meant
	verbGreet  verb = "hello"  // small talk
	verbThanks verb = "thanks" // small talk
)

// order is what a person wants, as it was understood.
type order struct {
	verb     verb
	job      jobs.JobID
	schedule jobs.ScheduleID
	path     string
	revision int
	amount   jobs.Money
	more     bool // the amount is to be added
	group    jobs.CostGroup
	priority jobs.Priority
	list     listing // of verbJobs
	topic    verb    // of verbHelp; empty: all

	text   string // request, answer, prompt or hint
	quoted bool   // of verbSchedule: the time stands in quotes
	signed bool   // "!" or "/" stood before it
}

// setting is what must be known of where something was said.
type setting struct {
	thread   bool // in a thread of a job
	explicit bool // as a slash command
}

// maxCommand is longer than any command without free text, in words.
const maxCommand = 16

// parse reads what a person said. It never fails: what is no command is a request.
func parse(text string, at setting) order {
	text = strings.TrimSpace(text)
	body, sign := unsigned(text)
	if body == "" && sign == 0 {
		return order{verb: verbHelp}
	}
	o := read(body, at)
	switch {
	case o.verb != verbSubmit:
		o.signed = sign != 0
		return o
	case sign == '!' && len(strings.Fields(body)) <= 1:
		return order{verb: verbHint, text: unknown(body), signed: true}
	}
	if o.text == body { // the sign is part of the request, as in /etc/passwd
		o.text = text
	}
	return o
}

var (
	botName  = regexp.MustCompile(`(?i)^/bob(\s+|$)`)
	slashed  = regexp.MustCompile(`^/\pL+(\s|$)`)
	shouting = regexp.MustCompile(`^!\pL`)
)

// unsigned returns a text without the sign of a command, and the sign.
func unsigned(text string) (string, byte) {
	if at := botName.FindStringIndex(text); at != nil {
		return text[at[1]:], 0
	}
	if slashed.MatchString(text) || shouting.MatchString(text) {
		return text[1:], text[0]
	}
	return text, 0
}

// read reads a text without a sign.
func read(text string, at setting) order {
	if o, ok := smallTalk(text); ok {
		return o
	}
	if o, ok := freeText(text, at); ok {
		return o
	}
	words := strings.Fields(text)
	if len(words) > maxCommand {
		return order{verb: verbSubmit, text: text}
	}
	tokens := tokensOf(words)
	for len(tokens) > 1 && leading[tokens[0].low] {
		tokens = tokens[1:]
	}
	if o, ok := added(tokens); ok {
		return o
	}
	if v, ok := verbOf(tokens[0].low); ok {
		if o, ok := closed(v, tokens[1:]); ok {
			return o
		}
		return order{verb: verbSubmit, text: text}
	}
	if hint := mistyped(tokens); hint != "" {
		return order{verb: verbHint, text: hint}
	}
	return order{verb: verbSubmit, text: text}
}

// added reads "+$1", said to a job that waits for money.
func added(tokens []token) (order, bool) {
	if len(tokens) == 1 && strings.HasPrefix(tokens[0].low, "+") {
		if amount, _, ok := money(tokens[0].low); ok {
			return order{verb: verbBudget, amount: amount, more: true}, true
		}
	}
	return order{}, false
}

// token is one word of what a person wrote.
type token struct {
	raw string
	low string // in small letters, without what is around it
}

// around is what stands around words and says nothing here.
const around = "`*_<>()[]\"'“”„‘’.,;:!?"

func tokensOf(words []string) []token {
	var list []token
	for _, w := range words {
		t := token{raw: w, low: strings.ToLower(strings.Trim(w, around))}
		if w == "?" {
			t.low = "?"
		}
		if t.low != "" {
			list = append(list, t)
		}
	}
	if len(list) == 0 {
		list = []token{{raw: words[0], low: words[0]}}
	}
	return list
}

// leading are words before a verb that add nothing.
var leading = map[string]bool{"please": true, "pls": true, "show": true, "give": true, "me": true, "the": true, "my": true, "hey": true, "bob": true} //nolint:gochecknoglobals // a constant table

// fillers are words behind a verb that add nothing.
var fillers = map[string]bool{ //nolint:gochecknoglobals // a constant table
	"please": true, "pls": true, "the": true, "a": true, "my": true, "this": true, "that": true, "it": true, "of": true, "for": true,
	"job": true, "step": true, "me": true, "now": true, "bob": true, "to": true, "and": true,
}

var (
	jobPattern      = regexp.MustCompile(`^job_[0-9a-z]{1,20}$`)
	schedulePattern = regexp.MustCompile(`^sch_[0-9a-z]{1,20}$`)
	pathPattern     = regexp.MustCompile(`^[1-9][0-9]{0,5}(\.[1-9][0-9]{0,5}){0,30}$`)
)

// jobID reads an ID; letters that look like digits are taken for them.
func jobID(low string) (jobs.JobID, bool) {
	if !jobPattern.MatchString(low) {
		return "", false
	}
	return jobs.JobID("job_" + crockford(low[len("job_"):])), true
}

func scheduleID(low string) (jobs.ScheduleID, bool) {
	if !schedulePattern.MatchString(low) {
		return "", false
	}
	return jobs.ScheduleID("sch_" + crockford(low[len("sch_"):])), true
}

func crockford(text string) string {
	return strings.NewReplacer("o", "0", "i", "1", "l", "1").Replace(text)
}

func isPath(low string) bool { return pathPattern.MatchString(low) }

// money reads an amount of US dollars: "5", "$2.50", "+1", "2usd".
func money(low string) (amount jobs.Money, more, ok bool) {
	low, more = strings.CutPrefix(low, "+")
	low = strings.TrimPrefix(low, "$")
	low = strings.TrimSuffix(strings.TrimSuffix(low, "usd"), "$")
	if low == "" || len(low) > maxAmount || !unicode.IsDigit(rune(low[0])) && low[0] != '.' {
		return 0, false, false
	}
	amount, err := jobs.ParseMoney(low)
	return amount, more, err == nil
}

// maxAmount is longer than any amount, in bytes.
const maxAmount = 20

// smallTalk reads what is said to be polite: it is no job that anybody wants to pay.
func smallTalk(text string) (order, bool) {
	if utf8.RuneCountInString(text) > 30 {
		return order{}, false
	}
	v, ok := talk[strings.Trim(strings.ToLower(strings.Join(strings.Fields(text), " ")), around)]
	return order{verb: v}, ok
}

var talk = map[string]verb{ //nolint:gochecknoglobals // a constant table
	"hi": verbGreet, "hello": verbGreet, "hey": verbGreet, "hi bob": verbGreet, "hello bob": verbGreet, "hey bob": verbGreet,
	"good morning": verbGreet, "good evening": verbGreet, "hallo": verbGreet, "moin": verbGreet, "👋": verbGreet,
	"thanks": verbThanks, "thank you": verbThanks, "thx": verbThanks, "ty": verbThanks, "thanks bob": verbThanks, "thank you bob": verbThanks,
	"many thanks": verbThanks, "thanks a lot": verbThanks, "danke": verbThanks, "great": verbThanks, "cool": verbThanks, "nice": verbThanks,
	"perfect": verbThanks, "well done": verbThanks, "good job": verbThanks, "great job": verbThanks, "awesome": verbThanks, "ok": verbThanks,
	"okay": verbThanks, "👍": verbThanks, "🙏": verbThanks, "🎉": verbThanks, "❤️": verbThanks, "ok thanks": verbThanks,
}

// revisionOf reads the number of a plan's revision.
func revisionOf(low string) (int, bool) {
	n, err := strconv.Atoi(strings.TrimPrefix(low, "r"))
	return n, err == nil && n > 0 && n < 1_000_000
}
