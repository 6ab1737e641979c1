package demo_test

import (
	"encoding/csv"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func seedBench(t *testing.T) *bench {
	t.Helper()
	b := newBench(t, seedRequest)
	b.addCSV("sales.csv", salesCSV(), ',')
	return b
}

// sums adds up the revenue of the fourth quarter by a column of salesCSV.
func sums(t *testing.T, key func(row []string) string) map[string]float64 {
	t.Helper()
	rows, err := csv.NewReader(strings.NewReader(salesCSV())).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	sums := map[string]float64{}
	for _, row := range rows[1:] {
		if row[1] < "2025-10-01" {
			continue
		}
		revenue, err := strconv.ParseFloat(row[6], 64)
		if err != nil {
			t.Fatal(err)
		}
		sums[key(row)] += revenue
	}
	return sums
}

// english writes an amount as the model does in English.
func english(x float64) string {
	s := strconv.FormatFloat(x, 'f', 2, 64)
	for at := len(s) - 6; at > 0; at -= 3 {
		s = s[:at] + "," + s[at:]
	}
	return s
}

func TestPlan_ofTheSeedsRequestIsTheSeedsTree(t *testing.T) {
	t.Parallel()
	p := seedBench(t).plan()
	if p.Title != "Sales Analysis & Presentation" {
		t.Errorf("title: %q", p.Title)
	}
	depth, lines := map[string]int{}, []string{}
	for _, n := range p.Nodes {
		depth[n.Key] = 1
		if n.Parent != nil {
			depth[n.Key] = depth[*n.Parent] + 1
		}
		lines = append(lines, fmt.Sprintf("%s%s %s", strings.Repeat("  ", depth[n.Key]-1), n.Type, n.Title))
	}
	want := []string{
		"plan Data Analysis",
		"  subplan Load and validate data",
		"    task Load the table",
		"    task Validate data integrity",
		"  subplan Perform analysis",
		"    task Calculate key metrics",
		"    task Identify trends",
		"    task Compare groups",
		"    task Generate insights",
		"  subplan Create visualizations",
		"    task Revenue by month, Q4 2025",
		"    task Revenue by Region, Q4 2025",
		"    task Shares of Revenue by Product, Q4 2025",
		"plan Presentation Creation",
		"  subplan Design structure",
		"    task Choose the key messages",
		"    task Outline the slides",
		"  subplan Create slides",
		"    task Build the slides",
		"  subplan Review and finalize",
		"    task Check every figure against the data",
	}
	if diff := cmp.Diff(want, lines); diff != "" {
		t.Error(diff)
	}
}

func TestJob_statesFiguresOfTheAskedQuarterThatAreInTheTable(t *testing.T) {
	t.Parallel()
	b := seedBench(t)
	answer, results := b.run()
	total := sums(t, func([]string) string { return "" })[""]
	regions := sums(t, func(row []string) string { return row[2] })
	months := sums(t, func(row []string) string { return row[1][:7] })
	for _, want := range []string{
		"Revenue in Q4 2025 comes to " + english(total) + " in total, over 60 rows.",
		"Revenue by Region: West leads with " + english(regions["West"]),
		"(" + strconv.FormatFloat(100*regions["West"]/total, 'f', 1, 64) + "% of the total)",
		"Last by Region: South with " + english(regions["South"]),
		"Revenue went from " + english(months["2025-10"]) + " (2025-10) to " + english(months["2025-12"]) + " (2025-12)",
		"Highest month: 2025-12 with " + english(months["2025-12"]),
		"Only rows of Q4 2025 were used",
		"`sales-presentation.pptx`", "`revenue-by-month.png`",
		"demo model",
	} {
		if !strings.Contains(answer, want) {
			t.Errorf("the answer does not say %q:\n%s", want, answer)
		}
	}
	for _, file := range []string{"sales-presentation.pptx", "sales-presentation.pdf", "revenue-by-month.png", "revenue-by-month.svg"} {
		if n := strings.Count(answer, "`"+file+"`"); n > 1 {
			t.Errorf("the answer names %s %d times:\n%s", file, n, answer)
		}
	}
	if strings.Contains(answer, "Gaps") {
		t.Errorf("the answer names gaps:\n%s", answer)
	}
	for key, sum := range months {
		if !strings.Contains(results["trends"].Text, key+" | "+english(sum)) {
			t.Errorf("trends do not state %s %s:\n%s", key, english(sum), results["trends"].Text)
		}
	}
	if text := results["check"].Text; strings.Count(text, "✓") != 3 || strings.Contains(text, "✗") {
		t.Errorf("check: %s", text)
	}
}

func TestJob_comparesWithTheQuarterBefore(t *testing.T) {
	t.Parallel()
	_, results := seedBench(t).run()
	if text := results["metrics"].Text; !strings.Contains(text, "Against Q3 2025 (3,058.50) that is +33.0%.") {
		t.Error(text)
	}
}

func TestJob_makesADeckThatStandsOnItsOwn(t *testing.T) {
	t.Parallel()
	b := seedBench(t)
	b.run()
	if len(b.slides) < 8 {
		t.Fatalf("%d slides", len(b.slides))
	}
	charts := 0
	for _, s := range b.slides {
		if len(s.Bullets) == 0 && s.Table == nil {
			t.Errorf("slide %q is empty", s.Title)
		}
		if s.Chart == nil {
			continue
		}
		charts++
		if len(s.Bullets) < 2 || len(s.Bullets) > 4 {
			t.Errorf("slide %q has %d findings", s.Title, len(s.Bullets))
		}
		if s.Notes == nil || !strings.Contains(*s.Notes, "SELECT ") {
			t.Errorf("slide %q has no SQL in its notes", s.Title)
		}
	}
	if charts != len(b.charts) || charts != 3 {
		t.Errorf("%d charts on slides, %d were drawn", charts, len(b.charts))
	}
	titles := make([]string, len(b.slides))
	for i, s := range b.slides {
		titles[i] = s.Title
	}
	for _, want := range []string{"Summary", "Key figures", "Unusual values", "Data quality and method", "Next steps"} {
		if !slices.Contains(titles, want) {
			t.Errorf("no slide %q in %q", want, titles)
		}
	}
}

func TestJob_findsTheOutlierThatWasPutIn(t *testing.T) {
	t.Parallel()
	b := seedBench(t)
	b.run()
	at := slices.IndexFunc(b.slides, func(s slide) bool { return s.Title == "Unusual values" })
	want := [][]string{{"1,150.00", "West", "Desk", "2025-12-16"}}
	if diff := cmp.Diff(want, b.slides[at].Table.Rows); diff != "" {
		t.Error(diff)
	}
}

func TestJob_neverAddsUpIdentifiersOrPrices(t *testing.T) {
	t.Parallel()
	b := seedBench(t)
	b.run()
	for _, query := range b.queries {
		for _, wrong := range []string{`SUM("order_id")`, `AVG("order_id")`} {
			if strings.Contains(query, wrong) {
				t.Errorf("%s in %s", wrong, query)
			}
		}
	}
	at := slices.IndexFunc(b.slides, func(s slide) bool { return s.Title == "Key figures" })
	for _, row := range b.slides[at].Table.Rows {
		if row[0] == "Unit price" && (row[1] != "–" || row[2] != "12.50") {
			t.Errorf("unit price: %q", row)
		}
	}
}

func TestJob_drawsOnlyChartsThatFitTheData(t *testing.T) {
	t.Parallel()
	b := seedBench(t)
	b.run()
	kinds := map[string]string{}
	for _, c := range b.charts {
		kinds[c.Name] = c.Kind
	}
	want := map[string]string{"revenue-by-month": "area", "revenue-by-region": "bar", "revenue-by-product": "pie"}
	if diff := cmp.Diff(want, kinds); diff != "" {
		t.Error(diff)
	}
}

func TestJob_readsTheColumnsItselfWhenThePromptLeavesThemOut(t *testing.T) {
	t.Parallel()
	b := seedBench(t)
	whole, _ := b.run()
	c := seedBench(t)
	c.lean = true
	lean, _ := c.run()
	if diff := cmp.Diff(whole, lean); diff != "" {
		t.Error(diff)
	}
}
