package tool

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/askbob/bob/jobs"
	"github.com/askbob/bob/llm"
)

// nowTool is the tool now. Time zones are the program's: it must link time/tzdata
// to have them where the system has none.
type nowTool struct{ clock func() time.Time }

var _ jobs.Tool = (*nowTool)(nil)

// Spec implements jobs.Tool.
func (*nowTool) Spec() jobs.ToolSpec {
	return jobs.ToolSpec{
		Name:        "now",
		Description: "Tells the date and time now, in UTC or in an IANA time zone such as Europe/Berlin.",
		Schema: llm.MustSchema("now", `{
	"type": "object", "additionalProperties": false, "required": ["zone"],
	"properties": {"zone": {"type": ["string", "null"], "maxLength": 64, "description": "IANA name; null: UTC"}}
}`),
		Effect: jobs.EffectRead,
	}
}

// Call implements jobs.Tool.
func (t *nowTool) Call(_ context.Context, _ jobs.Files, args json.RawMessage) (jobs.ToolResult, error) {
	var in struct {
		Zone *string `json:"zone"`
	}
	if err := json.Unmarshal(args, &in); err != nil {
		return jobs.ToolResult{}, &jobs.ToolError{Message: "The arguments are no JSON object with zone."}
	}
	zone := "UTC"
	if in.Zone != nil && *in.Zone != "" {
		zone = *in.Zone
	}
	location, err := time.LoadLocation(zone)
	if err != nil || zone == "Local" { // the server's zone is nobody's business
		return jobs.ToolResult{}, &jobs.ToolError{Message: fmt.Sprintf("There is no time zone %q. Use an IANA name such as Europe/Berlin or America/New_York.", zone)}
	}
	now := t.clock().In(location)
	_, week := now.ISOWeek()
	text, err := json.Marshal(map[string]any{
		"time": now.Format(time.RFC3339), "zone": zone, "date": now.Format(time.DateOnly),
		"weekday": now.Weekday().String(), "iso_week": week, "unix": now.Unix(),
	})
	if err != nil {
		return jobs.ToolResult{}, fmt.Errorf("write time: %w", err)
	}
	return jobs.ToolResult{Text: string(text)}, nil
}
