package config

import (
	"maps"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// resolved is what Resolve gives, as text.
func resolved(c Config) map[string]string {
	got := map[string]string{}
	for name, u := range maps.All(c.Resolve()) {
		got[name] = u.String()
	}
	return got
}

func TestConfiguredUpstreamsJoinTheBuiltIn(t *testing.T) {
	c := Default()
	c.Upstreams = []Upstream{{Name: "local", URL: "http://127.0.0.1:11434/v1/"}, {Name: "openai", URL: "https://gateway"}}
	want := map[string]string{
		"openai": "https://gateway", "anthropic": "https://api.anthropic.com",
		"gemini": "https://generativelanguage.googleapis.com", "local": "http://127.0.0.1:11434/v1/",
	}
	if diff := cmp.Diff(want, resolved(c)); diff != "" {
		t.Error(diff)
	}
	if got := resolved(Default())["openai"]; got != "https://api.openai.com/v1" {
		t.Errorf("built-in openai = %s", got)
	}
}

func TestUpstreamReplacesAll(t *testing.T) {
	c := Default()
	c.Upstream, c.Upstreams = "http://one/v1", []Upstream{{Name: "b", URL: "http://b"}}
	if diff := cmp.Diff(map[string]string{"": "http://one/v1"}, resolved(c)); diff != "" {
		t.Error(diff)
	}
}

func TestTLSHostsAreThoseOfUpstreamsThatSpeakIt(t *testing.T) {
	c := Default()
	c.Upstreams = []Upstream{
		{Name: "local", URL: "http://127.0.0.1:11434/v1"},
		{Name: "mine", URL: "https://LLM.example.com.:8443/v1"},
		{Name: "gemini", URL: "https://llm.example.com"},
		{Name: "v6", URL: "https://[fd00::1]/v1"},
		{Name: "idn", URL: "https://bücher.example:8443"},
	}
	want := []string{"api.anthropic.com", "api.openai.com", "fd00::1", "llm.example.com", "xn--bcher-kva.example"}
	if diff := cmp.Diff(want, c.TLSHosts()); diff != "" {
		t.Errorf("hosts (-want +got):\n%s", diff)
	}
	c.Upstream = "https://one.example"
	if diff := cmp.Diff([]string{"one.example"}, c.TLSHosts()); diff != "" {
		t.Errorf("with upstream (-want +got):\n%s", diff)
	}
}

func TestTunnelsLeadAnywhereOnlyOnLoopbackOrWhereAsked(t *testing.T) {
	for _, test := range []struct {
		tunnels, listen string
		want            bool
	}{
		{TunnelsAuto, "127.0.0.1:4141", true},
		{TunnelsAuto, "0.0.0.0:4141", false},
		{TunnelsAny, "0.0.0.0:4141", true},
		{TunnelsNone, "127.0.0.1:4141", false},
	} {
		c := Default()
		c.Forward.Tunnels, c.Listen = test.tunnels, test.listen
		if got := c.AnyHost(); got != test.want {
			t.Errorf("%s on %s: %t, want %t", test.tunnels, test.listen, got, test.want)
		}
	}
}
