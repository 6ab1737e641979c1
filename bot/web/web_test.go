package web_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"mime/multipart"
	"net/http"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/askbob/bob/bot/web"
	"github.com/askbob/bob/jobs"
)

func TestServer_lets_in_only_who_knows_the_token(t *testing.T) {
	t.Parallel()
	srv := serve(t, newBook().config(t))
	for name, test := range map[string]struct {
		header string
		want   int
	}{
		"right":           {"Bearer " + token, http.StatusOK},
		"right, shouting": {"BEARER " + token, http.StatusOK},
		"none":            {"", http.StatusUnauthorized},
		"wrong":           {"Bearer nonsense", http.StatusUnauthorized},
		"beginning":       {"Bearer " + token[:5], http.StatusUnauthorized},
		"more":            {"Bearer " + token + "x", http.StatusUnauthorized},
		"other scheme":    {"Basic " + token, http.StatusUnauthorized},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, path := range []string{"/api/v1/jobs", "/api/v1/jobs/job_known", "/metrics"} {
				status, answer, h := ask(t, srv, "GET", path, "", "Authorization: "+test.header)
				if status != test.want {
					t.Errorf("%s: %d, want %d", path, status, test.want)
				}
				if test.want != http.StatusOK {
					problem(t, status, answer, h)
				}
			}
			for _, path := range []string{"/healthz", "/readyz", "/api/openapi.json"} {
				if status, _, _ := ask(t, srv, "GET", path, "", "Authorization: "+test.header); status != http.StatusOK {
					t.Errorf("%s: %d, want it open for everybody", path, status)
				}
			}
		})
	}
}

// A page that somebody has open in a browser on this machine must not drive Bob,
// even if it knew the token.
func TestServer_refuses_foreign_pages(t *testing.T) {
	t.Parallel()
	local := newBook().config(t)
	public := newBook().config(t)
	public.PublicURL = "https://bob.example.com"
	open := newBook().config(t)
	open.Local = false
	for name, test := range map[string]struct {
		cfg    web.Config
		method string
		header string
		want   int
	}{
		"rebound name":               {local, "GET", "Host: evil.example:8484", http.StatusMisdirectedRequest},
		"rebound name, POST":         {local, "POST", "Host: evil.example", http.StatusMisdirectedRequest},
		"localhost":                  {local, "GET", "Host: localhost:8484", http.StatusOK},
		"address":                    {local, "GET", "Host: [::1]:8484", http.StatusOK},
		"foreign origin":             {local, "POST", "Origin: http://evil.example", http.StatusForbidden},
		"null origin":                {local, "POST", "Origin: null", http.StatusForbidden},
		"cross site":                 {local, "POST", "Sec-Fetch-Site: cross-site", http.StatusForbidden},
		"same site, not same origin": {local, "POST", "Sec-Fetch-Site: same-site", http.StatusForbidden},
		"own origin":                 {local, "POST", "Sec-Fetch-Site: same-origin", http.StatusCreated},
		"public name":                {public, "GET", "Host: bob.example.com", http.StatusOK},
		"public origin":              {public, "POST", "Origin: https://bob.example.com", http.StatusCreated},
		"another name":               {public, "GET", "Host: www.example.com", http.StatusMisdirectedRequest},
		"any name, reached by all":   {open, "GET", "Host: bob.internal", http.StatusOK},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv := serve(t, test.cfg)
			body := ""
			if test.method == "POST" {
				body = `{"request":"x"}`
			}
			status, answer, h := ask(t, srv, test.method, "/api/v1/jobs", body, test.header)
			if status != test.want {
				t.Errorf("%d, want %d: %s", status, test.want, answer)
			}
			if h.Get("Access-Control-Allow-Origin") != "" {
				t.Error("the answer lets other origins read it")
			}
		})
	}
}

