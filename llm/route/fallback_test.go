package route_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/askbob/bob/llm"
	"github.com/askbob/bob/llm/llmtest"
	"github.com/askbob/bob/llm/route"
)

func TestModel_goesOnWhereAnotherModelMayDoBetter(t *testing.T) {
	t.Parallel()
	tests := map[llm.Kind]bool{
		llm.KindUnavailable: true, llm.KindRateLimited: true, llm.KindQuota: true, llm.KindAuth: true,
		llm.KindNotFound: true, llm.KindBroken: true,
		llm.KindInvalid: false, llm.KindRefused: false, llm.KindTruncated: false, llm.KindUnpriced: false,
	}
	for kind, goesOn := range tests {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			first, second := fails(kind), says("hello")
			text, e := call(t.Context(), t, line(t, first, second), "")
			if goesOn && (e != nil || text != "hello") {
				t.Errorf("got %q, %v; want the second model's answer", text, e)
			}
			if !goesOn && (e == nil || e.Kind != kind || second.count() != 0) {
				t.Errorf("got %v and %d calls of the second model, want the first's error and none", e, second.count())
			}
			if first.count() != 1 {
				t.Errorf("the first model was tried %d times, want once", first.count())
			}
		})
	}
}

func TestModel_sendsWhatWasTooLongOnlyToALargerOne(t *testing.T) {
	t.Parallel()
	cfg := route.Config{Providers: []route.Provider{{Name: "a"}}}
	models := map[string]*fake{}
	for name, context := range map[string]int{"1-small": 1000, "2-same": 1000, "3-unknown": 0, "4-large": 2000, "5-smaller": 500, "6-larger": 4000} {
		models[name] = fails(llm.KindTooLong)
		m := able("a", name, models[name])
		m.Context = context
		cfg.Members = append(cfg.Members, m)
	}
	cfg.Routes = map[llm.Purpose][]string{"": {"a/1-small", "a/2-same", "a/3-unknown", "a/4-large", "a/5-smaller", "a/6-larger"}}
	_, e := call(t.Context(), t, build(t, cfg), "")
	if e == nil || e.Kind != llm.KindTooLong {
		t.Errorf("got %v, want too long", e)
	}
	got := map[string]int{}
	for name, m := range models {
		got[name] = m.count()
	}
	want := map[string]int{"1-small": 1, "2-same": 0, "3-unknown": 0, "4-large": 1, "5-smaller": 0, "6-larger": 1}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("calls (-want +got):\n%s", diff)
	}
}

func TestModel_skipsWhatCannotTakeTheRequest(t *testing.T) {
	t.Parallel()
	first, second := says("first"), says("second")
	first.input = 2000 // of a context of 1000
	second.input = 10
	text, e := call(t.Context(), t, line(t, first, second), "")
	if e != nil || text != "second" || first.count() != 0 {
		t.Errorf("got %q, %v and %d calls of the one that is too small", text, e, first.count())
	}
	if text, e := call(t.Context(), t, line(t, first), ""); e != nil || text != "first" {
		t.Errorf("the only one there is: got %q, %v; estimates are too high, it must be tried", text, e)
	}

	blind := able("a", "m", says("blind"))
	blind.Vision, blind.Tools, blind.Structured = false, false, false
	r := build(t, route.Config{Providers: []route.Provider{{Name: "a"}}, Members: []route.Member{blind}})
	for name, request := range map[string]llm.Request{
		"tools":    {Tools: []llm.ToolSpec{{Name: "x"}}},
		"schema":   {Schema: llm.MustSchema("x", `{}`)},
		"pictures": {Messages: []llm.Message{{Images: []llm.Image{{}}}}},
	} {
		_, err := pick(t, r, route.Want{}).Generate(t.Context(), request)
		if e := llm.AsAPIError(err); e == nil || e.Kind != llm.KindInvalid || !e.Held {
			t.Errorf("%s: got %v, want it refused unsent", name, err)
		}
	}
}

