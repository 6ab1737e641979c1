package drill

import (
	"context"
	"database/sql/driver"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"
	"modernc.org/sqlite"

	"github.com/askbob/bob/jobs"
	"github.com/askbob/bob/jobs/plan"
	"github.com/askbob/bob/jobs/result"
	"github.com/askbob/bob/jobs/run"
	"github.com/askbob/bob/jobs/tool"
	"github.com/askbob/bob/llm"
	"github.com/askbob/bob/llm/openai"
	"github.com/askbob/bob/llm/price"
	"github.com/askbob/bob/storage"
)

// Waits of the engine that would make a drill slow. Nothing is done less for them.
const (
	firstWait   = 5 * time.Millisecond
	longestWait = 80 * time.Millisecond
	firstByte   = 600 * time.Millisecond
	nodeTimeout = 3 * time.Second
	maxTurns    = 6
	workers     = 8
)

// What the engine believes of the drill's model.
const (
	provider     = "drill"
	modelName    = "drill-1"
	modelContext = 16_000
	modelOutput  = 400
)

// setup is the first line that a child reads.
type setup struct {
	Path    string        `json:"path"`
	URL     string        `json:"url"`
	Life    int           `json:"life"`    // how many processes came before on this database
	Room    int           `json:"room"`    // pages by which the database may grow; 0: as many as it likes
	Files   bool          `json:"files"`   // Room is kept by the system, for the database and its log, not by SQLite
	Offset  time.Duration `json:"offset"`  // of its clock
	Timeout time.Duration `json:"timeout"` // of a job; 0: none
}

// order is what the drill wants of a child. Exactly one of its wishes is set.
type order struct {
	ID      int           `json:"id"`
	Submit  *submission   `json:"submit,omitempty"`
	Command *jobs.Command `json:"command,omitempty"`
	Approve *approval     `json:"approve,omitempty"`
	Budget  *raise        `json:"budget,omitempty"`
	Jump    time.Duration `json:"jump,omitempty"`
	Stop    bool          `json:"stop,omitempty"`
}

type submission struct {
	Key      string        `json:"key"`
	Text     string        `json:"text"`
	Priority jobs.Priority `json:"priority"`
	Budget   llm.Money     `json:"budget"`
	Ask      bool          `json:"ask"`
	File     string        `json:"file"` // text of an attached table; empty: none
}

type approval struct {
	Job      jobs.JobID `json:"job"`
	Revision int        `json:"revision"`
}

type raise struct {
	Job    jobs.JobID `json:"job"`
	Budget llm.Money  `json:"budget"`
}

// reply is a line that a child writes: an answer to an order, or news of itself.
type reply struct {
	ID    int        `json:"id,omitempty"`
	Job   jobs.JobID `json:"job,omitempty"`
	Error string     `json:"error,omitempty"`
	News  string     `json:"news,omitempty"`
}

// The news of a child.
const (
	newsReady   = "ready"   // the database is open
	newsClaimed = "claimed" // the first node was claimed
	newsStopped = "stopped" // it ends because it was told to
	newsFull    = "full"    // it ends because the disk is full
	newsFailed  = "failed"  // it ends for another reason
)

// child is a whole Bob without a front end, moved by orders.
type child struct {
	setup  setup
	offset atomic.Int64
	store  *storage.Store
	local  *storage.Local
	data   *tool.Data
	svc    *jobs.Service
	stop   context.CancelFunc

	mu  sync.Mutex
	out *json.Encoder
}

// Child runs the process that a drill kills: it reads a setup and then orders from
// in, one JSON object each, and writes replies to out. It returns when it is told
// to stop, when in ends, or when the engine gives up.
func Child(ctx context.Context, in io.Reader, out io.Writer) error {
	dec := json.NewDecoder(in)
	c := &child{out: json.NewEncoder(out)}
	if err := dec.Decode(&c.setup); err != nil {
		return fmt.Errorf("read the setup: %w", err)
	}
	c.offset.Store(int64(c.setup.Offset))
	if err := c.starve(ctx); err != nil {
		return err
	}
	switch err := c.run(ctx, dec); {
	case errors.Is(err, jobs.ErrDiskFull):
		c.say(reply{News: newsFull, Error: err.Error()})
	case err != nil:
		c.say(reply{News: newsFailed, Error: err.Error()})
	default:
		c.say(reply{News: newsStopped})
	}
	return nil
}

// pageSize is SQLite's.
const pageSize = 4096

