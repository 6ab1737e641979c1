package bottest

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/askbob/bob/bot"
)

func files(s *stage) {
	data := append([]byte("a;b\n1;2\n\x00\xff"), bytes.Repeat([]byte{7}, 100_000)...)
	p := s.text("n1.0", "see the file")
	p.Files = []bot.FileContent{{Name: "Quartal 4, Übersicht.csv", MediaType: "text/csv", Data: data}}
	first := s.post(p)
	alone := bot.Post{Key: "n1.1", Place: first.Place, Files: []bot.FileContent{{Name: "b.bin", MediaType: "application/octet-stream", Data: []byte{0}}}}
	at := s.post(alone)
	if got := s.found(alone); got.Place != at.Place {
		s.t.Errorf("a file is found at %+v, it is at %+v", got, at)
	}
	var got []bot.FileContent
	all := ""
	for _, m := range s.peer.Shown(first.Place) {
		got, all = append(got, m.Files...), all+m.Text
	}
	if !strings.Contains(all, "see the file") {
		s.t.Errorf("the text beside the file is missing in %q", all)
	}
	if len(got) != 2 || got[0].Name != p.Files[0].Name || !bytes.Equal(got[0].Data, data) || got[1].Name != "b.bin" || !bytes.Equal(got[1].Data, []byte{0}) {
		s.t.Errorf("%d files are up, or not as they were", len(got))
	}
}

func emptyFiles(s *stage) {
	p := s.text("n1.0", "nothing in it")
	p.Files = []bot.FileContent{{Name: "empty.csv", MediaType: "text/csv"}, {Name: "full.csv", MediaType: "text/csv", Data: []byte("1")}}
	at := s.post(p)
	all := ""
	for _, m := range s.peer.Shown(at.Place) {
		all += m.Text
		for _, f := range m.Files {
			all += f.Name
		}
	}
	for _, want := range []string{"nothing in it", "empty.csv", "full.csv"} {
		if !strings.Contains(all, want) {
			s.t.Errorf("people learn nothing of %q: %q", want, all)
		}
	}
}

func manyFiles(s *stage) {
	first := s.post(s.text("n1.0", "done"))
	p := bot.Post{Key: "n1.1-10", Place: first.Place}
	for i := range bot.MaxPostFiles {
		p.Files = append(p.Files, bot.FileContent{Name: fmt.Sprintf("%d.csv", i), MediaType: "text/csv", Data: bytes.Repeat([]byte("x"), i+1)})
	}
	if at, err := s.front.Find(s.t.Context(), p); err != nil || at != (bot.Placed{}) {
		s.t.Errorf("what is not up was found at %+v, %v", at, err)
	}
	s.unsure(p)
	if at := s.found(p); at.Place != first.Place {
		s.t.Errorf("the files are at %+v, want %+v", at.Place, first.Place)
	}
	names := ""
	for i, f := range s.shown(2)[1].Files {
		if names += f.Name + " "; len(f.Data) != i+1 {
			s.t.Errorf("%s has %d bytes", f.Name, len(f.Data))
		}
	}
	if names != "0.csv 1.csv 2.csv 3.csv 4.csv 5.csv 6.csv 7.csv 8.csv 9.csv " {
		s.t.Errorf("up are %q", names)
	}
	one := bot.Post{Key: "n1.1", Place: first.Place, Files: p.Files[:1]}
	if at, err := s.front.Find(s.t.Context(), one); err != nil || at != (bot.Placed{}) {
		s.t.Errorf("all files were taken for one, at %+v, %v", at, err)
	}
	s.post(one)
	s.shown(3)
}
