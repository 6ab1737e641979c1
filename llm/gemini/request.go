package gemini

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"google.golang.org/genai"

	"github.com/askbob/bob/llm"
)

// question is a request in the library's words.
type question struct {
	contents []*genai.Content
	config   *genai.GenerateContentConfig
}

// question translates the request. Its errors are mistakes of the caller. Equal
// requests come out equal, and one that goes on begins as the one before it did:
// the provider caches by the beginning.
func (c *call) question() (question, error) {
	if strings.ContainsAny(c.request.Model, "?#&%\\ ") || strings.Contains(c.request.Model, "..") {
		return question{}, fmt.Errorf("%q is no name of a model", c.request.Model)
	}
	contents, err := contentsOf(c.request)
	if err != nil {
		return question{}, err
	}
	config, err := configOf(c.request)
	return question{contents: contents, config: config}, err
}

func configOf(r llm.Request) (*genai.GenerateContentConfig, error) {
	// Automatic continuation would ask again, and bill again, behind our back.
	config := &genai.GenerateContentConfig{AutomaticContinuation: genai.Ptr(false)}
	if r.System != "" {
		config.SystemInstruction = genai.NewContentFromText(r.System, genai.RoleUser)
	}
	if r.MaxOutput > 0 {
		config.MaxOutputTokens = int32(min(r.MaxOutput, maxTokens))
	}
	var declarations []*genai.FunctionDeclaration
	for _, spec := range r.Tools {
		declaration := &genai.FunctionDeclaration{Name: spec.Name, Description: spec.Description}
		if len(spec.Parameters) > 0 {
			form, err := projected(spec.Parameters)
			if err != nil {
				return nil, fmt.Errorf("parameters of tool %s: %w", spec.Name, err)
			}
			declaration.ParametersJsonSchema = form
		}
		declarations = append(declarations, declaration)
	}
	if len(declarations) > 0 {
		config.Tools = []*genai.Tool{{FunctionDeclarations: declarations}}
	}
	if r.Schema != nil {
		form, err := projected(r.Schema.JSON)
		if err != nil {
			return nil, fmt.Errorf("schema %s: %w", r.Schema.Name, err)
		}
		config.ResponseMIMEType, config.ResponseJsonSchema = "application/json", form
	}
	return config, nil
}

// maxTokens is far beyond every model, and what the library's type holds.
const maxTokens = 1 << 30

func contentsOf(r llm.Request) ([]*genai.Content, error) {
	if len(r.Messages) == 0 {
		return nil, errors.New("the request has no messages")
	}
	var contents []*genai.Content
	for i, m := range r.Messages {
		var parts []*genai.Part
		role := genai.RoleUser
		switch m.Role {
		case llm.RoleUser:
			parts = userParts(m)
		case llm.RoleAssistant:
			role, parts = genai.RoleModel, assistantParts(m, r.Model)
		case llm.RoleTool:
			parts = toolParts(m)
		default:
			return nil, fmt.Errorf("a message has the role %q", m.Role)
		}
		if len(parts) == 0 {
			return nil, fmt.Errorf("message %d is empty", i+1)
		}
		contents = append(contents, &genai.Content{Role: role, Parts: parts})
	}
	return contents, nil
}

func userParts(m llm.Message) []*genai.Part {
	parts := textParts(m)
	for _, image := range m.Images {
		parts = append(parts, genai.NewPartFromBytes(image.Data, image.MediaType))
	}
	return parts
}

func textParts(m llm.Message) []*genai.Part {
	if m.Text == "" {
		return nil // a part without anything is refused
	}
	return []*genai.Part{genai.NewPartFromText(m.Text)}
}

func assistantParts(m llm.Message, model string) []*genai.Part {
	parts := textParts(m)
	for i, call := range m.Calls {
		part := &genai.Part{
			FunctionCall:     &genai.FunctionCall{ID: call.ID, Name: call.Name, Args: argsOf(call.Args)},
			ThoughtSignature: signatureOf(call.Signature, model),
		}
		// Only the first of several calls is signed.
		if i == 0 && part.ThoughtSignature == nil && wantsSignatures(model) {
			part.ThoughtSignature = []byte(foreign)
		}
		parts = append(parts, part)
	}
	return parts
}

// argsOf reads arguments as an object, which is all that the API takes. What a
// model wrote instead of one goes back to it as it was, under a name.
func argsOf(args json.RawMessage) map[string]any {
	var object map[string]any
	switch err := json.Unmarshal(args, &object); {
	case len(args) == 0:
		return nil
	case err != nil:
		return map[string]any{"input": string(args)}
	}
	return object
}

// toolParts names results and errors as the API wants them told apart.
func toolParts(m llm.Message) []*genai.Part {
	var parts []*genai.Part
	for _, result := range m.Results {
		key := "output"
		if result.Error {
			key = "error"
		}
		parts = append(parts, &genai.Part{FunctionResponse: &genai.FunctionResponse{
			ID: result.ID, Name: result.Name, Response: map[string]any{key: result.Text},
		}})
	}
	return parts
}

// foreign is the signature that the API documents for calls that it did not make:
// those of another model, to which a conversation came by a change of routes.
// https://ai.google.dev/gemini-api/docs/thought-signatures
const foreign = "skip_thought_signature_validator"

// wantsSignatures reports whether a model refuses calls of the current turn that
// carry no signature: Gemini has done so since version 3.
func wantsSignatures(model string) bool {
	version, ok := strings.CutPrefix(strings.TrimPrefix(model, "models/"), "gemini-")
	return ok && !strings.HasPrefix(version, "1") && !strings.HasPrefix(version, "2")
}

// signed is how a signature is kept in an llm.ToolCall: with the model, for no
// other one can read it.
func signed(signature []byte, model string) string {
	if len(signature) == 0 {
		return ""
	}
	return signatureMark(model) + base64.StdEncoding.EncodeToString(signature)
}

// signatureOf is the inverse. It returns nil for what another model signed.
func signatureOf(kept, model string) []byte {
	text, ok := strings.CutPrefix(kept, signatureMark(model))
	if !ok {
		return nil
	}
	signature, err := base64.StdEncoding.DecodeString(text)
	if err != nil || len(signature) == 0 {
		return nil
	}
	return signature
}

func signatureMark(model string) string { return "gemini " + model + " " }
