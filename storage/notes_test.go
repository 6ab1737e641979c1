package storage_test

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/askbob/bob/jobs"
)

func TestStore_Notes_areKeptByTheirSurface(t *testing.T) {
	t.Parallel()
	s := newSorter(t)
	ctx := t.Context()
	for _, n := range []struct{ surface, key, data string }{
		{"slack", "home:U1", "old"},
		{"slack", "home:U1", "new"},
		{"slack", "home:U2", ""},
		{"slack", "home", "x"},
		{"slack", "token:T1", "secret"},
		{"slack", "homes", "x"},
		{"slack", "home:Ü", "x"},
		{"discord", "home:U1", "other"},
	} {
		if err := s.store.SetNote(ctx, n.surface, n.key, []byte(n.data)); err != nil {
			t.Fatal(err)
		}
	}
	s.reopen()
	if got, err := s.store.Note(ctx, "slack", "home:U1"); err != nil || string(got) != "new" {
		t.Errorf("got %q, %v; want the new one", got, err)
	}
	got, err := s.store.NotesOf(ctx, "slack", "home:", 9)
	if diff := cmp.Diff(map[string][]byte{"home:U1": []byte("new"), "home:U2": nil, "home:Ü": []byte("x")}, got); err != nil || diff != "" {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	if got, err := s.store.NotesOf(ctx, "slack", "", 2); err != nil || len(got) != 2 || got["home"] == nil {
		t.Errorf("the first two: %v, %v", got, err)
	}
	for range 2 {
		if err := s.store.SetNote(ctx, "slack", "home:U1", nil); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.store.Note(ctx, "slack", "home:U1"); !errors.Is(err, jobs.ErrNotFound) {
		t.Errorf("a dropped note: %v, want ErrNotFound", err)
	}
	if got, err := s.store.Note(ctx, "slack", "home:U2"); err != nil || len(got) != 0 {
		t.Errorf("an empty note: %q, %v", got, err)
	}
	if got, err := s.store.Note(ctx, "discord", "home:U1"); err != nil || string(got) != "other" {
		t.Errorf("of another surface: %q, %v", got, err)
	}
}
