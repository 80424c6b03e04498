package proxy

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"hotmess/config"
	"hotmess/wire"
)

// standard is the table of a sidecar that was told nothing but one more server.
func standard(t testing.TB) *Upstreams {
	t.Helper()
	c := config.Default()
	c.Upstreams = []config.Upstream{{Name: "local", URL: "http://127.0.0.1:11434/v1"}}
	return NewUpstreams(c.Resolve(), nil)
}

func TestFind(t *testing.T) {
	u := standard(t)
	for _, c := range []struct{ method, path, header, upstream, client, want string }{
		{"POST", "/v1/chat/completions", "", "openai", "", "/v1/chat/completions"},
		{"POST", "/chat/completions", "", "openai", "", "/v1/chat/completions"},
		{"POST", "/openai/v1/chat/completions", "", "openai", "", "/v1/chat/completions"},
		{"POST", "/openai/deployments/d/chat/completions", "", "openai", "", "/v1/openai/deployments/d/chat/completions"},
		{"POST", "/local/v1/chat/completions", "", "local", "", "/v1/chat/completions"},
		{"POST", "/local/chat/completions", "", "local", "", "/v1/chat/completions"},
		{"POST", "/~My%20Agent/local/chat/completions", "", "local", "my-20agent", "/v1/chat/completions"},
		{"POST", "/~agent/v1/messages", "", "anthropic", "agent", "/v1/messages"},
		{"POST", "/messages", "", "anthropic", "", "/v1/messages"},
		{"POST", "/anthropic/messages", "", "anthropic", "", "/v1/messages"},
		{"POST", "/messages/count_tokens", "", "anthropic", "", "/v1/messages/count_tokens"},
		{"POST", "/v1/threads/t/messages", "", "openai", "", "/v1/threads/t/messages"},
		{"POST", "/v1beta/models/m%3AgenerateContent", "", "gemini", "", "/v1beta/models/m%3AgenerateContent"},
		{"GET", "/v1/models", "", "openai", "", "/v1/models"},
		{"GET", "/v1/models", "Anthropic-Version", "anthropic", "", "/v1/models"},
		{"GET", "/v1/models", "X-Goog-Api-Client", "gemini", "", "/v1/models"},
		{"GET", "/nobody/v1/models", "", "openai", "", "/v1/nobody/v1/models"},
		{"GET", "/~agent", "", "openai", "agent", "/v1/"},
		{"GET", "//openai/v1/x", "", "openai", "", "/v1//openai/v1/x"},
	} {
		h := http.Header{}
		if c.header != "" {
			h.Set(c.header, "x")
		}
		d, err := u.find(c.method, c.path, "", h)
		if err != nil {
			t.Fatal(err)
		}
		if d.upstream.name != c.upstream || d.client != c.client || d.path != c.want {
			t.Errorf("%s %s %s: %s, client %q, %s", c.method, c.path, c.header, d.upstream.name, d.client, d.path)
		}
	}
}

func TestOneUpstreamReplacesAll(t *testing.T) {
	base, err := url.Parse("http://h:1/v1")
	if err != nil {
		t.Fatal(err)
	}
	u := NewUpstreams(nil, base)
	for _, path := range []string{"/v1/messages", "/v1/chat/completions", "/v1beta/models/m:generateContent"} {
		d, err := u.find("POST", path, "", http.Header{})
		if err != nil || d.upstream.base != base {
			t.Errorf("%s: %+v, %v", path, d, err)
		}
	}
}

func TestTakenOverUpstream(t *testing.T) {
	u := standard(t)
	parse := func(s string) *url.URL {
		base, err := url.Parse(s)
		if err != nil {
			t.Fatal(err)
		}
		return base
	}
	name, err := u.Add(parse("https://me:secret@gateway.example/openai/v1?tenant=1"))
	if err != nil || !strings.HasPrefix(name, "env-") {
		t.Fatalf("%q, %v", name, err)
	}
	if again, err := u.Add(parse("https://me:secret@gateway.example/openai/v1?tenant=1")); again != name || err != nil {
		t.Errorf("the same base is %q, %v", again, err)
	}
	d, err := u.find("POST", "/~agent/"+name+"/chat/completions", "", http.Header{})
	if err != nil || d.path != "/openai/v1/chat/completions" || d.upstream.name != name || d.client != "agent" {
		t.Errorf("%+v, %v", d, err)
	}
	if shown := u.URLs()[name]; shown != "https://gateway.example/openai/v1?tenant=1" {
		t.Errorf("shown as %q", shown)
	}
	for i := 1; i < maxTakenOver; i++ {
		if _, err := u.Add(parse(fmt.Sprintf("http://h/%d", i))); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := u.Add(parse("http://h/last")); err == nil {
		t.Error("the table has no end")
	}
}

func TestRequestWithoutUpstreamIsRefusedInItsDialect(t *testing.T) {
	r := newRig(t, http.NotFoundHandler(), nil)
	r.handler.upstreams = NewUpstreams(nil, nil)
	res := r.do(http.MethodPost, "/v1/messages", "{}")
	if body := read(t, res); res.StatusCode != http.StatusBadGateway || !strings.Contains(body, `"type":"error"`) || !strings.Contains(body, "hotmess_no_upstream") {
		t.Errorf("%d %s", res.StatusCode, body)
	}
	if r.monitor.Totals().Requests != 1 {
		t.Error("not counted")
	}
}

func FuzzFind(f *testing.F) {
	for _, path := range []string{
		"/", "//", "/v1", "/~", "/~a", "/~a/openai", "/openai/deployments/", "/v1/models/m%3AgenerateContent", "/messages", "/v1beta/openai/", "/a%2f%zz|\x80",
	} {
		f.Add(path, "/v1")
		f.Add(path, "/custom")
	}
	f.Fuzz(func(t *testing.T, path, base string) {
		if !strings.HasPrefix(path, "/") || !strings.HasPrefix(base, "/") || strings.ContainsAny(path+base, "?# \r\n") {
			t.Skip()
		}
		up, err := url.Parse("http://h" + base)
		if err != nil {
			t.Skip()
		}
		table := map[string]*url.URL{wire.ProviderOpenAI: up, wire.ProviderAnthropic: up, wire.ProviderGemini: up}
		d, err := NewUpstreams(table, nil).find(http.MethodPost, path, "", http.Header{})
		if err != nil {
			t.Fatal(err)
		}
		last := path[strings.LastIndexByte(path, '/')+1:]
		if !strings.HasPrefix(d.path, "/") || strings.Count(path, "/") > 3 && !strings.HasSuffix(d.path, "/"+last) {
			t.Errorf("%q below %q is %q", path, base, d.path)
		}
		out := httptest.NewRequest(http.MethodPost, "http://h/", nil)
		setRawPath(out, d.path)
		if got := out.URL.RequestURI(); !strings.HasPrefix(d.path, "//") && got != d.path {
			t.Errorf("%q is sent as %q", d.path, got)
		}
	})
}

// TestForgottenUpstreamIsRefused asks for a taken-over upstream that this
// sidecar does not know: the key in the request is not for any other.
func TestForgottenUpstreamIsRefused(t *testing.T) {
	base, err := url.Parse("https://api.openai.com/v1")
	if err != nil {
		t.Fatal(err)
	}
	u := NewUpstreams(map[string]*url.URL{wire.ProviderOpenAI: base}, nil)
	if _, err := u.find(http.MethodPost, "/~agent/env-1a2b3c4d/chat/completions", "", nil); !errors.Is(err, errForgotten) {
		t.Errorf("error %v, want %v", err, errForgotten)
	}
}
