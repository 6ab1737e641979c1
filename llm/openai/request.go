package openai

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	sdk "github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/packages/param"
	"github.com/openai/openai-go/v3/shared"

	"github.com/askbob/bob/llm"
)

// params translates the request. Its errors are mistakes of the caller.
func (c *call) params() (sdk.ChatCompletionNewParams, error) {
	request := c.request
	if request.Schema != nil && (c.habits.structured == StructuredObject || c.habits.structured == StructuredWords) {
		request.System = inWords(request.System, request.Schema)
	}
	messages, err := messagesOf(request)
	if err != nil {
		return sdk.ChatCompletionNewParams{}, err
	}
	tools, err := toolsOf(c.request.Tools)
	if err != nil {
		return sdk.ChatCompletionNewParams{}, err
	}
	p := sdk.ChatCompletionNewParams{Model: c.request.Model, Messages: messages, Tools: tools}
	if limit := int64(c.request.MaxOutput); limit > 0 {
		switch c.habits.output {
		case MaxCompletionTokens:
			p.MaxCompletionTokens = param.NewOpt(limit)
		case MaxTokens:
			p.MaxTokens = param.NewOpt(limit)
		}
	}
	if c.request.Schema != nil {
		p.ResponseFormat, err = formatOf(c.request.Schema, c.habits.structured)
	}
	return p, err
}

func messagesOf(r llm.Request) ([]sdk.ChatCompletionMessageParamUnion, error) {
	if len(r.Messages) == 0 {
		return nil, errors.New("the request has no messages")
	}
	var messages []sdk.ChatCompletionMessageParamUnion
	if r.System != "" {
		messages = append(messages, sdk.SystemMessage(r.System))
	}
	for _, m := range r.Messages {
		switch m.Role {
		case llm.RoleUser:
			if slices.ContainsFunc(m.Images, func(i llm.Image) bool { return i.MediaType == "" || len(i.Data) == 0 }) {
				return nil, errors.New("a picture has no media type or no data")
			}
			messages = append(messages, userMessage(m))
		case llm.RoleAssistant:
			messages = append(messages, assistantMessage(m))
		case llm.RoleTool:
			for _, result := range m.Results {
				messages = append(messages, sdk.ToolMessage(resultText(result), result.ID))
			}
		default:
			return nil, fmt.Errorf("a message has the role %q", m.Role)
		}
	}
	return messages, nil
}

func userMessage(m llm.Message) sdk.ChatCompletionMessageParamUnion {
	if len(m.Images) == 0 {
		return sdk.UserMessage(m.Text)
	}
	var parts []sdk.ChatCompletionContentPartUnionParam
	if m.Text != "" {
		parts = append(parts, sdk.TextContentPart(m.Text))
	}
	for _, image := range m.Images {
		data := "data:" + image.MediaType + ";base64," + base64.StdEncoding.EncodeToString(image.Data)
		parts = append(parts, sdk.ImageContentPart(sdk.ChatCompletionContentPartImageImageURLParam{URL: data}))
	}
	return sdk.UserMessage(parts)
}

func assistantMessage(m llm.Message) sdk.ChatCompletionMessageParamUnion {
	said := sdk.ChatCompletionAssistantMessageParam{}
	if m.Text != "" || len(m.Calls) == 0 {
		said.Content.OfString = param.NewOpt(m.Text)
	}
	for _, call := range m.Calls {
		args := string(call.Args)
		if args == "" {
			args = "{}" // an empty text is refused by several servers
		}
		said.ToolCalls = append(said.ToolCalls, sdk.ChatCompletionMessageToolCallUnionParam{
			OfFunction: &sdk.ChatCompletionMessageFunctionToolCallParam{
				ID:       call.ID,
				Function: sdk.ChatCompletionMessageFunctionToolCallFunctionParam{Name: call.Name, Arguments: args},
			},
		})
	}
	return sdk.ChatCompletionMessageParamUnion{OfAssistant: &said}
}

// resultText says in words what the format has no field for.
func resultText(r llm.ToolResult) string {
	if r.Error {
		return "Error: " + r.Text
	}
	return r.Text
}

// toolsOf sends the parameters as they are: only strict tools would have to do
// without bounds, and nothing of a call's arguments is trusted anyhow.
func toolsOf(specs []llm.ToolSpec) ([]sdk.ChatCompletionToolUnionParam, error) {
	var tools []sdk.ChatCompletionToolUnionParam
	for _, spec := range specs {
		f := shared.FunctionDefinitionParam{Name: spec.Name}
		if spec.Description != "" {
			f.Description = param.NewOpt(spec.Description)
		}
		if len(spec.Parameters) > 0 {
			if err := json.Unmarshal(spec.Parameters, &f.Parameters); err != nil {
				return nil, fmt.Errorf("parameters of tool %s: %w", spec.Name, err)
			}
		}
		tools = append(tools, sdk.ChatCompletionFunctionTool(f))
	}
	return tools, nil
}

// inWords adds to the instructions what a server without schemas has no field for.
func inWords(system string, schema *llm.Schema) string {
	return strings.TrimLeft(system+"\n\n", "\n") +
		"Answer with one JSON object and nothing else. It must fit this JSON schema:\n" + string(schema.JSON)
}

func formatOf(schema *llm.Schema, how Structured) (sdk.ChatCompletionNewParamsResponseFormatUnion, error) {
	var format sdk.ChatCompletionNewParamsResponseFormatUnion
	sent, strict, err := projected(schema.JSON, how == StructuredGrammar)
	switch {
	case err != nil:
		return format, fmt.Errorf("schema %s: %w", schema.Name, err)
	case how == StructuredWords:
	case how == StructuredObject:
		format.OfJSONObject = &shared.ResponseFormatJSONObjectParam{}
	default:
		its := shared.ResponseFormatJSONSchemaJSONSchemaParam{Name: schema.Name, Schema: sent}
		if strict && how != StructuredSchema {
			its.Strict = param.NewOpt(true)
		}
		format.OfJSONSchema = &shared.ResponseFormatJSONSchemaParam{JSONSchema: its}
	}
	return format, nil
}
