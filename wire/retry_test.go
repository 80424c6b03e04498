package wire

import (
	"net/http"
	"testing"
)

func TestRetriedIsWhatTheLibrarySays(t *testing.T) {
	for value, want := range map[string]bool{"": false, "0": false, "1": true, "12": true, "-1": false, "no": false} {
		h := http.Header{}
		if value != "" {
			h.Set("x-stainless-retry-count", value)
		}
		if got := Retried(h); got != want {
			t.Errorf("count %q: %v", value, got)
		}
	}
}
