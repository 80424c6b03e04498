package proxy

import (
	"net/http"
	"testing"

	"hotmess/config"
	"hotmess/monitor"
	"hotmess/wire"
)

// TestAllowOpensWhatIsLeftAlone flips sampling.allow for each of its words.
func TestAllowOpensWhatIsLeftAlone(t *testing.T) {
	login := http.Header{"Authorization": {"Bearer sk-ant-oat01-x"}}
	for _, c := range []struct {
		name   string
		mode   config.Mode
		view   wire.View
		header http.Header
		allow  []string
		want   monitor.Reason
	}{
		{"login", config.Observe, wire.View{Choices: 1}, login, nil, monitor.ReasonSubscription},
		{"login allowed", config.Observe, wire.View{Choices: 1}, login, []string{config.AllowSubscription}, ""},
		{"login allowed, several choices", config.Observe, wire.View{Choices: 2}, login, []string{config.AllowSubscription}, monitor.ReasonNativeN},
		{"stored, voted", config.Ensemble, wire.View{Choices: 1, Stored: true}, nil, nil, monitor.ReasonStored},
		{"stored, voted, allowed", config.Ensemble, wire.View{Choices: 1, Stored: true}, nil, []string{config.AllowStored}, ""},
		{"stored, observed", config.Observe, wire.View{Choices: 1, Stored: true}, nil, nil, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			in := inspection{view: c.view, route: route{sampling: config.Sampling{Mode: c.mode, Samples: 3, Allow: c.allow}}}
			if got := new(exchange).exclusion(in, c.header); got != c.want {
				t.Errorf("reason %q, want %q", got, c.want)
			}
		})
	}
}
