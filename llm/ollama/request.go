package ollama

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"github.com/askbob/bob/llm"
)

// The request of the chat endpoint, as far as it is used.
type (
	question struct {
		Model    string          `json:"model"`
		Messages []message       `json:"messages"`
		Stream   bool            `json:"stream"`
		Format   json.RawMessage `json:"format,omitempty"`
		Tools    []tool          `json:"tools,omitempty"`
		Think    any             `json:"think,omitempty"` // a bool or a level
		// Truncate and Shift are always sent as false: else the server cuts a prompt
		// that does not fit, and forgets the beginning of one while it answers,
		// without a word.
		Truncate bool    `json:"truncate"`
		Shift    bool    `json:"shift"`
		Options  options `json:"options"`
	}
	options struct {
		Context   int `json:"num_ctx"`
		MaxOutput int `json:"num_predict,omitempty"`
	}
	message struct {
		Role    string     `json:"role"`
		Content string     `json:"content"`
		Images  [][]byte   `json:"images,omitempty"`
		Calls   []toolCall `json:"tool_calls,omitempty"`
		Tool    string     `json:"tool_name,omitempty"`
		CallID  string     `json:"tool_call_id,omitempty"`
	}
	toolCall struct {
		ID       string   `json:"id,omitempty"`
		Function function `json:"function"`
	}
	function struct {
		Name string          `json:"name"`
		Args json.RawMessage `json:"arguments"`
	}
	tool struct {
		Type     string       `json:"type"`
		Function toolFunction `json:"function"`
	}
	toolFunction struct {
		Name        string          `json:"name"`
		Description string          `json:"description,omitempty"`
		Parameters  json.RawMessage `json:"parameters"`
	}
)

// prepare returns the HTTP request. Its errors are mistakes of the caller.
func (c *call) prepare(ctx context.Context, stream bool) (*http.Request, error) {
	q, err := c.question()
	if err != nil {
		return nil, err
	}
	q.Stream = stream
	var body bytes.Buffer
	encoder := json.NewEncoder(&body)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(q); err != nil {
		return nil, err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, c.chat, bytes.NewReader(body.Bytes()))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Content-Type", "application/json")
	if c.cfg.APIKey != "" {
		request.Header.Set("Authorization", "Bearer "+c.cfg.APIKey)
	}
	return request, nil
}

// question translates the request. Equal requests come out as equal bytes, and
// the messages of one that goes on begin with those before: the server keeps what
// it has read of them.
func (c *call) question() (question, error) {
	q := question{
		Model: c.request.Model, Think: thinking(c.cfg.Think),
		Options: options{Context: c.cfg.Context, MaxOutput: max(c.request.MaxOutput, 0)},
	}
	system := c.request.System
	if c.request.Schema != nil {
		format, err := formatOf(c.request.Schema.JSON)
		if err != nil {
			return question{}, fmt.Errorf("schema %s: %w", c.request.Schema.Name, err)
		}
		q.Format = format
		system = withForm(system, format)
	}
	var err error
	if q.Messages, err = messagesOf(system, c.request.Messages); err != nil {
		return question{}, err
	}
	q.Tools, err = toolsOf(c.request.Tools)
	return q, err
}

// withForm shows the model the schema, as the documentation advises: the server
// makes a grammar of it, which rules out other forms and tells nobody what the
// fields are for.
func withForm(system string, format json.RawMessage) string {
	if system != "" {
		system += "\n\n"
	}
	return system + "Answer with JSON of this schema:\n" + string(format)
}

func thinking(t Think) any {
	switch t {
	case ThinkDefault:
		return nil
	case ThinkOff:
		return false
	case ThinkOn:
		return true
	case ThinkLow, ThinkMedium, ThinkHigh:
	}
	return string(t)
}

func messagesOf(system string, list []llm.Message) ([]message, error) {
	if len(list) == 0 {
		return nil, errors.New("the request has no messages")
	}
	var messages []message
	if system != "" {
		messages = append(messages, message{Role: "system", Content: system})
	}
	for _, m := range list {
		switch m.Role {
		case llm.RoleUser:
			messages = append(messages, userMessage(m))
		case llm.RoleAssistant:
			messages = append(messages, assistantMessage(m))
		case llm.RoleTool:
			for _, r := range m.Results {
				messages = append(messages, message{Role: "tool", Content: resultText(r), Tool: r.Name, CallID: r.ID})
			}
		default:
			return nil, fmt.Errorf("a message has the role %q", m.Role)
		}
	}
	return messages, nil
}

func userMessage(m llm.Message) message {
	said := message{Role: "user", Content: m.Text}
	for _, image := range m.Images {
		said.Images = append(said.Images, image.Data)
	}
	return said
}

func assistantMessage(m llm.Message) message {
	said := message{Role: "assistant", Content: m.Text}
	for _, call := range m.Calls {
		said.Calls = append(said.Calls, toolCall{ID: call.ID, Function: function{Name: call.Name, Args: argsOf(call.Args)}})
	}
	return said
}

// argsOf returns arguments as an object, which is all that the API takes. What a
// model wrote instead of one goes back to it as it was, under a name.
func argsOf(args json.RawMessage) json.RawMessage {
	if len(args) == 0 {
		return json.RawMessage("{}")
	}
	var object map[string]json.RawMessage
	if json.Unmarshal(args, &object) == nil && object != nil {
		return args
	}
	wrapped, err := json.Marshal(map[string]string{"input": string(args)})
	if err != nil { // a map of texts has a JSON form
		return json.RawMessage("{}")
	}
	return wrapped
}

// resultText says in words what the format has no field for.
func resultText(r llm.ToolResult) string {
	if r.Error {
		return "Error: " + r.Text
	}
	return r.Text
}

func toolsOf(specs []llm.ToolSpec) ([]tool, error) {
	var tools []tool
	for _, spec := range specs {
		parameters := json.RawMessage(`{"type":"object","properties":{}}`)
		if len(spec.Parameters) > 0 {
			var err error
			if parameters, err = parametersOf(spec.Parameters); err != nil {
				return nil, fmt.Errorf("parameters of tool %s: %w", spec.Name, err)
			}
		}
		tools = append(tools, tool{Type: "function", Function: toolFunction{
			Name: spec.Name, Description: spec.Description, Parameters: parameters,
		}})
	}
	return tools, nil
}
