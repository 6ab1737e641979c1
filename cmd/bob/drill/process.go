package drill

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"sync"
	"time"
)

// errGone says that the process ended before it answered.
var errGone = errors.New("the process is gone")

// process is a child as the drill sees it.
type process struct {
	cmd     *exec.Cmd
	in      io.WriteCloser
	started time.Time

	ready   chan struct{} // closed when its database is open
	claimed chan struct{} // closed at its first claim
	over    chan struct{} // closed when it has ended

	mu      sync.Mutex
	nextID  int
	waiting map[int]chan reply
	end     reply // its last news
	claim   time.Duration
}

// start starts a child by argv, which must call Child.
func start(ctx context.Context, argv []string, s setup) (*process, error) {
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...) //nolint:gosec // this program itself
	cmd.Stderr = os.Stderr                                // a panic is not to be missed
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	p := &process{
		cmd: cmd, in: in, started: time.Now(), waiting: map[int]chan reply{},
		ready: make(chan struct{}), claimed: make(chan struct{}), over: make(chan struct{}),
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", argv[0], err)
	}
	go p.read(out)
	return p, json.NewEncoder(in).Encode(s)
}

// read takes what the child says until it ends.
func (p *process) read(out io.Reader) {
	dec := json.NewDecoder(out)
	for {
		var r reply
		if err := dec.Decode(&r); err != nil {
			break
		}
		p.hear(r)
	}
	_ = p.cmd.Wait() // how it ended was its news, or it was killed
	p.mu.Lock()
	defer p.mu.Unlock()
	for id, c := range p.waiting {
		delete(p.waiting, id)
		close(c)
	}
	close(p.over)
}

func (p *process) hear(r reply) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch r.News {
	case newsReady:
		close(p.ready)
	case newsClaimed:
		p.claim = time.Since(p.started)
		close(p.claimed)
	case "":
		if c, ok := p.waiting[r.ID]; ok {
			delete(p.waiting, r.ID)
			c <- r
		}
	default:
		p.end = r
	}
}

// ask gives an order and waits for what came of it. It returns errGone if nobody
// knows.
func (p *process) ask(o order) (reply, error) {
	c := make(chan reply, 1)
	if err := p.send(o, c); err != nil {
		return reply{}, errGone
	}
	r, ok := <-c
	if !ok {
		return reply{}, errGone
	}
	return r, nil
}

func (p *process) send(o order, c chan reply) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	select {
	case <-p.over:
		return errGone
	default:
	}
	p.nextID++
	o.ID = p.nextID
	if c != nil {
		p.waiting[o.ID] = c
	}
	return json.NewEncoder(p.in).Encode(o)
}

// kill ends the child as kill -9 does, and waits until it is gone.
func (p *process) kill() {
	_ = p.cmd.Process.Kill() // it may have ended by itself
	<-p.over
}

// stopPatience is how long a child may take to hand back what it works on.
const stopPatience = time.Minute

// stop asks the child to end, and waits until it has. It returns an error if it
// had to be killed.
func (p *process) stop() error {
	_ = p.send(order{Stop: true}, nil) // it may have ended by itself
	select {
	case <-p.over:
		return nil
	case <-time.After(stopPatience):
		p.kill()
		return fmt.Errorf("a process did not stop within %s", stopPatience)
	}
}

// ended returns the child's last words; none if it was killed.
func (p *process) ended() reply {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.end
}

func (p *process) gone() bool {
	select {
	case <-p.over:
		return true
	default:
		return false
	}
}
