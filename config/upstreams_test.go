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
