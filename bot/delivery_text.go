package bot

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/dustin/go-humanize"

	"github.com/askbob/bob/jobs"
)

const (
	// maxShownResult is how much of a result stands in the thread, in characters; what
	// is longer is attached whole.
	maxShownResult = 3_000
	// maxSentFiles bounds the files that go up: more are looked at elsewhere.
	maxSentFiles = 20
	// maxNoticeText bounds what else is said, in characters.
	maxNoticeText = 2_500
	// maxShortText bounds a text in place of one that the platform refused.
	maxShortText = 300
	// resultName is what a whole result is called as a file.
	resultName = "result.md"
)

// compose returns the messages of a letter; none if there is nothing to say any more.
// They are the same every time as long as the job does not change.
func (d *Delivery) compose(ctx context.Context, l jobs.Letter) ([]step, error) {
	if l.Job == "" {
		return []step{{post: Post{Text: noticeText(l.Text)}}}, nil
	}
	if l.Muted && chatter(l.Kind) {
		return nil, nil
	}
	later, err := d.cfg.Reports.Notices(ctx, l.Job)
	if err != nil {
		return nil, fmt.Errorf("notices of %s: %w", l.Job, err)
	}
	r, err := d.cfg.Reports.Report(ctx, l.Job, false)
	if err != nil {
		return nil, fmt.Errorf("report %s: %w", l.Job, err)
	}
	switch {
	case superseded(l, later), outdated(l, r):
		return nil, nil
	case l.Kind == jobs.NoticeAck:
		return d.ack(ctx, l, r)
	case l.Kind == jobs.NoticeCompletion:
		return d.completion(ctx, l, r)
	}
	return []step{{post: noticePost(l, r)}}, nil
}

// chatter reports whether people who muted a job do not want to hear that.
func chatter(k jobs.NoticeKind) bool {
	switch k {
	case jobs.NoticeMilestone, jobs.NoticeReplanned, jobs.NoticeQuiet:
		return true
	default:
		return false
	}
}

// superseded reports whether one of the notices after a letter says all that it says.
func superseded(l jobs.Letter, later []jobs.Notice) bool {
	return slices.ContainsFunc(later, func(n jobs.Notice) bool {
		if n.ID <= l.ID {
			return false
		}
		switch l.Kind {
		case jobs.NoticeMilestone, jobs.NoticeQuiet:
			return n.Kind == l.Kind || n.Kind == jobs.NoticeCompletion
		case jobs.NoticeApproval, jobs.NoticeCompletion:
			return n.Kind == l.Kind
		default:
			return false
		}
	})
}

// outdated reports whether the job moved on since, so that a letter would ask for what
// is not needed or tell an end that was none.
func outdated(l jobs.Letter, r *jobs.Report) bool {
	switch l.Kind {
	case jobs.NoticeApproval:
		return r.Status != jobs.StatusAwaitingApproval && r.Status != jobs.StatusPaused
	case jobs.NoticeQuestion:
		// Of a paused job the waits say only that.
		known := r.Status != jobs.StatusPaused && len(r.Waiting) < jobs.MaxWaits &&
			!slices.ContainsFunc(r.Waiting, func(w jobs.Wait) bool { return w.Reason == jobs.ReasonUser })
		return r.Status.Final() || known && !slices.ContainsFunc(r.Waiting, isQuestion)
	case jobs.NoticeBudget:
		return r.Cost.Shortage == nil
	case jobs.NoticeCompletion:
		return !r.Status.Final()
	default:
		return false
	}
}

// ack is the card itself.
func (d *Delivery) ack(ctx context.Context, l jobs.Letter, r *jobs.Report) ([]step, error) {
	top, more, err := d.cfg.Reports.Top(ctx, l.Job)
	if err != nil {
		return nil, fmt.Errorf("top of %s: %w", l.Job, err)
	}
	c := NewCard(r, CardView{Top: top, More: more, Muted: l.Muted}, d.cfg.Now())
	return []step{{post: Post{Card: &c}}}, nil
}

// noticePost is a letter that is one text. Who asked for the job is mentioned if
// somebody must act.
func noticePost(l jobs.Letter, r *jobs.Report) Post {
	b := jobButtons{job: l.Job}
	p := Post{Mention: jobs.LocalUser(l.User)}
	mark, text := "ℹ️", noticeText(l.Text)
	switch l.Kind {
	case jobs.NoticeApproval:
		mark = stateMark(jobs.StatusAwaitingApproval)
		if facts := joined(forecastFacts(r)...); facts != "" {
			text += "\n\n" + facts
		}
		b.approval(r)
	case jobs.NoticeQuestion:
		mark = stateMark(jobs.StatusWaitingForInput)
		b.add(ActAnswer, askedPath(l.Text, r), "Answer")
		b.first()
	case jobs.NoticeBudget:
		mark = "💰"
		b.money(r.Cost.Shortage)
	default:
		p.Mention = ""
		p.Text = mark + " " + text + " · " + string(l.Job)
		return p
	}
	b.add(ActDetails, "", "View details")
	p.Text, p.Buttons = fmt.Sprintf("%s %s (%s)\n\n%s", mark, bold(titleOf(r)), l.Job, text), b.list
	return p
}

