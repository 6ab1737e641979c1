package bot_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/askbob/bob/bot"
	"github.com/askbob/bob/bot/bottest"
	"github.com/askbob/bob/jobs"
)

func TestDelivery_theEndIsAResultWithItsFiles(t *testing.T) {
	t.Parallel()
	atDesk(t, func(d *desk) {
		d.add("job_a", channel("C1"))
		files := map[string][]byte{
			"b.csv": []byte("b"), "a.pptx": []byte("a"), "result.md": []byte("mine"), "c.png": []byte("c"), "c.svg": []byte("C"), "d.svg": []byte("d"),
		}
		result := "# Sales\n\n" + strings.Repeat("A paragraph of the result.\n\n", 300)
		d.store.Made("job_a", result, files)
		d.over("job_a", jobs.StatusPartial)
		d.store.Change("job_a", func(r *jobs.Report) { r.Title = "Q4 *sales*" })
		n := d.store.Tell("job_a", jobs.NoticeCompletion, "Job partial: Q4")
		d.deliver()
		d.after(10 * time.Second)
		up := d.front.Up()
		if len(up) != 2 {
			t.Fatalf("%d messages: %+v", len(up), up)
		}
		first := up[0].Post
		for _, want := range []string{`**Partly completed: Q4 \*sales\*** (job_a)`, "took 4 min 7 s", "$0.0312 of $2.00", "# Sales\n\nA paragraph", "attached as result-2.md", "kept as SVG too"} {
			if !strings.Contains(first.Text, want) {
				t.Errorf("%q is missing in %q", want, first.Text)
			}
		}
		if len(first.Text) > 3_500 || first.Mention != "UANN" {
			t.Errorf("%d bytes, mentions %q", len(first.Text), first.Mention)
		}
		same(t, "buttons", labels(first.Buttons), []string{"View results", "Retry failed", "Run again", "View details", "👍 Good result", "👎 Not good"})
		var got []string
		for _, f := range up[1].Post.Files {
			got = append(got, f.Name+"="+jobs.Shorten(string(f.Data), 5))
		}
		if m := up[1]; m.Post.Mention != "" || m.Placed.Place != up[0].Placed.Place || m.Post.Key != fmt.Sprintf("n%d.1-6", n) {
			t.Errorf("the files go up as %+v", m)
		}
		same(t, "files", got, []string{"result-2.md=# Sa…", "a.pptx=a", "b.csv=b", "c.png=c", "d.svg=d", "result.md=mine"})
		if string(up[1].Post.Files[0].Data) != result {
			t.Error("the attached result is not whole")
		}
		d.states(bottest.Delivered, n)
	})
}

// TestDelivery_filesShareAsFewMessagesAsTheyCan has more files than go up at once, and
// some that are too large to go with others.
func TestDelivery_filesShareAsFewMessagesAsTheyCan(t *testing.T) {
	t.Parallel()
	atDesk(t, func(d *desk) {
		d.add("job_a", channel("C1"))
		files := map[string][]byte{"x.bin": make([]byte, 15<<20), "y.bin": make([]byte, 15<<20)}
		for i := range 23 {
			files[fmt.Sprintf("f%02d.txt", i)] = []byte("x")
		}
		d.store.Made("job_a", "done", files)
		d.over("job_a", jobs.StatusCompleted)
		d.store.Tell("job_a", jobs.NoticeCompletion, "Job completed")
		d.deliver()
		d.after(time.Minute)
		var got []string
		for _, m := range d.front.Up() {
			got = append(got, fmt.Sprintf("%s:%d", m.Post.Key, len(m.Post.Files)))
		}
		same(t, "messages", got, []string{"n1.0:0", "n1.1-10:10", "n1.11-19:9", "n1.20:1"})
		if text := d.texts(channel("C1"))[0]; !strings.Contains(text, "5 more files are not attached") {
			t.Errorf("people are told %q", text)
		}
	})
}

// TestDelivery_oneRefusedFileHoldsUpNoOther has one of several files that the platform
// takes neither with others nor alone, and a crash among those that go up one by one.
func TestDelivery_oneRefusedFileHoldsUpNoOther(t *testing.T) {
	t.Parallel()
	atDesk(t, func(d *desk) {
		d.front.Fail(func(c bottest.Call) bottest.Fault {
			if !posts(c) {
				return bottest.Fault{}
			}
			for _, f := range c.Post.Files {
				if f.Name == "b.exe" {
					return failing(bot.TroubleRefused, 0)
				}
			}
			if len(c.Post.Files) == 1 && c.Post.Files[0].Name == "a.txt" {
				lost := failing(bot.TroubleUnsure, 0) // it is up, and nobody knows
				lost.Done = true
				return lost
			}
			return bottest.Fault{}
		})
		d.add("job_a", channel("C1"))
		d.store.Made("job_a", "done", map[string][]byte{"a.txt": []byte("a"), "b.exe": []byte("b"), "c.txt": []byte("c")})
		d.over("job_a", jobs.StatusCompleted)
		n := d.store.Tell("job_a", jobs.NoticeCompletion, "Job completed")
		stop := d.deliver()
		d.after(time.Second)
		d.hasTexts(channel("C1"), "Completed", "a.txt")
		stop()
		d.deliver()
		d.after(time.Minute)
		d.hasTexts(channel("C1"), "Completed", "a.txt", "The file b.exe (1 B) could not be attached here. Ask", "c.txt")
		d.states(bottest.Delivered, n)
	})
}
