package run

import (
	"context"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/askbob/bob/jobs"
	"github.com/askbob/bob/llm"
	"github.com/askbob/bob/llm/llmtest"
)

// album is a jobs.Files that has every picture.
type album struct{ jobs.Files }

func (album) Read(_ context.Context, name string) ([]byte, error) {
	return []byte("picture " + name), nil
}

// gallery is a ledger whose job has pictures.
type gallery struct{ *ledger }

func (gallery) Files(*jobs.Node) jobs.Files { return album{} }

func TestCrew_Work_showsPicturesToAStepThatMustSeeThem(t *testing.T) {
	t.Parallel()
	brief := jobs.Briefing{
		Files: []jobs.FileInfo{
			{Name: "a.png", MediaType: "image/png", Bytes: 9},
			{Name: "b.csv", MediaType: "text/csv", Bytes: 9},
			{Name: "huge.png", MediaType: "image/png", Bytes: 9 << 20},
			{Name: "c.svg", MediaType: "image/svg+xml", Bytes: 9},
		},
		Artifacts: []jobs.FileInfo{{Name: "d.jpg", MediaType: "image/jpeg", Bytes: 9}, {Name: "e.gif", MediaType: "image/gif", Bytes: 9}},
	}
	tests := map[string]struct {
		vision  bool
		context int
		want    []llm.Image
		names   string
	}{
		"all that may be shown": {
			true, 100_000,
			[]llm.Image{{MediaType: "image/png", Data: []byte("picture a.png")}, {MediaType: "image/jpeg", Data: []byte("picture d.jpg")}, {MediaType: "image/gif", Data: []byte("picture e.gif")}},
			`{"shown":["a.png","d.jpg","e.gif"],"not_shown":["huge.png"]}`,
		},
		"as many as the model has room for": {
			true, 30_000,
			[]llm.Image{{MediaType: "image/png", Data: []byte("picture a.png")}},
			`{"shown":["a.png"],"not_shown":["huge.png","d.jpg","e.gif"]}`,
		},
		"none to a step that did not ask": {false, 100_000, nil, ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			script := llmtest.NewScript(llmtest.Text("done"))
			c, err := NewCrew(CrewConfig{
				Store: gallery{&ledger{brief: brief}}, Models: sized{one{script}, tt.context},
				Planner: unused{}, Combiner: unused{}, Gather: func([]jobs.NodeResult) string { return "" },
			})
			if err != nil {
				t.Fatal(err)
			}
			n := task7()
			n.Needs.Vision = tt.vision
			if _, err := c.Work(t.Context(), n); err != nil {
				t.Fatal(err)
			}
			got := script.Requests()[0]
			if diff := cmp.Diff(tt.want, got.Messages[0].Images); diff != "" {
				t.Errorf("pictures (-want +got):\n%s", diff)
			}
			if names, _ := llm.SectionOf(got.Messages[0].Text, jobs.SectionPictures); names != tt.names {
				t.Errorf("the pictures are named %s, want %s", names, tt.names)
			}
			if size := llm.InputTokens(got); size > int64(tt.context) {
				t.Errorf("%d tokens of %d", size, tt.context)
			}
		})
	}
}
