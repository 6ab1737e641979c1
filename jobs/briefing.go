package jobs

import "github.com/askbob/bob/llm"

// Briefing is what a planner, a leaf or a combine step is told of its job. Its
// texts are whole; whoever builds a prompt from them bounds it.
type Briefing struct {
	Request   string
	Node      *Node
	Place     []string     // titles on the way down, root first, the node itself last
	Files     []FileInfo   // attachments
	Artifacts []FileInfo   // made so far
	Results   []NodeResult // of dependencies; for a combine step, of the children
	Failures  []NodeResult // for a planner: of a plan in whose place another is wanted; Text is what was to be done
	Rewriting *Rewriting   // for a planner: the plan that people want changed; nil: there is none
	Messages  []Said       // to the node or a branch it stands in, oldest first
	Tools     []ToolSpec   // that the node may use; for a planner, all there are
	Limits    Limits       // for a planner: what is left of them below this node
	Budget    llm.Money    // what is left of it; negative: no limit
	Context   int          // tokens that the model takes; 0: unknown
	MayAsk    bool         // whether there is a person to answer questions
	Deadline  bool         // the job's time is up: combine without a model
	// Fits says, for a planner, why no model can do a step; nil where one can. A nil
	// Fits knows nothing of models.
	Fits func(s Step) error
}

// NodeResult is how another node ended, as told to one that builds on it.
type NodeResult struct {
	Path      string   `json:"path"`
	Title     string   `json:"title"`
	Status    Status   `json:"status"`
	Optional  bool     `json:"optional,omitempty"`
	Text      string   `json:"text,omitempty"`
	Error     string   `json:"error,omitempty"`
	Artifacts []string `json:"artifacts,omitempty"`

	Node    NodeID `json:"-"`
	Summary string `json:"-"` // of a long Text; empty: none was made
	// File is the name under which the tool files has Text whole. Empty: whoever
	// is told of this result has no such tool, or sees it whole.
	File string `json:"file,omitempty"`
}

// The names of the sections that prompts are made of, each framed by llm.Section.
// Models see them; the rule-based demo model reads them. Files and results are
// JSON arrays of FileInfo and NodeResult, so that no text inside can pass for
// another entry.
const (
	SectionRequest   = "request"   // what the person asked for
	SectionPlace     = "place"     // Briefing.Place joined by " > "
	SectionFiles     = "files"     // JSON array of FileInfo: the attachments
	SectionArtifacts = "artifacts" // JSON array of FileInfo: made so far
	SectionResults   = "results"   // JSON array of NodeResult
	SectionFailures  = "failures"  // planner: JSON array of {"title","prompt","error"}: what was tried
	SectionPlan      = "plan"      // planner: JSON array of the nodes of a plan that people want changed
	SectionWish      = "wish"      // planner: JSON of what is to be different in it
	SectionPictures  = "pictures"  // JSON of the names of pictures that are shown
	SectionMessages  = "messages"  // JSON array of {"user","at","question","text"}
	SectionTools     = "tools"     // planner: JSON array of {"name","description"}
	SectionLimits    = "limits"    // planner: JSON of what is left
	SectionStep      = "step"      // the node's own prompt; absent for the root's plan
	SectionResult    = "result"    // one whole result, to be summarised
)
