package main

import (
	"strings"
	"testing"
)

func TestDrill_refusesWhatItCannotDo(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		args []string
		want string
	}{
		"no runs":            {[]string{"drill", "--runs", "0"}, "--runs is 1 to"},
		"too many runs":      {[]string{"drill", "--runs", "1000000"}, "--runs is 1 to"},
		"a negative seed":    {[]string{"drill", "--seed", "-1"}, "--seed"},
		"an argument":        {[]string{"drill", "harder"}, "harder"},
		"the child, by hand": {[]string{drillChild}, "bob drill"},
	} {
		code, stdout, stderr := bob(t, c.args...)
		if code != exitUsage || !strings.Contains(stderr, c.want) || strings.Count(stderr, "\n") != 1 || stdout != "" {
			t.Errorf("%s: exit status %d, said %q and %q, want one line with %q", name, code, stdout, stderr, c.want)
		}
	}
	if _, stdout, _ := bob(t, "help"); strings.Contains(stdout, drillChild) || !strings.Contains(stdout, "drill") {
		t.Errorf("help says %s", stdout)
	}
}
