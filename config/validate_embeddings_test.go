package config

import (
	"strings"
	"testing"
)

func TestEmbeddingsAreChecked(t *testing.T) {
	for _, c := range []struct {
		name string
		set  func(*Config)
		want string // in the problem; empty: valid
	}{
		{"built-in upstream", func(c *Config) { c.Embeddings = Embeddings{Upstream: "openai", Model: "m"} }, ""},
		{"configured upstream", func(c *Config) {
			c.Upstreams = []Upstream{{Name: "local", URL: "http://127.0.0.1:1/v1"}}
			c.Embeddings = Embeddings{Upstream: "local", Model: "m", Routes: "chat*"}
		}, ""},
		{"the one upstream", func(c *Config) {
			c.Upstream = "http://127.0.0.1:1/v1"
			c.Embeddings = Embeddings{Upstream: OnlyUpstream, Model: "m"}
		}, ""},
		{"replaced upstream", func(c *Config) {
			c.Upstream = "http://127.0.0.1:1/v1"
			c.Embeddings = Embeddings{Upstream: "openai", Model: "m"}
		}, `embeddings.upstream: "openai" is unknown; write upstream`},
		{"misspelt upstream", func(c *Config) { c.Embeddings = Embeddings{Upstream: "opena", Model: "m"} }, "did you mean openai?"},
		{"no upstream", func(c *Config) { c.Embeddings = Embeddings{Model: "m"} }, "embeddings.upstream: is missing"},
		{"no model", func(c *Config) { c.Embeddings = Embeddings{Upstream: "openai"} }, "embeddings.model: is missing"},
		{"pattern", func(c *Config) { c.Embeddings = Embeddings{Upstream: "openai", Model: "m", Routes: "a?"} }, "embeddings.routes: "},
	} {
		config := Default()
		c.set(&config)
		err := config.Validate()
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
		}
	}
}

func TestEmbeddingsWithoutMeasuringAreWarnedOf(t *testing.T) {
	c := Default()
	c.Embeddings = Embeddings{Upstream: "openai", Model: "m"}
	if w := c.Warnings(); len(w) != 0 {
		t.Errorf("warnings: %v", w)
	}
	c.Sampling.Mode = Off
	if w := c.Warnings(); len(w) == 0 || !strings.HasPrefix(w[0].String(), "embeddings") {
		t.Errorf("warnings: %v", w)
	}
}