// starve lets the database grow by so much and no more.
func (c *child) starve(ctx context.Context) error {
	if c.setup.Room == 0 {
		return nil
	}
	if c.setup.Files {
		err := limitFiles(c.setup.Path, int64(c.setup.Room)*pageSize)
		if !errors.Is(err, errors.ErrUnsupported) {
			return err
		}
	}
	(&quota{room: int64(c.setup.Room)}).install(context.WithoutCancel(ctx))
	return nil
}

func (c *child) now() time.Time { return time.Now().Add(time.Duration(c.offset.Load())) }

func (c *child) say(r reply) {
	c.mu.Lock()
	defer c.mu.Unlock()
	_ = c.out.Encode(r) // a drill that no longer listens needs no answer
}

func (c *child) run(ctx context.Context, dec *json.Decoder) error {
	runner, err := c.open(ctx)
	if err != nil {
		return err
	}
	ctx, c.stop = context.WithCancel(ctx)
	defer c.stop()
	storeCtx, stopStore := context.WithCancel(context.WithoutCancel(ctx))
	defer stopStore()
	var g errgroup.Group
	g.Go(func() error { return c.store.Run(storeCtx) })
	c.say(reply{News: newsReady})
	go c.listen(ctx, dec)
	err = runner.Run(ctx)
	c.stop()
	stopStore()
	return errors.Join(err, g.Wait(), c.store.Close(), c.data.Close())
}

// open puts the engine together, as the program does.
func (c *child) open(ctx context.Context) (*run.Runner, error) {
	log := slog.New(slog.DiscardHandler)
	c.local = storage.NewLocal(storage.LocalConfig{Workers: workers, Now: c.now})
	var err error
	c.store, err = storage.Open(ctx, storage.Config{Path: c.setup.Path, Log: log, Now: c.now, Dispatcher: c.local, Feed: &jobs.Feed{}})
	if err != nil {
		return nil, err
	}
	c.data = tool.NewData(tool.DataConfig{Now: c.now})
	c.svc, err = jobs.NewService(jobs.ServiceConfig{Store: c.store, Inspector: &tool.Inspector{}, Now: c.now, Timeout: c.setup.Timeout})
	if err != nil {
		return nil, err
	}
	crew, err := c.crew(log)
	if err != nil {
		return nil, err
	}
	return run.New(run.Config{
		Store: &heard{Store: c.store, first: func() { c.say(reply{News: newsClaimed}) }}, Dispatcher: c.local, Hands: crew,
		Log: log, Now: c.now, Worker: "drill-" + strconv.Itoa(c.setup.Life),
		NodeTimeout: nodeTimeout, FirstWait: firstWait, LongestWait: longestWait,
	})
}

func (c *child) crew(log *slog.Logger) (*run.Crew, error) {
	planner, err := plan.New(plan.Config{Log: log})
	if err != nil {
		return nil, err
	}
	model, err := newTagged(c.setup)
	if err != nil {
		return nil, err
	}
	reading := slices.DeleteFunc(slices.Clone(c.data.Tools()), func(t jobs.Tool) bool { return t.Spec().Effect != jobs.EffectRead })
	return run.NewCrew(run.CrewConfig{
		Store: c.store, Models: model, Planner: planner,
		Combiner: result.NewCombiner(result.Config{Log: log}), Gather: result.Gather,
		Tools: reading, Limits: jobs.Limits{MaxDepth: 4, MaxChildren: 8, MaxNodes: 60}, MaxTurns: maxTurns,
	})
}

// listen carries out orders, each by itself, so that they race as people do.
func (c *child) listen(ctx context.Context, dec *json.Decoder) {
	defer c.stop() // whoever gave orders is gone
	for {
		var o order
		if err := dec.Decode(&o); err != nil || o.Stop {
			return
		}
		if o.Jump != 0 { // at once: what comes after is to see it
			c.offset.Add(int64(o.Jump))
		}
		go func() { c.say(c.obey(ctx, o)) }()
	}
}

func (c *child) obey(ctx context.Context, o order) reply {
	r, err := reply{ID: o.ID}, error(nil)
	switch {
	case o.Submit != nil:
		r.Job, err = c.submit(ctx, *o.Submit)
	case o.Command != nil:
		err = c.svc.Control(ctx, *o.Command)
	case o.Approve != nil:
		err = c.svc.Do(ctx, nil, jobs.Approve{Job: o.Approve.Job, Revision: o.Approve.Revision})
	case o.Budget != nil:
		err = c.svc.Do(ctx, nil, jobs.SetBudget{Job: o.Budget.Job, Budget: o.Budget.Budget})
	}
	if err != nil {
		r.Error = err.Error()
	}
	return r
}

