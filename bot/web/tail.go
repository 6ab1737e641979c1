package web

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/askbob/bob/jobs"
)

// Bounds of a tail.
const (
	maxFrames = 1024
	maxTail   = 4 << 20 // bytes
)

// pace is how long a tail rests after it has told of something: changes that are
// closer together come at once. The more listen, the longer: each of them wakes.
func pace(readers int) time.Duration {
	return 50*time.Millisecond + time.Duration(readers)*500*time.Microsecond
}

// frame is an event as it is sent.
type frame struct {
	seq  int64
	data []byte
}

// encode writes events as a stream has them. Their moves are passed on as they are:
// to read and write them again would be most of a stream's work.
func encode(list []jobs.Happening) []frame {
	frames := make([]frame, 0, len(list))
	for _, h := range list {
		frames = append(frames, frame{seq: h.Seq, data: fmt.Appendf(nil, `id: %d
data: {"seq":%d,"job":%q,"at":%q,"moves":%s}

`, h.Seq, h.Seq, h.Job, h.At.Format(time.RFC3339Nano), h.Moves)})
	}
	return frames
}

// tails are the ends of the jobs that somebody follows. Each is read once for all
// its readers.
type tails struct {
	cfg  Config
	life context.Context //nolint:containedctx // of all tails: they outlive the requests that begin them

	mu   sync.Mutex
	open map[jobs.JobID]*tail
}

// tail is the newest events of one job.
type tail struct {
	job  jobs.JobID
	stop context.CancelFunc
	done chan struct{} // closed when it is no longer read

	mu      sync.Mutex
	readers int
	frames  []frame // all events after from, oldest first
	bytes   int
	from    int64
	end     int64
	over    bool // the job is final, and this was all
	err     error
	grown   chan struct{} // closed at every change
}

// join returns the tail of a job, which a first reader who has seen all up to seen
// begins. The caller must leave it.
func (ts *tails) join(job jobs.JobID, seen int64) *tail {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	t := ts.open[job]
	if t == nil {
		ctx, stop := context.WithCancel(ts.life)
		t = &tail{job: job, stop: stop, done: make(chan struct{}), from: seen, end: seen, grown: make(chan struct{})}
		ts.open[job] = t
		go func() {
			defer close(t.done)
			ts.watch(ctx, t)
		}()
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.readers++
	return t
}

// leave gives a tail back; the last reader ends it.
func (ts *tails) leave(job jobs.JobID, t *tail) {
	ts.mu.Lock()
	t.mu.Lock()
	t.readers--
	last := t.readers == 0
	t.mu.Unlock()
	if last && ts.open[job] == t {
		delete(ts.open, job)
	}
	ts.mu.Unlock()
	if last {
		t.stop()
		<-t.done
	}
}

// watch reads what happens to the job until ctx is done.
func (ts *tails) watch(ctx context.Context, t *tail) {
	knock, stop := ts.cfg.Feed.Subscribe(t.job)
	defer stop()
	for {
		list, over, err := ts.cfg.Reader.Events(ctx, t.job, t.end, page)
		frames := encode(list)
		readers := t.grow(frames, over, err)
		if err != nil {
			// Who listens is told; who comes now begins a new one.
			ts.mu.Lock()
			if ts.open[t.job] == t {
				delete(ts.open, t.job)
			}
			ts.mu.Unlock()
			return
		}
		if len(frames) == 0 {
			select {
			case <-ctx.Done():
				return
			case <-knock:
			}
		}
		rest := time.NewTimer(pace(readers))
		select {
		case <-ctx.Done():
			rest.Stop()
			return
		case <-rest.C:
		}
	}
}

// grow adds what happened, drops the oldest that are too many, and wakes the
// readers.
func (t *tail) grow(frames []frame, over bool, err error) (readers int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, f := range frames {
		t.frames, t.bytes, t.end = append(t.frames, f), t.bytes+len(f.data), f.seq
	}
	for len(t.frames) > 1 && (len(t.frames) > maxFrames || t.bytes > maxTail) {
		t.from, t.bytes, t.frames = t.frames[0].seq, t.bytes-len(t.frames[0].data), t.frames[1:]
	}
	if len(frames) > 0 || over != t.over || err != nil {
		close(t.grown)
		t.grown = make(chan struct{})
	}
	t.over, t.err = over, err
	return t.readers
}

// heard is what a tail has for a reader.
type heard struct {
	frames []frame
	over   bool            // this is all there will be
	lost   bool            // what comes next is no longer here
	err    error           // the tail ended
	grown  <-chan struct{} // closed when there is more
}

// after returns what came after the event of that number. The frames are not to be
// changed.
func (t *tail) after(seen int64) heard {
	t.mu.Lock()
	defer t.mu.Unlock()
	h := heard{over: t.over, lost: seen < t.from, err: t.err, grown: t.grown}
	i := len(t.frames)
	for i > 0 && t.frames[i-1].seq > seen {
		i--
	}
	h.frames = t.frames[i:len(t.frames):len(t.frames)]
	return h
}
