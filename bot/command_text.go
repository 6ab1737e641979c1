package bot

import (
	"fmt"
	"regexp"
	"strings"
	"unicode/utf8"
)

// head takes the first word off a text, and the white space behind it. The word
// comes as a token's low.
func head(text string) (low, raw, rest string) {
	text = strings.TrimSpace(text)
	end := strings.IndexFunc(text, func(r rune) bool { return r == ' ' || r == '\n' || r == '\t' || r == '\r' || r == '\u00a0' })
	if end < 0 {
		end = len(text)
	}
	raw = text[:end]
	return strings.ToLower(strings.Trim(raw, around)), raw, strings.TrimSpace(text[end:])
}

// freeText reads the commands whose end is free text. It reports whether it is one.
func freeText(text string, at setting) (order, bool) {
	low, raw, rest := head(text)
	v, ok := verbOf(low)
	if !ok || strings.HasPrefix(raw, `"`) {
		return order{}, false
	}
	switch v {
	case verbSubmit:
		if rest != "" && (strings.HasSuffix(raw, ":") || at.explicit) {
			return order{verb: verbSubmit, text: rest}, true
		}
	case verbSchedule:
		return scheduled(rest)
	case verbAnswer:
		return answering(rest, strings.HasSuffix(raw, ":"), at)
	case verbRetry, verbRerun:
		return prompted(v, rest)
	case verbAside:
		return order{verb: verbAside}, rest == ""
	case verbJobs:
		return searched(raw, rest)
	default:
	}
	return order{}, false
}

// openers begin a quotation.
const openers = "\"'`“„«‘"

// scheduled reads what is to run when. What does not begin as a time does may be any
// request that begins with "schedule".
func scheduled(rest string) (order, bool) {
	first, _ := utf8.DecodeRuneInString(rest)
	quoted := rest != "" && strings.ContainsRune(openers, first)
	low, _, _ := head(rest)
	if rest == "" || !quoted && !timeWord.MatchString(low) {
		return order{}, false
	}
	return order{verb: verbSchedule, text: rest, quoted: quoted}, true
}

// timeWord is what times begin with, in the languages that schedules are read in.
var timeWord = regexp.MustCompile(`^([0-9*@].*|every|each|daily|everyday|hourly|weekly|monthly|yearly|annually|weekdays?|weekends?|on|at|in|today|tonight|tomorrow|next|noon|` +
	`(mon|tues|wednes|thurs|fri|satur|sun)days?|jede[nrs]?|alle|täglich|stündlich|wöchentlich|monatlich|jährlich|werktags?|am|um|heute|morgen|übermorgen|` +
	`(montag|dienstag|mittwoch|donnerstag|freitag|samstag|sonntag)s?)$`)

// answering reads an answer: to whom, and what. What follows a colon behind the verb,
// an ID or a step is the answer, even a number.
func answering(rest string, ended bool, at setting) (order, bool) {
	o := order{verb: verbAnswer}
	named := false
	for {
		low, raw, after := head(rest)
		id, isJob := jobID(low)
		switch {
		case isJob && o.job == "" && !ended:
			o.job = id
		case isPath(low) && o.path == "" && after != "" && !ended && (named || at.thread || at.explicit || strings.HasSuffix(raw, ":")):
			o.path = low
		default:
			o.text = rest
			return o, (named || at.thread || at.explicit) && rest != ""
		}
		named, ended, rest = true, strings.HasSuffix(raw, ":"), after
	}
}

// prompted reads "retry 1.2: compare regions only".
func prompted(v verb, rest string) (order, bool) {
	before, prompt, ok := strings.Cut(rest, ":")
	if prompt = strings.TrimSpace(prompt); !ok || prompt == "" || strings.TrimSpace(before) == "" {
		return order{}, false
	}
	words := strings.Fields(before)
	if len(words) > maxCommand {
		return order{}, false
	}
	o, ok := closed(v, tokensOf(words))
	o.text = prompt
	return o, ok && o.path != ""
}

// searched reads `jobs "sales"` and "jobs about sales".
func searched(raw, rest string) (order, bool) {
	if !strings.EqualFold(strings.Trim(raw, around), "jobs") || rest == "" {
		return order{}, false
	}
	low, _, after := head(rest)
	first, _ := utf8.DecodeRuneInString(rest)
	switch {
	case strings.ContainsRune(openers, first) && len(strings.Fields(rest)) <= maxCommand:
	case low == "about" && after != "" && len(strings.Fields(after)) <= 3:
		rest = after
	case after == "" && !fillers[low] && filters[low] == listing{} && !listWord(low):
	default:
		return order{}, false
	}
	text := oneLine(strings.Trim(rest, around+"«»"))
	return order{verb: verbJobs, list: listing{words: text, mine: true}}, text != ""
}

