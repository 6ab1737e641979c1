package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"mime/multipart"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/askbob/bob/bot/terminal"
	"github.com/askbob/bob/bot/web"
	"github.com/askbob/bob/jobs"
)

// submitOptions are the flags of `bob submit`.
type submitOptions struct {
	server   string
	files    []string
	budget   string
	priority string
	model    string
	private  bool
	approve  string
	out      string
	wait     bool
	json     bool
	request  string
}

func (p *process) submitCommand() *cobra.Command {
	o := submitOptions{}
	cmd := &cobra.Command{
		Use:     `submit [-f FILE]... "request"`,
		Short:   "Give a job to a running bob serve",
		Example: `  bob submit -f sales.csv --wait "Analyze the Q4 sales data and create a presentation"`,
		RunE: func(cmd *cobra.Command, args []string) error {
			o.request = strings.Join(args, " ")
			return p.submit(cmd.Context(), o)
		},
	}
	serverFlag(cmd, &o.server)
	f := cmd.Flags()
	f.StringArrayVarP(&o.files, "file", "f", nil, "attach a file; may be given several times")
	f.StringVar(&o.budget, "budget", "", "US dollars that the job may cost (default: as the server is configured)")
	f.StringVar(&o.priority, "priority", "", "low, medium, high or urgent")
	f.StringVar(&o.model, "model", "", "use this model and no other")
	f.BoolVar(&o.private, "private", false, "use only models that are marked as private")
	f.StringVar(&o.approve, "approve", "", "auto, or ask before the plan runs (default: as the server is configured)")
	f.BoolVar(&o.wait, "wait", false, "show the progress, wait for the end and print the result")
	f.StringVarP(&o.out, "out", "o", "", "with --wait: write the files that the job makes into this directory")
	f.BoolVar(&o.json, "json", false, "print JSON")
	return cmd
}

func serverFlag(cmd *cobra.Command, server *string) {
	cmd.Flags().StringVar(server, "server", "", "URL of the bob serve to ask (default: at the configured web.listen)")
}

func (o *submitOptions) check() error {
	switch {
	case o.approve != "" && o.approve != "auto" && o.approve != "ask":
		return fmt.Errorf("--approve is auto or ask, not %q", o.approve)
	case strings.TrimSpace(o.request) == "":
		return errors.New(`the request is missing: say what to do, such as bob submit -f sales.csv "Analyze the sales"`)
	case o.out != "" && !o.wait:
		return errors.New("-o needs --wait: the files are there when the job is done")
	}
	return nil
}

func (p *process) submit(ctx context.Context, o submitOptions) error {
	if err := o.check(); err != nil {
		return err
	}
	files, err := readFiles(o.files)
	if err != nil {
		return err
	}
	c, err := p.client(o.server)
	if err != nil {
		return err
	}
	job, err := c.submit(ctx, o, files)
	if err != nil {
		return err
	}
	if o.wait {
		p.sayf("Job %s submitted.\n", job.ID)
		return p.await(ctx, c, job.ID, o)
	}
	if o.json {
		return printJSON(p.stdout, job)
	}
	_, err = fmt.Fprintln(p.stdout, job.ID)
	return err
}

// tries is how often a job is sent whose acknowledgement got lost.
const tries = 3

// submit sends a job. Sent twice, it is one job: the key says so.
func (c *client) submit(ctx context.Context, o submitOptions, files []jobs.Attachment) (job web.Submitted, err error) {
	body, media, err := o.form(files)
	if err != nil {
		return job, err
	}
	key := rand.Text()
	for range tries {
		r, err := c.request(ctx, http.MethodPost, media, bytes.NewReader(body), "jobs")
		if err != nil {
			return job, err
		}
		r.Header.Set("Idempotency-Key", key)
		err = c.ask(r, &job)
		if !errors.Is(err, errLost) || ctx.Err() != nil {
			return job, err
		}
	}
	return job, &exitError{code: exitFailed, err: fmt.Errorf("%s does not answer: look with bob jobs whether it has the job", c.base)}
}

