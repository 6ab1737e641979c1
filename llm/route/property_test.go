package route_test

import (
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/askbob/bob/llm"
	"github.com/askbob/bob/llm/route"
)

// TestModel_asksAsTheRulesSay compares random walks with the rules, told the plain
// way: who is asked, how often, and what comes of it.
func TestModel_asksAsTheRulesSay(t *testing.T) {
	t.Parallel()
	const answers llm.Kind = "answers"
	kinds := []llm.Kind{
		answers, llm.KindUnavailable, llm.KindRateLimited, llm.KindQuota, llm.KindAuth, llm.KindNotFound, llm.KindTooLong,
		llm.KindBroken, llm.KindInvalid, llm.KindRefused, llm.KindTruncated,
	}
	goesOn := kinds[1:8]
	rapid.Check(t, func(rt *rapid.T) {
		cfg := route.Config{Log: slog.New(slog.DiscardHandler)}
		var models []*fake
		var want []int
		var failed []llm.Kind
		over, tooLong := false, 0
		for i := range rapid.IntRange(1, 6).Draw(rt, "models") {
			kind := rapid.SampledFrom(kinds).Draw(rt, "kind")
			m := fails(kind)
			if kind == answers {
				m = says("hello")
			}
			member := able(string(rune('a'+i)), "m", m)
			member.Context = rapid.SampledFrom([]int{100, 200, 300}).Draw(rt, "context")
			cfg.Providers = append(cfg.Providers, route.Provider{Name: member.Provider})
			cfg.Members = append(cfg.Members, member)
			models = append(models, m)

			asked := !over && member.Context > tooLong
			want = append(want, 0)
			if !asked {
				continue
			}
			want[i] = 1
			failed = append(failed, kind)
			over = !slices.Contains(goesOn, kind)
			if kind == llm.KindTooLong {
				tooLong = member.Context
			}
		}
		r, err := route.New(cfg)
		if err != nil {
			rt.Fatal(err)
		}
		m, _, err := r.Pick(route.Want{})
		if err != nil {
			rt.Fatal(err)
		}
		if rapid.Bool().Draw(rt, "stream") {
			_, _, err = stream(t.Context(), m)
		} else {
			_, err = m.Generate(t.Context(), llm.Request{})
		}
		for i, m := range models {
			if m.count() != want[i] {
				rt.Fatalf("model %d of %v was asked %d times, want %d", i, failed, m.count(), want[i])
			}
		}
		got := answers
		if e := llm.AsAPIError(err); e != nil {
			got = e.Kind
		}
		if want := outcome(failed, over); got != want {
			rt.Fatalf("after %v: got %s, want %s", failed, got, want)
		}
	})
}

// outcome is what comes of a walk: its last word if that ended it, else what is the
// most hopeful.
func outcome(failed []llm.Kind, over bool) llm.Kind {
	if over {
		return failed[len(failed)-1]
	}
	for _, kind := range []llm.Kind{llm.KindRateLimited, llm.KindUnavailable, llm.KindBroken} {
		if slices.Contains(failed, kind) {
			return kind
		}
	}
	return failed[0]
}

// TestLimits_holdForAnyCrowd lets random crowds loose on random limits: no limit is
// ever passed, and everybody is served.
func TestLimits_holdForAnyCrowd(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		p := route.Provider{
			MaxConcurrent:     rapid.IntRange(0, 5).Draw(rt, "slots"),
			RequestsPerMinute: rapid.SampledFrom([]int{0, 1, 10, 100, 1000}).Draw(rt, "requests"),
			TokensPerMinute:   rapid.SampledFrom([]int{0, 100, 5000}).Draw(rt, "tokens"),
		}
		callers := rapid.IntRange(1, 15).Draw(rt, "callers")
		lengths := rapid.SliceOfN(rapid.IntRange(1, 20_000), callers, callers).Draw(rt, "milliseconds")
		used := int64(rapid.IntRange(0, 300).Draw(rt, "used"))
		problem := ""
		synctest.Test(t, func(t *testing.T) {
			var mu sync.Mutex
			next := 0
			m := newSlow(func() time.Duration {
				mu.Lock()
				defer mu.Unlock()
				next++
				return time.Duration(lengths[next-1]) * time.Millisecond
			})
			m.input = used
			r := gated(t, p, m)
			var wg sync.WaitGroup
			for i := range callers {
				wg.Go(func() { wait(t.Context(), t, r, fmt.Sprint(i)) })
			}
			wg.Wait()
			problem = broken(p, m, used)
			if m.count() != callers {
				problem = fmt.Sprintf("%d of %d were served", m.count(), callers)
			}
		})
		if problem != "" {
			rt.Fatal(problem)
		}
	})
}

// broken says which limit was passed; empty: none. A bucket lets in what is in it
// at the beginning, and what flows in.
func broken(p route.Provider, m *slow, used int64) string {
	if p.MaxConcurrent > 0 && m.most > p.MaxConcurrent {
		return fmt.Sprintf("%d calls at once, at most %d are allowed", m.most, p.MaxConcurrent)
	}
	for i := range m.starts {
		for j := i; j < len(m.starts); j++ {
			minutes := m.starts[j].Sub(m.starts[i]).Minutes()
			n := j - i + 1
			if most := float64(p.RequestsPerMinute) * minutes; p.RequestsPerMinute > 0 && float64(n) > most+float64(max(1, p.RequestsPerMinute/12))+0.01 {
				return fmt.Sprintf("%d calls in %.2f minutes, %d a minute are allowed", n, minutes, p.RequestsPerMinute)
			}
			each := min(used, int64(p.TokensPerMinute))
			if most := float64(p.TokensPerMinute) * (minutes + 1); p.TokensPerMinute > 0 && float64(int64(n)*each) > most+0.01 {
				return fmt.Sprintf("%d tokens in %.2f minutes, %d a minute are allowed", int64(n)*each, minutes, p.TokensPerMinute)
			}
		}
	}
	return ""
}
