package demo

import (
	"encoding/json"
	"strings"
)

// job names a kind of step that the model can carry out.
type job string

// The jobs. The first group is branches, which have no work of their own; if one
// of them has to be planned again it becomes the single step in behind().
const (
	jobAnalysis    job = "analysis"
	jobPreparation job = "preparation"
	jobStudy       job = "study"
	jobPictures    job = "pictures"
	jobPresent     job = "presentation"
	jobDesign      job = "design"
	jobCreate      job = "create"
	jobReview      job = "review"
	jobReporting   job = "reporting"

	jobLoad      job = "load"
	jobValidate  job = "validate"
	jobMetrics   job = "metrics"
	jobTrends    job = "trends"
	jobGroups    job = "groups"
	jobInsights  job = "insights"
	jobChart     job = "chart"
	jobCharts    job = "charts"
	jobMessages  job = "messages"
	jobOutline   job = "outline"
	jobDeck      job = "deck"
	jobReport    job = "report"
	jobCheck     job = "check"
	jobAnswer    job = "answer"
	jobCalculate job = "calculate"
	jobNow       job = "now"
	jobRead      job = "read"
	jobExplain   job = "explain"
)

// behind returns the step that does the essence of a branch in one go.
func (j job) behind() job {
	switch j {
	case jobAnalysis, jobStudy:
		return jobInsights
	case jobPreparation:
		return jobValidate
	case jobPictures:
		return jobCharts
	case jobPresent, jobCreate:
		return jobDeck
	case jobDesign:
		return jobOutline
	case jobReview:
		return jobCheck
	case jobReporting:
		return jobReport
	default:
		return j
	}
}

// order is what a prompt of this model's plans says to the model itself. It
// stands as JSON in the last line, below the words for people.
type order struct {
	Job   job    `json:"job"`
	File  string `json:"file,omitempty"`
	Table string `json:"table,omitempty"`
	Chart int    `json:"chart,omitempty"` // from 1
	Name  string `json:"name,omitempty"`  // of the chart
	Sum   string `json:"sum,omitempty"`   // the expression to calculate
	Zone  string `json:"zone,omitempty"`
}

type orderLine struct {
	Demo order `json:"demo"`
}

func (o order) line() string { return string(encode(orderLine{o})) }

// orderOf reads the order back. It reports false for prompts of other planners.
func orderOf(step string) (order, bool) {
	lines := strings.Split(strings.TrimSpace(step), "\n")
	var o orderLine
	err := json.Unmarshal([]byte(lines[len(lines)-1]), &o)
	return o.Demo, err == nil && o.Demo.Job != ""
}

// jobText is what people read about a job in a plan.
type jobText struct {
	job            job
	title, titleDE string
	text, textDE   string
	tools          string
	seconds        int
}

