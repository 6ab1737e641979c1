package demo

// presentation plans an analysis and what is made of it, a deck or a report: as a
// tree of three levels, of two, as a few steps, and as one.
func (p *drafter) presentation(branch, product job) [][]planNode {
	return [][]planNode{
		p.deep(branch, product), p.middle(branch, product), p.flat(product), p.single(p.tableOrder(product)),
	}
}

func (p *drafter) deep(branch, product job) []planNode {
	data := p.add("", "plan", p.tableOrder(jobAnalysis), "")
	p.dataBranches(data)
	show := p.add("", "plan", p.tableOrder(branch), "", data)
	design := p.subplan(show, jobDesign)
	messages := p.task(design, jobMessages, data)
	p.task(design, jobOutline, messages)
	create := p.subplan(show, jobCreate, design)
	p.task(create, product, design, data)
	review := p.subplan(show, jobReview, create)
	p.task(review, jobCheck, create)
	nodes := p.take()
	if product == jobReport {
		for i := range nodes {
			nodes[i].retitle(p.t)
		}
	}
	return nodes
}

// retitle speaks of a report where the texts speak of slides.
func (n *planNode) retitle(t tongue) {
	switch n.Key {
	case string(jobCreate):
		n.Title = t.say("Create the report", "Bericht erstellen")
	case string(jobOutline):
		n.Title = t.say("Outline the report", "Bericht gliedern")
	default:
	}
}

// dataBranches are the seed's three: load and validate, analyse, visualise.
func (p *drafter) dataBranches(parent string) {
	prepare := p.subplan(parent, jobPreparation)
	load := p.task(prepare, jobLoad)
	p.task(prepare, jobValidate, load)
	study := p.subplan(parent, jobStudy, prepare)
	p.studyTasks(study)
	if p.b.tools["chart"] && len(p.view.charts(p.t)) > 0 {
		pictures := p.subplan(parent, jobPictures, prepare)
		p.chartTasks(pictures)
	}
}

func (p *drafter) studyTasks(parent string, depends ...string) {
	needs := []string{p.task(parent, jobMetrics, depends...)}
	if p.view.time != nil {
		needs = append(needs, p.task(parent, jobTrends, depends...))
	}
	if len(p.view.categories) > 0 {
		needs = append(needs, p.task(parent, jobGroups, depends...))
	}
	p.task(parent, jobInsights, needs...)
}

func (p *drafter) chartTasks(parent string, depends ...string) {
	if !p.b.tools["chart"] {
		return
	}
	for i, c := range p.view.charts(p.t) {
		o := p.tableOrder(jobChart)
		o.Chart, o.Name = i+1, c.name
		p.add(parent, "task", o, c.title, depends...)
	}
}

func (p *drafter) middle(branch, product job) []planNode {
	data := p.add("", "plan", p.tableOrder(jobAnalysis), "")
	check := p.task(data, jobValidate)
	p.studyTasks(data, check)
	p.chartTasks(data, check)
	show := p.add("", "plan", p.tableOrder(branch), "", data)
	outline := p.task(show, jobOutline, data)
	made := p.task(show, product, outline, data)
	p.task(show, jobCheck, made)
	return p.take()
}

// flat is for jobs that may have a few steps only.
func (p *drafter) flat(product job) []planNode {
	check := p.task("", jobValidate)
	insights := p.task("", jobInsights, check)
	p.task("", product, insights)
	return p.take()
}

// analysis plans the data part alone.
func (p *drafter) analysis() [][]planNode {
	p.dataBranches("")
	for i := range p.list {
		if p.list[i].Parent == nil {
			p.list[i].Type = "plan"
		}
	}
	deep := p.take()
	check := p.task("", jobValidate)
	p.task("", jobInsights, check)
	return [][]planNode{deep, p.take(), p.single(p.tableOrder(jobInsights))}
}