func TestServer_says_what_is_wrong_with_a_request(t *testing.T) {
	t.Parallel()
	b := newBook()
	cfg := b.config(t)
	cfg.CheckModel = func(model string, _ bool) error {
		if model != "" {
			return &jobs.UserError{Message: "There is no model " + model + "."}
		}
		return nil
	}
	srv := serve(t, cfg)
	const submit, job = "POST /api/v1/jobs", "POST /api/v1/jobs/job_known"
	big := base64.StdEncoding.EncodeToString(make([]byte, jobs.MaxFile+1))
	for name, test := range map[string]struct {
		route, body, header string
		status              int
		want                string
	}{
		"no JSON":             {submit, "request=x", "", 400, "line 1, column 1: invalid character 'r'"},
		"broken JSON":         {submit, "{\n  \"request\": \"ä\" x}", "", 400, "line 2, column 18: invalid character 'x'"},
		"cut off":             {submit, "{\"request\": \"x\",\n", "", 400, "ends too early"},
		"unknown field":       {submit, "{\"request\": \"x\",\n \"bugdet\": 1}", "", 400, `line 2, column 2: there is no field "bugdet"`},
		"unknown inner field": {submit, `{"request": "x", "files": [{"nam": ""}]}`, "", 400, `there is no field "nam"`},
		"wrong type":          {submit, "{\n\"request\": 3}", "", 400, "line 2, column 12: request cannot be a number"},
		"two documents":       {submit, `{"request": "x"} {}`, "", 400, "nothing behind it"},
		"a list":              {submit, `[]`, "", 400, "cannot be a array"},
		"no base64":           {submit, `{"request": "x", "files": [{"name": "a", "data": "§"}]}`, "", 400, "illegal base64"},
		"no money":            {submit, `{"request": "x", "budget": "much"}`, "", 400, "budget must be US dollars"},
		"negative money":      {submit, `{"request": "x", "budget": -1}`, "", 400, "budget must be US dollars"},
		"empty body":          {submit, "", "", 400, "ends too early"},
		"empty request":       {submit, `{"request": " "}`, "", 422, "The request is empty"},
		"no priority":         {submit, `{"request": "x", "priority": "now"}`, "", 422, "is no priority"},
		"no model":            {submit, `{"request": "x", "model": "gpt-0"}`, "", 422, "There is no model gpt-0"},
		"empty file":          {submit, `{"request": "x", "files": [{"name": "a.csv", "data": ""}]}`, "", 422, "a.csv is empty"},
		"huge file":           {submit, `{"request": "x", "files": [{"name": "a.csv", "data": "` + big + `"}]}`, "", 413, `"a.csv" has more than 25 MiB`},
		"other media":         {submit, "x", "Content-Type: application/xml", 415, "application/xml"},
		"no boundary":         {submit, "x", "Content-Type: multipart/form-data", 400, "form cannot be read"},
		"cut form":            {submit, "--x\r\nContent-Disposition: form-data; name=\"request\"\r\n\r\nhalf", "Content-Type: multipart/form-data; boundary=x", 400, "form cannot be read"},
		"long key":            {submit, `{"request": "x"}`, "Idempotency-Key: " + strings.Repeat("k", 256), 400, "Idempotency-Key"},
		"limit":               {"GET /api/v1/jobs?limit=0", "", "", 400, "limit must be"},
		"nodes":               {"GET /api/v1/jobs/job_known?nodes=no", "", "", 400, "nodes must be"},
		"unknown job":         {"GET /api/v1/jobs/job_other", "", "", 404, "There is no such job"},
		"unknown events":      {"GET /api/v1/jobs/job_other/events", "", "", 404, "There is no such job"},
		"bad event id":        {"GET /api/v1/jobs/job_known/events", "", "Last-Event-ID: x", 400, "Last-Event-ID"},
		"unknown file":        {"GET /api/v1/jobs/job_known/artifacts/x", "", "", 404, "There is no such job"},
		"unknown path":        {"GET /api/v2/jobs", "", "", 404, "/api/openapi.json"},
		"wrong method":        {"DELETE /api/v1/jobs/job_known", "", "", 405, "Use GET, HEAD"},
		"field of another":    {job + "/pause", `{"prompt": "x"}`, "", 400, `there is no field "prompt"`},
		"long command":        {job + "/retry", `{"prompt": "` + strings.Repeat("x", 1<<20) + `"}`, "", 413, "larger than 1 MiB"},
		"long prompt":         {job + "/retry", `{"prompt": "` + strings.Repeat("x", 20_001) + `"}`, "", 422, "longer than 20000"},
		"priority":            {job + "/priority", `{}`, "", 422, "is no priority"},
		"no revision":         {job + "/approve", ``, "", 422, "revision is missing"},
		"no message":          {job + "/message", `{"text": " "}`, "", 409, "The message is empty"},
		"no edits":            {job + "/edit", `{"revision": 1}`, "", 422, "edits is missing"},
		"no plan's revision":  {job + "/replan", `{"cheaper": true}`, "", 422, "revision is missing"},
		"no wish":             {job + "/replan", `{"revision": 1, "wish": " "}`, "", 422, "wish is missing"},
		"two wishes":          {job + "/replan", `{"revision": 1, "wish": "x", "cheaper": true}`, "", 422, "exclude each other"},
		"no budget":           {job + "/budget", `{}`, "", 422, "budget is missing"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			method, path, _ := strings.Cut(test.route, " ")
			header := []string{"Content-Type: application/json"}
			if test.header != "" {
				header = append(header, test.header)
			}
			status, answer, h := ask(t, srv, method, path, test.body, header...)
			p := problem(t, status, answer, h)
			if status != test.status || !strings.Contains(p.Detail, test.want) {
				t.Errorf("%d %s\nwant %d %s", status, p.Detail, test.status, test.want)
			}
			if strings.ContainsAny(p.Detail, "\n\r") || len(p.Detail) > 400 {
				t.Errorf("no short sentence: %q", p.Detail)
			}
		})
	}
	t.Cleanup(func() {
		if len(b.submitted) != 0 {
			t.Errorf("%d jobs were made of bad requests", len(b.submitted))
		}
	})
}

