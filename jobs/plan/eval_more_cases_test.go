package plan_test

import (
	"slices"
	"strings"
)

// researchCases need pages from the net.
var researchCases = []evalCase{
	{
		name: "three price lists",
		request: "Look at the prices on https://alder.example/pricing, https://birch.example/pricing and https://cedar.example/pricing " +
			"and compare them in a table, with your advice for a team of 20.",
		want: expectation{
			min: 2, max: 7, tools: []string{"web_fetch"}, never: []string{"deck"},
			order: []edge{
				sideBySide(both(uses("web_fetch"), about("alder")), both(uses("web_fetch"), about("birch"))),
				sideBySide(both(uses("web_fetch"), about("birch")), both(uses("web_fetch"), about("cedar"))),
			},
		},
		gold: tree("Prices compared",
			task("alder", "Fetch https://alder.example/pricing: plans, prices, limits.", "web_fetch"),
			task("birch", "Fetch https://birch.example/pricing: plans, prices, limits.", "web_fetch"),
			task("cedar", "Fetch https://cedar.example/pricing: plans, prices, limits.", "web_fetch")),
	},
	{
		name: "research as slides",
		request: "Find out what the EU AI Act asks of a small software vendor, from https://ai-act.example.eu and the pages it links to, " +
			"and make a deck of six slides for our board.",
		want: expectation{
			min: 2, max: 8, tools: []string{"web_fetch", "deck"}, never: []string{"table_query"},
			order: []edge{before(uses("web_fetch"), uses("deck"))},
		},
		gold: tree("AI Act",
			task("read", "Fetch https://ai-act.example.eu and the pages it links to: duties, dates and exceptions for small vendors.", "web_fetch"),
			after(task("deck", "Make a deck of six slides for the board.", "deck"), "read")),
	},
	{
		name: "research in French",
		request: "Compare les règles de télétravail publiées sur https://un.example.fr, https://deux.example.fr et https://trois.example.fr, " +
			"puis rédige une note de deux pages pour la direction.",
		want: expectation{
			min: 2, max: 8, language: "fr", tools: []string{"web_fetch", "document"}, never: []string{"table_query", "deck"},
			order: []edge{before(uses("web_fetch"), uses("document"))},
		},
		gold: tree("Télétravail", slices.Concat(
			[]draft{part("pages", "Lire les trois pages")},
			in("pages", task("un", "Lire la page https://un.example.fr et relever les règles.", "web_fetch"),
				task("deux", "Lire la page https://deux.example.fr et relever les règles.", "web_fetch"),
				task("trois", "Lire la page https://trois.example.fr et relever les règles.", "web_fetch")),
			[]draft{after(task("note", "Rédiger une note de deux pages pour la direction.", "document"), "pages")})...),
	},
	{
		name: "a launch",
		request: "Prepare the launch of our app Pebble: study the rivals at https://stone.example and https://sand.example, find our position, " +
			"then write three advertisements, the text of a landing page as HTML, and a timeline of eight weeks.",
		want: expectation{
			min: 4, max: 14, tools: []string{"web_fetch", "document"},
			order: []edge{
				before(uses("web_fetch"), about("landing")), before(uses("web_fetch"), about("advert")),
				sideBySide(both(uses("web_fetch"), about("stone")), both(uses("web_fetch"), about("sand"))),
			},
		},
		gold: tree("Launch of Pebble", slices.Concat(
			[]draft{part("rivals", "Study the rivals")},
			in("rivals", task("a", "Fetch https://stone.example: what they promise, to whom, at what price.", "web_fetch"),
				task("b", "Fetch https://sand.example: what they promise, to whom, at what price.", "web_fetch")),
			[]draft{
				after(call("position", "Say where Pebble stands against its rivals."), "rivals"),
				after(call("ads", "Write three advertisements."), "position"),
				after(task("page", "Write the text of the landing page as HTML.", "document"), "position"),
				after(call("weeks", "Make a timeline of eight weeks."), "position"),
			})...),
	},
}

