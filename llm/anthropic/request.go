package anthropic

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	sdk "github.com/anthropics/anthropic-sdk-go"
	"github.com/anthropics/anthropic-sdk-go/packages/param"
	"github.com/tidwall/gjson"

	"github.com/askbob/bob/llm"
	"github.com/askbob/bob/llm/internal/project"
)

// params translates the request. Its errors are mistakes of the caller.
func (c *call) params() (sdk.MessageNewParams, error) {
	p := sdk.MessageNewParams{Model: c.request.Model, MaxTokens: int64(c.request.MaxOutput)}
	var err error
	if p.Messages, err = messagesOf(c.request.Messages); err != nil {
		return p, err
	}
	if p.Tools, err = toolsOf(c.request.Tools); err != nil {
		return p, err
	}
	if !blank(c.request.System) {
		p.System = []sdk.TextBlockParam{{Text: c.request.System}}
	}
	if schema := c.request.Schema; schema != nil {
		sent, err := projected(schema.JSON)
		if err != nil {
			return p, fmt.Errorf("schema %s: %w", schema.Name, err)
		}
		p.OutputConfig.Format = formatOf(sent)
	}
	mark(&p, c.request.Messages)
	return p, nil
}

// formatOf hands on the schema's text and not a map, which would lose the order
// of its properties: a model writes them in it.
func formatOf(schema json.RawMessage) sdk.JSONOutputFormatParam {
	return param.Override[sdk.JSONOutputFormatParam](struct {
		Type   string          `json:"type"`
		Schema json.RawMessage `json:"schema"`
	}{"json_schema", schema})
}

func messagesOf(messages []llm.Message) ([]sdk.MessageParam, error) {
	if len(messages) == 0 {
		return nil, errors.New("the request has no messages")
	}
	list := make([]sdk.MessageParam, 0, len(messages))
	for i, m := range messages {
		var blocks []sdk.ContentBlockParamUnion
		var err error
		role := sdk.MessageParamRoleUser
		switch m.Role {
		case llm.RoleUser:
			blocks, err = userBlocks(m)
		case llm.RoleAssistant:
			role, blocks = sdk.MessageParamRoleAssistant, assistantBlocks(m)
		case llm.RoleTool:
			blocks = resultBlocks(m.Results)
		default:
			err = fmt.Errorf("its role is %q", m.Role)
		}
		if err == nil && len(blocks) == 0 {
			err = errors.New("it says nothing") // refused by the provider in words that help nobody
		}
		if err != nil {
			return nil, fmt.Errorf("message %d of the request: %w", i+1, err)
		}
		list = append(list, sdk.MessageParam{Role: role, Content: blocks})
	}
	return list, nil
}

// pictures are the media types that the provider takes.
var pictures = []string{"image/jpeg", "image/png", "image/gif", "image/webp"} //nolint:gochecknoglobals // a constant table

// userBlocks puts pictures first, where the provider's models see them best.
func userBlocks(m llm.Message) ([]sdk.ContentBlockParamUnion, error) {
	var blocks []sdk.ContentBlockParamUnion
	for _, image := range m.Images {
		if !slices.Contains(pictures, image.MediaType) {
			return nil, fmt.Errorf("it has a picture of type %q: use one of %s", image.MediaType, strings.Join(pictures, ", "))
		}
		blocks = append(blocks, sdk.NewImageBlockBase64(image.MediaType, base64.StdEncoding.EncodeToString(image.Data)))
	}
	if !blank(m.Text) {
		blocks = append(blocks, sdk.NewTextBlock(m.Text))
	}
	return blocks, nil
}

func assistantBlocks(m llm.Message) []sdk.ContentBlockParamUnion {
	var blocks []sdk.ContentBlockParamUnion
	if !blank(m.Text) {
		blocks = append(blocks, sdk.NewTextBlock(m.Text))
	}
	for _, call := range m.Calls {
		blocks = append(blocks, sdk.NewToolUseBlock(name(call.ID), input(call.Args), name(call.Name)))
	}
	return blocks
}

func resultBlocks(results []llm.ToolResult) []sdk.ContentBlockParamUnion {
	var blocks []sdk.ContentBlockParamUnion
	for _, r := range results {
		block := sdk.ToolResultBlockParam{ToolUseID: name(r.ID)}
		text := r.Text
		if r.Error {
			block.IsError = param.NewOpt(true)
			if blank(text) {
				text = "It failed and did not say why." // an error without words is refused
			}
		}
		if !blank(text) {
			block.Content = []sdk.ToolResultBlockParamContentUnion{{OfText: &sdk.TextBlockParam{Text: text}}}
		}
		blocks = append(blocks, sdk.ContentBlockParamUnion{OfToolResult: &block})
	}
	return blocks
}

// blank reports whether a text has nothing to see: the provider refuses such
// blocks.
func blank(text string) bool { return strings.TrimSpace(text) == "" }

// name makes a name of a call or a tool one that the provider takes: those that
// another provider's model chose, earlier in the conversation, may have other
// signs in them.
func name(text string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' || r == '_' {
			return r
		}
		return '_'
	}, text)
}

// input is what a model wanted to call a tool with. The format takes objects
// only, so that other things go into one.
func input(args json.RawMessage) json.RawMessage {
	args = json.RawMessage(strings.ToValidUTF8(string(args), "\uFFFD"))
	switch {
	case len(args) == 0:
		return json.RawMessage("{}")
	case json.Valid(args) && gjson.ParseBytes(args).IsObject():
		return args
	}
	return append(gjson.AppendJSONString([]byte(`{"not_an_object":`), string(args)), '}')
}

// toolsOf sends the parameters with their bounds: only strict tools would have to
// do without, and nothing of a call's arguments is trusted anyhow.
func toolsOf(specs []llm.ToolSpec) ([]sdk.ToolUnionParam, error) {
	var tools []sdk.ToolUnionParam
	for _, spec := range specs {
		schema, advice, err := parameters(spec.Parameters)
		if err != nil {
			return nil, fmt.Errorf("parameters of tool %s: %w", spec.Name, err)
		}
		tool := sdk.ToolParam{Name: spec.Name, InputSchema: param.Override[sdk.ToolInputSchemaParam](schema)}
		if text := strings.TrimSpace(spec.Description + advice); text != "" {
			tool.Description = param.NewOpt(text)
		}
		tools = append(tools, sdk.ToolUnionParam{OfTool: &tool})
	}
	return tools, nil
}

// parameters returns the schema of a tool as the provider takes it: an object,
// said outright, and without a choice of forms at its top. That goes into words.
func parameters(schema json.RawMessage) (sent json.RawMessage, advice string, err error) {
	if len(schema) == 0 {
		return json.RawMessage(`{"type":"object"}`), "", nil
	}
	root := gjson.ParseBytes(schema)
	if !json.Valid(schema) || !root.IsObject() {
		return nil, "", errors.New("they are no JSON object")
	}
	var out project.Text
	field := out.Object()
	field("type")
	out.Raw(`"object"`)
	root.ForEach(func(key, value gjson.Result) bool {
		switch key.String() {
		case "type":
		case "anyOf", "oneOf", "allOf":
			advice += "\nThe arguments must fit this too: " + key.String() + " " + value.Raw
		default:
			field(key.String())
			out.Raw(value.Raw)
		}
		return true
	})
	out.Raw("}")
	return json.RawMessage(out.String()), advice, nil
}
