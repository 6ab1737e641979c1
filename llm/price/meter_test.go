package price_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/askbob/bob/llm"
	"github.com/askbob/bob/llm/llmtest"
	"github.com/askbob/bob/llm/price"
)

// tenCents is a model at $0.10 for a million tokens in, $1 for a million out.
func tenCents(tb testing.TB, model llm.Model) *price.Metered {
	tb.Helper()
	p, _ := price.PerMillion(0.1, 0.01, 0.2, 1)
	return price.Meter(model, price.Config{
		Provider: "here", Model: "small", MaxOutput: 1000,
		Table: table(tb, price.Override{Key: price.Key{Provider: "here", Model: "small"}, Price: p}),
	})
}

func ask() llm.Request {
	return llm.Request{Messages: []llm.Message{{Role: llm.RoleUser, Text: "What is it?"}}}
}

func TestMetered_putsTheCostOnAnswers(t *testing.T) {
	t.Parallel()
	usage := llm.Usage{UncachedIn: 1000, CacheRead: 1000, CacheWrite: 1000, Out: 100, Known: true}
	want := llm.Cost{Amount: 410_000, Known: true} // 100 + 10 + 200 + 100 micro-dollars
	m := tenCents(t, llmtest.Always(llmtest.Reply(llm.Response{Text: "this", Usage: usage})))
	got, err := m.Generate(t.Context(), ask())
	if err != nil || got.Cost != want || got.Usage != usage {
		t.Errorf("response = %+v, %v, want the cost %+v", got, err, want)
	}
	var last *llm.Response
	for delta, err := range m.Stream(t.Context(), ask()) {
		if err != nil {
			t.Fatal(err)
		}
		last = delta.Done
	}
	if last == nil || last.Cost != want {
		t.Errorf("last delta = %+v, want the cost %+v", last, want)
	}
}

func TestMetered_putsTheCostOnErrors(t *testing.T) {
	t.Parallel()
	e := &llm.APIError{Kind: llm.KindTruncated, Usage: llm.Usage{UncachedIn: 1000, Out: 1000, Known: true}}
	m := tenCents(t, llmtest.Always(llmtest.Fail(fmt.Errorf("route: %w", e))))
	_, err := m.Generate(t.Context(), ask())
	want := llm.Cost{Amount: 1_100_000, Known: true}
	if got := llm.AsAPIError(err); got == nil || got.Cost != want || !errors.Is(err, e) {
		t.Errorf("error = %#v, want the cost %+v around the same error", got, want)
	}
	if e.Cost != (llm.Cost{}) {
		t.Error("the error of the model was changed: others may hold it")
	}
	for _, err := range m.Stream(t.Context(), ask()) {
		if got := llm.AsAPIError(err); got == nil || got.Cost != want {
			t.Errorf("error of the stream = %v, want the cost %+v", err, want)
		}
	}
}

func TestMetered_booksAnEstimateWhenUsageIsUnknown(t *testing.T) {
	t.Parallel()
	silent := llmtest.Reply(llm.Response{Text: strings.Repeat("words ", 100), Usage: llm.Usage{UncachedIn: 1}})
	m := tenCents(t, llmtest.NewScript(silent, llmtest.Failure(llm.KindBroken)))
	worst := m.Estimate(ask())
	got, err := m.Generate(t.Context(), ask())
	if err != nil {
		t.Fatal(err)
	}
	if got.Usage.Known || got.Usage.UncachedIn != worst.Input || got.Usage.Out < 100 || got.Usage.Out > 300 {
		t.Errorf("usage = %+v, want an estimate", got.Usage)
	}
	if !got.Cost.Known || got.Cost.Amount <= 0 || got.Cost.Amount > worst.Worst.Amount {
		t.Errorf("cost = %+v, want one of at most %+v", got.Cost, worst.Worst)
	}
	_, err = m.Generate(t.Context(), ask())
	if e := llm.AsAPIError(err); e.Cost != worst.Worst || e.Usage.Known {
		t.Errorf("a broken call costs %+v, want the worst case %+v", e.Cost, worst.Worst)
	}
}

func TestMetered_booksNothingForWhatWasTurnedAway(t *testing.T) {
	t.Parallel()
	for kind, free := range map[llm.Kind]bool{
		llm.KindRateLimited: true, llm.KindQuota: true, llm.KindAuth: true, llm.KindNotFound: true,
		llm.KindTooLong: true, llm.KindInvalid: true, llm.KindUnpriced: true,
		llm.KindUnavailable: false, llm.KindRefused: false, llm.KindTruncated: false, llm.KindBroken: false,
	} {
		m := tenCents(t, llmtest.NewScript(llmtest.Failure(kind)))
		_, err := m.Generate(t.Context(), ask())
		e := llm.AsAPIError(err)
		if !e.Cost.Known || (e.Cost.Amount == 0) != free {
			t.Errorf("%s: cost = %+v, want one that is nothing: %v", kind, e.Cost, free)
		}
	}
}

