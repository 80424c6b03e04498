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