// askedPath is the path of the step that asks with text, as jobs.Park.Ask writes it;
// empty: the job, or the only one that asks.
func askedPath(text string, r *jobs.Report) string {
	for _, w := range r.Waiting {
		if isQuestion(w) && w.Path != "" && strings.HasPrefix(text, "Step "+w.Path+" (") {
			return w.Path
		}
	}
	return ""
}

// completion is the end of a job: what it came to, then its files.
func (d *Delivery) completion(ctx context.Context, l jobs.Letter, r *jobs.Report) ([]step, error) {
	y, err := d.cfg.Reports.Yield(ctx, l.Job, 2*maxSentFiles) // of a chart one of two files is sent
	if err != nil {
		return nil, fmt.Errorf("yield of %s: %w", l.Job, err)
	}
	files, twins, more := sentFiles(y)
	shown, cut := excerpt(y.Result, maxShownResult)
	whole := jobs.FreeName(resultName, namesOf(files))
	parts := []string{
		fmt.Sprintf("%s %s (%s)", stateMark(r.Status), bold(endWords(r)+": "+titleOf(r)), l.Job),
		joined(cardFacts(r, d.cfg.Now())...),
	}
	if text := oneLine(r.Error); text != "" && r.Status != jobs.StatusCompleted {
		parts = append(parts, literal(jobs.Shorten(text, maxErrorText)))
	}
	parts = append(parts, shown)
	if cut {
		parts = append(parts, fmt.Sprintf("… The whole result is attached as %s.", literal(whole)))
	}
	if more > 0 {
		parts = append(parts, fmt.Sprintf("%d more files are not attached. %s", more, d.where(l.Job)))
	}
	if twins {
		parts = append(parts, "The charts are kept as SVG too, with the job's results.")
	}
	parts = slices.DeleteFunc(parts, func(p string) bool { return p == "" })
	b := jobButtons{job: l.Job}
	b.ended(r)
	if r.Status != jobs.StatusCancelled {
		b.add(ActGood, "", "👍 Good result")
		b.add(ActBad, "", "👎 Not good")
	}
	steps := []step{{post: Post{Text: strings.Join(parts, "\n\n"), Mention: jobs.LocalUser(l.User), Buttons: b.list}}}
	if cut {
		steps = append(steps, step{file: &enclosure{name: whole, size: int64(len(y.Result)), text: []byte(y.Result)}})
	}
	for _, a := range files {
		steps = append(steps, step{file: &enclosure{name: a.Name, size: a.Bytes}})
	}
	return steps, nil
}

// sentFiles are the files of a job that go up, pictures last, and how many do not. A
// chart goes up as PNG alone, which chats show; twins says that there is one that is
// kept as SVG too.
func sentFiles(y jobs.Yield) (files []jobs.ArtifactReport, twins bool, more int) {
	names := namesOf(y.Artifacts)
	for _, a := range y.Artifacts {
		if base, ok := strings.CutSuffix(a.Name, ".svg"); ok && slices.Contains(names, base+".png") {
			twins = true
			continue
		}
		files = append(files, a)
	}
	extra := max(0, len(files)-maxSentFiles)
	files = files[extra:] // what comes last builds on what comes first
	slices.SortStableFunc(files, func(a, b jobs.ArtifactReport) int { return cmp.Compare(rank(a), rank(b)) })
	return files, twins, y.More + extra
}

func namesOf(files []jobs.ArtifactReport) (names []string) {
	for _, a := range files {
		names = append(names, a.Name)
	}
	return names
}

// rank puts pictures last: mostly they are parts of the documents.
func rank(a jobs.ArtifactReport) int {
	if strings.HasPrefix(a.MediaType, "image/") {
		return 1
	}
	return 0
}

// endWords is how a job ended, without its symbol.
func endWords(r *jobs.Report) string {
	_, words, _ := strings.Cut(cardState(r), " ")
	return words
}

// post is the next message as it is posted. Its key says which steps it holds.
func (m *mail) post(ctx context.Context) (Post, error) {
	first := m.letter.Step
	list := m.steps[first : first+m.count]
	p := list[0].post
	p.Key = fmt.Sprintf("n%d.%d", m.letter.ID, first)
	if m.count > 1 {
		p.Key += fmt.Sprintf("-%d", first+m.count-1)
	}
	p.Place = m.letter.Place
	if m.plain {
		p = m.shortened(p, list[0])
	} else {
		for _, s := range list {
			if err := m.enclose(ctx, &p, s.file); err != nil {
				return Post{}, err
			}
		}
	}
	if m.note == "" {
		return p, nil
	}
	if p.Card != nil {
		card := *p.Card
		card.Hints = slices.Concat([]string{m.note}, card.Hints)
		p.Card = &card
		return p, nil
	}
	p.Text = strings.TrimSpace(m.note + "\n\n" + p.Text)
	return p, nil
}

