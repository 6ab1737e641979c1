package web

import (
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"regexp"
	"strconv"
	"strings"

	"github.com/google/jsonschema-go/jsonschema"

	"github.com/askbob/bob/jobs"
)

// object is a part of the OpenAPI document.
type object = map[string]any

// describe makes the OpenAPI document of the routes. The schemas are those of the
// Go types that are read and written.
func describe(routes []route) ([]byte, error) {
	paths := object{}
	schemas := object{}
	for _, r := range routes {
		op, err := r.operation(schemas)
		if err != nil {
			return nil, fmt.Errorf("describe %s %s: %w", r.method, r.path, err)
		}
		methods, ok := paths[r.path].(object)
		if !ok {
			methods = object{}
			paths[r.path] = methods
		}
		methods[strings.ToLower(r.method)] = op
	}
	for _, v := range []any{Problem{}, jobs.Happening{}} { // errors, and what is behind data: in a stream
		if _, err := schemaOf(v, schemas); err != nil {
			return nil, err
		}
	}
	return json.Marshal(object{
		"openapi": "3.1.0",
		"info": object{
			"title": "Bob", "version": "1",
			"description": "Hand Bob a job: it is planned as a tree, run in the background, and handed back finished.",
		},
		"security": []object{{"token": []string{}}},
		"paths":    paths,
		"components": object{
			"schemas":         schemas,
			"securitySchemes": object{"token": object{"type": "http", "scheme": "bearer"}},
		},
	})
}

func (r route) operation(schemas object) (object, error) {
	op := object{"summary": r.summary, "operationId": r.id(), "parameters": r.parameters()}
	if r.open {
		op["security"] = []object{}
	}
	if r.in != nil {
		ref, err := schemaOf(r.in, schemas)
		if err != nil {
			return nil, err
		}
		content := object{jsonType: object{"schema": ref}}
		if _, form := r.in.(Submission); form {
			content["multipart/form-data"] = object{"schema": formSchema()}
		}
		op["requestBody"] = object{"content": content}
	}
	success := object{"description": "done"}
	switch {
	case r.out != nil:
		ref, err := schemaOf(r.out, schemas)
		if err != nil {
			return nil, err
		}
		success["content"] = object{jsonType: object{"schema": ref}}
	case r.media != "":
		success["content"] = object{r.media: object{}}
	}
	status := max(r.status, http.StatusOK)
	op["responses"] = object{
		strconv.Itoa(status): success,
		"default": object{
			"description": "a problem (RFC 9457): what is wrong and what to do",
			"content":     object{problemType: object{"schema": object{"$ref": "#/components/schemas/Problem"}}},
		},
	}
	return op, nil
}

var pathName = regexp.MustCompile(`\{(\w+)\}`)

func (r route) parameters() []object {
	list := []object{}
	for _, m := range pathName.FindAllStringSubmatch(r.path, -1) {
		list = append(list, object{"name": m[1], "in": "path", "required": true, "schema": object{"type": "string"}})
	}
	for _, p := range r.query {
		list = append(list, object{"name": p.name, "in": "query", "description": p.about, "schema": object{"type": "string"}})
	}
	for _, p := range r.header {
		list = append(list, object{"name": p.name, "in": "header", "description": p.about, "schema": object{"type": "string"}})
	}
	return list
}

// id is a name for programs, such as post_jobs_id_pause.
func (r route) id() string {
	path := strings.TrimPrefix(strings.TrimPrefix(r.path, "/api"), "/v1")
	return strings.ToLower(r.method) + strings.TrimRight(regexp.MustCompile(`[^a-z]+`).ReplaceAllString(path, "_"), "_")
}

// schemaOf adds the schema of v's type to schemas and returns a reference to it.
func schemaOf(v any, schemas object) (object, error) {
	t := reflect.TypeOf(v)
	name := strings.ToUpper(t.Name()[:1]) + t.Name()[1:]
	ref := object{"$ref": "#/components/schemas/" + name}
	if schemas[name] != nil {
		return ref, nil
	}
	moves, err := jsonschema.For[jobs.Move](nil)
	if err != nil {
		return nil, err
	}
	s, err := jsonschema.ForType(t, &jsonschema.ForOptions{TypeSchemas: map[reflect.Type]*jsonschema.Schema{
		reflect.TypeFor[json.RawMessage](): {Type: "array", Items: moves},
		reflect.TypeFor[[]byte]():          {Type: "string", ContentEncoding: "base64"},
		reflect.TypeFor[Dollars]():         {Types: []string{"string", "number"}, Description: "US dollars"},
	}})
	schemas[name] = s
	return ref, err
}

// formSchema is a Submission as the fields of a form.
func formSchema() object {
	text := object{"type": "string"}
	return object{"type": "object", "required": []string{"request"}, "properties": object{
		"request": text, "budget": text, "priority": text, "model": text, "private": object{"type": "boolean"}, "ask": object{"type": "boolean"},
		"files": object{"type": "array", "items": object{"type": "string", "contentMediaType": "application/octet-stream"}},
	}}
}