// jobTexts describe the jobs. %s is the table.
var jobTexts = []jobText{ //nolint:gochecknoglobals // a constant table
	{jobAnalysis, "Data Analysis", "Datenanalyse", "Understand %s: load and validate it, calculate, draw.", "%s verstehen: laden, prüfen, rechnen, zeichnen.", "", 0},
	{jobPreparation, "Load and validate data", "Daten laden und prüfen", "Make sure that %s is what it seems to be.", "Sicherstellen, dass %s ist, was es scheint.", "", 0},
	{jobStudy, "Perform analysis", "Auswertung", "Calculate what %s says.", "Berechnen, was %s aussagt.", "", 0},
	{jobPictures, "Create visualizations", "Diagramme erstellen", "Draw the charts that %s supports.", "Die Diagramme zeichnen, die %s hergibt.", "", 0},
	{jobPresent, "Presentation Creation", "Präsentation", "Make slides of the findings in %s.", "Aus den Erkenntnissen in %s Folien machen.", "", 0},
	{jobDesign, "Design structure", "Aufbau entwerfen", "Decide what the slides tell about %s, and in which order.", "Festlegen, was die Folien über %s erzählen und in welcher Reihenfolge.", "", 0},
	{jobCreate, "Create slides", "Folien erstellen", "Write the slides about %s.", "Die Folien über %s schreiben.", "", 0},
	{jobReview, "Review and finalize", "Prüfen und abschließen", "Check what was made from %s.", "Prüfen, was aus %s entstanden ist.", "", 0},
	{jobReporting, "Report", "Bericht", "Make a report of the findings in %s.", "Aus den Erkenntnissen in %s einen Bericht machen.", "", 0},

	{jobLoad, "Load the table", "Tabelle laden", "Look at %s: rows, columns, types, and what each column is good for.", "%s ansehen: Zeilen, Spalten, Typen und wozu jede Spalte taugt.", "files,table_query", 5},
	{jobValidate, "Validate data integrity", "Datenqualität prüfen", "Count empty cells, repeated rows and odd values in %s.", "Leere Zellen, doppelte Zeilen und auffällige Werte in %s zählen.", "files,table_query", 5},
	{jobMetrics, "Calculate key metrics", "Kennzahlen berechnen", "Calculate totals, averages, medians and shares of %s by SQL.", "Summen, Durchschnitte, Mediane und Anteile von %s per SQL berechnen.", "files,table_query", 8},
	{jobTrends, "Identify trends", "Trends erkennen", "Calculate how %s develops over time, with the best and the worst period.", "Berechnen, wie sich %s über die Zeit entwickelt, mit bestem und schwächstem Zeitraum.", "files,table_query", 8},
	{jobGroups, "Compare groups", "Gruppen vergleichen", "Compare the groups of %s: first, last, shares.", "Die Gruppen von %s vergleichen: erste, letzte, Anteile.", "files,table_query", 8},
	{jobInsights, "Generate insights", "Erkenntnisse gewinnen", "State the findings that the figures of %s support, with changes by group and outliers.", "Die Erkenntnisse nennen, die die Zahlen von %s tragen, mit Veränderungen je Gruppe und Ausreißern.", "files,table_query", 8},
	{jobChart, "Draw a chart", "Diagramm zeichnen", "Draw a chart from %s.", "Ein Diagramm aus %s zeichnen.", "files,table_query,chart", 6},
	{jobCharts, "Draw the charts", "Diagramme zeichnen", "Draw the charts that %s supports.", "Die Diagramme zeichnen, die %s hergibt.", "files,table_query,chart", 12},
	{jobMessages, "Choose the key messages", "Kernaussagen wählen", "Choose the findings about %s that the audience must remember.", "Die Erkenntnisse über %s wählen, die hängen bleiben sollen.", "files,table_query", 5},
	{jobOutline, "Outline the slides", "Folien gliedern", "Write the outline of the slides about %s.", "Die Gliederung der Folien über %s schreiben.", "files,table_query", 5},
	{jobDeck, "Build the slides", "Folien bauen", "Build the deck about %s: summary, key figures, charts with findings, outliers, data quality and method, next steps; the SQL in the notes.", "Die Präsentation über %s bauen: Zusammenfassung, Kennzahlen, Diagramme mit Erkenntnissen, Ausreißer, Datenqualität und Methode, nächste Schritte; das SQL in den Notizen.", "files,table_query,chart,deck", 15},
	{jobReport, "Write the report", "Bericht schreiben", "Write the report about %s: summary, key figures, findings with tables, data quality and method.", "Den Bericht über %s schreiben: Zusammenfassung, Kennzahlen, Erkenntnisse mit Tabellen, Datenqualität und Methode.", "files,table_query,chart,document", 15},
	{jobCheck, "Check every figure against the data", "Zahlen gegen die Daten prüfen", "Calculate the figures of %s again in another way and compare; see that the files are there.", "Die Zahlen von %s auf anderem Weg nachrechnen und vergleichen; nachsehen, ob die Dateien da sind.", "files,table_query", 8},
	{jobAnswer, "Answer from the table", "Antwort aus der Tabelle", "Answer the question from %s by SQL.", "Die Frage aus %s per SQL beantworten.", "files,table_query", 5},
	{jobCalculate, "Calculate", "Rechnen", "Calculate: %s.", "Berechne: %s.", "calculate", 3},
	{jobNow, "Tell the time", "Uhrzeit nennen", "Tell the time: %s.", "Nenne die Uhrzeit: %s.", "now", 3},
	{jobRead, "Read the file", "Datei lesen", "Say what %s is and how it begins.", "Sagen, was %s ist und wie es beginnt.", "files", 5},
	{jobExplain, "What the demo model can do", "Was das Demo-Modell kann", "Say what the built-in demo model can do, and how to use a real one.", "Sagen, was das eingebaute Demo-Modell kann und wie man ein echtes benutzt.", "", 2},
}

func textOf(j job) jobText {
	for _, text := range jobTexts {
		if text.job == j {
			return text
		}
	}
	return jobText{job: j, title: string(j), titleDE: string(j), text: "%s", textDE: "%s"}
}

// guess finds out what a step of another planner wants.
func guess(step string, b briefing) order {
	_, _, table := choose(b.files, b.request)
	switch {
	case !table:
		return noTable(step, b)
	case b.tools["deck"] && deckWords.in(step):
		return order{Job: jobDeck}
	case b.tools["document"] && reportWords.in(step):
		return order{Job: jobReport}
	case b.tools["chart"] && chartWords.in(step):
		return order{Job: jobCharts}
	case !b.tools["table_query"]:
		return order{Job: jobExplain}
	case lexicon{"valid*", "clean*", "*quality*", "integrity", "*prüf*", "load*", "lade*", "laden"}.in(step):
		return order{Job: jobValidate}
	case lexicon{"trend*", "*entwicklung*", "monthly", "quarterly", "verlauf"}.in(step):
		return order{Job: jobTrends}
	case lexicon{"metric*", "kpi*", "*kennzahl*", "total*", "calculat*", "berechn*"}.in(step):
		return order{Job: jobMetrics}
	}
	return order{Job: jobInsights}
}

// noTable finds the job for a request without a table to work on.
func noTable(text string, b briefing) order {
	if sum, ok := sumIn(text); ok && b.tools["calculate"] {
		return order{Job: jobCalculate, Sum: sum}
	}
	if b.tools["now"] && asksTime(text) {
		return order{Job: jobNow, Zone: zoneIn(text)}
	}
	for _, f := range b.files {
		if f.Kind == "text" && b.tools["files"] {
			return order{Job: jobRead, File: f.Name}
		}
	}
	return order{Job: jobExplain}
}