// writingCases make texts.
var writingCases = []evalCase{
	{
		name: "a long guide",
		request: "Write a guide of about 6,000 words on taking in engineers who work from home, in five chapters (first day, first week, tools, " +
			"mentors, mistakes), and give it to me as one Word document.",
		want: expectation{
			min: 2, max: 12, tools: []string{"document"}, never: []string{"table_query", "deck"},
			order: []edge{before(about("first week"), uses("document")), before(about("mentors"), uses("document"))},
		},
		gold: tree("Guide",
			call("day", "Write the chapter on the first day."), call("week", "Write the chapter on the first week."),
			call("tools", "Write the chapter on tools."), call("mentors", "Write the chapter on mentors."),
			call("mistakes", "Write the chapter on mistakes."),
			after(task("book", "Make one Word document of the chapters.", "document"), "day", "week", "tools", "mentors", "mistakes")),
	},
	{
		name: "a letter as PDF", request: "Write a polite reminder about invoice 4711 (EUR 830, due 14 days ago) and give it to me as a PDF.",
		want: expectation{one: true, tools: []string{"document"}, never: []string{"web_fetch", "table_query", "deck"}},
		gold: one(task("letter", "Write a polite reminder about invoice 4711 over EUR 830 and make a PDF of it.", "document")),
	},
	{
		name: "three translations", request: "Translate the press release into German, French and Japanese, one Word document for each.",
		files: files(text("press.md", "text", "# Harbour opens its third yard\nThe yard opens in May and brings 120 jobs …")),
		want: expectation{
			min: 3, max: 7, tools: []string{"document"}, never: []string{"web_fetch", "table_query", "deck"},
			order: []edge{
				sideBySide(both(uses("document"), about("german")), both(uses("document"), about("french"))),
				sideBySide(both(uses("document"), about("french")), both(uses("document"), about("japanese"))),
			},
		},
		gold: tree("Translations",
			task("de", "Read press.md, translate it into German and make press-de.docx.", "files", "document"),
			task("fr", "Read press.md, translate it into French and make press-fr.docx.", "files", "document"),
			task("ja", "Read press.md, translate it into Japanese and make press-ja.docx.", "files", "document")),
	},
}

// askingCases lack something that only the person knows, and one where nobody is
// there to be asked.
var askingCases = []evalCase{
	{
		name: "as last time", request: "Do the report like last time, but for the other customer.",
		want: expectation{ask: true}, gold: questions("Which report, and for which customer?"),
	},
	{
		name: "no file, in German", request: "Analysiere die angehängte Datei und mach Folien daraus.",
		want: expectation{ask: true, language: "de"}, gold: questions("Es ist keine Datei angehängt: Welche ist gemeint, und für wen sind die Folien?"),
	},
	{
		name: "no text", request: "Translate this into French, please.",
		want: expectation{ask: true}, gold: questions("Which text is to be translated?"),
	},
	{
		name: "which numbers", request: "Please update the numbers in the deck.",
		want: expectation{ask: true}, gold: questions("Which deck is meant, and where are the new numbers?"),
	},
	{
		name: "nobody to ask", request: "Make a short presentation about remote work for new managers.", nobody: true,
		want: expectation{either: true, min: 1, max: 8, tools: []string{"deck"}, never: []string{"table_query"}},
		gold: one(task("deck", "Make a presentation of six slides about remote work. Assume managers of small teams, and say so.", "deck")),
	},
	{
		name: "nothing to ask", request: "Give me an overview of this data.", files: files(sales),
		want: expectation{either: true, min: 1, max: 10, tools: []string{"table_query"}, never: []string{"web_fetch"}},
		gold: one(task("overview", "Query q4-sales: range of dates, sums by region and product, the five largest orders.", "table_query")),
	},
}

