package web

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"strconv"

	"github.com/askbob/bob/jobs"
)

// Submission is a job as a caller hands it in, in JSON or as the fields of a form.
type Submission struct {
	Request  string   `json:"request"`
	Files    []File   `json:"files,omitempty"`
	Budget   *Dollars `json:"budget,omitempty"`   // absent: as configured
	Priority string   `json:"priority,omitempty"` // low, medium, high or urgent; empty: medium
	Model    string   `json:"model,omitempty"`    // this one and no other
	Private  bool     `json:"private,omitempty"`  // only models that are marked as private
	Ask      *bool    `json:"ask,omitempty"`      // whether to show the plan and wait for approval; absent: as configured
}

// File is an attachment.
type File struct {
	Name string `json:"name"`
	Data []byte `json:"data"` // in base64
}

// Dollars is an amount of US dollars, as a number or as a text such as "0.50".
type Dollars jobs.Money

// UnmarshalJSON reads a number or a text.
func (d *Dollars) UnmarshalJSON(data []byte) error {
	text := string(data)
	if len(data) > 0 && data[0] == '"' {
		if err := json.Unmarshal(data, &text); err != nil {
			return err
		}
	}
	m, err := jobs.ParseMoney(text)
	if err != nil {
		return &jobs.UserError{Message: fmt.Sprintf("budget must be US dollars such as 2 or \"0.50\", not %s", jobs.Shorten(string(data), 40)), Err: err}
	}
	*d = Dollars(m)
	return nil
}

// MarshalJSON writes the amount as a text, as it was meant.
func (d Dollars) MarshalJSON() ([]byte, error) { return json.Marshal(jobs.Money(d).String()) }

// Submitted says where a job is found.
type Submitted struct {
	ID  jobs.JobID `json:"id"`
	URL string     `json:"url"`
}

// maxKey bounds an idempotency key: a UUID and some.
const maxKey = 255

func (s *Server) submit(w http.ResponseWriter, r *http.Request) error {
	key := r.Header.Get("Idempotency-Key")
	if len(key) > maxKey {
		return &fault{status: http.StatusBadRequest, detail: fmt.Sprintf("The Idempotency-Key is longer than %d bytes: use a UUID.", maxKey)}
	}
	done, err := s.admit(r.Context(), r.ContentLength)
	if err != nil {
		return err
	}
	defer done()
	in, err := submission(w, r)
	if err != nil {
		return err
	}
	if s.cfg.CheckModel != nil {
		if err := s.cfg.CheckModel(in.Model, in.Private); err != nil {
			return refused(err, http.StatusUnprocessableEntity)
		}
	}
	request := in.request(s.cfg.Budget)
	if key != "" {
		request.Key = inbound(key)
	}
	id, err := s.cfg.Service.Submit(r.Context(), request)
	if err != nil {
		return refused(err, http.StatusUnprocessableEntity)
	}
	url := "/api/v1/jobs/" + string(id)
	w.Header().Set("Location", url)
	return answer(w, http.StatusCreated, Submitted{ID: id, URL: url})
}

// caller is who holds the token: there is one.
const caller = "api"

// inbound is a caller's key among all surfaces' keys.
func inbound(key string) string { return caller + ":" + key }

func (in *Submission) request(budget jobs.Money) jobs.Request {
	if in.Budget != nil {
		budget = jobs.Money(*in.Budget)
	}
	r := jobs.Request{
		Text: in.Request, User: caller, Priority: jobs.Priority(in.Priority), Model: in.Model, Private: in.Private, Budget: budget,
	}
	if in.Ask != nil {
		r.Approval.Mode = jobs.ApproveNever
		if *in.Ask {
			r.Approval.Mode = jobs.ApproveAlways
		}
	}
	for _, f := range in.Files {
		r.Files = append(r.Files, jobs.Attachment(f))
	}
	return r
}

// submission reads a job out of a request.
func submission(w http.ResponseWriter, r *http.Request) (in *Submission, err error) {
	in = &Submission{}
	body := http.MaxBytesReader(w, r.Body, maxBody)
	switch media := mediaType(r); media {
	case "", jsonType:
		data, err := io.ReadAll(body)
		if err != nil {
			return nil, err
		}
		if err := decode(data, in); err != nil {
			return nil, err
		}
	case "multipart/form-data":
		r.Body = body
		form, err := r.MultipartReader()
		if err != nil {
			return nil, badForm(err)
		}
		if err := in.readForm(form); err != nil {
			return nil, err
		}
	default:
		return nil, unsupported(media, jsonType+" or multipart/form-data")
	}
	for _, f := range in.Files {
		if len(f.Data) > jobs.MaxFile {
			return nil, tooLarge(f.Name)
		}
	}
	return in, nil
}

func badForm(err error) error {
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return err
	}
	return &fault{status: http.StatusBadRequest, err: err, detail: "The form cannot be read: send multipart/form-data as curl -F does."}
}

func tooLarge(name string) error {
	return &fault{
		status: http.StatusRequestEntityTooLarge,
		detail: fmt.Sprintf("The file %q has more than %d MiB: split it or leave out columns.", jobs.Shorten(name, 80), jobs.MaxFile>>20),
	}
}

// maxParts bounds the parts of a form: more files than any job takes.
const maxParts = 200

func (in *Submission) readForm(form *multipart.Reader) error {
	for range maxParts {
		part, err := form.NextPart()
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return badForm(err)
		}
		if err := in.readPart(part); err != nil {
			return err
		}
	}
	return &fault{status: http.StatusBadRequest, detail: fmt.Sprintf("The form has more than %d parts: send fewer files.", maxParts)}
}

func (in *Submission) readPart(part *multipart.Part) error {
	data, err := io.ReadAll(io.LimitReader(part, jobs.MaxFile+1))
	if err != nil {
		return badForm(err)
	}
	text := string(data)
	switch name := part.FormName(); name {
	case "request":
		in.Request = text
	case "priority":
		in.Priority = text
	case "model":
		in.Model = text
	case "budget":
		amount, err := jobs.ParseMoney(text)
		if err != nil {
			return &fault{status: http.StatusBadRequest, err: err, detail: "budget must be US dollars such as 2 or 0.50."}
		}
		in.Budget = (*Dollars)(&amount)
	case "ask", "private":
		yes, err := strconv.ParseBool(text)
		if err != nil {
			return &fault{status: http.StatusBadRequest, err: err, detail: name + " must be true or false."}
		}
		if name == "private" {
			in.Private = yes
		} else {
			in.Ask = &yes
		}
	case "files":
		if len(data) > jobs.MaxFile {
			return tooLarge(part.FileName())
		}
		in.Files = append(in.Files, File{Name: part.FileName(), Data: data})
	default:
		return &fault{
			status: http.StatusBadRequest,
			detail: fmt.Sprintf("There is no field %q: use request, files, budget, priority, model, private and ask.", jobs.Shorten(name, 60)),
		}
	}
	return nil
}
