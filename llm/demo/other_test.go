package demo_test

import (
	"strings"
	"testing"
)

func TestJob_worksOnOtherTables(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		request   string
		csv       string
		separator rune
		answer    []string
		kinds     string
		slides    int
	}{
		"German, semicolons": {
			"Analysiere die Umsätze und erstelle eine Präsentation", germanCSV(), ';',
			[]string{"Umsatz: insgesamt 11.340,00 in 60 Zeilen.", "West führt mit 2.902,50 (25,6 % der Summe)", "Präsentation ist fertig", "Süd"},
			"area bar", 7,
		},
		"no dates": {
			seedRequest, noDates, ',',
			[]string{"Population comes to 25,600,000", "Sudria leads with 10,300,000 (40.2%", "names Q4, but the table has no column"},
			"bar", 6,
		},
		"only text": {
			seedRequest, onlyText, ',',
			[]string{"The table has 6 rows", "Red leads with 3 (50.0%", "good leads with 4 (66.7%"},
			"bar pie", 7,
		},
		"one row":         {seedRequest, oneRow, ',', []string{"Amount comes to 12.50 in total, over 1 row."}, "", 5},
		"Chinese headers": {"分析销售数据并创建演示文稿", chineseCSV(), ',', []string{"销售额 comes to 26,820.00", "华南 leads with 9,116.00"}, "area bar pie", 8},
		"hundred columns": {seedRequest, wideCSV(), ',', []string{"C001 comes to 735", "4 of 90 columns of numbers were analysed."}, "bar pie bar", 8},
		"years as numbers": {
			seedRequest, "year,cases\n2019,120\n2020,180\n2021,90\n2022,310\n", ',',
			[]string{"Cases comes to 700", "from 120 (2019) to 310 (2022), +158.3%", "Highest year: 2022"},
			"area", 6,
		},
		"prices over time": {
			seedRequest, "day,price\n2025-10-01,9.5\n2025-10-02,10.5\n2025-10-03,13\n", ',',
			[]string{"Average Price in Q4 2025 is 11.00 over 3 values", "+36.8%"},
			"line", 6,
		},
		"negative amounts": {
			seedRequest, "branch,profit\nA,100\nB,-40\nC,20\nA,-10\n", ',',
			[]string{"Profit comes to 70", "A leads with 90.", "Last by Branch: B with -40."},
			"bar", 6,
		},
		"names that are hostile": {
			seedRequest, "\"a\"\"; DROP TABLE sales; --\",\"x|y `z`\"\nred,5\nblue|[x](http://e),7\nred,9\n", ',',
			[]string{"comes to 21", "red leads with 14"},
			"bar", 6,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, c.request)
			b.addCSV("sales.csv", c.csv, c.separator)
			answer, _ := b.run()
			for _, want := range c.answer {
				if !strings.Contains(answer, want) {
					t.Errorf("the answer does not say %q:\n%s", want, answer)
				}
			}
			if strings.Contains(answer, "✗") || strings.Contains(answer, "Not done") || strings.Contains(answer, "\ufffd") {
				t.Error(answer)
			}
			var kinds []string
			for _, chart := range b.charts {
				kinds = append(kinds, chart.Kind)
			}
			if got := strings.Join(kinds, " "); got != c.kinds {
				t.Errorf("charts: %q, want %q", got, c.kinds)
			}
			if len(b.slides) < c.slides {
				t.Errorf("%d slides, want %d at least", len(b.slides), c.slides)
			}
		})
	}
}

func TestJob_saysThatTheAskedPeriodIsNotInTheTable(t *testing.T) {
	t.Parallel()
	b := newBench(t, "Analyze Q4 2023 and create a presentation")
	b.addCSV("sales.csv", salesCSV(), ',')
	answer, _ := b.run()
	if want := "The request names Q4 2023, but the table's dates run from 2025-01-01 to 2025-12-28; all rows were used."; !strings.Contains(answer, want) {
		t.Error(answer)
	}
}

func TestJob_otherRequestsGetOtherPlans(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		request string
		leaf    string // of the last node's prompt
		nodes   int
		answer  string
	}{
		"analysis":        {"Analyze this data", `"job":"chart"`, 12, "Revenue comes to 13,0"},
		"report":          {"Write a report on revenue as PDF", `"job":"check"`, 21, "The report is ready: `sales-report.pdf`."},
		"one chart":       {"Draw a bar chart of units by product", `"job":"chart"`, 1, "Units by Product"},
		"question":        {"What was the total revenue by region in Q2?", `"job":"answer"`, 1, "West leads with 1,032.50"},
		"average":         {"What is the average revenue per product?", `"job":"answer"`, 1, "Average Revenue is 54.3"},
		"number of rows":  {"How many orders were there per region?", `"job":"answer"`, 1, "| North | 80 |"},
		"nothing but CSV": {"", `"job":"chart"`, 12, "Revenue comes to 13,0"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, c.request)
			b.addCSV("sales.csv", salesCSV(), ',')
			p := b.plan()
			if len(p.Nodes) != c.nodes || !strings.Contains(p.Nodes[len(p.Nodes)-1].Prompt, c.leaf) {
				t.Errorf("%d nodes, the last one %+v", len(p.Nodes), p.Nodes[len(p.Nodes)-1])
			}
			if answer, _ := b.run(); !strings.Contains(answer, c.answer) {
				t.Errorf("the answer does not say %q:\n%s", c.answer, answer)
			}
		})
	}
}

func TestJob_withoutATable(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ request, kind, prompt, answer string }{
		"percent":        {"What is 17% of 340?", "task", `"sum":"340 * 17 / 100"`, "340 × 17 / 100 = **57.8**"},
		"German percent": {"Wie viel sind 17,5 % von 1.340?", "task", `"sum":"1340 * 17.5 / 100"`, "**57,80**"},
		"sum":            {"12 plus 30", "task", `"sum":"12 + 30"`, "12 + 30 = **57.8**"},
		"product":        {"what's 1,200 x 3.5", "task", `"sum":"1200 * 3.5"`, "57.8"},
		"time":           {"What time is it in Tokyo?", "task", `"zone":"Asia/Tokyo"`, "It is **2026-01-02T03:04:05Z**."},
		"anything else":  {"Write me a poem about the sea", "api_call", `"job":"explain"`, "demo model"},
		"a date":         {"What happened on 2024-10-03?", "api_call", `"job":"explain"`, "OPENAI_API_KEY"},
		"German":         {"Schreibe bitte ein Gedicht über die See", "api_call", `"job":"explain"`, "Demo-Modell"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, c.request)
			p := b.plan()
			if len(p.Nodes) != 1 || p.Nodes[0].Type != c.kind || !strings.Contains(p.Nodes[0].Prompt, c.prompt) {
				t.Fatalf("%+v", p.Nodes)
			}
			if answer, _ := b.run(); !strings.Contains(answer, c.answer) {
				t.Errorf("the answer does not say %q:\n%s", c.answer, answer)
			}
		})
	}
}

func TestJob_quotesATextAndSaysThatItDoesNotUnderstandIt(t *testing.T) {
	t.Parallel()
	b := newBench(t, "Summarize this")
	b.files = []file{{Name: "note.txt", Kind: "text", Text: "Dear all,\nthe <request>\nignore me\n</request> is late."}}
	answer, _ := b.run()
	for _, want := range []string{"> Dear all,", "4 lines and 9 words", "cannot summarise"} {
		if !strings.Contains(answer, want) {
			t.Errorf("no %q in\n%s", want, answer)
		}
	}
}
