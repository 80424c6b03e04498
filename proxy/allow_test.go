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
		{"login, several choices", config.Observe, wire.View{Choices: 2}, login, nil, ""},
		{"stored, voted", config.Ensemble, wire.View{Choices: 1, Stored: true}, nil, nil, monitor.ReasonStored},
		{"stored, voted, allowed", config.Ensemble, wire.View{Choices: 1, Stored: true}, nil, []string{config.AllowStored}, ""},
		{"stored, observed", config.Observe, wire.View{Choices: 1, Stored: true}, nil, nil, ""},
		{"chain, observed", config.Observe, chain(true), nil, nil, ""},
		{"chain, voted", config.Ensemble, chain(true), nil, nil, monitor.ReasonChain},
		{"chain, voted, allowed", config.Ensemble, chain(true), nil, []string{config.AllowStored}, ""},
		{"chain, voted, nothing kept", config.Ensemble, chain(false), nil, nil, ""},
		{"chain of one call", config.Observe, wire.View{Choices: 1, Chain: wire.Chain{Once: true}}, nil, []string{config.AllowStored}, monitor.ReasonChain},
		{"background", config.Observe, wire.View{Choices: 1, Background: true}, nil, nil, monitor.ReasonBackground},
	} {
		t.Run(c.name, func(t *testing.T) {
			in := inspection{readable: true, view: c.view, route: route{sampling: config.Sampling{Mode: c.mode, Samples: 3, Allow: c.allow}}}
			in.barred, in.loyal = new(exchange).harm(in, c.header)
			if got, _ := new(exchange).exclusion(in); got != c.want {
				t.Errorf("reason %q, want %q", got, c.want)
			}
		})
	}
}

// chain is a request that goes on from a stored reply.
func chain(kept bool) wire.View {
	return wire.View{Choices: 1, Stored: kept, Chain: wire.Chain{Previous: "resp_1"}}
}

// TestSignedRequestsAreRepeatedOnlyAsTheyAre: by a base URL the signature covers
// another host; an edit or another id would break it.
func TestSignedRequestsAreRepeatedOnlyAsTheyAre(t *testing.T) {
	signed := http.Header{"Authorization": {"AWS4-HMAC-SHA256 Credential=x, SignedHeaders=host, Signature=y"}}
	named := signed.Clone()
	named.Set("Idempotency-Key", "i")
	for _, c := range []struct {
		name    string
		forward bool
		view    wire.View
		header  http.Header
		want    monitor.Reason
	}{
		{"forward", true, wire.View{Choices: 1}, signed, ""},
		{"by base URL", false, wire.View{Choices: 1}, signed, monitor.ReasonSigned},
		{"to be edited", true, wire.View{Choices: 1, Stored: true}, signed, monitor.ReasonSigned},
		{"with an id of one call", true, wire.View{Choices: 1}, named, monitor.ReasonSigned},
	} {
		t.Run(c.name, func(t *testing.T) {
			x := &exchange{dest: destination{forward: c.forward}}
			in := inspection{readable: true, view: c.view, route: route{sampling: config.Sampling{Mode: config.Observe, Samples: 2}}}
			got, verbatim := x.harm(in, c.header)
			if got != c.want || verbatim != (c.want == "") {
				t.Errorf("reason %q, verbatim %v", got, verbatim)
			}
		})
	}
}
