package llmtest

import (
	"encoding/json"
	"net/http"
	"testing"
	"time"

	"github.com/askbob/bob/llm"
)

// Provider is an adapter to be tested.
type Provider struct {
	Name string // under which Open makes its models answer
	// Open returns a model of the adapter.
	Open    func(tb testing.TB, o Options) llm.Model
	Dialect Dialect
	// Environment names the variables that the vendor's library reads by itself.
	Environment []string
}

// Options are what TestProvider wants of a model.
type Options struct {
	URL      string        // of the server; no slash at its end
	Key      string        // empty: none
	Model    string        // the default
	Patience time.Duration // for the first byte and between two; 0: the adapter's own
}

// Dialect is a vendor's format as its server speaks it.
type Dialect struct {
	// Answer is the body of a whole answer.
	Answer func(Answer) []byte
	// Stream are the pieces of a streamed answer, each sent by itself: at least
	// two for a text of more than one word. The last one ends the answer.
	Stream     func(Answer) [][]byte
	StreamType string // media type of a stream
	// Failure is the body of a failure.
	Failure func(status int, message string) []byte
	// Sent reads a request as the vendor's server would.
	Sent func(r *http.Request, body []byte) (Sent, error)
	// Usage has every count that the format can say, each different, so that a
	// count taken for another is seen.
	Usage llm.Usage

	// Fault is a piece of a stream that says midway that no more will come, and
	// why. Nil: the format has none.
	Fault func(status int, message string) []byte
	// What the format cannot say. The zero value is a format that can say it all.
	Lacks Lacks
}

// Lacks names what a format has no words for. The suite then asks less of it.
type Lacks struct {
	CallIDs bool // of tool calls and their results: the adapter makes them up
	Filter  bool // no answer ends as refused
	Images  bool // pictures cannot be shown
}

// End is how an answer ends, in no vendor's words.
type End int

// The ends.
const (
	EndDone    End = iota
	EndTools       // it wants tools to be called
	EndLength      // it was cut off
	EndFilter      // it was refused
	EndUnknown     // a word that no adapter can know
)

// Answer is what a server says.
type Answer struct {
	Model string
	Text  string
	Calls []llm.ToolCall
	End   End
	Usage llm.Usage // not Known: the server says nothing of it
}

// Sent is what a server is asked.
type Sent struct {
	Model  string
	System string
	Texts  []string // of the messages of user and assistant, in order
	Images []string // media types
	// Pictures are the same with their bytes. Nil: the dialect does not read them,
	// and they are not compared.
	Pictures  []llm.Image
	Calls     []llm.ToolCall
	Results   []llm.ToolResult
	Tools     []string        // names
	Schema    json.RawMessage // nil: none was sent
	MaxOutput int             // 0: no bound was sent
	Streaming bool
	Key       string // empty: none was sent
}
