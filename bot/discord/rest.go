package discord

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/textproto"
	"net/url"
	"strconv"
	"strings"
	"time"

	discordapi "github.com/bwmarrin/discordgo"

	"github.com/askbob/bob/bot"
)

const (
	// restWithin bounds one request, with the largest file.
	restWithin = 60 * time.Second
	// maxAnswer bounds what is read of an answer: a hundred full messages are less.
	maxAnswer = 8 << 20
	// patience is how long a request waits for its turn or a rate limit by itself;
	// whoever asked is told of longer ones.
	patience = 5 * time.Second
	// tries is how often a request is made at most, and againGap the first pause between
	// two: an interaction waits for three seconds.
	tries    = 3
	againGap = 200 * time.Millisecond
	// agent is what Discord wants to be told by bots.
	agent = "DiscordBot (https://github.com/askbob/bob, 1)"
)

// rest speaks Discord's REST API. It is ours and not the library's, which waits
// without regard to contexts, retries posts, knows no nonce and remembers every
// interaction for ever.
type rest struct {
	client  *http.Client
	token   string
	discord bool // the server is Discord itself
	limits  *limits
}

func newREST(client *http.Client, token string, discord bool) *rest {
	return &rest{client: client, token: token, discord: discord, limits: newLimits()}
}

// request is one thing to ask.
type request struct {
	method, path string // below /api/v10
	query        url.Values
	body         any               // JSON; nil: none
	files        []bot.FileContent // make it a form
	open         bool              // its path holds a secret that stands for the token
	again        bool              // made twice it does no more than once, as GET never does
}

// apiError is Discord's refusal.
type apiError struct {
	status, code int
	message      string
	after        time.Duration // of 429
	global       bool
}

// Error says what Discord said, without what was asked.
func (e *apiError) Error() string {
	return fmt.Sprintf("discord answers %d (code %d): %s", e.status, e.code, e.message)
}

// errBefore says that a request was never sent.
var errBefore = errors.New("not sent")

// call makes a request and reads its answer into out, unless that is nil. What may be
// made twice is tried again where it is not known what became of it. Its errors are an
// *apiError, one that wraps errBefore, or the network's: then it is not known either.
func (r *rest) call(ctx context.Context, q request, out any) error {
	for try := 0; ; try++ {
		err := r.once(ctx, q, out)
		e, refused := errors.AsType[*apiError](err)
		limited := refused && e.status == http.StatusTooManyRequests && e.after <= patience
		unclear := err != nil && (!refused || e.status >= http.StatusInternalServerError) && (q.again || q.method == http.MethodGet)
		switch {
		case try == tries-1 || ctx.Err() != nil:
			return err
		case limited:
			wait(ctx, e.after)
		case unclear:
			wait(ctx, againGap<<try)
		default:
			return err
		}
	}
}

func (r *rest) once(ctx context.Context, q request, out any) error {
	route := routeOf(q)
	if err := r.limits.take(ctx, route, q.open); err != nil {
		return err
	}
	defer r.limits.done(route)
	req, err := r.build(ctx, q)
	if err != nil {
		return fmt.Errorf("%w: %w", errBefore, err)
	}
	resp, err := r.client.Do(req)
	if err != nil {
		if e, ok := errors.AsType[*url.Error](err); ok {
			err = e.Err // the address may hold a secret
		}
		return fmt.Errorf("ask discord: %w", dialed(err))
	}
	defer func() { _ = resp.Body.Close() }()
	data, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	r.limits.learn(route, resp.StatusCode, resp.Header)
	switch {
	case resp.StatusCode >= http.StatusBadRequest:
		return r.refusal(resp, data)
	case err != nil:
		return fmt.Errorf("read discord's answer: %w", err)
	case out == nil || resp.StatusCode == http.StatusNoContent:
		return nil
	}
	if err := json.Unmarshal(data, out); err != nil {
		return fmt.Errorf("read discord's answer: %w", err)
	}
	return nil
}

