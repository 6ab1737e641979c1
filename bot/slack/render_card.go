package slack

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	slackapi "github.com/slack-go/slack"

	"github.com/askbob/bob/bot"
	"github.com/askbob/bob/jobs"
)

// cardBlocks renders a job's card as a message, and as the text that notifications and
// screen readers get instead. The text is escaped.
func cardBlocks(c bot.Card) (blocks []slackapi.Block, text string) {
	s := newSheet(surfaceMessage)
	s.end(cardEnd(s, &c), func() bool {
		s.add(slackapi.NewHeaderBlock(plain(lineOr(c.Title, untitled, maxHeader))))
		s.add(slackapi.NewRichTextBlock("", cardState(&c)...))
		s.plan(&c)
		return true
	})
	return s.blocks, fallback(cardText(&c))
}

const untitled = "Untitled job"

// cardText stands alone where no blocks are shown: for it, the steps that failed or wait
// matter more than those that are well.
func cardText(c *bot.Card) string {
	named := *c
	named.Title = lineOr(c.Title, untitled, maxHeader)
	text := []string{named.Plain()}
	if c.Activity != "" {
		text = append(text, line(c.Activity, maxLine))
	}
	for _, step := range c.Steps[:min(len(c.Steps), maxTasks)] {
		text = append(text, line(strings.Join([]string{step.State, step.Path, step.Title}, " "), maxTaskTitle))
	}
	return strings.Join(text, "\n")
}

// cardState is how the job stands, what it does and what it waits for.
func cardState(c *bot.Card) []slackapi.RichTextElement {
	strong := &slackapi.RichTextSectionTextStyle{Bold: true}
	section := slackapi.NewRichTextSection(
		slackapi.NewRichTextSectionTextElement(lineOr(c.State, string(c.Status), maxTaskTitle), strong))
	if c.Percent >= 0 {
		section.Elements = append(section.Elements, words("   "+bar(c.Percent)))
	}
	activity := line(c.Activity, maxLine)
	if activity != "" {
		section.Elements = append(section.Elements, words("\n"+activity))
	}
	if !c.At.IsZero() {
		before := "\n"
		if activity != "" {
			before = " · "
		}
		section.Elements = append(section.Elements, words(before), asOf(c.At))
	}
	out := []slackapi.RichTextElement{section}
	if waits := joined(c.Waits[:min(len(c.Waits), maxCardLines)], "\n", maxLine/2); waits != "" {
		out = append(out, &slackapi.RichTextQuote{
			Type: slackapi.RTEQuote, Elements: []slackapi.RichTextSectionElement{words(waits)},
		})
	}
	return out
}

// barCells is how long a bar is: one of them is five percent.
const barCells = 20

func bar(percent int) string {
	percent = max(0, min(percent, 100))
	full := percent * barCells / 100
	return strings.Repeat("█", full) + strings.Repeat("░", barCells-full) + "  " + strconv.Itoa(percent) + "%"
}

// cardEnd is what stands below the steps: the facts, what one can press, and hints.
func cardEnd(s *sheet, c *bot.Card) []slackapi.Block {
	id := ""
	if c.Job != "" {
		id = "ID " + string(c.Job)
	}
	facts := joined(c.Facts[:min(len(c.Facts), maxCardLines)], " · ", maxLine/2)
	end := grey(cut(facts, maxLine*2), id)
	end = append(end, s.buttonBlocks(pressable(c.Buttons))...)
	if hints := joined(c.Hints[:min(len(c.Hints), maxCardLines)], "\n", maxLine/3); hints != "" {
		end = append(end, slackapi.NewContextBlock("", plain(hints)))
	}
	return end
}

// asOf says when all of a card was so, in the time zone of who looks: Slack takes so few
// edits a minute that many cards wait for theirs.
func asOf(at time.Time) slackapi.RichTextSectionElement {
	otherwise := "as of " + at.UTC().Format("2006-01-02 15:04 UTC")
	return slackapi.NewRichTextSectionDateElement(at.Unix(), "as of {date_short_pretty} {time}", nil, &otherwise)
}

// plan puts the steps on the sheet, as many as fit.
func (s *sheet) plan(c *bot.Card) {
	if len(c.Steps) == 0 {
		return
	}
	for n := min(len(c.Steps), maxTasks); n > 0; n = n * 3 / 4 {
		if s.add(planBlock(c, n)) {
			return
		}
	}
}

// planBlock shows the first n steps. Its title says how they stand: without one, Slack
// would say so itself, and too early.
func planBlock(c *bot.Card, n int) slackapi.Block {
	hidden := len(c.Steps) - n + max(0, c.More)
	var tasks []*slackapi.TaskCardBlock
	for i := range c.Steps[:n] {
		tasks = append(tasks, taskCard(&c.Steps[i], i))
	}
	title := "Plan: " + tally(c.Steps)
	if hidden > 0 {
		title += fmt.Sprintf(" · %d more not shown", hidden)
	}
	return slackapi.NewPlanBlock(title).WithTasks(tasks...)
}

// tally says how many steps are done, run, failed or came out with gaps.
func tally(steps []bot.CardRow) string {
	count := map[jobs.Status]int{}
	for _, step := range steps {
		switch step.Status {
		case jobs.StatusWaitingForChildren, jobs.StatusPlanning:
			count[jobs.StatusRunning]++
		default:
			count[step.Status]++
		}
	}
	parts := "parts"
	if len(steps) == 1 {
		parts = "part"
	}
	if count[jobs.StatusQueued] == len(steps) {
		return fmt.Sprintf("%d %s", len(steps), parts)
	}
	text := fmt.Sprintf("%d of %d %s done", count[jobs.StatusCompleted], len(steps), parts)
	for _, more := range []struct {
		status jobs.Status
		words  string
	}{
		{jobs.StatusRunning, "running"}, {jobs.StatusPartial, "partly"}, {jobs.StatusFailed, "failed"},
	} {
		if n := count[more.status]; n > 0 {
			text += fmt.Sprintf(", %d %s", n, more.words)
		}
	}
	return text
}

// taskCard is one step. Its state stands in words beside Slack's symbol, which knows
// only four.
func taskCard(step *bot.CardRow, number int) *slackapi.TaskCardBlock {
	title := strings.TrimSpace(line(step.Path, maxTaskTitle/3) + " " + lineOr(step.Title, "Untitled step", maxTaskTitle))
	task := slackapi.NewTaskCardBlock("step_"+strconv.Itoa(number+1), cut(title, maxTaskTitle)).WithStatus(taskStatus(step.Status))
	details := joined([]string{step.State, step.Detail}, " · ", maxLine)
	if details != "" {
		task.Details = slackapi.NewRichTextBlock("", slackapi.NewRichTextSection(words(details)))
	}
	return task
}

// taskStatus is the nearest of Slack's four. A part that came out with gaps is not
// complete, and what nobody will do is not an error.
func taskStatus(s jobs.Status) slackapi.TaskCardStatus {
	switch s {
	case jobs.StatusCompleted:
		return slackapi.TaskCardStatusComplete
	case jobs.StatusPartial, jobs.StatusFailed:
		return slackapi.TaskCardStatusError
	case jobs.StatusRunning, jobs.StatusWaitingForChildren, jobs.StatusPlanning:
		return slackapi.TaskCardStatusInProgress
	default:
		return slackapi.TaskCardStatusPending
	}
}
