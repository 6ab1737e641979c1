package demo

import (
	"encoding/json"
	"strconv"
	"strings"
)

// calculate answers a sum by the calculator.
func (d *desk) calculate(o order) string {
	result, ok := d.call("calculate", map[string]any{"expression": o.Sum})
	switch {
	case !ok:
		return ""
	case result.Error:
		return d.notDone(d.lang.say("calculating %s: %s", "Berechnung von %s: %s", o.Sum, result.Text))
	}
	value := plainResult(result.Text, "result", "value")
	if x, err := strconv.ParseFloat(value, 64); err == nil && d.lang.german && len(value) < 16 {
		value = d.lang.num(x)
	}
	return d.lang.say("%s = **%s**", "%s = **%s**", strings.ReplaceAll(o.Sum, "*", "×"), value)
}

// now answers with the time of day.
func (d *desk) now(o order) string {
	result, ok := d.call("now", map[string]any{"zone": orNull(o.Zone)})
	switch {
	case !ok:
		return ""
	case result.Error && o.Zone != "":
		return d.notDone(d.lang.say("the time in %s: %s", "die Uhrzeit in %s: %s", o.Zone, result.Text))
	case result.Error:
		// Some clocks want a zone.
		if result, ok = d.call("now", map[string]any{"zone": "UTC"}); !ok {
			return ""
		}
		if result.Error {
			return d.notDone(d.lang.say("telling the time: ", "Uhrzeit: ") + result.Text)
		}
	}
	return d.lang.say("It is **%s**.", "Es ist **%s**.", plainResult(result.Text, "now", "time", "local", "result"))
}

// plainResult takes the value out of a tool's answer if it is wrapped in JSON.
func plainResult(text string, keys ...string) string {
	var object map[string]any
	dec := json.NewDecoder(strings.NewReader(text))
	dec.UseNumber()
	if dec.Decode(&object) == nil {
		for _, key := range keys {
			switch v := object[key].(type) {
			case string:
				return oneLine(v, maxFault)
			case json.Number:
				return v.String()
			}
		}
	}
	return oneLine(strings.Trim(strings.TrimSpace(text), `"`), maxFault)
}

// maxQuote is how much of a text file is quoted, in bytes.
const maxQuote = 1200

// read says what a text file is; it does not pretend to understand it.
func (d *desk) read(o order) string {
	t := d.lang
	result, ok := d.call("files", map[string]any{"action": "read", "name": o.File, "offset": nil, "limit": nil})
	if !ok {
		return ""
	}
	text := result.Text
	if result.Error {
		f, known := d.file(o.File)
		if !known || f.Text == "" {
			return d.notDone(o.File + ": " + result.Text)
		}
		text = f.Text
	}
	text = strings.TrimSpace(plainText(text))
	quote := "> " + strings.ReplaceAll(oneLineUnless(text, maxQuote), "\n", "\n> ")
	return part(label(o.File), t.say("The part that was read has %s lines and %s words. It begins:", "Der gelesene Teil hat %s Zeilen und %s Wörter. Er beginnt so:",
		t.count(strings.Count(text, "\n")+1), t.count(len(strings.Fields(text)))), quote,
		t.say("I am the built-in demo model: I go by rules and cannot summarise prose. %s", "Ich bin das eingebaute Demo-Modell: Ich arbeite nach Regeln und kann Texte nicht zusammenfassen. %s", realModel(t)))
}

// plainText takes a text out of JSON if a tool wrapped it.
func plainText(text string) string {
	var wrapped struct {
		Text    string `json:"text"`
		Content string `json:"content"`
	}
	if json.Unmarshal([]byte(text), &wrapped) != nil {
		return text
	}
	return firstOr(wrapped.Text, firstOr(wrapped.Content, text))
}

// explain is the honest answer to what no rule covers.
func explain(b briefing) string {
	t := b.lang
	return t.say("I am Bob's built-in **demo model**. I go by rules, so I cannot do this.\n\n", "Ich bin Bobs eingebautes **Demo-Modell**. Ich arbeite nach Regeln und kann das nicht.\n\n") +
		t.say("What I can do without any key: attach a CSV or XLSX file and ask me to analyse it, for charts, a presentation or a report; or ask for a sum or the time.\n\n",
			"Was ich ohne Schlüssel kann: Hänge eine CSV- oder XLSX-Datei an und bitte um eine Auswertung, Diagramme, eine Präsentation oder einen Bericht; oder frage nach einer Rechnung oder der Uhrzeit.\n\n") +
		realModel(t)
}

// realModel says how to do without the demo model.
func realModel(t tongue) string {
	return t.say("For anything else set `OPENAI_API_KEY`, or name a service that speaks the same protocol by its `base_url` under `llm.providers` in `config.yaml`.",
		"Für alles andere `OPENAI_API_KEY` setzen, oder einen Dienst mit demselben Protokoll per `base_url` unter `llm.providers` in `config.yaml` eintragen.")
}
