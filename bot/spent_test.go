package bot_test

import (
	"slices"
	"testing"

	"github.com/askbob/bob/bot"
)

// buttons reads values as they were rendered.
func buttons(t *testing.T, values ...string) (list []bot.Button) {
	t.Helper()
	for _, v := range values {
		b, ok := bot.ParseValue(v)
		if !ok {
			t.Fatalf("%q is no button", v)
		}
		list = append(list, b)
	}
	return list
}

// What a message of a thread offers is held against its job after each click.
func TestConversation_Click_namesWhatDoesNothingAnyMore(t *testing.T) {
	t.Parallel()
	const of, ask = "|job_00000001|", "|job_00000002|1"
	for name, tt := range map[string]struct {
		at     string
		beside []string // the first is pressed
		before func(h *house)
		want   []string
	}{
		"a plan runs": {
			beside: []string{"approve" + ask, "plan|job_00000002|", "edit" + ask, "cheaper" + ask, "reject" + ask},
			want:   []string{"approve" + ask, "edit" + ask, "cheaper" + ask, "reject" + ask},
		},
		"another is looked for": {
			beside: []string{"cheaper" + ask, "approve" + ask, "reject" + ask},
		},
		"a plan is out of date": {
			beside: []string{"approve" + ask, "reject" + ask, "plan|job_00000002|"},
			before: func(h *house) { h.find(waiting).PlanRevision = 2 },
			want:   []string{"approve" + ask, "reject" + ask},
		},
		"a job is over": {
			beside: []string{"pause|job_00000003|", "cancel|job_00000003|", "retry|job_00000003|", "again|job_00000003|", "add|job_00000003|1", "pause" + of},
			want:   []string{"pause|job_00000003|", "cancel|job_00000003|", "add|job_00000003|1"},
		},
		"money is there again": {
			beside: []string{"add" + of + "1", "finish" + of, "details" + of},
			want:   []string{"add" + of + "1", "finish" + of},
		},
		"nothing is asked": {
			beside: []string{"answer" + of + "1.2", "details" + of},
			want:   []string{"answer" + of + "1.2"},
		},
		"one of two questions is open": {
			beside: []string{"details" + of, "answer" + of + "1.2", "answer" + of + "1.3"},
			before: func(h *house) { asking("1.3")(h.find(running)) },
			want:   []string{"answer" + of + "1.2"},
		},
		"a job was forgotten": {
			beside: []string{"results|job_00000009|", "again|job_00000009|"},
			want:   []string{"results|job_00000009|", "again|job_00000009|"},
		},
		"a card is made anew": {
			at: "100.1", beside: []string{"pause|job_00000003|"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := three(t)
			if tt.before != nil {
				tt.before(h)
			}
			if tt.at == "" {
				tt.at = "100.2"
			}
			list := buttons(t, tt.beside...)
			got, err := h.Click(t.Context(), bot.Click{Keys: []string{"press"}, Place: thread, At: tt.at, User: ann, Button: list[0], Beside: list})
			var values []string
			if got.Spent != nil {
				values = got.Spent.Values
			}
			if err != nil || !slices.Equal(values, tt.want) {
				t.Errorf("%v are spent, want %v (%v; said %q)", values, tt.want, err, got.Text)
			}
		})
	}
}