func (o *submitOptions) form(files []jobs.Attachment) (body []byte, media string, err error) {
	var buf bytes.Buffer
	form := multipart.NewWriter(&buf)
	fields := [][2]string{
		{"request", o.request}, {"budget", o.budget}, {"priority", o.priority}, {"model", o.model},
	}
	if o.private {
		fields = append(fields, [2]string{"private", "true"})
	}
	if o.approve != "" {
		fields = append(fields, [2]string{"ask", strconv.FormatBool(o.approve == "ask")})
	}
	for _, f := range fields {
		if f[1] != "" {
			err = errors.Join(err, form.WriteField(f[0], f[1]))
		}
	}
	for _, f := range files {
		part, partErr := form.CreateFormFile("files", f.Name)
		if partErr != nil {
			return nil, "", partErr
		}
		_, partErr = part.Write(f.Data)
		err = errors.Join(err, partErr)
	}
	err = errors.Join(err, form.Close())
	return buf.Bytes(), form.FormDataContentType(), err
}

// await shows a job until it is final or waits for a person, and hands it over.
func (p *process) await(ctx context.Context, c *client, id jobs.JobID, o submitOptions) error {
	report, err := p.watch(ctx, c, id)
	if err != nil {
		if ctx.Err() != nil {
			return &exitError{code: exitInterrupted, err: fmt.Errorf("interrupted, the job goes on: bob status %s shows it", id)}
		}
		return err
	}
	if o.out != "" {
		if err := c.export(ctx, report, o.out); err != nil {
			return &exitError{code: exitFailed, err: err}
		}
	}
	if err := p.printResult(report, o.json); err != nil {
		return &exitError{code: exitFailed, err: err}
	}
	if p.code = exitStatus(report.Status); p.code == exitWaits {
		return &exitError{code: exitWaits, err: fmt.Errorf("the job waits for a person: bob status %s says for what", id)}
	}
	return nil
}

func (p *process) printResult(report *jobs.Report, asJSON bool) error {
	if asJSON {
		return printJSON(p.stdout, report)
	}
	text := report.Result
	if text == "" {
		text = report.Error
	}
	_, err := fmt.Fprintln(p.stdout, terminal.Clean(text))
	return err
}

// glance bounds how often a report is fetched, and how long none is.
const (
	glance = 250 * time.Millisecond
	look   = 10 * time.Second
)

func (p *process) watch(ctx context.Context, c *client, id jobs.JobID) (*jobs.Report, error) {
	ctx, stop := context.WithCancel(ctx)
	knock, done := make(chan struct{}, 1), make(chan struct{})
	go func() {
		defer close(done)
		c.follow(ctx, id, knock)
	}()
	defer func() { <-done }()
	defer stop()
	r := &runner{p: p, tty: isTerminal(p.stderr)}
	progress := terminal.NewProgress(p.stderr, terminal.Config{TTY: r.tty, Width: r.size, Color: r.tty && !r.noColor()})
	defer progress.Close()
	for {
		report, err := c.Report(ctx, id, true)
		if err != nil {
			return nil, err
		}
		progress.Show(report, time.Now())
		if report.Status.Final() || waitsForPerson(report) {
			return report, nil
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(glance):
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-knock:
		case <-time.After(look):
		}
	}
}

// export writes a job's files into dir and notes their paths in the report.
func (c *client) export(ctx context.Context, report *jobs.Report, dir string) error {
	if len(report.Artifacts) == 0 {
		return nil
	}
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return fmt.Errorf("the files cannot be written to %s: %w", dir, reasonOf(err))
	}
	for i := range report.Artifacts {
		a := &report.Artifacts[i]
		data, err := c.fetch(ctx, report.ID, a.Name)
		if err != nil {
			return err
		}
		a.Path = filepath.Join(dir, jobs.FreeName(a.Name, nil))
		if err := os.WriteFile(a.Path, data, 0o600); err != nil {
			return fmt.Errorf("%s cannot be written: %w", a.Path, reasonOf(err))
		}
	}
	return nil
}