func TestModel_asksEachByItsOwnName(t *testing.T) {
	t.Parallel()
	m := &fake{step: func(_ context.Context, r llm.Request) (llm.Response, error) { return llm.Response{Text: r.Model}, nil }}
	got, err := pick(t, line(t, m), route.Want{}).Generate(t.Context(), llm.Request{Model: "another"})
	if err != nil || got.Text != "m" {
		t.Errorf("asked for %q, %v; want m", got.Text, err)
	}
}

func TestModel_saysTheMostHopefulOfSeveralErrors(t *testing.T) {
	t.Parallel()
	limited := func(wait time.Duration) *fake {
		return failing(llm.APIError{Kind: llm.KindRateLimited, RetryAfter: wait})
	}
	tests := map[string]struct {
		models []route.Model
		kind   llm.Kind
		wait   time.Duration
	}{
		"the shortest wait":                {[]route.Model{limited(90 * time.Second), limited(20 * time.Second)}, llm.KindRateLimited, 20 * time.Second},
		"one does not say":                 {[]route.Model{limited(0), limited(20 * time.Second)}, llm.KindRateLimited, 20 * time.Second},
		"none says":                        {[]route.Model{limited(0), limited(0)}, llm.KindRateLimited, 0},
		"limited before a wrong key":       {[]route.Model{fails(llm.KindAuth), limited(time.Second)}, llm.KindRateLimited, time.Second},
		"down before a wrong key":          {[]route.Model{fails(llm.KindAuth), fails(llm.KindUnavailable)}, llm.KindUnavailable, 0},
		"an hour, and one that may be up":  {[]route.Model{limited(time.Hour), fails(llm.KindUnavailable)}, llm.KindRateLimited, 30 * time.Second},
		"nothing helps: the first":         {[]route.Model{fails(llm.KindQuota), fails(llm.KindNotFound)}, llm.KindQuota, 0},
		"does not fit, and a smaller one":  {[]route.Model{fails(llm.KindTooLong), limited(time.Second)}, llm.KindTooLong, 0},
		"one alone says it in its own way": {[]route.Model{limited(time.Minute)}, llm.KindRateLimited, time.Minute},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, e := call(t.Context(), t, line(t, tt.models...), "")
			if e == nil || e.Kind != tt.kind || e.RetryAfter != tt.wait || e.Held {
				t.Errorf("got %+v, want %s after %v", e, tt.kind, tt.wait)
			}
			if len(tt.models) > 1 && e.Usage != (llm.Usage{Known: true}) {
				t.Errorf("the usage of calls that were booked is told again: %+v", e.Usage)
			}
		})
	}
}

