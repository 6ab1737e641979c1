package llm_test

import (
	"math"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/askbob/bob/llm"
)

func TestParseMoney(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]llm.Money{
		"2": 2 * llm.Dollar, "0.50": llm.Dollar / 2, "$1.25": 5 * llm.Dollar / 4, " $3 ": 3 * llm.Dollar,
		"0": 0, "0.000000001": 1, "9223372036.854775807": math.MaxInt64, ".5": llm.Dollar / 2,
	} {
		if got, err := llm.ParseMoney(text); err != nil || got != want {
			t.Errorf("ParseMoney(%q) = %d, %v, want %d", text, got, err, want)
		}
	}
}

func TestParseMoney_refusesWhatIsNoAmount(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"", "$", "-1", "1e3", "1/2", "0x10", "1,50", "ten", "1.2.3", ".", "NaN", "Inf", "1 2", "$$1",
		"0.0000000001", "9223372036.854775808", "1" + strings.Repeat("0", 30), "1_000",
	} {
		if got, err := llm.ParseMoney(text); err == nil {
			t.Errorf("ParseMoney(%q) = %d, want an error", text, got)
		}
	}
}

func TestMoney_String_isExactAndReadsBack(t *testing.T) {
	t.Parallel()
	for money, want := range map[llm.Money]string{
		0: "0.000000000", 31_200_000: "0.031200000", -1: "-0.000000001",
		math.MaxInt64: "9223372036.854775807", math.MinInt64: "-9223372036.854775808",
	} {
		if got := money.String(); got != want {
			t.Errorf("Money(%d).String() = %q, want %q", int64(money), got, want)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		want := llm.Money(rapid.Int64Min(0).Draw(t, "amount"))
		if got, err := llm.ParseMoney(want.String()); err != nil || got != want {
			t.Fatalf("ParseMoney(%q) = %d, %v, want %d", want, got, err, want)
		}
	})
}

func TestMoney_Short_neverShowsAnAmountAsNothing(t *testing.T) {
	t.Parallel()
	for money, want := range map[llm.Money]string{
		0: "$0.00", 1_200_000_000: "$1.20", 3_100_000: "$0.0031", 1_500: "$0.0000015", 1: "$0.000000001",
	} {
		if got := money.Short(); got != want {
			t.Errorf("Money(%d).Short() = %q, want %q", int64(money), got, want)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		money := llm.Money(rapid.Int64Min(1).Draw(t, "amount"))
		if short := money.Short(); strings.Trim(short, "$0.") == "" {
			t.Fatalf("%d is shown as %s", int64(money), short)
		}
	})
}
