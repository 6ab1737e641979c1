package tool_test

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/askbob/bob/jobs"
	"github.com/askbob/bob/jobs/tool"
)

// largest is a CSV as large as an attachment may be.
func largest(columns int) []byte {
	var b bytes.Buffer
	for c := range columns {
		fmt.Fprintf(&b, "c%d,", c)
	}
	b.WriteString("last\n")
	row := 64 * columns
	for r := 0; b.Len() < jobs.MaxFile-row; r++ {
		for c := range columns {
			fmt.Fprint(&b, [...]any{r * 7 % 977, fmt.Sprintf("n%d", r%50), fmt.Sprintf("2024-%02d-11", r%12+1), float64(r%100) + 0.5}[c%4], ",")
		}
		b.WriteString("1\n")
	}
	return b.Bytes()
}

func BenchmarkInspectLargest(b *testing.B) {
	for _, columns := range []int{9, 100} {
		data := largest(columns)
		b.Run(fmt.Sprint(columns, " columns"), func(b *testing.B) {
			b.SetBytes(int64(len(data)))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := (&tool.Inspector{}).Inspect(b.Context(), "big.csv", data); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkLoadLargest(b *testing.B) {
	data := largest(9)
	files := newDataFiles().artifact("big.csv", data)
	info, err := (&tool.Inspector{}).Inspect(b.Context(), "big.csv", data)
	if err != nil {
		b.Fatal(err)
	}
	files.infos["big.csv"] = info
	b.SetBytes(int64(len(data)))
	b.ResetTimer()
	for b.Loop() {
		d := tool.NewData(tool.DataConfig{Now: dataNow})
		if _, _, err := d.Query(b.Context(), files, "select c1, sum(c3) from big group by 1", 100); err != nil {
			b.Fatal(err)
		}
		if err := d.Close(); err != nil {
			b.Fatal(err)
		}
	}
}
