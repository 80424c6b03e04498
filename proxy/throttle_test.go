package proxy

import (
	"io"
	"net/http"
	"testing"
	"time"

	"hotmess/budget"
	"hotmess/config"
)

// TestThePrimaryIsNeverThrottled: the upstream has asked for an hour of silence, or
// tells that nothing is left, and extras stay away. The agent's own calls leave as
// ever, whatever the mode, and what the upstream says of each reaches the agent.
func TestThePrimaryIsNeverThrottled(t *testing.T) {
	for name, refuse := range map[string]func(w http.ResponseWriter){
		"429": func(w http.ResponseWriter) {
			w.Header().Set("Retry-After", "3600")
			w.WriteHeader(http.StatusTooManyRequests)
			_, _ = io.WriteString(w, `{"error":{"type":"slow"}}`)
		},
		"nothing left": func(w http.ResponseWriter) {
			w.Header().Set("X-Ratelimit-Remaining-Requests", "0")
			says("p", "a")(w, nil)
		},
	} {
		for _, mode := range []config.Mode{config.Observe, config.Ensemble} {
			t.Run(name+", "+string(mode), func(t *testing.T) {
				u := &script{primary: func(w http.ResponseWriter, _ *http.Request) { refuse(w) }, extra: saysEach("a")}
				r := newRig(t, u, inMode(mode, 3))
				status := map[string]int{"429": 429, "nothing left": 200}[name]
				r.handler.heard("upstream", status, http.Header{"Retry-After": {"3600"}, "X-Ratelimit-Remaining-Requests": {"0"}})
				for range 5 {
					began := time.Now()
					res := r.ask(question, firstCall, "1")
					read(t, res)
					if res.StatusCode != status || time.Since(began) > 10*time.Second {
						t.Errorf("status %d after %v", res.StatusCode, time.Since(began))
					}
					if o := r.observation(); o.ExtraTokens != 0 {
						t.Errorf("%d extra tokens: %s", o.ExtraTokens, o.Reason)
					}
				}
				for _, call := range u.seen() {
					if call.Header.Get(firstCall) == "" {
						t.Error("an extra was sent")
					}
				}
				if n := len(u.seen()); n != 5 {
					t.Errorf("%d calls, want the agent's 5", n)
				}
				if got := r.monitor.Gate().Refuses(budget.Ask{Upstream: "upstream"}); got != budget.RefusedYield {
					t.Errorf("an extra would be %q", got)
				}
			})
		}
	}
}
