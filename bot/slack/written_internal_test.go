package slack

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestWritten_isWhatThePersonWrote(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"<@U0BOB> do it":                       "do it",
		"hey <@U0BOB|bob> do it":               "hey  do it",
		"ask <@U1>":                            "ask @U1",
		"ask <@U1|ann>":                        "ask @ann",
		"in <#C1|jobs> or <#C2>":               "in #jobs or #C2",
		"<!here> <!channel|@channel> wake up":  "@here @channel wake up",
		"<!subteam^S1|@devs> look":             "@devs look",
		"<!date^1392734382^{date}|2014> it is": "2014 it is",
		"<https://a.example/x?y=1&amp;z=2>":    "https://a.example/x?y=1&z=2",
		"<https://a.example|a.example>":        "https://a.example",
		"<https://a.example/q|the page>":       "the page (https://a.example/q)",
		"<mailto:a@b.example|a@b.example>":     "a@b.example",
		"1 &lt; 2 &amp;&amp; 3 &gt; 2":         "1 < 2 && 3 > 2",
		"&amp;lt;b&amp;gt;":                    "&lt;b&gt;",
		"  a < b  ":                            "a < b",
		"<":                                    "<",
		"<>":                                   "<>",
		"<|x>":                                 "<|x>",
		"<@>":                                  "@",
		"":                                     "",
	} {
		if got := written(text, "U0BOB"); got != want {
			t.Errorf("%q was read as %q, want %q", text, got, want)
		}
	}
	if got := written(strings.Repeat("ü", maxText), ""); len(got) > maxText || !utf8.ValidString(got) {
		t.Errorf("%d bytes of a text that is too long", len(got))
	}
	if got := written("<@U1> x", ""); got != "@U1 x" {
		t.Errorf("without a name of its own it reads %q", got)
	}
}

func FuzzWritten(f *testing.F) {
	for _, seed := range []string{"<@U0BOB> a", "<<@U1|>", "&amp;lt;", "<!date^1^{x}|y>", "<http://x|", "a<b>c<"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got := written(text, "U0BOB")
		if strings.TrimSpace(got) != got || len(got) > len(text)+4*strings.Count(text, "<")+4 {
			t.Errorf("%q was read as %q", text, got)
		}
		if !strings.ContainsAny(text, "<&") && len(text) <= maxText && got != strings.TrimSpace(text) {
			t.Errorf("%q has nothing to undo, and was read as %q", text, got)
		}
		if utf8.ValidString(text) && !utf8.ValidString(got) {
			t.Errorf("%q became %q, which is no text", text, got)
		}
	})
}
