package demo_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/askbob/bob/llm"
)

// wish asks for another plan in place of p.
func (b *bench) wish(p plan, wish string, cheaper bool) (plan, error) {
	b.t.Helper()
	r := b.planRequest()
	var nodes []map[string]string
	for _, n := range p.Nodes {
		nodes = append(nodes, map[string]string{"key": n.Key, "type": n.Type, "title": n.Title})
	}
	r.Messages[0].Text += llm.Section("plan", marshal(nodes)) + llm.Section("wish", marshal(map[string]any{"wish": wish, "cheaper": cheaper}))
	resp, err := b.model.Generate(b.t.Context(), r)
	if err != nil {
		return plan{}, err
	}
	if err := planSchema.Validate([]byte(resp.Text)); err != nil {
		b.t.Fatalf("plan %s: %v", resp.Text, err)
	}
	var out plan
	if err := json.Unmarshal([]byte(resp.Text), &out); err != nil {
		b.t.Fatal(err)
	}
	b.checkPlan(out)
	return out, nil
}

func TestPlan_thatIsToBeCheaperGetsSmallerUntilItIsOneStep(t *testing.T) {
	t.Parallel()
	b := seedBench(t)
	p := b.plan()
	var sizes []int
	for range 5 {
		next, err := b.wish(p, "Make it cheaper.", true)
		if err != nil {
			t.Fatal(err)
		}
		if len(next.Nodes) >= len(p.Nodes) && len(p.Nodes) > 1 {
			t.Fatalf("%d nodes after %d", len(next.Nodes), len(p.Nodes))
		}
		p = next
		sizes = append(sizes, len(p.Nodes))
	}
	last := p.Nodes[len(p.Nodes)-1]
	if sizes[4] != 1 || sizes[3] != 1 || last.Tools == nil || !strings.Contains(strings.Join(last.Tools, " "), "deck") {
		t.Errorf("sizes %v, at last %+v; want one step that still makes the slides", sizes, last)
	}
}

func TestPlan_thatIsToBeDifferent(t *testing.T) {
	t.Parallel()
	for wish, want := range map[string]struct {
		tool    string // of some step; empty: it is not understood
		smaller bool
		title   string
	}{
		"Make it a report, please": {tool: "document", title: "Report"},
		"als Bericht":              {tool: "document", title: "Report"},
		"fewer steps":              {tool: "deck", smaller: true, title: "Presentation"},
		"weniger Schritte":         {tool: "deck", smaller: true, title: "Presentation"},
		"only one chart":           {tool: "chart", smaller: true, title: "Revenue by month"},
		"make it blue":             {},
		"without slides":           {},
		"not shorter":              {},
	} {
		t.Run(wish, func(t *testing.T) {
			t.Parallel()
			b := seedBench(t)
			before := b.plan()
			p, err := b.wish(before, wish, false)
			if want.tool == "" {
				if e := llm.AsAPIError(err); e == nil || e.Kind != llm.KindInvalid || !strings.Contains(e.Message, "understands") {
					t.Errorf("got %+v, %v; want to be told what is understood", p, err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			tools := ""
			for _, n := range p.Nodes {
				tools += " " + strings.Join(n.Tools, " ")
			}
			if !strings.Contains(tools, want.tool) || want.smaller != (len(p.Nodes) < len(before.Nodes)) || !strings.Contains(p.Title, want.title) {
				t.Errorf("%q with %d nodes after %d, tools%s", p.Title, len(p.Nodes), len(before.Nodes), tools)
			}
		})
	}
}
