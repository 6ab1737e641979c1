package demo

import (
	"strings"
	"unicode"
)

// words splits a text into lower-case words: at everything that is neither letter
// nor digit, and inside of camelCase.
func words(text string) []string {
	var b strings.Builder
	lower := false
	for _, r := range text {
		if unicode.IsUpper(r) && lower {
			b.WriteByte(' ')
		}
		lower = unicode.IsLower(r)
		b.WriteRune(unicode.ToLower(r))
	}
	return strings.FieldsFunc(b.String(), func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.IsMark(r) && r != '%' && r != '€' && r != '$'
	})
}

// lexicon is a list of words to recognise. "x*" stands for words that begin with
// x, "*x" and "*x*" for those that contain it. A word of a script without spaces is looked
// for everywhere.
type lexicon []string

// in reports whether one of the text's words is in the lexicon.
func (l lexicon) in(text string) bool {
	list := words(text)
	for _, entry := range l {
		for _, word := range list {
			if matches(entry, word) {
				return true
			}
		}
	}
	return false
}

func matches(entry, word string) bool {
	if inner, ok := strings.CutPrefix(entry, "*"); ok {
		return strings.Contains(word, strings.TrimSuffix(inner, "*"))
	}
	if start, ok := strings.CutSuffix(entry, "*"); ok {
		return strings.HasPrefix(word, start)
	}
	if spaceless(entry) {
		return strings.Contains(word, entry)
	}
	return word == entry
}

func spaceless(word string) bool {
	for _, r := range word {
		return unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Thai)
	}
	return false
}

// What requests ask for.
//
//nolint:gochecknoglobals // constant tables
var (
	deckWords = lexicon{
		"presentation*", "slide*", "deck*", "powerpoint", "pptx", "ppt", "*präsentation*", "folie*", "vortrag",
		"diapositiv*", "présentation*", "presentación", "演示", "幻灯片", "簡報", "プレゼン", "スライド",
	}
	reportWords = lexicon{
		"report", "reports", "document", "documents", "pdf", "docx", "word", "memo", "*bericht*", "dokument*", "report*", "informe",
		"rapport", "报告", "文档", "レポート",
	}
	chartWords = lexicon{
		"chart*", "graph", "graphs", "plot*", "diagram*", "visuali*", "pie", "histogram*", "scatter*", "grafik*", "schaubild*",
		"*diagramm*", "visualisier*", "图表", "图", "グラフ",
	}
	analysisWords = lexicon{
		"analy*", "insight*", "trend*", "summar*", "overview", "explore", "compare*", "evaluat*", "*auswert*", "*analys*",
		"untersuch*", "vergleich*", "überblick", "zusammenfass*", "erkenntnis*", "分析", "洞察",
	}
	sumWords  = lexicon{"what", "what's", "whats", "how", "calculat*", "compute", "solve", "was", "wie", "*rechne*", "ergibt"}
	timeWords = lexicon{"time", "uhr", "uhrzeit", "spät", "date", "today", "datum", "heute", "now", "clock"}
)

// How charts are asked for.
var chartKinds = []struct { //nolint:gochecknoglobals // a constant table
	kind  string
	words lexicon
}{
	{"pie", lexicon{"pie", "donut", "*kreisdiagramm*", "*tortendiagramm*", "饼图"}},
	{"line", lexicon{"line", "*liniendiagramm*", "折线图"}},
	{"area", lexicon{"area", "*flächendiagramm*"}},
	{"scatter", lexicon{"scatter*", "*streudiagramm*", "correlation", "散点图"}},
	{"bar", lexicon{"bar", "bars", "column", "*balken*", "*säulen*", "柱状图"}},
}

// What columns are, told by their headers.
//
//nolint:gochecknoglobals // constant tables
var (
	idWords = lexicon{
		"id", "ids", "uuid", "guid", "sku", "zip", "zipcode", "plz", "*postleitzahl*", "postal", "postcode", "phone", "tel",
		"telefon*", "fax", "iban", "ean", "isbn", "vin", "ssn", "lat", "lon", "lng", "latitude", "longitude",
		"*kundennummer*", "*rechnungsnummer*", "*bestellnummer*", "*artikelnummer*",
		"编号", "序号", "邮编", "邮政", "电话", "号码", "番号", "单号",
	}
	lastIDWords = lexicon{"no", "nr", "num", "number", "nummer", "code", "key", "index", "row", "#"}
	yearWords   = lexicon{"year*", "jahr*", "*jahr", "fy", "año", "année", "anno", "年", "年份"}
	totalWords  = lexicon{"total*", "sum", "*summe*", "*gesamt*", "总*", "合计", "総"}
	rateWords   = lexicon{
		"price*", "*preis*", "rate", "rates", "ratio*", "percent*", "pct", "%", "share*", "*anteil*", "*quote", "avg", "average",
		"mean", "median", "score*", "rating*", "*bewertung*", "age", "alter", "temp", "temperatur*", "discount*", "*rabatt*",
		"*satz", "*durchschnitt*", "mittel*", "per", "pro", "je", "speed", "length", "width", "height", "depth", "level",
		"balance*", "inventory", "*bestand", "*prozent*", "latency", "单价", "价格", "率", "平均", "评分", "折扣", "年龄", "温度", "比例", "占比",
		"得分", "単価", "precio", "prix", "taux", "tasa", "index",
	}
	notRateWords = lexicon{"umsatz", "*umsatz", "einsatz"} // end like a rate in German, but are none
	moneyWords   = lexicon{
		"revenue*", "sales", "turnover", "*umsatz*", "*umsätze*", "*erlös*", "销售额", "收入", "营业额", "売上", "ingreso*", "venta*",
		"ventes", "chiffre",
	}
	amountWords = lexicon{
		"amount*", "total*", "value", "net", "gross", "profit*", "income", "gmv", "*betrag*", "*gewinn*", "*wert", "*summe*",
		"netto", "brutto", "利润", "金额", "总额", "額", "monto", "importe", "montant",
	}
	quantityWords = lexicon{
		"quantity", "qty", "units", "count", "orders", "*menge*", "*anzahl*", "stück*", "数量", "销量", "個数", "cantidad", "quantité",
		"cost*", "*kosten*", "成本", "费用",
	}
	groupWords = lexicon{
		"region*", "country", "countr*", "state", "city", "product*", "category", "categor*", "segment*", "channel*", "type",
		"department", "team", "brand", "land", "*produkt*", "*kategorie*", "*gruppe*", "*kanal*", "*abteilung*", "*filiale*",
		"stadt", "*gebiet*", "地区", "区域", "产品", "类别", "类型", "城市", "渠道", "地域", "商品", "produit", "pays", "país",
	}
	cyclicWords   = lexicon{"month", "monat", "quarter", "quartal", "weekday", "wochentag", "week", "store", "branch", "filiale", "月", "月份", "季度"}
	mainDateWords = lexicon{"date", "*datum*", "order*", "day", "tag", "sale*", "month", "日期", "下单", "日付", "fecha"}
)
