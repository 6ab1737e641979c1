package plan_test

import (
	"strings"

	"github.com/askbob/bob/jobs"
	"github.com/askbob/bob/jobs/plan"
)

// evalTools are Bob's own in few words, and what two servers of tools add.
var evalTools = []jobs.ToolSpec{
	{Name: "files", Description: "The job's attachments and the files made so far: list, describe, read as text."},
	{Name: "table_query", Description: "Runs one SELECT over the job's tables: attached CSV, XLSX and JSON files."},
	{Name: "chart", Description: "Draws a bar, line, area, pie or scatter chart of what a SELECT returns, as PNG and SVG."},
	{Name: "deck", Description: "Makes a presentation as PPTX, PDF and HTML from titles, bullets, charts and tables."},
	{Name: "document", Description: "Makes a report of Markdown as DOCX, PDF, HTML or MD."},
	{Name: "web_fetch", Description: "Fetches a page from the net as Markdown."},
	{Name: "calculate", Description: "Computes an expression exactly."},
	{Name: "now", Description: "Tells the date and time now, in any time zone."},
	{Name: "mail__send", Description: "Sends an e-mail to any address, with files of the job."},
	{Name: "tracker__create_issue", Description: "Creates an issue in the team's tracker."},
}

// csv describes an attached table. A column is NAME:TYPE:VALUE,VALUE.
func csv(name string, rows int, columns ...string) jobs.FileInfo {
	table := jobs.Table{Name: strings.TrimSuffix(name, ".csv"), Rows: rows}
	var first, second []string
	for _, column := range columns {
		parts := strings.SplitN(column, ":", 3)
		values := strings.Split(parts[2], ",")
		c := jobs.Column{
			Name: strings.ToLower(strings.ReplaceAll(parts[0], " ", "_")), Header: parts[0], Type: parts[1], Distinct: min(rows, jobs.MaxDistinct),
		}
		if parts[1] == "text" {
			c.Sample = values
		} else {
			c.Min, c.Max = values[0], values[len(values)-1]
		}
		table.Columns = append(table.Columns, c)
		first, second = append(first, values[0]), append(second, values[len(values)-1])
	}
	table.Sample = [][]string{first, second}
	return jobs.FileInfo{
		Name: name, MediaType: "text/csv", Bytes: int64(rows) * 60, Kind: "table", Tables: []jobs.Table{table},
	}
}

// text describes an attached text.
func text(name, kind, beginning string) jobs.FileInfo {
	return jobs.FileInfo{Name: name, MediaType: "text/plain", Bytes: int64(len(beginning)) * 3, Kind: kind, Text: beginning}
}

func files(list ...jobs.FileInfo) []jobs.FileInfo { return list }

// The files of several cases.
var (
	sales = csv("q4-sales.csv", 352, "Order Date:date:2025-10-01,2025-12-31", "Region:text:North,South,West,East",
		"Product:text:Nimbus Chair,Echo Speaker,Terra Desk", "Units:integer:1,40", "Revenue:real:19.00,9580.00")
	tickets = csv("tickets.csv", 4210, "Eröffnet:date:2025-01-02,2025-12-30", "Gelöst:date:2025-01-03,2026-01-05",
		"Team:text:Netz,Konto,Rechnung", "Kategorie:text:Ausfall,Frage,Erstattung", "Priorität:text:hoch,mittel,niedrig")
	vendas  = csv("vendas.csv", 1250, "Data:date:2025-01-01,2025-12-31", "Loja:text:Lisboa,Porto,Faro", "Valor:real:5.00,900.00")
	budget  = csv("budget.csv", 48, "Department:text:Sales,Research,Support", "Month:date:2025-01-01,2025-12-01", "Budget:real:1000,90000")
	actuals = csv("actuals.csv", 5120, "Department:text:Sales,Research,Support", "Booked:date:2025-01-01,2025-12-31", "Amount:real:3,25000")
	signups = csv("signups.csv", 90311, "User:integer:1,90311", "Signed Up:date:2024-01-01,2025-12-31", "Plan:text:free,team,pro",
		"Last Seen:date:2024-01-01,2026-01-31")
	sensors = csv("sensors.csv", 720000, "Time:date:2025-06-01,2025-08-31", "Device:text:pump-1,pump-2,fan-7", "Temperature:real:-4,131", "Vibration:real:0,9.4")
)

// one is the plan of a single step.
func one(n draft) plan.Draft { return plan.Draft{Title: n.Title, Nodes: []draft{n}} }

// tree is a plan of several.
func tree(title string, nodes ...draft) plan.Draft { return plan.Draft{Title: title, Nodes: nodes} }

// questions is a plan that must first know something.
func questions(list ...string) plan.Draft { return plan.Draft{Questions: list} }

// call is a step without tools, task one with them, and part a branch.
func call(key, prompt string) draft {
	n := task(key, prompt)
	n.Type = jobs.TypeAPICall
	return n
}

func task(key, prompt string, tools ...string) draft {
	return draft{Key: key, Type: jobs.TypeTask, Title: firstWords(prompt), Prompt: prompt, Tools: tools, Expand: "now"}
}

func part(key, title string) draft {
	return draft{Key: key, Type: jobs.TypePlan, Title: title, Expand: "now"}
}

// after adds what a step depends on, in the branch that it is in.
func after(n draft, keys ...string) draft {
	n.DependsOn = keys
	return n
}

func in(parent string, nodes ...draft) []draft {
	for i := range nodes {
		nodes[i].Parent = parent
	}
	return nodes
}

func firstWords(text string) string {
	words := strings.Fields(text)
	return strings.Trim(strings.Join(words[:min(len(words), 6)], " "), ".,:;")
}