func TestServer_answers_refusals_and_faults(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		err    error
		status int
		want   string
	}{
		"refused":   {&jobs.UserError{Message: "Job job_known is already completed."}, 409, "already completed"},
		"no node":   {fmt.Errorf("node 9: %w", jobs.ErrNotFound), 404, "There is no such job, step or file"},
		"disk full": {jobs.ErrDiskFull, 507, "free some space"},
		"ours":      {errors.New("SELECT secret FROM path"), 500, "Something went wrong inside Bob"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBook()
			b.refusal = test.err
			srv := serve(t, b.config(t))
			status, answer, h := ask(t, srv, "POST", "/api/v1/jobs/job_known/pause", `{"path": "9"}`)
			if p := problem(t, status, answer, h); status != test.status || !strings.Contains(p.Detail, test.want) {
				t.Errorf("%d %s\nwant %d %s", status, p.Detail, test.status, test.want)
			}
		})
	}
}

func TestServer_takes_a_job_as_JSON_and_as_a_form(t *testing.T) {
	t.Parallel()
	var form bytes.Buffer
	m := multipart.NewWriter(&form)
	for _, f := range [][2]string{{"request", "do it"}, {"budget", "0.50"}, {"priority", "high"}, {"ask", "true"}, {"private", "1"}} {
		if err := m.WriteField(f[0], f[1]); err != nil {
			t.Fatal(err)
		}
	}
	part, err := m.CreateFormFile("files", "a.csv")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := part.Write([]byte("a,b\n1,2\n")); err != nil {
		t.Fatal(err)
	}
	if err := m.Close(); err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct{ media, body string }{
		"JSON": {"application/json; charset=utf-8", `{"request": "do it", "budget": 0.5, "priority": "high", "ask": true, "private": true, "files": [{"name": "a.csv", "data": "YSxiCjEsMgo="}]}`},
		"form": {m.FormDataContentType(), form.String()},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBook()
			srv := serve(t, b.config(t))
			status, answer, h := ask(t, srv, "POST", "/api/v1/jobs", test.body, "Content-Type: "+test.media, "Idempotency-Key: 7")
			if status != http.StatusCreated {
				t.Fatalf("%d %s", status, answer)
			}
			j := b.submitted[0]
			if j.Request != "do it" || j.Budget != 500_000_000 || j.Priority != jobs.PriorityHigh || j.Approval.Mode != jobs.ApproveAlways || !j.Private || j.Key != "api:7" {
				t.Errorf("got %+v", j)
			}
			if len(j.Files) != 1 || j.Files[0].Name != "a.csv" || j.Files[0].Bytes != 8 {
				t.Errorf("got files %+v", j.Files)
			}
			if want := "/api/v1/jobs/" + string(j.ID); h.Get("Location") != want {
				t.Errorf("Location %q, want %q", h.Get("Location"), want)
			}
		})
	}
}

func TestServer_gives_a_job_the_configured_budget(t *testing.T) {
	t.Parallel()
	b := newBook()
	srv := serve(t, b.config(t))
	if status, answer, _ := ask(t, srv, "POST", "/api/v1/jobs", `{"request": "x"}`); status != http.StatusCreated {
		t.Fatalf("%d %s", status, answer)
	}
	if got := b.submitted[0].Budget; got != 2_000_000_000 {
		t.Errorf("budget %s", got)
	}
}

