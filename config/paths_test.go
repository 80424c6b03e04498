package config

import "testing"

func TestPathsAreJoinedWithOneVersion(t *testing.T) {
	for _, c := range []struct{ base, path, want string }{
		{"", "/v1/chat/completions", "/v1/chat/completions"},
		{"/", "/v1/chat/completions", "/v1/chat/completions"},
		{"/v1", "/v1/chat/completions", "/v1/chat/completions"},
		{"/v1/", "/v1/chat/completions", "/v1/chat/completions"},
		{"/v1", "/chat/completions", "/v1/chat/completions"},
		{"/v1", "/v1", "/v1"},
		{"/v1", "/v1/chat/completions/", "/v1/chat/completions/"},
		{"/v1", "/v2/rerank", "/v2/rerank"},
		{"/v1", "/v1beta/models/m:generateContent", "/v1beta/models/m:generateContent"},
		{"/v1beta/openai", "/v1/chat/completions", "/v1beta/openai/chat/completions"},
		{"/v1beta/openai/", "/chat/completions", "/v1beta/openai/chat/completions"},
		{"/v1beta/openai", "/v1beta/openai/chat/completions", "/v1beta/openai/openai/chat/completions"},
		{"/custom/v1", "/v1/chat/completions", "/custom/v1/chat/completions"},
		{"/custom/v1", "/chat/completions", "/custom/v1/chat/completions"},
		{"/custom", "/v1/chat/completions", "/custom/v1/chat/completions"},
		{"/custom", "/chat/completions", "/custom/chat/completions"},
		{"/v1", "//v1/models", "/v1//v1/models"},
		{"/v1", "/v1//models", "/v1//models"},
		{"/v1", "/v1/files/a%2Fb", "/v1/files/a%2Fb"},
		{"/a%2Fb/v1", "/v1/x", "/a%2Fb/v1/x"},
		{"/v1", "/v12x/y", "/v1/v12x/y"},
	} {
		if got := JoinPath(c.base, c.path); got != c.want {
			t.Errorf("base %q and path %q give %q, want %q", c.base, c.path, got, c.want)
		}
	}
}

func TestVersionsAreNumbersWithAStage(t *testing.T) {
	for segment, want := range map[string]bool{
		"v1": true, "v12": true, "v1beta": true, "v1alpha": true, "v1beta2": true, "v2alpha10": true,
		"": false, "v": false, "1": false, "vbeta": false, "v1gamma": false, "v1beta2x": false, "V1": false, "v1b": false,
		"v1betabeta": false, "v1alphabeta": false, "v1.2": false, "xv1": false,
	} {
		if got := isVersion(segment); got != want {
			t.Errorf("%q is a version: %t, want %t", segment, got, want)
		}
	}
}
