package config

import (
	"strings"
	"testing"
	"time"
)

func TestAgeIsReadInDaysToo(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"7d": 7 * 24 * time.Hour, "36h": 36 * time.Hour, "1d12h": 36 * time.Hour, "90s": 90 * time.Second,
	} {
		var a Age
		if err := a.UnmarshalText([]byte(text)); err != nil || time.Duration(a) != want {
			t.Errorf("%s: %s, %v", text, time.Duration(a), err)
		}
	}
	for _, text := range []string{"", "d", "7", "0d", "-1d", "1d-2h", "-3h", "1.5d", "99999999d", "7d7d", "week"} {
		var a Age
		if err := a.UnmarshalText([]byte(text)); err == nil || !strings.Contains(err.Error(), "like 7d") || a != 0 {
			t.Errorf("%q: %s, %v", text, time.Duration(a), err)
		}
	}
}

func FuzzAge(f *testing.F) {
	f.Add("7d")
	f.Add("1d12h30m")
	f.Fuzz(func(t *testing.T, text string) {
		var a Age
		if err := a.UnmarshalText([]byte(text)); err == nil && a <= 0 {
			t.Errorf("%q is %d", text, a)
		}
	})
}
