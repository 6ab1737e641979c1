package demo

import (
	"encoding/json"

	"github.com/askbob/bob/llm"
)

// turn does as much of a step as it can with the results so far.
func turn(b briefing, r llm.Request) llm.Response {
	if !b.known {
		return done(explain(b))
	}
	d := newDesk(b, r)
	o, ok := orderOf(b.step)
	if !ok {
		o = guess(firstOr(b.step, b.request), b)
	}
	text := d.work(o)
	if d.waiting() {
		return llm.Response{Calls: d.asked, Stop: llm.StopTools}
	}
	return done(text)
}

// work carries out an order. What it returns counts only if nothing is awaited.
func (d *desk) work(o order) string {
	switch o.Job {
	case jobCalculate:
		return d.calculate(o)
	case jobNow:
		return d.now(o)
	case jobRead:
		return d.read(o)
	case jobExplain:
		return explain(d.briefing)
	default:
	}
	v, fault := d.look(o)
	switch {
	case d.waiting():
		return ""
	case fault != "":
		return d.notDone(fault)
	}
	switch o.Job.behind() {
	case jobLoad:
		return d.load(v)
	case jobValidate:
		return d.validate(v)
	case jobChart:
		return d.oneChart(v, o)
	case jobCharts:
		return d.allCharts(v)
	default:
		return d.tell(v, o)
	}
}

// tell carries out the orders that rest on the facts of the whole table.
func (d *desk) tell(v view, o order) string {
	if o.Job == jobAnswer {
		v = v.asked(d.request)
	}
	f, ok := d.study(v)
	switch {
	case !ok:
		return ""
	case len(f.sql) == 0:
		return d.notDone(d.lang.say("no query of the table worked: ", "keine Abfrage der Tabelle gelang: ") + firstFault(f.faults))
	case f.none():
		return d.notDone(d.lang.say("the table has no rows", "die Tabelle hat keine Zeilen") + f.scope(d.lang))
	}
	switch o.Job.behind() {
	case jobMetrics:
		return d.metrics(f)
	case jobTrends:
		return d.trends(f)
	case jobGroups:
		return d.compareGroups(f)
	case jobMessages:
		return d.messages(f)
	case jobOutline:
		return d.outline(f)
	case jobDeck:
		return d.deck(f)
	case jobReport:
		return d.report(f)
	case jobCheck:
		return d.check(f)
	case jobAnswer:
		return d.answer(f)
	default:
		return d.insights(f)
	}
}

func firstFault(faults []string) string {
	if len(faults) == 0 {
		return "?"
	}
	return faults[0]
}

// notDoneMark begins the text of a step that could not do its work; the combined
// result names it as a gap.
const notDoneMark = "**Not done:** "

func (d *desk) notDone(why string) string { return notDoneMark + label2(why) }

// look understands the table that an order is about. A prompt that leaves out the
// columns costs a call of the files tool.
func (d *desk) look(o order) (v view, fault string) {
	f, t, ok := pick(d.briefing, o)
	if !ok || o.Table != "" && t.Name != o.Table || d.has("files") && t.thin() {
		described, fault := d.describe(o)
		if d.waiting() || fault != "" && !ok {
			return view{}, fault
		}
		if fault == "" {
			d.files = append(d.files, described)
		}
		if f, t, ok = pick(d.briefing, o); !ok {
			return view{}, d.lang.say("there is no table to work on; attach a CSV or XLSX file",
				"es gibt keine Tabelle zum Auswerten; bitte eine CSV- oder XLSX-Datei anhängen")
		}
	}
	return look(f, t, d.request), ""
}

// thin reports whether a prompt left out what columns hold. Without it another
// view of the table could come out than the plan was made with.
func (t tableInfo) thin() bool {
	thin := false
	for _, c := range t.Columns {
		if len(c.Sample) > 0 {
			return false
		}
		thin = thin || c.Type == "text" && c.Distinct > 0
	}
	return thin
}

// describe asks for the columns of a file.
func (d *desk) describe(o order) (described fileInfo, fault string) {
	name := o.File
	for _, f := range d.files {
		if name == "" && f.Kind == "table" {
			name = f.Name
		}
	}
	if name == "" {
		name = d.firstTable()
	}
	if name == "" || d.waiting() {
		return fileInfo{}, ""
	}
	result, ok := d.call("files", map[string]any{"action": "describe", "name": name, "offset": nil, "limit": nil})
	switch {
	case !ok:
		return fileInfo{}, ""
	case result.Error:
		return fileInfo{}, result.Text
	}
	if err := json.Unmarshal([]byte(result.Text), &described); err != nil {
		return fileInfo{}, d.lang.say("the description of %s cannot be read", "die Beschreibung von %s ist nicht lesbar", name)
	}
	if len(described.Tables) == 0 {
		return fileInfo{}, d.lang.say("%s has no table", "%s enthält keine Tabelle", name)
	}
	described.Name = firstOr(described.Name, name)
	d.files = dropFile(d.files, described.Name)
	return described, ""
}

// firstTable asks for the files when the prompt shows none, and returns the name
// of the first that is a table.
func (d *desk) firstTable() string {
	result, ok := d.call("files", map[string]any{"action": "list", "name": nil, "offset": nil, "limit": nil})
	if !ok || result.Error {
		return ""
	}
	var list []fileInfo
	wrapped := struct {
		Files *[]fileInfo `json:"files"`
	}{&list}
	if json.Unmarshal([]byte(result.Text), &list) != nil && json.Unmarshal([]byte(result.Text), &wrapped) != nil {
		return ""
	}
	for _, f := range list {
		if f.Kind == "table" {
			return f.Name
		}
	}
	return ""
}

func dropFile(files []fileInfo, name string) []fileInfo {
	var kept []fileInfo
	for _, f := range files {
		if f.Name != name {
			kept = append(kept, f)
		}
	}
	return kept
}