func TestMetered_doesNotBelieveImpossibleUsage(t *testing.T) {
	t.Parallel()
	for _, usage := range []llm.Usage{
		{UncachedIn: math.MaxInt64, Out: math.MaxInt64, Known: true},
		{Out: -5, Known: true},
		{UncachedIn: 4_000_000_000_000_000, Known: true},
		{CacheRead: 1_000_000_001, Known: true},
	} {
		m := tenCents(t, llmtest.Always(llmtest.Reply(llm.Response{Text: "this", Usage: usage})))
		got, err := m.Generate(t.Context(), ask())
		if err != nil || got.Usage.Known || !got.Cost.Known || got.Cost.Amount <= 0 {
			t.Errorf("usage = %+v at %+v, %v, want an estimate", got.Usage, got.Cost, err)
		}
	}
}

func TestMetered_anUnknownPriceIsUnknown(t *testing.T) {
	t.Parallel()
	m := price.Meter(llmtest.Always(llmtest.Text("this")), price.Config{Provider: "here", Model: "nameless"})
	if e := m.Estimate(ask()); e.Worst.Known || e.Input == 0 || e.Output != price.DefaultMaxOutput {
		t.Errorf("estimate = %+v, want tokens and no cost", e)
	}
	if got, err := m.Generate(t.Context(), ask()); err != nil || got.Cost.Known {
		t.Errorf("cost = %+v, %v, want it unknown", got.Cost, err)
	}
}

// TestMetered_takesTheStatedCostOnlyWithoutAPrice: our own sum is what was
// reserved for, and what a person can check.
func TestMetered_takesTheStatedCostOnlyWithoutAPrice(t *testing.T) {
	t.Parallel()
	stated := llm.Cost{Amount: 7, Known: true}
	usage := llm.Usage{UncachedIn: 1000, Out: 100, Known: true}
	answer := llmtest.Reply(llm.Response{Text: "this", Usage: usage, Stated: stated})
	failure := llmtest.Fail(&llm.APIError{Kind: llm.KindTruncated, Usage: usage, Stated: stated})
	nameless := price.Config{Provider: "here", Model: "nameless"}
	for name, c := range map[string]struct {
		model *price.Metered
		want  llm.Money
	}{
		"no price":  {price.Meter(llmtest.NewScript(answer, failure), nameless), 7},
		"our price": {tenCents(t, llmtest.NewScript(answer, failure)), 200_000},
	} {
		got, err := c.model.Generate(t.Context(), ask())
		if err != nil || got.Cost != (llm.Cost{Amount: c.want, Known: true}) || got.Stated != stated {
			t.Errorf("%s: cost = %+v beside %+v, %v, want %d", name, got.Cost, got.Stated, err, c.want)
		}
		_, err = c.model.Generate(t.Context(), ask())
		if e := llm.AsAPIError(err); e.Cost != (llm.Cost{Amount: c.want, Known: true}) || e.Stated != stated {
			t.Errorf("%s: cost of the failure = %+v beside %+v, want %d", name, e.Cost, e.Stated, c.want)
		}
	}
}

func TestMetered_sendsWhatItEstimated(t *testing.T) {
	t.Parallel()
	script := llmtest.Always(llmtest.Text("this"))
	m := tenCents(t, script)
	if _, err := m.Generate(t.Context(), ask()); err != nil {
		t.Fatal(err)
	}
	own := ask()
	own.Model, own.MaxOutput = "large", 5
	for _, err := range m.Stream(t.Context(), own) {
		if err != nil {
			t.Fatal(err)
		}
	}
	var got [][2]any
	for _, r := range script.Requests() {
		got = append(got, [2]any{r.Model, r.MaxOutput})
	}
	if diff := cmp.Diff([][2]any{{"small", 1000}, {"large", 5}}, got); diff != "" {
		t.Errorf("model and bound (-want +got):\n%s", diff)
	}
	if e := m.Estimate(own); e.Model != "large" || e.Output != 5 || e.Provider != "here" || e.Worst.Known {
		t.Errorf("estimate = %+v, want that of the request", e)
	}
}

func TestMetered_looksUpTheCatalogueByItsOwnName(t *testing.T) {
	t.Parallel()
	key := price.Key{Provider: "work", Model: "gpt-5.5"}
	cfg := price.Config{Provider: "work", Catalogue: "openai", Model: "gpt-5.5", Table: table(t)}
	if p, ok := price.Meter(nil, cfg).Price(""); !ok || p.In != 5*llm.Dollar {
		t.Errorf("price = %+v, %v, want the catalogue's", p, ok)
	}
	cfg.Table = table(t, price.Override{Key: key, Price: price.Price{In: 1}})
	if p, ok := price.Meter(nil, cfg).Price("gpt-5.5"); !ok || p.In != 1 {
		t.Errorf("price = %+v, %v, want the configuration's", p, ok)
	}
}

func TestMetered_passesOtherErrorsOn(t *testing.T) {
	t.Parallel()
	m := tenCents(t, llmtest.Always(llmtest.Fail(context.DeadlineExceeded)))
	if _, err := m.Generate(t.Context(), ask()); err != context.DeadlineExceeded { //nolint:errorlint // the very same
		t.Errorf("error = %v, want it as it was", err)
	}
}
