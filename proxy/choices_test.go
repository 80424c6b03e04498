package proxy

import (
	"io"
	"net/http"
	"testing"

	"hotmess/config"
	"hotmess/monitor"
)

const (
	// severalAsked asks for two choices of one call, and for a letter.
	severalAsked = `{"model":"m","n":2,"messages":[{"role":"user","content":"Answer with the letter only."}]}`
	severalSaid  = `{"id":"r","model":"m-1","choices":[{"index":0,"finish_reason":"stop","message":{"content":"A"}},` +
		`{"index":1,"finish_reason":"stop","message":{"content":"B"}}],"usage":{"prompt_tokens":10,"completion_tokens":50}}`
)

// TestOwnChoicesAreMeasuredWithoutExtras holds in every mode that reads, for
// every draw and whatever else stands in the way of extras.
func TestOwnChoicesAreMeasuredWithoutExtras(t *testing.T) {
	for _, m := range []config.Mode{config.Observe, config.Ensemble} {
		t.Run(string(m), func(t *testing.T) {
			u := &script{primary: func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", "application/json")
				_, _ = io.WriteString(w, severalSaid)
			}}
			r := newRig(t, u, func(c *config.Config) {
				inMode(m, 3)(c)
				c.Sampling.Rate = config.Rate{Share: 0}
			})
			res := r.ask(severalAsked, "Authorization", "Bearer sk-ant-oat01-login")
			if got := read(t, res); got != severalSaid || res.Header.Get(headerMode) != string(m) {
				t.Errorf("reply %s, header %v", got, res.Header)
			}
			o := r.observation()
			if o.Reason != "" || !o.Drawn || o.Inclusion != 1 || !o.Differ["exact"] || o.ExtraTokens != 0 {
				t.Errorf("observation %+v", o)
			}
			if n := len(u.seen()); n != 1 {
				t.Errorf("%d calls", n)
			}
			// Only of the prompt the usage tells what one choice used.
			for i, s := range o.Samples {
				if s.Number != i || s.Context != (monitor.Length{Tokens: 10, Source: monitor.SourceUsage}) || s.Output.Source != monitor.SourceEstimate {
					t.Errorf("sample %d: %+v", i, s)
				}
			}
			if len(o.Samples) != 2 {
				t.Errorf("%d samples", len(o.Samples))
			}
		})
	}
}

func TestOwnChoicesOfAnUpstreamThatIgnoresTheWish(t *testing.T) {
	r := newRig(t, &script{primary: says("p", "A")}, inMode(config.Observe, 2))
	read(t, r.ask(severalAsked))
	r.unmeasured(monitor.ReasonNativeN, 1)
}