// A model wrote the file: a browser must not run it as a page of this server.
func TestServer_hands_files_out_as_downloads(t *testing.T) {
	t.Parallel()
	srv := serve(t, newBook().config(t))
	status, answer, h := ask(t, srv, "GET", "/api/v1/jobs/job_known/artifacts/a%20page.html", "")
	if status != http.StatusOK || answer != "<script>" {
		t.Errorf("%d %s", status, answer)
	}
	for name, want := range map[string]string{
		"Content-Disposition":     `attachment; filename="a page.html"`,
		"X-Content-Type-Options":  "nosniff",
		"Content-Security-Policy": "sandbox; default-src 'none'",
	} {
		if got := h.Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	if status, _, _ := ask(t, srv, "GET", "/api/v1/jobs/job_known/artifacts/a%20page.html", "", `If-None-Match: "abc"`); status != http.StatusNotModified {
		t.Errorf("%d for a file that is known", status)
	}
}

func TestServer_is_ready_when_it_is_told_so(t *testing.T) {
	t.Parallel()
	cfg := newBook().config(t)
	cfg.Ready = func() bool { return false }
	srv := serve(t, cfg)
	status, answer, h := ask(t, srv, "GET", "/readyz", "")
	if problem(t, status, answer, h); status != http.StatusServiceUnavailable {
		t.Errorf("%d", status)
	}
	if status, _, _ := ask(t, srv, "GET", "/healthz", ""); status != http.StatusOK {
		t.Errorf("healthz: %d", status)
	}
}

func TestServer_counts_for_Prometheus(t *testing.T) {
	t.Parallel()
	srv := serve(t, newBook().config(t))
	_, answer, _ := ask(t, srv, "GET", "/metrics", "")
	for _, want := range []string{`bob_jobs{status="running"} 2`, `bob_jobs{status="failed"} 0`, "bob_cost_dollars 1.5", "bob_store_commits_total 5"} {
		if !strings.Contains(answer, want+"\n") {
			t.Errorf("there is no %s in\n%s", want, answer)
		}
	}
}

// What the document promises is what is answered, and every operation is there.
func TestServer_answers_what_the_OpenAPI_document_says(t *testing.T) {
	t.Parallel()
	cfg := newBook().config(t)
	cfg.Schedules, cfg.Digests = &calendar{}, &diary{}
	srv := serve(t, cfg)
	_, text, _ := ask(t, srv, "GET", "/api/openapi.json", "")
	doc, err := jsonschema.UnmarshalJSON(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("openapi.json", doc); err != nil {
		t.Fatal(err)
	}
	var paths struct {
		Paths map[string]map[string]struct {
			Responses map[string]struct {
				Content map[string]struct {
					Schema struct {
						Ref string `json:"$ref"`
					}
				}
			}
		}
	}
	if err := json.Unmarshal([]byte(text), &paths); err != nil {
		t.Fatal(err)
	}
	const job = "/api/v1/jobs/{id}"
	bodies := map[string]string{
		"post /api/v1/jobs": `{"request": "x"}`, "post " + job + "/priority": `{"priority": "low"}`, "post " + job + "/budget": `{"budget": "3"}`,
		"post " + job + "/approve": `{"revision": 1}`,
		"post " + job + "/replan":  `{"revision": 1, "cheaper": true}`,
		"post " + job + "/message": `{"text": "in German, please"}`,
		"post /api/v1/schedules":   `{"when": "daily at 9", "request": "x"}`,
	}
	checked := 0
	for path, methods := range paths.Paths {
		for method, op := range methods {
			if path == job+"/edit" {
				continue // needs a plan
			}
			at := strings.NewReplacer("schedules/{id}", "schedules/sch_known", "{id}", "job_known", "{name}", "none").Replace(path)
			status, answer, h := ask(t, srv, strings.ToUpper(method), at, bodies[method+" "+path])
			response, ok := op.Responses[fmt.Sprint(status)]
			if !ok {
				response = op.Responses["default"]
			}
			if ok && status == http.StatusNoContent {
				continue
			}
			media, _, _ := strings.Cut(h.Get("Content-Type"), ";")
			content, ok := response.Content[media]
			if !ok {
				t.Errorf("%s %s: %d with %s is not in the document", method, path, status, media)
			}
			if content.Schema.Ref == "" {
				continue
			}
			schema, err := c.Compile("openapi.json" + content.Schema.Ref)
			if err != nil {
				t.Fatal(err)
			}
			value, err := jsonschema.UnmarshalJSON(strings.NewReader(answer))
			if err != nil {
				t.Fatal(err)
			}
			if err := schema.Validate(value); err != nil {
				t.Errorf("%s %s: %v", method, path, err)
			}
			checked++
		}
	}
	if checked < 18 {
		t.Errorf("%d answers were checked, want more", checked)
	}
}
