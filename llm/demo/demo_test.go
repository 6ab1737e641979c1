package demo_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/askbob/bob/llm"
	"github.com/askbob/bob/llm/demo"
)

func user(text string) []llm.Message { return []llm.Message{{Role: llm.RoleUser, Text: text}} }

func TestGenerate_saysWhoItIsAndWhatItUsed(t *testing.T) {
	t.Parallel()
	resp, err := demo.New(demo.Config{}).Generate(t.Context(), llm.Request{Purpose: llm.PurposeTurn, Messages: user("hello")})
	if err != nil {
		t.Fatal(err)
	}
	if resp.Provider != "demo" || resp.Model != "demo" || resp.Stop != llm.StopDone {
		t.Errorf("%+v", resp)
	}
	if !resp.Usage.Known || resp.Usage.UncachedIn != 2 || resp.Usage.Out != int64(len(resp.Text)+3)/4 {
		t.Errorf("usage %+v of %d bytes", resp.Usage, len(resp.Text))
	}
	for _, want := range []string{"demo model", "CSV", "OPENAI_API_KEY", "llm.providers"} {
		if !strings.Contains(resp.Text, want) {
			t.Errorf("no %q in %q", want, resp.Text)
		}
	}
}

func TestGenerate_refusesWhatNoRuleCovers(t *testing.T) {
	t.Parallel()
	schema := llm.MustSchema("weather", `{"type":"object"}`)
	for name, c := range map[string]struct {
		request llm.Request
		kind    llm.Kind
	}{
		"no messages":    {llm.Request{}, llm.KindInvalid},
		"unknown schema": {llm.Request{Purpose: llm.PurposeTurn, Schema: schema, Messages: user("hi")}, llm.KindInvalid},
		"too little room": {
			llm.Request{Purpose: llm.PurposeTurn, MaxOutput: 3, Messages: user("hi")}, llm.KindTruncated,
		},
	} {
		_, err := demo.New(demo.Config{}).Generate(t.Context(), c.request)
		if e := llm.AsAPIError(err); e == nil || e.Kind != c.kind {
			t.Errorf("%s: got %v, want kind %s", name, err, c.kind)
		}
	}
}

func TestGenerate_thinksAsLongAsConfigured(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		model := demo.New(demo.Config{Delay: time.Minute})
		start := time.Now()
		if _, err := model.Generate(t.Context(), llm.Request{Messages: user("hi")}); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(start); took != time.Minute {
			t.Errorf("took %s", took)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		start = time.Now()
		_, err := model.Generate(ctx, llm.Request{Messages: user("hi")})
		if !errors.Is(err, context.DeadlineExceeded) || time.Since(start) != time.Second {
			t.Errorf("got %v after %s", err, time.Since(start))
		}
	})
}

func TestStream_yieldsWhatGenerateAnswers(t *testing.T) {
	t.Parallel()
	model := demo.New(demo.Config{})
	r := llm.Request{Purpose: llm.PurposeTurn, Messages: user("hello")}
	want, err := model.Generate(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	var text strings.Builder
	var last *llm.Response
	pieces := 0
	for delta, err := range model.Stream(t.Context(), r) {
		if err != nil || last != nil {
			t.Fatalf("error %v, or something after the end", err)
		}
		text.WriteString(delta.Text)
		last = delta.Done
		pieces++
	}
	if text.String() != want.Text || pieces < 3 {
		t.Errorf("%d pieces make %q, want %q", pieces, text.String(), want.Text)
	}
	if diff := cmp.Diff(&want, last); diff != "" {
		t.Error(diff)
	}
}

func TestStream_endsWithTheError(t *testing.T) {
	t.Parallel()
	n := 0
	for _, err := range demo.New(demo.Config{}).Stream(t.Context(), llm.Request{}) {
		n++
		if llm.AsAPIError(err) == nil {
			t.Errorf("got %v", err)
		}
	}
	if n != 1 {
		t.Errorf("%d deltas", n)
	}
}

// FuzzGenerate hands over prompts whose sections people, files and other models
// wrote: every purpose answers without a panic, and every plan keeps its schema.
func FuzzGenerate(f *testing.F) {
	files := `[{"name":"a.csv","kind":"table","tables":[{"name":"a","rows":9,"columns":[
		{"name":"d","type":"date","distinct":9,"min":"2025-01-01","max":"2025-12-01"},
		{"name":"x","type":"real","distinct":9,"min":"1","max":"90"},{"name":"c","type":"text","distinct":3,"sample":["Q4"]}]}]}]`
	f.Add("Analyze Q4 and create a presentation", files, `{"demo":{"job":"deck"}}`, `[{"status":"completed","text":"## Findings\n- a"}]`)
	f.Add("What is 17% of 340?", "[", "", "[{}]")
	f.Add("第四季度 3.1,4 x (", `[{"tables":[{"rows":-1,"columns":[{"type":"date","min":"0001-01-01","max":"9999-12-31","distinct":-5},{"type":"integer","min":"1e308","max":"-1"}]}]}]`,
		`{"demo":{"job":"chart","chart":-7}}`, "{}")
	f.Fuzz(func(t *testing.T, request, files, step, results string) {
		text := llm.Section("request", request) + llm.Section("files", files) + llm.Section("results", results) +
			llm.Section("tools", `[{"name":"table_query"},{"name":"deck"},{"name":"chart"},{"name":"calculate"},{"name":"now"}]`)
		model := demo.New(demo.Config{})
		plan, err := model.Generate(t.Context(), llm.Request{Purpose: llm.PurposePlan, Schema: planSchema, Messages: user(text)})
		if err != nil {
			t.Fatal(err)
		}
		if err := planSchema.Validate([]byte(plan.Text)); err != nil {
			t.Errorf("%v in %s", err, plan.Text)
		}
		text += llm.Section("step", step)
		r := llm.Request{Purpose: llm.PurposeTurn, Messages: user(text)}
		for name, schema := range schemas {
			r.Tools = append(r.Tools, llm.ToolSpec{Name: name, Parameters: schema.JSON})
		}
		if _, err := model.Generate(t.Context(), r); err != nil {
			t.Error(err)
		}
		if _, err := model.Generate(t.Context(), llm.Request{Purpose: llm.PurposeCombine, Messages: user(text)}); err != nil {
			t.Error(err)
		}
	})
}
