package anthropic

import (
	sdk "github.com/anthropics/anthropic-sdk-go"

	"github.com/askbob/bob/llm"
)

// mark sets the breakpoints of the provider's prompt cache, three of the four
// that a request may have:
//
//   - behind what all calls of a kind share: the tools and the system prompt;
//   - where the previous request of this conversation ended, so that what it wrote
//     is found even if the turn since then has more blocks than the provider looks
//     back (20);
//   - at the end, for the next turn.
//
// The last two cost a quarter more for what is written, and pay with the second
// turn. So they are set only where there are tools: a request without will hardly
// be followed by a longer one. Below the provider's smallest prefix nothing is
// written and nothing costs more.
func mark(p *sdk.MessageNewParams, messages []llm.Message) {
	if n := len(p.System); n > 0 {
		p.System[n-1].CacheControl = fiveMinutes()
	} else if n := len(p.Tools); n > 0 {
		p.Tools[n-1].OfTool.CacheControl = fiveMinutes()
	}
	if len(p.Tools) == 0 {
		return
	}
	last := len(messages) - 1
	for i := last; i > 0; i-- {
		if messages[i].Role == llm.RoleAssistant {
			markEnd(p.Messages[i-1])
			break
		}
	}
	markEnd(p.Messages[last])
}

func markEnd(m sdk.MessageParam) {
	*m.Content[len(m.Content)-1].GetCacheControl() = fiveMinutes()
}

// fiveMinutes is how long the provider keeps what is not read, unless told
// otherwise. It is never told: an hour has another price, and llm.Usage counts one
// kind of writes.
func fiveMinutes() sdk.CacheControlEphemeralParam { return sdk.NewCacheControlEphemeralParam() }