func (c *child) submit(ctx context.Context, s submission) (jobs.JobID, error) {
	request := jobs.Request{Key: s.Key, Text: s.Text, User: "drill", Priority: s.Priority, Budget: s.Budget}
	if s.Ask {
		request.Approval = jobs.Approval{Mode: jobs.ApproveAlways}
	}
	if s.File != "" {
		request.Files = []jobs.Attachment{{Name: "table.csv", Data: []byte(s.File)}}
	}
	return c.svc.Submit(ctx, request)
}

// heard tells of the first claim.
type heard struct {
	*storage.Store

	once  sync.Once
	first func()
}

// Entrust implements run.Store.
func (h *heard) Entrust(ctx context.Context, c jobs.Change) (jobs.Outcome, error) {
	out, err := h.Store.Entrust(ctx, c)
	if _, claim := c.(jobs.Claim); claim && err == nil && out.Err == nil {
		h.once.Do(h.first)
	}
	return out, err
}

// quota keeps a database from growing, as a full disk does: SQLite then fails in
// the same places with the same code.
type quota struct {
	room int64
	mu   sync.Mutex
	max  int64 // pages; 0: not known yet
}

// install holds for every connection that this process opens from now on.
func (q *quota) install(ctx context.Context) {
	sqlite.RegisterConnectionHook(func(conn sqlite.ExecQuerierContext, _ string) error {
		q.mu.Lock()
		defer q.mu.Unlock()
		if q.max == 0 {
			pages, err := pageCount(ctx, conn)
			if err != nil {
				return err
			}
			q.max = pages + q.room
		}
		_, err := conn.ExecContext(ctx, fmt.Sprintf("PRAGMA max_page_count = %d", q.max), nil)
		return err
	})
}

func pageCount(ctx context.Context, conn sqlite.ExecQuerierContext) (n int64, err error) {
	rows, err := conn.QueryContext(ctx, "PRAGMA page_count", nil)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	row := make([]driver.Value, 1)
	if err := rows.Next(row); err != nil {
		return 0, err
	}
	n, ok := row[0].(int64)
	if !ok {
		return 0, fmt.Errorf("page_count is a %T", row[0])
	}
	return n, nil
}

// The headers by which the drill's model knows what it is asked: the key of the
// call's line in the ledger, what the call is for, and which process asks.
const (
	headerKey     = "X-Drill-Key"
	headerPurpose = "X-Drill-Purpose"
	headerLife    = "X-Drill-Life"
)

// tagged is the only model of a drill: the OpenAI protocol, metered, with each
// request's ledger key on the wire.
type tagged struct {
	*price.Metered
}

func newTagged(s setup) (*tagged, error) {
	table, err := price.NewTable(price.Override{
		Key:   price.Key{Provider: provider, Model: modelName},
		Price: price.Price{In: llm.Dollar, Out: 10 * llm.Dollar, CacheRead: llm.Dollar, CacheWrite: llm.Dollar},
	})
	if err != nil {
		return nil, err
	}
	bare, err := openai.New(openai.Config{
		Name: provider, Model: modelName, BaseURL: s.URL, MaxOutput: modelOutput,
		Headers: map[string]string{headerLife: strconv.Itoa(s.Life)}, FirstByte: firstByte, Idle: firstByte,
		HTTPClient: &http.Client{Transport: tagging{http.DefaultTransport}},
	})
	if err != nil {
		return nil, err
	}
	return &tagged{price.Meter(bare, price.Config{Provider: provider, Model: modelName, MaxOutput: modelOutput, Table: table})}, nil
}

// Pick implements run.Models.
func (t *tagged) Pick(w run.Want) (llm.Model, int, error) {
	if w.Book == nil {
		return t, modelContext, nil
	}
	return w.Book(t), modelContext, nil
}

// Generate implements llm.Model.
func (t *tagged) Generate(ctx context.Context, r llm.Request) (llm.Response, error) {
	return t.Metered.Generate(context.WithValue(ctx, tagKey{}, tag{r.IdempotencyKey, string(r.Purpose)}), r)
}

type tagKey struct{}

type tag struct{ key, purpose string }

// tagging puts the tag of a request's context into its headers.
type tagging struct{ next http.RoundTripper }

// RoundTrip implements http.RoundTripper.
func (t tagging) RoundTrip(r *http.Request) (*http.Response, error) {
	if v, ok := r.Context().Value(tagKey{}).(tag); ok {
		r = r.Clone(r.Context())
		r.Header.Set(headerKey, v.key)
		r.Header.Set(headerPurpose, v.purpose)
	}
	return t.next.RoundTrip(r)
}
