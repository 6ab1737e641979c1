package tool

import (
	"database/sql/driver"
	"errors"
	"math"
	"slices"

	"modernc.org/sqlite"
)

// tableAggregates are those that SQLite lacks. NULLs and text do not count; of
// nothing the result is NULL.
func tableAggregates() map[string]*sqlite.FunctionImpl {
	moments := func(f func(m *tableMoments) (float64, bool)) *sqlite.FunctionImpl {
		return &sqlite.FunctionImpl{NArgs: 1, Deterministic: true, MakeAggregate: func(sqlite.FunctionContext) (sqlite.AggregateFunction, error) {
			return &tableMoments{result: f}, nil
		}}
	}
	sample := func(m *tableMoments) (float64, bool) { return m.square / (m.n - 1), m.n > 1 }
	whole := func(m *tableMoments) (float64, bool) { return m.square / m.n, m.n > 0 }
	root := func(f func(m *tableMoments) (float64, bool)) func(m *tableMoments) (float64, bool) {
		return func(m *tableMoments) (float64, bool) {
			v, ok := f(m)
			return math.Sqrt(v), ok
		}
	}
	ranked := func(args int32) *sqlite.FunctionImpl {
		return &sqlite.FunctionImpl{NArgs: args, Deterministic: true, MakeAggregate: func(sqlite.FunctionContext) (sqlite.AggregateFunction, error) {
			return &tableRanked{percent: 50}, nil
		}}
	}
	cont := ranked(2)
	cont.MakeAggregate = func(sqlite.FunctionContext) (sqlite.AggregateFunction, error) {
		return &tableRanked{scale: 100}, nil
	}
	return map[string]*sqlite.FunctionImpl{
		"median": ranked(1), "percentile": ranked(2), "percentile_cont": cont,
		"stddev": moments(root(sample)), "stddev_samp": moments(root(sample)), "stddev_pop": moments(root(whole)),
		"variance": moments(sample), "var_samp": moments(sample), "var_pop": moments(whole),
		"corr": {NArgs: 2, Deterministic: true, MakeAggregate: func(sqlite.FunctionContext) (sqlite.AggregateFunction, error) {
			return &tableCorrelation{}, nil
		}},
	}
}

var errTableWindow = errors.New("this aggregate does not work in a moving window: use it with GROUP BY")

// tableFloat returns a number of SQL; false for NULL, text and the rest.
func tableFloat(v driver.Value) (float64, bool) {
	switch v := v.(type) {
	case int64:
		return float64(v), true
	case float64:
		return v, !math.IsNaN(v)
	}
	return 0, false
}

// tableNumberOrNull is a result: what is no number is NULL.
func tableNumberOrNull(v float64, ok bool) driver.Value {
	if !ok || math.IsNaN(v) || math.IsInf(v, 0) {
		return nil
	}
	return v
}

// tableMoments computes variance in one pass (Welford).
type tableMoments struct {
	result          func(m *tableMoments) (float64, bool)
	n, mean, square float64
}

// Step implements sqlite.AggregateFunction.
func (m *tableMoments) Step(_ *sqlite.FunctionContext, args []driver.Value) error {
	v, ok := tableFloat(args[0])
	if !ok {
		return nil
	}
	m.n++
	delta := v - m.mean
	m.mean += delta / m.n
	m.square += delta * (v - m.mean)
	return nil
}

// WindowInverse implements sqlite.AggregateFunction.
func (*tableMoments) WindowInverse(*sqlite.FunctionContext, []driver.Value) error {
	return errTableWindow
}

// WindowValue implements sqlite.AggregateFunction.
func (m *tableMoments) WindowValue(*sqlite.FunctionContext) (driver.Value, error) {
	return tableNumberOrNull(m.result(m)), nil
}

// Final implements sqlite.AggregateFunction.
func (*tableMoments) Final(*sqlite.FunctionContext) {}

// tableCorrelation computes Pearson's coefficient.
type tableCorrelation struct {
	n, meanX, meanY, xx, yy, xy float64
}

// Step implements sqlite.AggregateFunction.
func (c *tableCorrelation) Step(_ *sqlite.FunctionContext, args []driver.Value) error {
	x, okX := tableFloat(args[0])
	y, okY := tableFloat(args[1])
	if !okX || !okY {
		return nil
	}
	c.n++
	dx := x - c.meanX
	c.meanX += dx / c.n
	dy := y - c.meanY
	c.meanY += dy / c.n
	c.xx += dx * (x - c.meanX)
	c.yy += dy * (y - c.meanY)
	c.xy += dx * (y - c.meanY)
	return nil
}

// WindowInverse implements sqlite.AggregateFunction.
func (*tableCorrelation) WindowInverse(*sqlite.FunctionContext, []driver.Value) error {
	return errTableWindow
}

// WindowValue implements sqlite.AggregateFunction.
func (c *tableCorrelation) WindowValue(*sqlite.FunctionContext) (driver.Value, error) {
	return tableNumberOrNull(c.xy/math.Sqrt(c.xx*c.yy), c.n > 1), nil
}

// Final implements sqlite.AggregateFunction.
func (*tableCorrelation) Final(*sqlite.FunctionContext) {}

// tableRanked computes a percentile, between two values in proportion.
type tableRanked struct {
	percent float64
	scale   float64 // of the second argument; 0: percent
	values  []float64
}

// Step implements sqlite.AggregateFunction.
func (r *tableRanked) Step(_ *sqlite.FunctionContext, args []driver.Value) error {
	if len(args) > 1 {
		p, ok := tableFloat(args[1])
		if r.scale > 0 {
			p *= r.scale
		}
		if !ok || p < 0 || p > 100 {
			return errors.New("the second argument of percentile is 0 to 100, of percentile_cont 0 to 1")
		}
		r.percent = p
	}
	v, ok := tableFloat(args[0])
	if !ok {
		return nil
	}
	if len(r.values) >= tableMaxRows {
		return errors.New("too many values for a percentile")
	}
	r.values = append(r.values, v)
	return nil
}

// WindowInverse implements sqlite.AggregateFunction.
func (*tableRanked) WindowInverse(*sqlite.FunctionContext, []driver.Value) error {
	return errTableWindow
}

// WindowValue implements sqlite.AggregateFunction.
func (r *tableRanked) WindowValue(*sqlite.FunctionContext) (driver.Value, error) {
	if len(r.values) == 0 {
		return nil, nil //nolint:nilnil // NULL
	}
	slices.Sort(r.values)
	at := r.percent / 100 * float64(len(r.values)-1)
	low := int(at)
	high := min(low+1, len(r.values)-1)
	share := at - float64(low)
	return r.values[low]*(1-share) + r.values[high]*share, nil
}

// Final implements sqlite.AggregateFunction.
func (*tableRanked) Final(*sqlite.FunctionContext) {}
