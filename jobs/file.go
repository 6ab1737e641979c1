package jobs

import (
	"context"
	"strings"
)

// MaxFile bounds one attachment or artifact, in bytes: they live in the database,
// which one backup must hold.
const MaxFile = 25 << 20

// FileInfo says what a file of a job holds: enough for a planner to plan with.
type FileInfo struct {
	Name      string  `json:"name"`
	MediaType string  `json:"media_type"`
	Bytes     int64   `json:"bytes"`
	SHA256    string  `json:"sha256,omitempty"`
	Kind      string  `json:"kind"`             // table, text, pdf, image or binary
	Tables    []Table `json:"tables,omitempty"` // of a CSV one, of a workbook one a sheet
	Text      string  `json:"text,omitempty"`   // the beginning of a text, bounded
}

// Table describes a table in a file as SQL will see it.
type Table struct {
	Name    string     `json:"name"`            // in SQL
	Sheet   string     `json:"sheet,omitempty"` // of a workbook
	Rows    int        `json:"rows"`
	Columns []Column   `json:"columns"`
	Sample  [][]string `json:"sample,omitempty"` // the first rows, as in the file
	Notes   []string   `json:"notes,omitempty"`  // what was odd and how it was read
}

// Column describes one column of a Table.
type Column struct {
	Name     string   `json:"name"`   // in SQL
	Header   string   `json:"header"` // in the file
	Type     string   `json:"type"`   // integer, real, text, date or boolean
	Nulls    int      `json:"nulls"`
	Distinct int      `json:"distinct"`         // exact up to MaxDistinct, then MaxDistinct
	Min      string   `json:"min,omitempty"`    // of numbers and dates
	Max      string   `json:"max,omitempty"`    // of numbers and dates
	Sample   []string `json:"sample,omitempty"` // the most frequent values, bounded
}

// MaxDistinct is where counting distinct values of a column ends.
const MaxDistinct = 1000

// Artifact is a file that a node made.
type Artifact struct {
	Name      string
	MediaType string
	Bytes     int64
	SHA256    string
	Node      NodeID
}

// Inspector looks into an attachment before its job is accepted. It returns a
// *UserError for a file that no job could use: empty, too large, not what its
// name says.
type Inspector interface {
	Inspect(ctx context.Context, name string, data []byte) (FileInfo, error)
}

// FilesTool is the name of the tool that lists and reads a job's files.
const FilesTool = "files"

// The results of other nodes are offered to a task as files in a folder. Real
// files have none, see FreeName, so that no name is taken twice.
const (
	resultFolder = "results/"
	resultExt    = ".md"
)

// ResultFile is the name under which the result of the node at path is offered as
// a file.
func ResultFile(path string) string { return resultFolder + path + resultExt }

// ResultPath returns the path of the node whose result is the file of that name,
// and false for a real file.
func ResultPath(name string) (path string, ok bool) {
	name, inFolder := strings.CutPrefix(name, resultFolder)
	path, ok = strings.CutSuffix(name, resultExt)
	return path, ok && inFolder
}

// Files is what a tool sees of a job's files: attachments, the artifacts made so
// far, and the results that the node builds on. Names are unique; a new artifact
// with a name in use gets another one. Safe for concurrent use.
type Files interface {
	List(ctx context.Context) ([]FileInfo, error)
	// Read returns a whole file. It returns ErrNotFound for an unknown name.
	Read(ctx context.Context, name string) ([]byte, error)
	// Create keeps a new artifact of the running node. It returns a *UserError if
	// data is empty or larger than MaxFile. An artifact that the same node made
	// under the same name is replaced.
	Create(ctx context.Context, name, mediaType string, data []byte) (Artifact, error)
}