// enclose adds a file to a message, if there is one.
func (m *mail) enclose(ctx context.Context, p *Post, e *enclosure) error {
	if e == nil {
		return nil
	}
	if e.text != nil {
		p.Files = append(p.Files, FileContent{Name: e.name, MediaType: "text/markdown", Data: e.text})
		return nil
	}
	a, data, err := m.d.cfg.Reports.File(ctx, m.letter.Job, e.name)
	switch {
	case errors.Is(err, jobs.ErrNotFound):
		p.Text = strings.TrimSpace(p.Text + "\n\nThe file " + literal(oneLine(e.name)) + " is not kept any more.")
	case err != nil:
		return fmt.Errorf("read %s: %w", e.name, err)
	default:
		p.Files = append(p.Files, FileContent{Name: a.Name, MediaType: a.MediaType, Data: data})
	}
	return nil
}

// shortened is the least that a message can be: the platform refused it as it was.
func (m *mail) shortened(p Post, s step) Post {
	short := Post{Key: p.Key, Place: p.Place, Mention: p.Mention}
	where := m.d.where(m.letter.Job)
	switch {
	case p.Card != nil:
		short.Text = fmt.Sprintf("%s: %s (%s). %s", p.Card.State, literal(p.Card.Title), p.Card.Job, where)
	case s.file != nil && s.file.text != nil:
		short.Text = "The whole result could not be attached here. " + where
	case s.file != nil:
		short.Text = fmt.Sprintf("The file %s (%s) could not be attached here. %s",
			literal(oneLine(s.file.name)), humanize.IBytes(uint64(max(0, s.file.size))), where)
	default:
		short.Text = fmt.Sprintf("%s\n\nThis could not be shown whole here. %s",
			literal(jobs.Shorten(oneLine(m.letter.Text), maxShortText)), where)
	}
	return short
}

// where says how else people get to a job.
func (d *Delivery) where(id jobs.JobID) string {
	if id == "" {
		return ""
	}
	text := fmt.Sprintf("Ask for it with: results %s", id)
	if d.cfg.Link != nil {
		text += ", or see " + d.cfg.Link(id)
	}
	return text
}

// noticeText is the text of a notice, which quotes people and models.
func noticeText(text string) string {
	text, cut := excerpt(text, maxNoticeText)
	if cut {
		text += "\n\n…"
	}
	return text
}

// excerpt is the beginning of a Markdown text, at most max characters of it, ended
// where a paragraph, a line or a word does. It reports whether anything is left out.
func excerpt(text string, limit int) (begin string, cut bool) {
	text = strings.TrimSpace(strings.ToValidUTF8(text, "\ufffd"))
	runes := []rune(text)
	if len(runes) <= limit {
		return text, false
	}
	begin = string(runes[:limit])
	for _, end := range []string{"\n\n", "\n", " "} {
		if i := strings.LastIndex(begin, end); i > len(begin)/3 {
			begin = begin[:i]
			break
		}
	}
	begin = strings.TrimSpace(begin)
	if fence := openFence(begin); fence != "" {
		begin += "\n" + fence
	}
	return begin, true
}

// openFence is what closes the block of code in which a Markdown text ends; empty: it
// ends in none.
func openFence(text string) string {
	open := ""
	for line := range strings.SplitSeq(text, "\n") {
		line = strings.TrimSpace(line)
		mark := fenceOf(line)
		switch {
		case mark == "":
		case open == "":
			open = mark
		case strings.HasPrefix(mark, open) && len(mark) == len(line):
			open = ""
		}
	}
	return open
}

// fenceOf is the run of backticks or tildes that a line of Markdown begins with, if it
// is long enough to be a fence.
func fenceOf(line string) string {
	for _, c := range []string{"`", "~"} {
		rest := strings.TrimLeft(line, c)
		if n := len(line) - len(rest); n >= 3 {
			return line[:n]
		}
	}
	return ""
}

func bold(text string) string { return "**" + literal(text) + "**" }

// literal writes a text of one line so that Markdown shows it as it is.
func literal(text string) string { return markdownMarks.Replace(text) }

// markdownMarks are the characters that Markdown may read as more than themselves.
var markdownMarks = strings.NewReplacer( //nolint:gochecknoglobals // a constant table
	`\`, `\\`, "`", "\\`", "*", `\*`, "_", `\_`, "[", `\[`, "]", `\]`, "<", `\<`, ">", `\>`, "#", `\#`, "~", `\~`, "|", `\|`, "&", `\&`)
