package demo

//nolint:gochecknoglobals // constant tables
var (
	// lessWords ask for a smaller plan.
	lessWords = lexicon{
		"cheap*", "less", "fewer", "smaller", "short*", "simpl*", "quick*", "faster",
		"billig*", "günstig*", "weniger", "kleiner", "kürzer", "kurz", "einfach*", "schneller",
	}
	// notWords turn the meaning of what follows, which no rule looks at.
	notWords = lexicon{"no", "not", "without", "skip", "leave", "drop", "don't", "dont", "instead", "kein*", "nicht", "ohne", "statt"}
)

const notUnderstood = "the demo model cannot change a plan by these words: it understands \"cheaper\", and \"as a report\", slides, a chart or an analysis"

// kind is the text that says what kind of result is wanted: a wish that names one, else
// the request.
func (b briefing) kind() string {
	w := b.wish.Wish
	if b.wish.Cheaper || lessWords.in(w) || notWords.in(w) {
		return b.request
	}
	if deckWords.in(w) || reportWords.in(w) || chartWords.in(w) || analysisWords.in(w) {
		return w
	}
	return b.request
}

// wished leaves the shapes that are as a wish has them: of another kind, or smaller
// than the plan that there is; if that is the smallest, it stays. It reports false for
// a wish that is not understood.
func wished(b briefing, shapes [][]planNode) ([][]planNode, bool) {
	switch {
	case b.wish.Cheaper, lessWords.in(b.wish.Wish) && !notWords.in(b.wish.Wish):
	default:
		return shapes, b.kind() != b.request
	}
	for i := range shapes {
		if len(shapes[i]) < b.wish.nodes {
			return shapes[i:], true
		}
	}
	return shapes[len(shapes)-1:], true
}
