package wrap

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"hotmess/config"
)

// TestSummaryWaitsForTheLastRequests has a sidecar that is still measuring when
// it is first asked.
func TestSummaryWaitsForTheLastRequests(t *testing.T) {
	asked := 0
	admin := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		asked++
		fmt.Fprintf(w, `{"observing": %d, "requests": %d}`, max(0, 2-asked), asked)
	}))
	defer admin.Close()
	s := &sidecar{running: config.Running{Admin: strings.TrimPrefix(admin.URL, "http://")}}
	now, err := s.settled(t.Context())
	if err != nil || now.Requests != 2 {
		t.Errorf("summary %+v, %v; want that of the second answer", now, err)
	}
}

func TestSummarySubtractsWhatWasCountedBefore(t *testing.T) {
	before := Summary{Requests: 10, Measured: 4, ExtraTokens: 100, Unmeasured: map[string]int64{"not_drawn": 6}, Tunnels: map[string]int64{"a:443": 2, "b:443": 1}}
	now := Summary{Requests: 15, Measured: 5, ExtraTokens: 150, Unmeasured: map[string]int64{"not_drawn": 6, "pinned": 4}, Tunnels: map[string]int64{"a:443": 5, "b:443": 1}}
	want := Summary{Requests: 5, Measured: 1, ExtraTokens: 50, Unmeasured: map[string]int64{"pinned": 4}, Tunnels: map[string]int64{"a:443": 3}}
	if d := cmp.Diff(want, now.since(before)); d != "" {
		t.Error(d)
	}
}

func TestSummaryAfterARestartCountsFromZero(t *testing.T) {
	now := Summary{Requests: 3, Measured: 1, Tunnels: map[string]int64{"a:443": 1}}
	if d := cmp.Diff(now, now.since(Summary{Requests: 10, Measured: 9})); d != "" {
		t.Error(d)
	}
}

func TestSummaryShowsWhatIsThere(t *testing.T) {
	const sent = `{"requests": 5, "measured": 1, "extra_tokens": 1200, "unmeasured": {"pinned": 1, "not_drawn": 3}, "new_field": {},
		"tunnels": {"pypi.org:443": 1, "github.com:443": 3},
		"routes": [{"route": "a.m", "kind": "action", "disagreement": 0.125, "low": 0.05, "high": 0.24, "pairs": 57, "conversations": 9},
			{"route": "b.m", "pairs": 0}],
		"alerts": [{"rule": "repeating", "route": "a.m", "status": "firing"}, {"rule": "r", "route": "x", "status": "pending"}]}`
	var s Summary
	if err := json.Unmarshal([]byte(sent), &s); err != nil {
		t.Fatal(err)
	}
	want := []string{
		"requests: 5, measured: 1, extra tokens: 1200; not measured: not_drawn 3, pinned 1",
		"seen, not opened: github.com:443 3, pypi.org:443 1",
		"a.m: disagreement of action 0.12 (0.05 to 0.24) from 57 pairs in 9 conversations",
		"b.m: no disagreement yet (0 pairs)",
		"alert firing: repeating on a.m",
	}
	if d := cmp.Diff(want, s.lines()); d != "" {
		t.Error(d)
	}
}