func TestModel_booksEachCallThatIsSentAndNoOther(t *testing.T) {
	t.Parallel()
	first, second := failing(llm.APIError{Kind: llm.KindRateLimited, RetryAfter: time.Hour}), says("hello")
	r, l := line(t, first, second), &ledger{booked: map[route.Model]int{}}
	for range 3 { // the first provider is closed after the first call
		if _, err := pick(t, r, route.Want{Wrap: l.wrap}).Generate(t.Context(), llm.Request{}); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff(map[string]int{"first": 1, "second": 3}, map[string]int{"first": l.booked[first], "second": l.booked[second]}); diff != "" {
		t.Errorf("booked (-want +got):\n%s", diff)
	}
	if first.count() != 1 || second.count() != 3 {
		t.Errorf("%d and %d calls were sent, want 1 and 3", first.count(), second.count())
	}
}

func TestModel_doesNotLookForACheaperOneWhenMoneyIsShort(t *testing.T) {
	t.Parallel()
	first, second := says("dear"), says("cheap")
	l := &ledger{booked: map[route.Model]int{}, poor: first}
	_, err := pick(t, line(t, first, second), route.Want{Wrap: l.wrap}).Generate(t.Context(), llm.Request{})
	if !errors.Is(err, errBudget) || second.count() != 0 {
		t.Errorf("got %v, want the ledger's refusal", err)
	}

	busy := failing(llm.APIError{Kind: llm.KindRateLimited, RetryAfter: time.Minute})
	_, err = pick(t, line(t, busy, first), route.Want{Wrap: l.wrap}).Generate(t.Context(), llm.Request{})
	if e := llm.AsAPIError(err); e == nil || e.RetryAfter != time.Minute {
		t.Errorf("got %v, want to wait for the one that there is money for", err)
	}
}

func TestModel_stopsWhenNobodyWantsTheAnswer(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	first := &fake{step: func(context.Context, llm.Request) (llm.Response, error) {
		cancel()
		return llm.Response{}, &llm.APIError{Kind: llm.KindUnavailable, Err: context.Canceled}
	}}
	second := says("hello")
	_, err := pick(t, line(t, first, second), route.Want{}).Generate(ctx, llm.Request{})
	if !errors.Is(err, context.Canceled) || second.count() != 0 {
		t.Errorf("got %v and %d calls of the second model", err, second.count())
	}
}

func stream(ctx context.Context, m llm.Model) (text string, done bool, err error) {
	for d, e := range m.Stream(ctx, llm.Request{}) {
		text += d.Text
		done = done || d.Done != nil
		err = e
	}
	return text, done, err
}

func TestModel_Stream_goesOnOnlyBeforeAnythingWasShown(t *testing.T) {
	t.Parallel()
	silent := fails(llm.KindUnavailable)
	text, done, err := stream(t.Context(), pick(t, line(t, silent, says("hello")), route.Want{}))
	if text != "hello" || !done || err != nil {
		t.Errorf("after one that said nothing: %q, %v, %v", text, done, err)
	}

	cut := &fake{step: func(context.Context, llm.Request) (llm.Response, error) {
		return llm.Response{Text: "half of it"}, &llm.APIError{Kind: llm.KindBroken}
	}}
	second := says("hello")
	text, done, err = stream(t.Context(), pick(t, line(t, cut, second), route.Want{}))
	if e := llm.AsAPIError(err); text != "half " || done || e == nil || e.Kind != llm.KindBroken || second.count() != 0 {
		t.Errorf("after one that was cut off: %q, %v, %v, %d calls of the second", text, done, err, second.count())
	}
}

func TestModel_Stream_endsWhereTheListenerDoes(t *testing.T) {
	t.Parallel()
	second := says("second")
	r := build(t, route.Config{
		Providers: []route.Provider{{Name: "a", MaxConcurrent: 1}, {Name: "b"}},
		Members:   []route.Member{able("a", "m", says("first")), able("b", "m", second)},
	})
	for range 3 { // the slot of the one that was left must be free again
		for _, err := range pick(t, r, route.Want{}).Stream(t.Context(), llm.Request{}) {
			if err != nil {
				t.Error(err)
			}
			break
		}
	}
	if second.count() != 0 {
		t.Error("the second model was asked")
	}
}

func TestModel_freesItsSlotWhenACallPanics(t *testing.T) {
	t.Parallel()
	angry := true
	m := &fake{step: func(ctx context.Context, r llm.Request) (llm.Response, error) {
		if angry {
			panic("a fault of an adapter")
		}
		return llmtest.Text("hello")(ctx, r)
	}}
	r := gated(t, route.Provider{MaxConcurrent: 1}, m)
	func() {
		defer func() { _ = recover() }()
		_, _ = call(t.Context(), t, r, "")
	}()
	angry = false
	if text, e := call(t.Context(), t, r, ""); text != "hello" {
		t.Errorf("got %q, %v", text, e)
	}
}

func TestModel_summaryOfErrorsIsBounded(t *testing.T) {
	t.Parallel()
	long := failing(llm.APIError{Kind: llm.KindQuota, Message: strings.Repeat("é", 1000)})
	_, e := call(t.Context(), t, line(t, long, long, long), "")
	if e == nil || len(e.Error()) > 700 || !strings.Contains(e.Error(), "quota") {
		t.Errorf("the error has %d bytes", len(e.Error()))
	}
}
