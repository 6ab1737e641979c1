package web

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"time"

	"golang.org/x/time/rate"

	"github.com/askbob/bob/jobs"
)

const eventType = "text/event-stream"

// Bounds of the streams of events.
const (
	// maxStreams bounds the streams that are open at once; each is a goroutine and a
	// connection.
	maxStreams = 4096
	// writeLimit is how long a reader may take for what it was sent before its
	// stream is dropped; it resumes where it was.
	writeLimit = 10 * time.Second
	// bytesPerSecond bounds what all streams are sent together, so that however many
	// follow a busy job, the engine has the machine. Streams come later then; they
	// miss nothing.
	bytesPerSecond = 16 << 20
	burst          = 1 << 20
	// storeReads bounds the streams that read the store at once to catch up: reports
	// need its connections too.
	storeReads = 2
	// page is how many events are read at once.
	page = 256
)

// streams is what the open streams share.
type streams struct {
	cfg    Config
	budget *rate.Limiter
	slots  chan struct{} // one for each stream
	reads  chan struct{} // one for each that reads the store
	tails  *tails
	life   context.Context //nolint:containedctx // of all streams, which no request's context knows
}

func newStreams(ctx context.Context, cfg Config) *streams {
	return &streams{
		cfg: cfg, life: ctx, budget: rate.NewLimiter(bytesPerSecond, burst),
		slots: make(chan struct{}, maxStreams), reads: make(chan struct{}, storeReads),
		tails: &tails{cfg: cfg, life: ctx, open: map[jobs.JobID]*tail{}},
	}
}

// events sends what happens to a job until it is final.
func (s *Server) events(w http.ResponseWriter, r *http.Request) error {
	var seen int64
	if text := r.Header.Get("Last-Event-ID"); text != "" {
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil || n < 0 {
			return &fault{status: http.StatusBadRequest, detail: "Last-Event-ID must be the id of an event, or left out."}
		}
		seen = n
	}
	select {
	case s.streams.slots <- struct{}{}:
		defer func() { <-s.streams.slots }()
	default:
		w.Header().Set("Retry-After", "5")
		return &fault{status: http.StatusServiceUnavailable, detail: "Too many streams are open: try again later, or read the job's report."}
	}
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	defer context.AfterFunc(s.streams.life, cancel)() //nolint:contextcheck // a stream has two reasons to end
	return s.streams.serve(ctx, w, jobs.JobID(r.PathValue("id")), seen)
}

// stream is one reader of a job's events.
type stream struct {
	*streams
	w    http.ResponseWriter
	rc   *http.ResponseController
	job  jobs.JobID
	seen int64 // the last event that was sent
}

// serve first sends what the store has, then what comes. It returns an error only
// before anything was sent.
func (s *streams) serve(ctx context.Context, w http.ResponseWriter, job jobs.JobID, seen int64) error {
	st := &stream{streams: s, w: w, rc: http.NewResponseController(w), job: job, seen: seen}
	list, over, err := st.read(ctx)
	switch {
	case err != nil:
		return err
	case over && len(list) == 0:
		w.WriteHeader(http.StatusNoContent) // tells a browser not to ask again
		return nil
	}
	w.Header().Set("Content-Type", eventType)
	w.Header().Set("X-Accel-Buffering", "no")
	// The server's timeouts are for requests that end.
	if err := st.rc.SetReadDeadline(time.Time{}); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return err
	}
	if err := st.send(ctx, []byte("retry: 1000\n\n")); err != nil {
		return nil //nolint:nilerr // the reader is gone
	}
	if err := st.follow(ctx, list, over); err != nil && ctx.Err() == nil {
		s.cfg.Log.Debug("stream dropped", "job", job, "seen", st.seen, "err", err)
	}
	return nil
}

// follow sends events until the job is over, the reader is gone, or it is too slow.
func (st *stream) follow(ctx context.Context, list []jobs.Happening, over bool) error {
	for {
		err := st.sendFrames(ctx, encode(list))
		if err != nil || over {
			return err
		}
		if len(list) == 0 {
			if over, err := st.listen(ctx); err != nil || over {
				return err
			}
		}
		if list, over, err = st.read(ctx); err != nil {
			return err
		}
	}
}

// listen sends what the job's tail hears, and returns when the job is over, or when
// the tail no longer has what comes next.
func (st *stream) listen(ctx context.Context) (over bool, err error) {
	t := st.tails.join(st.job, st.seen) //nolint:contextcheck // the tail outlives this reader
	defer st.tails.leave(st.job, t)
	beat := time.NewTicker(st.cfg.Heartbeat)
	defer beat.Stop()
	for {
		h := t.after(st.seen)
		if h.lost || h.err != nil {
			return false, h.err
		}
		if err := st.sendFrames(ctx, h.frames); err != nil || h.over {
			return h.over, err
		}
		select {
		case <-ctx.Done():
			return false, ctx.Err()
		case <-h.grown:
		case <-beat.C:
			if err := st.send(ctx, []byte(": still here\n\n")); err != nil {
				return false, err
			}
		}
	}
}

// read reads the store on behalf of this reader alone.
func (st *stream) read(ctx context.Context) ([]jobs.Happening, bool, error) {
	select {
	case st.reads <- struct{}{}:
		defer func() { <-st.reads }()
	case <-ctx.Done():
		return nil, false, ctx.Err()
	}
	return st.cfg.Reader.Events(ctx, st.job, st.seen, page)
}

// maxWrite bounds what is written at once: the reader's time is counted for it.
const maxWrite = 64 << 10

func (st *stream) sendFrames(ctx context.Context, frames []frame) error {
	var out []byte
	for i, f := range frames {
		if out = append(out, f.data...); len(out) < maxWrite && i+1 < len(frames) {
			continue
		}
		if err := st.send(ctx, out); err != nil {
			return err
		}
		st.seen, out = f.seq, out[:0]
	}
	return nil
}

func (st *stream) send(ctx context.Context, data []byte) error {
	for len(data) > 0 {
		n := min(len(data), maxWrite)
		if err := st.budget.WaitN(ctx, n); err != nil {
			return err
		}
		if err := st.rc.SetWriteDeadline(time.Now().Add(writeLimit)); err != nil && !errors.Is(err, http.ErrNotSupported) {
			return err
		}
		if _, err := st.w.Write(data[:n]); err != nil {
			return err
		}
		data = data[n:]
	}
	return st.rc.Flush()
}
