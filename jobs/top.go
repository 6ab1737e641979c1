package jobs

// TopStep is a node at the top of a job's tree, as cards show it.
type TopStep struct {
	Path    string // empty: the job is this one step
	Title   string
	Type    Type
	Status  Status
	Reason  Reason
	Desired Desired
	Current string // what it does right now, as its worker says
	Error   string // a sentence for people
	Leaves  Summary
}

// MaxTop bounds the steps that are read of the top of a tree: more does not fit a
// card.
const MaxTop = 20

// Yield is what a job came to, without its tree.
type Yield struct {
	Result    string           // whole
	Artifacts []ArtifactReport // by the path of their node, then by name; of too many the last ones
	More      int              // artifacts that are left out
}

// Summary counts leaves as reports do.
func (c Counts) Summary() Summary {
	return Summary{
		Total: c.Total, Completed: c.Completed, Failed: c.Failed, Running: c.Running,
		Queued: c.Queued(), Skipped: c.Skipped, Cancelled: c.Cancelled,
	}
}
