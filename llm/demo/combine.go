package demo

import (
	"slices"
	"strings"
)

// combine makes one text of the children's results: for a branch all that they
// say, for the root the answer to the request.
func combine(b briefing) string {
	if !b.known {
		return explain(b)
	}
	if b.hasStep {
		return combineBranch(b)
	}
	return combineRoot(b)
}

// combineBranch keeps every fact, for the steps that build on it.
func combineBranch(b briefing) string {
	var parts []string
	for _, r := range b.results {
		if text := strings.TrimSpace(r.Text); text != "" {
			parts = append(parts, text)
		}
	}
	parts = append(parts, made(b), gaps(b))
	return joinParts(parts)
}

// combineRoot answers: main figures, findings, files, gaps. Results that have no
// such parts are passed on as they are.
func combineRoot(b briefing) string {
	t := b.lang
	figures := firstPart(b.results, t.figuresHeading(), "|")
	findings := firstPart(b.results, t.findingsHeading(), "- ")
	if figures == "" && findings == "" {
		return combineBranch(b)
	}
	parts := []string{lead(b)}
	if findings != "" {
		parts = append(parts, "## "+t.findingsHeading()+"\n\n"+findings)
	}
	if figures != "" {
		parts = append(parts, "## "+t.figuresHeading()+"\n\n"+figures)
	}
	if checks := withoutFiles(t, firstPart(b.results, t.say("Check", "Prüfung"), "- ")); checks != "" {
		parts = append(parts, "## "+t.say("Check", "Prüfung")+"\n\n"+checks)
	}
	parts = append(parts, furtherFiles(b), gaps(b),
		t.say("*By the built-in demo model: the figures were calculated by SQL over the whole table, the sentences follow rules.*",
			"*Vom eingebauten Demo-Modell: Die Zahlen sind per SQL über die ganze Tabelle berechnet, die Sätze folgen Regeln.*"))
	return joinParts(parts)
}

// digestLines bounds what digest takes of one part of a text.
const digestLines = 3

// digest shortens a text to its headings and the first lines under each.
func digest(text string) string {
	var kept []string
	under := 0
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\r\n")
		if strings.HasPrefix(line, "#") {
			kept, under = append(kept, line), 0
			continue
		}
		if strings.TrimSpace(line) != "" && under < digestLines {
			kept = append(kept, oneLine(line, maxDigestLine))
			under++
		}
		if len(kept) == maxDigest {
			break
		}
	}
	return strings.Join(kept, "\n")
}

// maxDigest bounds a digest, in lines, and maxDigestLine a line of it.
const (
	maxDigest     = 60
	maxDigestLine = 300
)

func joinParts(parts []string) string {
	var kept []string
	for _, p := range parts {
		if strings.TrimSpace(p) != "" {
			kept = append(kept, strings.TrimSpace(p))
		}
	}
	return strings.Join(kept, "\n\n")
}

// firstPart returns the lines of the first section of that heading that begin so.
func firstPart(results []nodeResult, heading, begin string) string {
	for _, r := range results {
		inside := false
		var lines []string
		for line := range strings.Lines(r.Text) {
			line = strings.TrimRight(line, "\r\n")
			if title, ok := strings.CutPrefix(line, "## "); ok {
				if inside && len(lines) > 0 {
					break
				}
				inside = strings.TrimSpace(title) == heading
				continue
			}
			if inside && strings.HasPrefix(line, begin) {
				lines = append(lines, line)
			}
		}
		if len(lines) > 0 {
			return strings.Join(lines, "\n")
		}
	}
	return ""
}

// lead says first where the slides or the report are.
func lead(b briefing) string {
	products := productsIn(madeNames(b))
	if len(products) == 0 {
		return ""
	}
	what := b.lang.say("The presentation is ready: %s.", "Die Präsentation ist fertig: %s.", fileList(products))
	written := func(name string) bool { return strings.HasSuffix(name, ".docx") }
	if !deckWords.in(b.request) || slices.ContainsFunc(products, written) {
		what = b.lang.say("The report is ready: %s.", "Der Bericht ist fertig: %s.", fileList(products))
	}
	return what
}

// withoutFiles leaves out of a check that the files are there: the answer names them
// already.
func withoutFiles(t tongue, checks string) string {
	var kept []string
	for line := range strings.Lines(checks) {
		if !strings.HasPrefix(line, "- "+filesThere(t)) {
			kept = append(kept, strings.TrimRight(line, "\n"))
		}
	}
	return strings.Join(kept, "\n")
}

// filesThere is how a check begins to say that the files are there.
func filesThere(t tongue) string { return t.say("The files are there: ", "Die Dateien sind da: ") }

// furtherFiles names the files that lead does not.
func furtherFiles(b briefing) string {
	names := madeNames(b)
	products := productsIn(names)
	rest := slices.DeleteFunc(names, func(name string) bool { return slices.Contains(products, name) })
	switch {
	case len(rest) == 0:
		return ""
	case len(products) == 0:
		return made(b)
	}
	return b.lang.say("Further files: ", "Weitere Dateien: ") + fileList(rest)
}

// made names all files that the results made.
func made(b briefing) string {
	names := madeNames(b)
	if len(names) == 0 {
		return ""
	}
	return b.lang.say("Files: ", "Dateien: ") + fileList(names)
}

// madeNames are the artifacts of the results, and the files that their texts
// name.
func madeNames(b briefing) []string {
	var names []string
	for _, r := range b.results {
		names = append(names, r.Artifacts...)
		for line := range strings.Lines(r.Text) {
			names = append(names, filesIn(strings.TrimSpace(line))...)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// filesIn reads a line that fileList wrote.
func filesIn(line string) []string {
	for _, start := range []string{"Files: ", "Dateien: "} {
		if list, ok := strings.CutPrefix(line, start); ok {
			var names []string
			for i, piece := range strings.Split(list, "`") {
				if i%2 == 1 {
					names = append(names, piece)
				}
			}
			return names
		}
	}
	return nil
}

// gaps names what is missing: results that did not end well, and what steps say
// that they could not do.
func gaps(b briefing) string {
	t := b.lang
	var lines []string
	for _, r := range b.results {
		switch r.Status {
		case "completed":
		case "partial":
			lines = append(lines, t.say("%s: only partly done", "%s: nur teilweise erledigt", label2(r.Title)))
		default:
			line := t.say("%s: %s", "%s: %s", label2(r.Title), firstOr(r.Status, "?"))
			if r.Error != "" {
				line += " – " + label2(r.Error)
			}
			lines = append(lines, line)
		}
		if b.hasStep {
			continue // the texts are there as they are
		}
		for line := range strings.Lines(r.Text) {
			if rest, ok := strings.CutPrefix(strings.TrimLeft(line, "- "), notDoneMark); ok {
				lines = append(lines, strings.TrimSpace(rest))
			}
		}
	}
	if len(lines) == 0 {
		return ""
	}
	return "## " + t.say("Gaps", "Lücken") + "\n\n" + bullets(lines)
}