func listWord(low string) bool {
	return low == "all" || low == "mine" || low == "everyone" || low == "everybody" || low == "jobs"
}

// mistyped says what may be meant by words of which the first is nearly a verb and
// the others are what that verb takes. It is empty for all else.
func mistyped(tokens []token) string {
	word := tokens[0].low
	rest := tokens[1:]
	if id, ok := jobID(word); ok && len(rest) == 0 {
		return fmt.Sprintf("What about %s? Say \"status %s\" or \"results %s\"; \"help\" lists all commands.", id, id, id)
	}
	for _, t := range rest {
		if fillers[t.low] && t.low != "job" && t.low != "step" {
			return ""
		}
	}
	best, least := "", maxTypos+1
	for _, name := range sortedNames {
		if d := distance(word, name, maxTypos); d < least && d <= allowed(name) && takesAll(name, rest) {
			best, least = name, d
		}
	}
	switch {
	case best != "":
		meant := best
		for _, t := range rest {
			meant += " " + t.low
		}
		return fmt.Sprintf("I know no command \"%s\". Did you mean \"%s\"? If it is a job, say \"submit: %s …\".", shown(word), oneLine(meant), shown(word))
	case len(rest) == 1:
		if _, ok := jobID(rest[0].low); ok {
			return unknown(word)
		}
	}
	return ""
}

// takesAll reports whether a verb takes all of these words.
func takesAll(name string, rest []token) bool {
	v := names[name]
	if v == verbSchedule && len(rest) > 1 {
		return timeWord.MatchString(rest[0].low)
	}
	if len(rest) == 0 {
		return true
	}
	_, ok := closed(v, rest)
	return ok
}

// unknown says that there is no such command.
func unknown(word string) string {
	low, _, _ := head(word)
	best, least := "", maxTypos+1
	for _, name := range sortedNames {
		if d := distance(low, name, maxTypos); d < least {
			best, least = name, d
		}
	}
	text := fmt.Sprintf("I know no command \"%s\".", shown(low))
	if best != "" {
		text += fmt.Sprintf(" Did you mean \"%s\"?", best)
	}
	return text + " \"help\" lists all commands."
}

// shown is a word that a person mistyped, as it is repeated to them.
func shown(word string) string {
	runes := []rune(oneLine(word))
	if len(runes) > maxShownID {
		runes = append(runes[:maxShownID-1], '…')
	}
	return string(runes)
}

// maxTypos bounds in how many letters a mistyped verb may be wrong.
const maxTypos = 2

// allowed is how many typos a verb may have: in short ones every letter counts.
func allowed(name string) int {
	if len(name) <= 5 {
		return 1
	}
	return maxTypos
}

// distance counts the letters that were left out, added, wrong or swapped with
// their neighbour; above limit it is only more than limit.
func distance(a, b string, limit int) int {
	x, y := []rune(a), []rune(b)
	if len(x)-len(y) > limit || len(y)-len(x) > limit {
		return limit + 1
	}
	before, last, now := make([]int, len(y)+1), make([]int, len(y)+1), make([]int, len(y)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(x); i++ {
		now[0] = i
		for j := 1; j <= len(y); j++ {
			cost := 1
			if x[i-1] == y[j-1] {
				cost = 0
			}
			now[j] = min(last[j]+1, now[j-1]+1, last[j-1]+cost)
			if i > 1 && j > 1 && x[i-1] == y[j-2] && x[i-2] == y[j-1] {
				now[j] = min(now[j], before[j-2]+1)
			}
		}
		before, last, now = last, now, before
	}
	return last[len(y)]
}

// sortedNames are the verbs that a typo may be of, those first that are named when
// two are equally near.
var sortedNames = []string{ //nolint:gochecknoglobals // a constant table
	"status", "details", "results", "jobs", "list", "plan", "approve", "reject", "edit", "cheaper", "pause", "resume", "continue", "cancel", "stop",
	"retry", "rerun", "skip", "finish", "budget", "priority", "schedule", "schedules", "cost", "mute", "unmute", "help",
}
