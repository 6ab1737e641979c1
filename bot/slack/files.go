package slack

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"path"
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

// isNote reports whether a post's file goes up as words: Slack takes no empty one.
func isNote(p bot.Post) bool { return p.File != nil && len(p.File.Data) == 0 }

// postFile puts up a file, after the text that goes with it. A file without a thread
// gets a message that makes one.
func (s *Slack) postFile(ctx context.Context, t *team, p bot.Post) (bot.Placed, error) {
	if isNote(p) {
		note := p
		note.Text = strings.TrimSpace(p.Text + "\n\n" + p.File.Name + " is empty.")
		return s.postText(ctx, t, note)
	}
	at := p.Place
	thread, up := s.halves.text(p.Key)
	switch {
	case up && p.Key != "":
		at.Thread = thread
	case p.Text != "" || p.Card != nil || at.Thread == "":
		head := p
		if head.Text == "" && head.Card == nil {
			head.Text = p.File.Name
		}
		placed, err := s.postText(ctx, t, head)
		if err != nil {
			return bot.Placed{}, err
		}
		at = placed.Place
		s.halves.add(p.Key, at.Thread)
	}
	id, err := s.upload(ctx, t, at, p.File)
	if err != nil {
		return bot.Placed{}, err
	}
	return bot.Placed{Place: at, Message: id}, nil
}

// upload puts a file into a thread, in Slack's three steps. Only the last one shows it
// to people. It returns the file's ID.
func (s *Slack) upload(ctx context.Context, t *team, at jobs.Place, f *bot.FileContent) (string, error) {
	var ticket *slackapi.GetUploadURLExternalResponse
	err := s.call(ctx, t, mUpload, "", func(api *slackapi.Client) (err error) {
		ticket, err = api.GetUploadURLExternalContext(ctx, slackapi.GetUploadURLExternalParameters{FileName: f.Name, FileSize: len(f.Data), AltTxt: f.Name})
		return err
	})
	if err != nil {
		return "", delivery(err, deedLook)
	}
	if !s.isSlack(ticket.UploadURL) {
		return "", delivery(errNotSlack, deedLook)
	}
	err = t.api.UploadToURL(ctx, slackapi.UploadToURLParameters{UploadURL: ticket.UploadURL, Reader: bytes.NewReader(f.Data), Filename: f.Name})
	if err != nil {
		return "", delivery(err, deedLook)
	}
	err = s.call(ctx, t, mComplete, "", func(api *slackapi.Client) error {
		done, err := api.CompleteUploadExternalContext(ctx, slackapi.CompleteUploadExternalParameters{
			Files: []slackapi.FileSummary{{ID: ticket.FileID, Title: f.Name}}, Channel: at.Channel, ThreadTimestamp: at.Thread,
		})
		if err == nil && len(done.Files) != 1 {
			return errors.New("slack did not name the file that it took")
		}
		return err
	})
	return ticket.FileID, delivery(err, deedPost)
}

// fileIn returns the ID of a file of a message that is one that was to go up: Bob's
// own, of that name and size. Slack keeps nothing else with files that tells them
// apart. Empty: it is not there.
func fileIn(t *team, m slackapi.Message, f *bot.FileContent) string {
	if f == nil || (m.BotID == "" && m.User != t.user) {
		return ""
	}
	for _, have := range m.Files {
		if have.Name == f.Name && have.Size == len(f.Data) {
			return have.ID
		}
	}
	return ""
}
