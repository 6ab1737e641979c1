package demo_test

import (
	"fmt"
	"strings"
)

// salesCSV has four quarters with more in each, three regions, and ids that must
// not be added up.
func salesCSV() string {
	var b strings.Builder
	b.WriteString("order_id,order_date,region,product,units,unit_price,revenue\n")
	regions, products := []string{"North", "South", "West"}, []string{"Lamp", "Desk"}
	for i := range 240 {
		month, day := i%12+1, i%28+1
		units, price := i%7+1, 10.5+float64(i%5)
		if i == 71 {
			units = 100
		}
		fmt.Fprintf(&b, "%d,2025-%02d-%02d,%s,%s,%d,%.2f,%.2f\n", 5000+i, month, day,
			regions[i%3], products[i%2], units, price, float64(units)*price)
	}
	return b.String()
}

const seedRequest = "Analyze the Q4 sales data and create a presentation"

func germanCSV() string {
	var b strings.Builder
	b.WriteString("Umsatz;Region;Datum\n")
	for i := range 60 {
		fmt.Fprintf(&b, "%d,50;%s;%02d.%02d.2025\n", 100+i*3, []string{"Süd", "Nord", "Ost", "West"}[i%4], i%28+1, i%6+1)
	}
	return b.String()
}

const noDates = `country,population,gdp_per_capita
Norland,5400000,82000.5
Sudria,10300000,55000.25
Westia,8700000,61000
Ostmark,1200000,40500
`

const onlyText = `name,team,mood
Ann,Red,good
Bob,Red,bad
Cid,Blue,good
Dee,Blue,good
Eve,Red,good
Fay,Green,bad
`

const oneRow = "item,amount\nLamp,12.5\n"

func chineseCSV() string {
	var b strings.Builder
	b.WriteString("订单编号,日期,地区,产品类别,销售额,数量\n")
	for i := range 48 {
		fmt.Fprintf(&b, "%d,2025-%02d-%02d,%s,%s,%d.25,%d\n", 90001+i, i%12+1, i%27+1,
			[]string{"华东", "华北", "华南"}[i%3], []string{"家具", "电器"}[i%2], 300+i*11, i%9+1)
	}
	return b.String()
}

func wideCSV() string {
	var head []string
	for i := range 100 {
		head = append(head, fmt.Sprintf("c%03d", i))
	}
	lines := []string{strings.Join(head, ",")}
	for r := range 30 {
		var row []string
		for i := range 100 {
			switch i % 10 {
			case 0:
				row = append(row, "g"+fmt.Sprint((r+i)%4))
			default:
				row = append(row, fmt.Sprint((r*7+i*13)%50))
			}
		}
		lines = append(lines, strings.Join(row, ","))
	}
	return strings.Join(lines, "\n") + "\n"
}
