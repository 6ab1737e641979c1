package slack

import (
	slackapi "github.com/slack-go/slack"

	"github.com/askbob/bob/bot"
)

type surface int

const (
	surfaceMessage surface = iota
	surfaceModal
	surfaceHome
)

func tmpText(s string) []slackapi.Block {
	if s == "" {
		s = " "
	}
	return []slackapi.Block{slackapi.NewSectionBlock(slackapi.NewTextBlockObject(slackapi.PlainTextType, s, false, false), nil, nil)}
}

func tmpButtons(list []bot.Button) []slackapi.Block {
	var els []slackapi.BlockElement
	for _, b := range list {
		els = append(els, slackapi.NewButtonBlockElement(b.Value(), b.Value(), slackapi.NewTextBlockObject(slackapi.PlainTextType, b.Label, false, false)))
	}
	if els == nil {
		return nil
	}
	return []slackapi.Block{slackapi.NewActionBlock("", els...)}
}

func cardBlocks(c bot.Card) ([]slackapi.Block, string) {
	return append(tmpText(c.Plain()), tmpButtons(c.Buttons)...), c.Plain()
}

func postBlocks(p bot.Post) ([]slackapi.Block, string) {
	if p.Card != nil {
		return cardBlocks(*p.Card)
	}
	return append(tmpText(p.Text), tmpButtons(p.Buttons)...), p.Text
}

func pageBlocks(p bot.Page, _ surface) ([]slackapi.Block, string) {
	blocks := tmpText(p.Title)
	for _, part := range p.Parts {
		for _, l := range part.Lines {
			blocks = append(blocks, tmpText(l)...)
		}
	}
	return blocks, p.Title
}

func homeView(p bot.Page) slackapi.HomeTabViewRequest {
	b, _ := pageBlocks(p, surfaceHome)
	return slackapi.HomeTabViewRequest{Type: slackapi.VTHomeTab, Blocks: slackapi.Blocks{BlockSet: b}}
}

func modalView(p bot.Page) slackapi.ModalViewRequest {
	b, _ := pageBlocks(p, surfaceModal)
	return slackapi.ModalViewRequest{Type: slackapi.VTModal, Title: slackapi.NewTextBlockObject(slackapi.PlainTextType, p.Title, false, false), Blocks: slackapi.Blocks{BlockSet: b}}
}

func formView(f bot.Form) slackapi.ModalViewRequest {
	v := modalView(bot.Page{Title: f.Title})
	v.CallbackID = "form"
	for _, x := range f.Fields {
		v.Blocks.BlockSet = append(v.Blocks.BlockSet, slackapi.NewInputBlock(x.Key, slackapi.NewTextBlockObject(slackapi.PlainTextType, x.Label, false, false), nil,
			slackapi.NewPlainTextInputBlockElement(nil, x.Key)))
	}
	v.PrivateMetadata = f.Button.Value()
	return v
}

func formFields(state *slackapi.ViewState) map[string]string {
	out := map[string]string{}
	for _, v := range state.Values {
		for k, a := range v {
			out[k] = a.Value
		}
	}
	return out
}

func replyBlocks(r bot.Reply) ([]slackapi.Block, string) {
	if r.Page != nil {
		return pageBlocks(*r.Page, surfaceMessage)
	}
	return tmpText(r.Text), r.Text
}

func parseButton(_, value string) (bot.Button, bool) { return bot.ParseValue(value) }
