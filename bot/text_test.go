package bot_test

import (
	"testing"
	"unicode/utf8"

	"github.com/askbob/bob/bot"
)

func TestCut_keeps_letters_whole(t *testing.T) {
	t.Parallel()
	family := "👨‍👩‍👧"
	for _, tt := range []struct {
		text  string
		limit int
		want  string
	}{
		{"short", 5, "short"},
		{"longer", 5, "long…"},
		{"two words", 5, "two…"},
		{"a" + family + "b", 4, "a…"},
		{"a" + family + "bc", 7, "a" + family + "…"},
		{"ab👩‍👩‍👧‍👦", 8, "ab…"},
		{"a b c", 3, "a…"},
		{"e\u0301e\u0301e\u0301", 4, "e\u0301…"},
		{family, 1, "…"},
		{"text", 0, ""},
		{"text", -3, ""},
		{"", 0, ""},
	} {
		if got := bot.Cut(tt.text, tt.limit, utf8.RuneCountInString); got != tt.want {
			t.Errorf("Cut(%q, %d) = %q, want %q", tt.text, tt.limit, got, tt.want)
		}
	}
}
