package price_test

import (
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"charm.land/catwalk/pkg/embedded"
	"github.com/google/go-cmp/cmp"

	"github.com/askbob/bob/llm"
	"github.com/askbob/bob/llm/price"
)

func table(tb testing.TB, overrides ...price.Override) *price.Table {
	tb.Helper()
	t, err := price.NewTable(overrides...)
	if err != nil {
		tb.Fatal(err)
	}
	return t
}

func TestTable_readsTheCatalogueWhateverItsFieldsMean(t *testing.T) {
	t.Parallel()
	catalogue := table(t)
	for key, want := range map[price.Key][4]float64{ // in, read, write, out
		{Provider: "anthropic", Model: "claude-sonnet-4-5-20250929"}: {3, 0.3, 3.75, 15},
		{Provider: "openai", Model: "gpt-5.5"}:                       {5, 0.5, 5, 30},
		{Provider: "gemini", Model: "gemini-3.7-flash"}:              {0.75, 0.075, 0.75, 3.75},
	} {
		entry, ok := catalogue.Lookup(key.Provider, key.Model)
		if !ok {
			t.Errorf("%v is not in the catalogue", key)
			continue
		}
		p, _ := price.PerMillion(want[0], want[1], want[2], want[3])
		if diff := cmp.Diff(p, entry.Price); diff != "" || !entry.Priced || entry.Context == 0 {
			t.Errorf("%v: %+v (-want +got):\n%s", key, entry, diff)
		}
	}
}

// TestTable_isNeverFarFromItsSource holds all models to what the normaliser
// promises.
func TestTable_isNeverFarFromItsSource(t *testing.T) {
	t.Parallel()
	catalogue := table(t)
	models := 0
	for _, provider := range embedded.GetAll() {
		for _, m := range provider.Models {
			models++
			entry, ok := catalogue.Lookup(string(provider.ID), m.ID)
			if !ok {
				t.Errorf("%s at %s is missing", m.ID, provider.ID)
				continue
			}
			p := entry.Price
			if free := m.CostPer1MIn == 0 && m.CostPer1MOut == 0; free == entry.Priced {
				t.Errorf("%s at %s: priced = %v at %v and %v dollars", m.ID, provider.ID, entry.Priced, m.CostPer1MIn, m.CostPer1MOut)
			}
			if p.CacheRead > p.In || p.CacheWrite < p.In || p.CacheWrite > 2*p.In {
				t.Errorf("%s at %s: %+v", m.ID, provider.ID, p)
			}
		}
	}
	if models < 1000 {
		t.Errorf("the catalogue has %d models, want more than 1000", models)
	}
}

// TestCatalogueVersion_isTheOneLinked keeps receipts honest after an update.
func TestCatalogueVersion_isTheOneLinked(t *testing.T) {
	t.Parallel()
	mod, err := os.ReadFile(filepath.Join("..", "..", "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(mod), price.CatalogueVersion) {
		t.Errorf("go.mod does not have %s: set the version and its date anew", price.CatalogueVersion)
	}
}

func TestTable_overridesWin(t *testing.T) {
	t.Parallel()
	dear := price.Price{In: 9 * llm.Dollar, CacheRead: 9 * llm.Dollar, CacheWrite: 9 * llm.Dollar, Out: 9 * llm.Dollar}
	got := table(t,
		price.Override{Key: price.Key{Provider: "openai", Model: "gpt-5.5"}, Price: dear},
		price.Override{Key: price.Key{Provider: "here", Model: "qwen"}},
	)
	if entry, _ := got.Lookup("openai", "gpt-5.5"); entry.Price != dear || entry.Context == 0 {
		t.Errorf("entry = %+v, want the price of the configuration and the rest of the catalogue", entry)
	}
	if entry, ok := got.Lookup("here", "qwen"); !ok || !entry.Priced || entry.Price != (price.Price{}) {
		t.Errorf("entry = %+v, %v, want a free model", entry, ok)
	}
	if _, ok := got.Lookup("elsewhere", "qwen"); ok {
		t.Error("a price at one provider holds at another")
	}
}

func TestTable_takesTheInputPriceForCachesThatHaveNone(t *testing.T) {
	t.Parallel()
	key := price.Key{Provider: "here", Model: "qwen"}
	entry, _ := table(t, price.Override{Key: key, Price: price.Price{In: 5, CacheRead: 1, Out: 9}}).Lookup("here", "qwen")
	if want := (price.Price{In: 5, CacheRead: 1, CacheWrite: 5, Out: 9}); entry.Price != want {
		t.Errorf("price = %+v, want %+v", entry.Price, want)
	}
}

func TestNewTable_refusesBadOverrides(t *testing.T) {
	t.Parallel()
	for _, o := range []price.Override{
		{Key: price.Key{Model: "m"}},
		{Key: price.Key{Provider: "p"}},
		{Key: price.Key{Provider: "p", Model: "m"}, Price: price.Price{Out: -1}},
	} {
		if _, err := price.NewTable(o); err == nil {
			t.Errorf("NewTable(%+v) = nil, want an error", o)
		}
	}
}

func TestPerMillion_refusesWhatIsNoPrice(t *testing.T) {
	t.Parallel()
	for _, dollars := range []float64{-1, math.NaN(), math.Inf(1), 1e12} {
		if p, ok := price.PerMillion(1, 1, 1, dollars); ok {
			t.Errorf("PerMillion(%v) = %+v, want none", dollars, p)
		}
	}
	if p, ok := price.PerMillion(0.0028, 0, 0, 0.1); !ok || p.In != 2_800_000 || p.Out != 100_000_000 {
		t.Errorf("PerMillion = %+v, %v", p, ok)
	}
}
