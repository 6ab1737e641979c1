package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/askbob/bob/bot/terminal"
	"github.com/askbob/bob/jobs"
)

// questions lists the nodes that wait for an answer.
func questions(report *jobs.Report) []jobs.NodeReport {
	var list []jobs.NodeReport
	for _, n := range report.Nodes {
		if n.Status == jobs.StatusWaitingForInput && (n.Reason == jobs.ReasonQuestion || n.Reason == jobs.ReasonEffectUnknown) {
			list = append(list, n)
		}
	}
	return list
}

// giveAnswers answers what the job asked, with what was given on the command line.
func (r *runner) giveAnswers(ctx context.Context) error {
	if len(r.o.answers) == 0 {
		return nil
	}
	report, err := r.h.service.Report(ctx, r.id)
	if err != nil {
		return err
	}
	asked := questions(report)
	for _, text := range r.o.answers {
		path, text := addressed(text, asked)
		if err := r.reply(ctx, path, text); err != nil {
			return err
		}
	}
	return nil
}

// addressed tells a PATH= before an answer from the answer: only a step that asked
// can be meant.
func addressed(text string, asked []jobs.NodeReport) (path, answer string) {
	before, after, _ := strings.Cut(text, "=")
	for _, n := range asked {
		if n.Path != "" && n.Path == strings.TrimSpace(before) && strings.Contains(text, "=") {
			return n.Path, after
		}
	}
	return "", text
}

// terminalUser is who sits at the terminal, for the audit trail.
func terminalUser() jobs.Actor { return jobs.Actor{Surface: "cli"} }

func (r *runner) reply(ctx context.Context, path, text string) error {
	return r.h.service.Answer(ctx, jobs.Answer{Job: r.id, Path: path, Text: text, By: terminalUser()})
}

// askQuestions puts what the job asks to the person at the terminal, one step after
// another, and reports whether any of it was answered.
func (r *runner) askQuestions(ctx context.Context, report *jobs.Report) (bool, error) {
	answered := false
	for _, n := range questions(report) {
		who := "Bob asks:"
		if n.Path != "" {
			who = fmt.Sprintf("Step %s (%s) asks:", n.Path, terminal.Clean(n.Title))
		}
		r.p.sayf("\n%s\n%s\nYour answer (an empty line leaves the job as it is): ", who, terminal.Clean(n.Error))
		text := r.line()
		if text == "" {
			continue
		}
		err := r.reply(ctx, n.Path, text)
		if user, ok := errors.AsType[*jobs.UserError](err); ok { // such as: its time was over
			r.p.sayf("%s\n", user.Message)
		} else if err != nil {
			return answered, err
		}
		answered = true
	}
	return answered, nil
}

// questionWords says what the job asks, and how to answer.
func questionWords(report *jobs.Report, again string) string {
	asked := questions(report)
	if len(asked) == 0 {
		return "the job waits for a person"
	}
	if len(asked) == 1 {
		return fmt.Sprintf("the job waits for an answer: %s Answer with: %s --answer TEXT", oneLine(asked[0].Error), again)
	}
	words := make([]string, 0, len(asked))
	for _, n := range asked {
		words = append(words, fmt.Sprintf("%s (%s): %s", n.Path, n.Title, oneLine(n.Error)))
	}
	return fmt.Sprintf("the job waits for answers. %s Answer each with: %s --answer PATH=TEXT", strings.Join(words, " "), again)
}

func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }
