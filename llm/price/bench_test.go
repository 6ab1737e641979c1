package price_test

import (
	"testing"

	"github.com/askbob/bob/llm/price"
)

func BenchmarkNewTable(b *testing.B) {
	for b.Loop() {
		if _, err := price.NewTable(); err != nil {
			b.Fatal(err)
		}
	}
}
