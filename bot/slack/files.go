package slack

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"

	slackapi "github.com/slack-go/slack"

	"github.com/askbob/bob/bot"
	"github.com/askbob/bob/jobs"
)

// The bounds of what comes with a message.
const (
	maxFiles    = 1000 // more than any job takes: who sends too many is told how many those are
	maxFileName = 200  // bytes
)

// files are those that came with a message, to be fetched.
func (s *Slack) files(t *team, list []slackapi.File) []bot.File {
	var out []bot.File
	for _, f := range list[:min(len(list), maxFiles)] {
		if f.Mode == "tombstone" { // deleted since
			continue
		}
		out = append(out, bot.File{Name: fileName(f), Size: int64(max(f.Size, 0)), Open: func(ctx context.Context) (io.ReadCloser, error) {
			return s.fetch(ctx, t, f)
		}})
	}
	return out
}

// fileName is the name of a file, which is untrusted, without folders.
func fileName(f slackapi.File) string {
	name := path.Base(strings.ReplaceAll(f.Name, `\`, "/"))
	if name == "." || name == "/" {
		name = "file"
	}
	if ext := path.Ext(name); len(name) > maxFileName {
		ext = ext[:min(len(ext), 20)]
		name = strings.ToValidUTF8(name[:maxFileName-len(ext)], "") + strings.ToValidUTF8(ext, "")
	}
	if path.Ext(name) == "" && f.Filetype != "" && f.Filetype != "auto" && len(f.Filetype) < 20 {
		name += "." + f.Filetype // snippets have a type and no ending
	}
	return name
}

// fetch opens a file. What it reads is at most jobs.MaxFile; more is a
// *jobs.UserError.
func (s *Slack) fetch(ctx context.Context, t *team, f slackapi.File) (io.ReadCloser, error) {
	if f.FileAccess == "check_file_info" { // of a channel that workspaces share
		err := s.call(ctx, t, mFile, "", func(api *slackapi.Client) error {
			info, _, _, err := api.GetFileInfoContext(ctx, f.ID, 0, 0)
			if err != nil {
				return fmt.Errorf("ask for a file: %w", err)
			}
			f = *info
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	address := f.URLPrivateDownload
	if address == "" {
		address = f.URLPrivate
	}
	if f.IsExternal || address == "" {
		return nil, &jobs.UserError{Message: fmt.Sprintf("%s is kept by another service, where Bob cannot read it. Upload the file itself.", f.Name)}
	}
	ctx, cancel := context.WithCancel(ctx)
	r, w := io.Pipe()
	d := &download{PipeReader: r, cancel: cancel, over: make(chan struct{})}
	go func() {
		defer close(d.over)
		err := t.api.GetFileContext(ctx, address, &capped{w: w, left: jobs.MaxFile, name: f.Name})
		w.CloseWithError(err) // nil is the end of the file
	}()
	return d, nil
}

// download is a file that is being read.
type download struct {
	*io.PipeReader
	cancel context.CancelFunc
	over   chan struct{} // closed when nothing is fetched any more
}

// Close stops reading.
func (d *download) Close() error {
	d.cancel()
	err := d.PipeReader.Close()
	<-d.over
	return err
}

// capped lets so many bytes through.
type capped struct {
	w    io.Writer
	left int
	name string
}

// Write lets p through, or says that the file is too large.
func (c *capped) Write(p []byte) (int, error) {
	if len(p) > c.left {
		return 0, &jobs.UserError{Message: fmt.Sprintf("%s is larger than %d MiB. Split it or send less of it.", c.name, jobs.MaxFile>>20)}
	}
	c.left -= len(p)
	return c.w.Write(p)
}

// wordy is a post whose empty files are words: Slack takes no empty one.
func wordy(p bot.Post) bot.Post {
	var full []bot.FileContent
	for _, f := range p.Files {
		if len(f.Data) > 0 {
			full = append(full, f)
			continue
		}
		p.Text = strings.TrimSpace(p.Text + "\n\n" + f.Name + " is empty.")
	}
	p.Files = full
	return p
}

// postFiles puts up files in one message, after the text that goes with them. Files
// without a thread get a message that makes one.
func (s *Slack) postFiles(ctx context.Context, t *team, p bot.Post) (bot.Placed, error) {
	list, err := s.upload(ctx, t, p.Files)
	if err != nil {
		return bot.Placed{}, err
	}
	at := p.Place
	thread, up := s.halves.text(p.Key)
	switch {
	case up && p.Key != "":
		at.Thread = thread
	case p.Text != "" || p.Card != nil || at.Thread == "":
		head := p
		if head.Text == "" && head.Card == nil {
			head.Text = fileNames(p.Files)
		}
		placed, err := s.postText(ctx, t, head)
		if err != nil {
			return bot.Placed{}, err
		}
		at = placed.Place
		s.halves.add(p.Key, at.Thread)
	}
	if err := s.share(ctx, t, at, list); err != nil {
		return bot.Placed{}, err
	}
	return bot.Placed{Place: at, Message: list[0].ID}, nil
}

func fileNames(files []bot.FileContent) string {
	var names []string
	for _, f := range files {
		names = append(names, f.Name)
	}
	return strings.Join(names, ", ")
}

// upload gives files to Slack, which shows them to nobody yet. What became of them if
// it fails does not matter: Slack drops what is not shared.
func (s *Slack) upload(ctx context.Context, t *team, files []bot.FileContent) (list []slackapi.FileSummary, err error) {
	for _, f := range files {
		var ticket *slackapi.GetUploadURLExternalResponse
		err := s.call(ctx, t, mUpload, "", func(api *slackapi.Client) (err error) {
			ticket, err = api.GetUploadURLExternalContext(ctx, slackapi.GetUploadURLExternalParameters{FileName: f.Name, FileSize: len(f.Data), AltTxt: f.Name})
			return err
		})
		if err == nil && !s.isSlack(ticket.UploadURL) {
			err = errNotSlack
		}
		if err == nil {
			err = t.api.UploadToURL(ctx, slackapi.UploadToURLParameters{UploadURL: ticket.UploadURL, Reader: bytes.NewReader(f.Data), Filename: f.Name})
		}
		if err != nil {
			return nil, delivery(err, deedLook)
		}
		list = append(list, slackapi.FileSummary{ID: ticket.FileID, Title: f.Name})
	}
	return list, nil
}

// share puts files that Slack has into a thread, as one message.
func (s *Slack) share(ctx context.Context, t *team, at jobs.Place, list []slackapi.FileSummary) error {
	err := s.call(ctx, t, mComplete, "", func(api *slackapi.Client) error {
		done, err := api.CompleteUploadExternalContext(ctx, slackapi.CompleteUploadExternalParameters{
			Files: list, Channel: at.Channel, ThreadTimestamp: at.Thread,
		})
		if err == nil && len(done.Files) != len(list) {
			return errors.New("slack did not name the files that it took")
		}
		return err
	})
	return delivery(err, deedPost)
}

// filesIn returns the ID of the first file of a message that is the one that was to go
// up: Bob's own, with files of those names and sizes and no others. Slack keeps nothing
// else with files that tells them apart. Empty: it is another message.
func filesIn(t *team, m slackapi.Message, files []bot.FileContent) string {
	if len(files) == 0 || len(m.Files) != len(files) || (m.BotID == "" && m.User != t.user) {
		return ""
	}
	left := slices.Clone(m.Files)
	first := ""
	for _, f := range files {
		i := slices.IndexFunc(left, func(have slackapi.File) bool { return have.Name == f.Name && have.Size == len(f.Data) })
		if i < 0 {
			return ""
		}
		if first == "" {
			first = left[i].ID
		}
		left = slices.Delete(left, i, i+1)
	}
	return first
}