func (r *rest) build(ctx context.Context, q request) (*http.Request, error) {
	address := url.URL{Scheme: "https", Host: "discord.com", Path: "/api/v" + apiVersion + q.path, RawQuery: q.query.Encode()}
	kind, body, err := encode(q)
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(ctx, q.method, address.String(), bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("User-Agent", agent)
	if kind != "" {
		req.Header.Set("Content-Type", kind)
	}
	if !q.open {
		req.Header.Set("Authorization", "Bot "+r.token)
	}
	return req, nil
}

// encode writes the body, as a form if there are files.
func encode(q request) (kind string, body []byte, err error) {
	if q.body == nil {
		return "", nil, nil
	}
	body, err = json.Marshal(q.body)
	if err != nil || len(q.files) == 0 {
		return "application/json", body, err
	}
	var out bytes.Buffer
	form := multipart.NewWriter(&out)
	head := textproto.MIMEHeader{
		"Content-Disposition": {`form-data; name="payload_json"`}, "Content-Type": {"application/json"},
	}
	if err := part(form, head, body); err != nil {
		return "", nil, err
	}
	for i, file := range q.files {
		head := textproto.MIMEHeader{
			"Content-Disposition": {multipart.FileContentDisposition("files["+strconv.Itoa(i)+"]", fileName(file.Name))},
			"Content-Type":        {"application/octet-stream"},
		}
		if err := part(form, head, file.Data); err != nil {
			return "", nil, err
		}
	}
	err = form.Close()
	return form.FormDataContentType(), out.Bytes(), err
}

func part(form *multipart.Writer, head textproto.MIMEHeader, data []byte) error {
	w, err := form.CreatePart(head)
	if err != nil {
		return err
	}
	_, err = w.Write(data)
	return err
}

// refusal reads what Discord says of a request that it did not carry out.
func (r *rest) refusal(resp *http.Response, data []byte) error {
	var said struct {
		Message string  `json:"message"`
		Code    int     `json:"code"`
		Retry   float64 `json:"retry_after"`
		Global  bool    `json:"global"`
	}
	if json.Unmarshal(data, &said) != nil {
		said.Message = "no words" // a proxy between us and Discord
	}
	e := &apiError{status: resp.StatusCode, code: said.Code, message: said.Message, global: said.Global}
	if resp.StatusCode == http.StatusTooManyRequests {
		e.after = seconds(said.Retry)
		if n, err := strconv.Atoi(resp.Header.Get("Retry-After")); err == nil && said.Retry == 0 {
			e.after = time.Duration(n) * time.Second
		}
		r.limits.block(resp.Header, e)
	}
	return e
}

// routeOf names what shares a rate limit: the method, and the path with its first ID.
// Other IDs make no difference, nor does what stands below a reaction.
func routeOf(q request) string {
	parts := strings.Split(strings.TrimPrefix(q.path, "/"), "/")
	if q.open || len(parts) < 2 {
		return q.method + " " + parts[0]
	}
	for i, part := range parts {
		switch {
		case part == "reactions":
			return q.method + " " + strings.Join(parts[:i+1], "/")
		case i > 1 && snowflake(part):
			parts[i] = "*"
		}
	}
	return q.method + " " + strings.Join(parts, "/")
}

func unauthorized(err error) bool {
	e, ok := errors.AsType[*apiError](err)
	return ok && e.status == http.StatusUnauthorized
}

// codeOf is Discord's code for a refusal; 0: none.
func codeOf(err error) int {
	if e, ok := errors.AsType[*apiError](err); ok {
		return e.code
	}
	return 0
}

// gatewayStart is what Discord says about new sessions.
type gatewayStart = discordapi.GatewayBotResponse

func (r *rest) gateway(ctx context.Context) (gatewayStart, error) {
	var start gatewayStart
	err := r.call(ctx, request{method: http.MethodGet, path: "/gateway/bot"}, &start)
	return start, err
}