// review is a long order: eight parts with their own wishes.
var review = "We need the quarterly business review for the board, please. These are the parts.\n" +
	"1. Revenue by month and region against the quarter before, with a chart.\n2. The ten best and ten worst products by revenue and units.\n" +
	"3. Orders that look wrong (negative, doubled, far out of range), listed.\n4. A forecast for the next quarter by region, with how it was made.\n" +
	"5. What the market does: read https://market.example/report and https://trade.example/outlook and put it beside our figures.\n" +
	"6. Risks and chances, at most five each, each with a figure.\n7. A deck of 12 slides for the meeting.\n8. A report in Word with all details, and its summary on one page.\n" +
	strings.Repeat("Background: the board met last in September and asked for fewer words and more charts; figures in thousands; the fiscal year is the calendar year; "+
		"returns are booked in the month of the order; the East region was opened in October and has no earlier figures. ", 12)

// thread is a long talk in which things were decided.
var thread = "Read this thread and list what was decided, with who does it and until when.\n\n" + strings.Repeat(
	"ana: the pilot ran for two weeks and most people liked it.\nben: support saw 30 more tickets, mostly logins.\nana: then let us fix logins first.\n"+
		"cho: I take the logins, until Friday.\nben: fine, and I write to the customers on Monday.\nana: decided. Budget stays as it is.\n", 25)

// longCases are long to read.
var longCases = []evalCase{
	{
		name: "a long order", request: review, files: files(sales),
		want: expectation{
			min: 6, max: 22, tools: []string{"table_query", "chart", "deck", "document", "web_fetch"},
			order: []edge{
				before(uses("table_query"), uses("deck")), before(uses("table_query"), both(uses("document"), about("report"))),
				before(uses("web_fetch"), uses("deck")),
			},
		},
		gold: tree("Quarterly business review", slices.Concat(
			[]draft{part("figures", "Work out the figures")},
			in("figures", task("revenue", "Query q4-sales: revenue by month and region; draw it.", "table_query", "chart"),
				task("products", "Query q4-sales: best and worst products.", "table_query"),
				task("wrong", "Query q4-sales: orders that look wrong.", "table_query"),
				after(task("forecast", "Query q4-sales: forecast by region, and say how it was made.", "table_query"), "revenue")),
			[]draft{
				task("market", "Fetch https://market.example/report and https://trade.example/outlook.", "web_fetch"),
				after(call("risks", "Name risks and chances, each with a figure."), "figures", "market"),
				after(task("slides", "Make the deck of 12 slides.", "deck"), "figures", "market", "risks"),
				after(task("word", "Write the report in Word with its summary.", "document"), "figures", "market", "risks"),
			})...),
	},
	{
		name: "a long thread", request: thread,
		want: expectation{one: true, never: []string{"web_fetch", "table_query", "deck"}},
		gold: one(call("decisions", "List what was decided in the thread, with who does it and until when.")),
	},
	{
		name: "a long order in German", files: files(tickets),
		request: "Für das Jahresgespräch brauche ich dreierlei aus den Tickets: erstens eine Auswertung nach Team und Monat mit Diagrammen, " +
			"zweitens einen Vergleich der Prioritäten mit dem, was in https://norm.example.de steht, drittens Folien mit höchstens zehn Seiten. " +
			strings.Repeat("Bitte denke daran, dass das Team Netz erst seit März besteht und dass die Feiertage nicht zählen. ", 15),
		want: expectation{
			min: 3, max: 12, language: "de", tools: []string{"table_query", "web_fetch", "chart|deck", "deck"},
			order: []edge{before(uses("table_query"), uses("deck")), before(uses("web_fetch"), uses("deck"))},
		},
		gold: tree("Jahresgespräch",
			task("auswertung", "Frage die Tabelle tickets nach Team und Monat ab und zeichne die Diagramme.", "table_query", "chart"),
			task("norm", "Lies die Seite https://norm.example.de und nenne, was sie zu Prioritäten verlangt.", "web_fetch"),
			after(task("vergleich", "Vergleiche die Prioritäten der Tickets mit der Norm.", "table_query"), "norm"),
			after(task("folien", "Mache die Folien mit höchstens zehn Seiten.", "deck"), "auswertung", "vergleich")),
	},
}
