package price_test

import (
	"errors"
	"math"
	"math/big"
	"testing"

	"pgregory.net/rapid"

	"github.com/askbob/bob/llm"
	"github.com/askbob/bob/llm/price"
)

func TestPrice_Cost_ofKnownCalls(t *testing.T) {
	t.Parallel()
	sonnet := price.Price{In: 3 * llm.Dollar, CacheRead: llm.Dollar * 3 / 10, CacheWrite: llm.Dollar * 15 / 4, Out: 15 * llm.Dollar}
	for name, c := range map[string]struct {
		price price.Price
		usage llm.Usage
		want  string
	}{
		"nothing":                 {sonnet, llm.Usage{}, "0.000000000"},
		"a million of each":       {sonnet, llm.Usage{UncachedIn: 1e6, CacheRead: 1e6, CacheWrite: 1e6, Out: 1e6}, "22.050000000"},
		"reasoning is not added":  {sonnet, llm.Usage{Out: 1000, Reasoning: 900}, "0.015000000"},
		"less than a nano-dollar": {price.Price{In: 1}, llm.Usage{UncachedIn: 1}, "0.000000001"},
		"rounded once": {
			price.Price{In: 2_800_000, Out: 2_800_000}, llm.Usage{UncachedIn: 1, Out: 1}, "0.000000006", // 2.8 + 2.8
		},
		"a free model": {price.Price{}, llm.Usage{UncachedIn: 1e9, Out: 1e9}, "0.000000000"},
		"where 64 bits are too few": {
			price.Price{In: 600 * llm.Dollar}, llm.Usage{UncachedIn: 20_000_000}, "12000.000000000",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got, err := c.price.Cost(c.usage); err != nil || got.String() != c.want {
				t.Errorf("cost = %s, %v, want %s", got, err, c.want)
			}
		})
	}
}

func TestPrice_Cost_refusesWhatIsOutOfRange(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		price price.Price
		usage llm.Usage
	}{
		"counts below zero": {price.Price{In: 1}, llm.Usage{UncachedIn: -1}},
		"prices below zero": {price.Price{Out: -1}, llm.Usage{Out: 1}},
		"too much money":    {price.Price{In: math.MaxInt64}, llm.Usage{UncachedIn: 1_000_001}},
		"far too much": {
			price.Price{In: math.MaxInt64, CacheRead: math.MaxInt64, CacheWrite: math.MaxInt64, Out: math.MaxInt64},
			llm.Usage{UncachedIn: math.MaxInt64, CacheRead: math.MaxInt64, CacheWrite: math.MaxInt64, Out: math.MaxInt64},
		},
	} {
		if got, err := c.price.Cost(c.usage); !errors.Is(err, price.ErrOutOfRange) {
			t.Errorf("%s: cost = %s, %v, want ErrOutOfRange", name, got, err)
		}
	}
}

// TestPrice_Cost_isExact compares with unbounded arithmetic over all of int64.
func TestPrice_Cost_isExact(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		p := anyPrice(rapid.Int64Min(0)).Draw(t, "price")
		u := anyUsage(rapid.Int64Min(0)).Draw(t, "usage")
		got, err := p.Cost(u)
		want := exact(p, u)
		switch {
		case !want.IsInt64() && !errors.Is(err, price.ErrOutOfRange):
			t.Fatalf("cost = %d, %v, want ErrOutOfRange for %s", int64(got), err, want)
		case want.IsInt64() && (err != nil || int64(got) != want.Int64()):
			t.Fatalf("cost = %d, %v, want %s", int64(got), err, want)
		}
	})
}

// TestPrice_Worst_isNeverPassed is what a budget's hard stop rests on.
func TestPrice_Worst_isNeverPassed(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		p := anyPrice(rapid.Int64Range(0, 1e12)).Draw(t, "price")
		u := anyUsage(rapid.Int64Range(0, 1e6)).Draw(t, "usage")
		cost, err := p.Cost(u)
		if err != nil {
			t.Fatal(err)
		}
		worst, err := p.Worst(u.UncachedIn+u.CacheRead+u.CacheWrite, u.Out)
		if err != nil || cost > worst {
			t.Fatalf("cost = %s, worst = %s, %v", cost, worst, err)
		}
	})
}

// TestPrice_Cost_ofPartsIsNeverBelowTheWhole: a job split into calls is not
// booked for less than it used, and for at most a nano-dollar more for each.
func TestPrice_Cost_ofPartsIsNeverBelowTheWhole(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		p := anyPrice(rapid.Int64Range(0, 1e12)).Draw(t, "price")
		calls := rapid.SliceOfN(anyUsage(rapid.Int64Range(0, 1e5)), 1, 20).Draw(t, "calls")
		var sum llm.Money
		var all llm.Usage
		for _, u := range calls {
			cost, err := p.Cost(u)
			if err != nil {
				t.Fatal(err)
			}
			sum += cost
			all = all.Plus(u)
		}
		whole, err := p.Cost(all)
		if err != nil || sum < whole || sum > whole+llm.Money(len(calls)) {
			t.Fatalf("parts = %d, whole = %d, %v", int64(sum), int64(whole), err)
		}
	})
}

func anyPrice(n *rapid.Generator[int64]) *rapid.Generator[price.Price] {
	return rapid.Custom(func(t *rapid.T) price.Price {
		return price.Price{
			In: llm.Money(n.Draw(t, "in")), CacheRead: llm.Money(n.Draw(t, "read")),
			CacheWrite: llm.Money(n.Draw(t, "write")), Out: llm.Money(n.Draw(t, "out")),
		}
	})
}

func anyUsage(n *rapid.Generator[int64]) *rapid.Generator[llm.Usage] {
	return rapid.Custom(func(t *rapid.T) llm.Usage {
		return llm.Usage{
			UncachedIn: n.Draw(t, "in"), CacheRead: n.Draw(t, "read"), CacheWrite: n.Draw(t, "write"), Out: n.Draw(t, "out"),
		}
	})
}

// exact adds up without bounds and rounds up once.
func exact(p price.Price, u llm.Usage) *big.Int {
	sum := new(big.Int)
	for _, f := range [][2]int64{
		{u.UncachedIn, int64(p.In)},
		{u.CacheRead, int64(p.CacheRead)},
		{u.CacheWrite, int64(p.CacheWrite)},
		{u.Out, int64(p.Out)},
	} {
		sum.Add(sum, new(big.Int).Mul(big.NewInt(f[0]), big.NewInt(f[1])))
	}
	sum.Add(sum, big.NewInt(999_999))
	return sum.Div(sum, big.NewInt(1_000_000))
}
