package bottest_test

import (
	"testing"

	"github.com/askbob/bob/bot"
	"github.com/askbob/bob/bot/bottest"
)

func TestFrontEnd_conforms(t *testing.T) {
	t.Parallel()
	bottest.Conform(t, func(*testing.T) (bot.FrontEnd, bottest.Peer) {
		f := bottest.New("memory")
		return f, f.Peer()
	})
}
