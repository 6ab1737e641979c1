package tool

import (
	"context"
	"errors"
	"slices"
	"sync"
)

const (
	// tableCacheBytes bounds the tables that are kept for the next query. One
	// set may be larger; then it is the only one.
	tableCacheBytes = 128 << 20
	tableCacheSets  = 16
)

var errTablesClosed = errors.New("the tables were closed")

// tableCache keeps loaded tables, the last used ones. Safe for concurrent use.
type tableCache struct {
	loading chan struct{} // one load at a time: loading needs the most memory

	mu     sync.Mutex
	keys   []string // last used last
	sets   map[string]*tableSet
	closed bool
}

func newTableCache() *tableCache {
	c := &tableCache{loading: make(chan struct{}, 1), sets: map[string]*tableSet{}}
	c.loading <- struct{}{}
	return c
}

// with runs do on the set of that key, alone, loading it first if need be.
func (c *tableCache) with(ctx context.Context, key string, load, do func(*tableSet) error, open func() (*tableSet, error)) error {
	for {
		set, err := c.get(ctx, key, load, open)
		if err != nil {
			return err
		}
		select {
		case <-set.turn:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
		if set.ended { // freed between get and now
			set.turn <- struct{}{}
			continue
		}
		err = do(set)
		set.turn <- struct{}{}
		return err
	}
}

func (c *tableCache) get(ctx context.Context, key string, load func(*tableSet) error, open func() (*tableSet, error)) (*tableSet, error) {
	if set, err := c.find(key); set != nil || err != nil {
		return set, err
	}
	select {
	case <-c.loading:
		defer func() { c.loading <- struct{}{} }()
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	if set, err := c.find(key); set != nil || err != nil {
		return set, err
	}
	set, err := open()
	if err != nil {
		return nil, err
	}
	if err := load(set); err != nil {
		return nil, errors.Join(err, set.free())
	}
	return set, c.add(key, set)
}

// find returns the set of a key, nil if it must be loaded.
func (c *tableCache) find(key string) (*tableSet, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return nil, errTablesClosed
	}
	set := c.sets[key]
	if set != nil {
		c.keys = append(slices.DeleteFunc(c.keys, func(k string) bool { return k == key }), key)
	}
	return set, nil
}

// add keeps a set and frees those used longest ago.
func (c *tableCache) add(key string, set *tableSet) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return errors.Join(errTablesClosed, set.free())
	}
	c.keys = append(c.keys, key)
	c.sets[key] = set
	var total int64
	for _, s := range c.sets {
		total += s.bytes
	}
	var errs []error
	for i := 0; i < len(c.keys)-1 && (total > tableCacheBytes || len(c.sets) > tableCacheSets); {
		old := c.sets[c.keys[i]]
		select {
		case <-old.turn:
			errs = append(errs, old.free())
			old.turn <- struct{}{}
			total -= old.bytes
			delete(c.sets, c.keys[i])
			c.keys = slices.Delete(c.keys, i, i+1)
		default:
			i++ // in use
		}
	}
	return errors.Join(errs...)
}

// close frees all sets, each after the query that runs on it.
func (c *tableCache) close() error {
	c.mu.Lock()
	sets := c.sets
	c.sets, c.keys, c.closed = map[string]*tableSet{}, nil, true
	c.mu.Unlock()
	var errs []error
	for _, set := range sets {
		<-set.turn
		errs = append(errs, set.free())
		set.turn <- struct{}{}
	}
	return errors.Join(errs...)
}
