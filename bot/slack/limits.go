package slack

// surface is where blocks are shown: each takes other blocks, and not as many.
type surface string

// The surfaces.
const (
	surfaceMessage surface = "message"
	surfaceModal   surface = "modal"
	surfaceHome    surface = "home"
)

// The sizes that Slack takes: in characters, where nothing else is said. Slack does not
// say whether it counts code points or UTF-16 units; the latter are never fewer.
// https://docs.slack.dev/reference/block-kit, and for all that it leaves open
// https://github.com/nicklambourne/slackblocks/blob/master/spec/limits.json.
const (
	maxMessageBlocks = 50
	maxViewBlocks    = 100
	maxViewBytes     = 200_000 // of JSON; Slack says 250 KB

	maxTextObject = 3_000
	maxHeader     = 150
	maxViewTitle  = 24 // and the buttons that close and submit
	maxInputLabel = 2_000
	maxInputText  = 3_000
	maxInputFiles = 10

	maxActions      = 25 // of one block
	maxButtonText   = 75
	maxConfirmTitle = 100
	maxConfirmText  = 300
	maxConfirmLabel = 30

	maxOptions      = 100
	maxOptionText   = 75
	maxOptionValue  = 150
	maxTableRows    = 100
	maxTableColumns = 20
	maxListIndent   = 8
)

// What all texts of one message hold together. Slack does not say; it was seen to refuse
// 11,341 characters (https://github.com/slackapi/bolt-js/issues/2509). The text for
// notifications and screen readers counts too.
const (
	maxMessageText = 9_000
	maxFallback    = 2_000
	maxBlocksText  = maxMessageText - maxFallback
	maxViewText    = 20_000 // Slack says nothing: it is as much as one reads in a window
)

// Bounds of Bob's own, that keep a card short.
const (
	maxTasks     = 20 // steps of a plan
	maxTaskTitle = 150
	maxLine      = 500 // one line of a card or page
	maxCardLines = 10  // of what it waits for, and of hints
)

// room is what still fits.
type room struct {
	blocks int
	text   int
	bytes  int
	tables int
}

// roomOf is what a surface holds.
func roomOf(s surface) room {
	if s == surfaceMessage {
		return room{blocks: maxMessageBlocks, text: maxBlocksText, bytes: maxViewBytes, tables: 1}
	}
	return room{blocks: maxViewBlocks, text: maxViewText, bytes: maxViewBytes}
}

// holds reports whether something of that size fits.
func (r room) holds(size room) bool {
	return size.blocks <= r.blocks && size.text <= r.text && size.bytes <= r.bytes && size.tables <= r.tables
}

func (r room) less(size room) room {
	return room{r.blocks - size.blocks, r.text - size.text, r.bytes - size.bytes, r.tables - size.tables}
}
