package tool_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/askbob/bob/jobs/tool"
)

func compute(t *testing.T, expression string) (result string, exact bool, err error) {
	t.Helper()
	text, err := call(t, newData(t), newDataFiles(), "calculate", map[string]any{"expression": expression})
	if err != nil {
		return "", false, err
	}
	var r struct {
		Result string
		Exact  bool
	}
	if err := json.Unmarshal([]byte(text), &r); err != nil {
		t.Fatal(err)
	}
	return r.Result, r.Exact, nil
}

func TestCalculateIsExact(t *testing.T) {
	t.Parallel()
	for expression, want := range map[string]string{
		"17% of 340":                     "57.8",
		"0.1 + 0.2":                      "0.3",
		"1,234.5 * 2":                    "2469",
		"max(1,234)":                     "234",
		"max((1,234), 5)":                "1234",
		"2^100":                          "1267650600228229401496703205376",
		"-2^2":                           "-4",
		"2^-2":                           "0.25",
		"2^3^2":                          "512",
		"(1+2)*3 - 4/8":                  "8.5",
		"7 mod 3":                        "1",
		"17 % 5":                         "2",
		"-7 mod 3":                       "2",
		"200 * 110%":                     "220",
		"50% of 50% of 8":                "2",
		"sqrt(1/4)":                      "0.5",
		"√16 + 1":                        "5",
		"round(2.5) + round(-2.5)":       "0",
		"round(2.345, 2)":                "2.35",
		"round(12345, -2)":               "12300",
		"floor(-1.5)":                    "-2",
		"ceil(1.2)":                      "2",
		"abs(-3) + min(4, 2; 3)":         "5",
		"1.5e3":                          "1500",
		"= 6 × 7 =?":                     "42",
		"12 ÷ 4 − 1":                     "2",
		"1'000_000":                      "",
		"1_000_000":                      "1000000",
		"9999999999999999999999999999+1": "10000000000000000000000000000",
	} {
		if want == "" {
			continue
		}
		got, exact, err := compute(t, expression)
		if err != nil || got != want || !exact {
			t.Errorf("%s = %q (exact %v), %v; want %s", expression, got, exact, err, want)
		}
	}
}

func TestCalculateSaysWhenAResultIsNotAllOfIt(t *testing.T) {
	t.Parallel()
	for expression, want := range map[string]string{
		"1/3":     "0.333333333333333333333333333333",
		"sqrt(2)": "1.4142135623730950488",
		"2^0.3":   "1.23114441334491",
		"pi":      "3.14159265358979",
	} {
		got, exact, err := compute(t, expression)
		if err != nil || exact || !strings.HasPrefix(got, want) {
			t.Errorf("%s = %q (exact %v), %v; want %s…, not exact", expression, got, exact, err, want)
		}
	}
}

func TestCalculateRefusesWhatItCannot(t *testing.T) {
	t.Parallel()
	for expression, want := range map[string]string{
		"1/0":                          "division by zero",
		"0^-1":                         "division by zero",
		"5 mod 0":                      "division by zero",
		"2^99999999":                   "too large",
		"9^9^9^9":                      "too large",
		"1e999999999":                  "too large",
		"2^5000 * 2^5000":              "digits",
		"sqrt(-1)":                     "negative",
		"1 +":                          "ends too early",
		"(1":                           "ends too early",
		"2 $ 3":                        "not understood",
		"system(1)":                    "not known",
		"x + 1":                        "not known",
		strings.Repeat("(", 100) + "1": "too deep",
		strings.Repeat("-", 900) + "x": "not known",
		"round(1, 1000)":               "up to 100",
		"2 ** 3":                       "use ^",
	} {
		if got, _, err := compute(t, expression); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s = %q, %v; want an error with %q", expression, got, err, want)
		}
	}
}

func FuzzCalculateNeverPanics(f *testing.F) {
	for _, seed := range []string{"17% of 340", "1,2(3", "max(1;2)^-3e5", "√√9%%", "1e", "((", "e^pi", "5%(3)", "\xff"} {
		f.Add(seed)
	}
	d := tool.NewData(tool.DataConfig{Now: dataNow})
	f.Fuzz(func(t *testing.T, expression string) {
		args, err := json.Marshal(map[string]string{"expression": expression})
		if err != nil {
			t.Skip()
		}
		for _, tl := range d.Tools() {
			if tl.Spec().Name != "calculate" {
				continue
			}
			result, err := tl.Call(t.Context(), newDataFiles(), args)
			if (err == nil) == (result.Text == "") {
				t.Errorf("%q: %q, %v", expression, result.Text, err)
			}
		}
	})
}
