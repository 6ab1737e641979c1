package tool_test

import (
	"strings"
	"testing"
	_ "time/tzdata"
)

func TestNowTellsTheTimeInAZone(t *testing.T) {
	t.Parallel()
	got, err := call(t, newData(t), newDataFiles(), "now", map[string]any{"zone": "Asia/Tokyo"})
	if err != nil || !strings.Contains(got, `"time":"2026-01-01T08:30:00+09:00"`) || !strings.Contains(got, `"weekday":"Thursday"`) {
		t.Errorf("%s, %v", got, err)
	}
	got, err = call(t, newData(t), newDataFiles(), "now", map[string]any{"zone": nil})
	if err != nil || !strings.Contains(got, `"time":"2025-12-31T23:30:00Z"`) {
		t.Errorf("%s, %v", got, err)
	}
}

func TestNowRefusesAnUnknownZone(t *testing.T) {
	t.Parallel()
	for _, zone := range []string{"Mars/Base", "Local", "../../etc/passwd"} {
		if _, err := call(t, newData(t), newDataFiles(), "now", map[string]any{"zone": zone}); err == nil || !strings.Contains(err.Error(), "IANA") {
			t.Errorf("%s: %v", zone, err)
		}
	}
}
