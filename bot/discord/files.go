package discord

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"path"
	"strings"

	discordapi "github.com/bwmarrin/discordgo"

	"github.com/askbob/bob/bot"
	"github.com/askbob/bob/jobs"
)

const (
	// maxFiles is how many files a message of Discord's has.
	maxFiles = 10
	// maxFetched bounds what is read of one file: Bob keeps no larger ones.
	maxFetched = 25<<20 + 1
	// maxFileName is more than file systems take, in characters.
	maxFileName = 200
)

// files are the attachments of a message. Their addresses are signed and run out, so
// they are to be fetched at once.
func (f *FrontEnd) files(list []*discordapi.MessageAttachment) []bot.File {
	var out []bot.File
	for _, a := range list {
		if a == nil || len(out) == maxFiles {
			continue
		}
		out = append(out, bot.File{
			Name: fileName(a.Filename), Size: int64(a.Size),
			Open: func(ctx context.Context) (io.ReadCloser, error) { return f.fetch(ctx, a.URL) },
		})
	}
	return out
}

// fetch opens an attachment.
func (f *FrontEnd) fetch(ctx context.Context, address string) (io.ReadCloser, error) {
	u, err := url.Parse(address)
	if err != nil || !f.attached(u) {
		return nil, errors.New("fetch attachment: not an address of discord's")
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), http.NoBody)
	if err != nil {
		return nil, fmt.Errorf("fetch attachment: %w", err)
	}
	resp, err := f.cdn.Do(req)
	if err != nil {
		return nil, &jobs.UserError{Message: "Discord does not hand out the file: send it once more.", Err: err}
	}
	if resp.StatusCode != http.StatusOK {
		_ = resp.Body.Close()
		return nil, &jobs.UserError{
			Message: "Discord does not hand out the file: send it once more.", Err: fmt.Errorf("fetch attachment: %s", resp.Status),
		}
	}
	return limited{Reader: io.LimitReader(resp.Body, maxFetched), Closer: resp.Body}, nil
}

// limited is a body of which a part is read.
type limited struct {
	io.Reader
	io.Closer
}

// attached reports whether an address is one of Discord's stores of files, or of the
// server that stands in for Discord.
func (f *FrontEnd) attached(u *url.URL) bool {
	if f.cfg.APIURL != "" {
		if base, err := url.Parse(f.cfg.APIURL); err == nil && base.Host == u.Host && base.Scheme == u.Scheme {
			return true
		}
	}
	host := u.Hostname()
	return u.Scheme == "https" && (host == "cdn.discordapp.com" || host == "media.discordapp.net")
}

// fileName is the last part of a name that people or models gave, of a length that
// file systems take.
func fileName(name string) string {
	name = oneLine(path.Base(strings.ReplaceAll(name, `\`, "/")))
	if name == "" || name == "." || name == "/" || name == ".." {
		return "file"
	}
	return jobs.Shorten(name, maxFileName)
}
