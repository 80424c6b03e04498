package proxy

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"hotmess/config"
	"hotmess/wire"
)

func TestRouteOfARequest(t *testing.T) {
	five, half := 5, config.Rate{Share: .5}
	c := config.Default()
	c.ClientHeaders = []string{"mode", "samples", "route", "session"}
	c.Routes = []config.Route{
		{Name: "Billing", Match: config.Match{Model: "gpt-5*", Header: map[string]string{"X-Agent": "bill*"}}, Sampling: config.RouteSampling{Mode: config.Ensemble, Samples: &five, Rate: &half}},
		{Name: "any-agent", Match: config.Match{Header: map[string]string{"X-Agent": "*"}}},
		{Name: "open", Match: config.Match{Model: "meta/*", Upstream: "local"}, Extract: "letter", Sampling: config.RouteSampling{Mode: config.Off}},
		{Name: "codex", Match: config.Match{Client: "codex*"}},
	}
	p := newPolicy(c)
	for _, test := range []struct {
		client, up, model string
		header            http.Header
		name              string
		mode              config.Mode
		samples           int
	}{
		{"py", "openai", "gpt-5-mini", http.Header{"X-Agent": {"billing"}}, "Billing", config.Ensemble, 5},
		{"py", "openai", "gpt-4", http.Header{"X-Agent": {"billing"}}, "any-agent", config.Observe, 2},
		{"py", "openai", "gpt-5-mini", nil, "py.gpt-5-mini", config.Observe, 2},
		{"py", "local", "meta/llama", nil, "open", config.Off, 2},
		{"py", "openai", "meta/llama", nil, "py.llama", config.Observe, 2},
		{"codex_cli", "openai", "o3", nil, "codex", config.Observe, 2},
		{"py", "openai", "Org/My Model:7b", nil, "py.my-model-7b", config.Observe, 2},
		{"py", "openai", "", nil, "py.unknown", config.Observe, 2},
		{"py", "openai", "x", http.Header{"X-Hotmess-Route": {"Billing"}}, "Billing", config.Ensemble, 5},
		{"py", "openai", "x", http.Header{"X-Hotmess-Route": {"open"}}, "open", config.Off, 2},
		{"codex", "openai", "x", http.Header{"X-Hotmess-Route": {"Not > there"}}, "not---there", config.Observe, 2},
		{"codex", "openai", "x", http.Header{"X-Hotmess-Mode": {"ENSEMBLE"}, "X-Hotmess-Samples": {"7"}}, "codex", config.Ensemble, 7},
		{"codex", "openai", "x", http.Header{"X-Hotmess-Mode": {"odd"}, "X-Hotmess-Samples": {"33"}}, "codex", config.Observe, 2},
	} {
		got := p.route(test.client, test.up, wire.View{Model: test.model}, test.header, p.askedBy(test.header))
		if got.name != test.name || got.sampling.Mode != test.mode || got.sampling.Samples != test.samples {
			t.Errorf("%s %s %s %v: %s, %s, %d samples", test.client, test.up, test.model, test.header, got.name, got.sampling.Mode, got.sampling.Samples)
		}
	}
}

func TestHeadersCountOnlyWhereTheConfigurationSaysSo(t *testing.T) {
	c := config.Default()
	c.ClientHeaders = nil
	h := http.Header{"X-Hotmess-Mode": {"off"}, "X-Hotmess-Samples": {"3"}, "X-Hotmess-Route": {"r"}, "X-Hotmess-Session": {"s"}}
	if diff := cmp.Diff(asked{}, newPolicy(c).askedBy(h), cmp.AllowUnexported(asked{})); diff != "" {
		t.Errorf("honoured:\n%s", diff)
	}
}

func TestRequestIsReadFirstOnlyWhereItMayVote(t *testing.T) {
	c := config.Default()
	c.Sampling.Mode = config.Off
	c.ClientHeaders = []string{"mode", "route"}
	c.Routes = []config.Route{
		{Name: "vote", Match: config.Match{Upstream: "local"}, Sampling: config.RouteSampling{Mode: config.Ensemble}},
		{Name: "look", Match: config.Match{Upstream: "other"}, Sampling: config.RouteSampling{Mode: config.Observe}},
	}
	p := newPolicy(c)
	for _, test := range []struct {
		up      string
		dialect wire.Dialect
		asked   asked
		want    reading
	}{
		{"openai", wire.OpenAIChat, asked{}, readNever},
		{"local", wire.OpenAIChat, asked{}, readFirst},
		{"local", wire.AnthropicMessages, asked{}, readFirst},
		{"local", wire.Unknown, asked{mode: config.Ensemble}, readNever},
		{"other", wire.OpenAIChat, asked{}, readBeside},
		{"openai", wire.OpenAIChat, asked{mode: config.Observe}, readBeside},
		{"openai", wire.OpenAIChat, asked{mode: config.Ensemble}, readFirst},
		// A named route is the client's choice, whatever its upstream.
		{"openai", wire.OpenAIChat, asked{route: "vote"}, readFirst},
		{"local", wire.OpenAIChat, asked{route: "look"}, readBeside},
	} {
		d := destination{upstream: &upstream{name: test.up}, target: wire.Target{Dialect: test.dialect}}
		if got := p.reading(d, test.asked); got != test.want {
			t.Errorf("%s %q %+v: %d, want %d", test.up, test.dialect, test.asked, got, test.want)
		}
	}
}

func TestCleanName(t *testing.T) {
	for in, want := range map[string]string{
		"Claude-Code": "claude-code", "a b>c*d": "a-b-c-d", "..x..": "x", "": unnamed, "---": unnamed, "über": "ber", "a_b.c": "a_b.c",
	} {
		if got := cleanName(in); got != want {
			t.Errorf("%q becomes %q, want %q", in, got, want)
		}
	}
}

func TestCleanNameIsAlwaysCleanAndStays(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		got := cleanName(rapid.String().Draw(t, "name"))
		if got == "" || len(got) > maxName || strings.Trim(got, "abcdefghijklmnopqrstuvwxyz0123456789.-_") != "" {
			t.Fatalf("%q", got)
		}
		if again := cleanName(got); again != got {
			t.Fatalf("%q becomes %q", got, again)
		}
	})
}

func TestClientIsTheFirstProduct(t *testing.T) {
	for agent, want := range map[string]string{
		"OpenAI/Python 1.2": "openai", "codex_cli_rs/0.1 (Mac)": "codex_cli_rs", "": unnamed, "curl": "curl",
	} {
		if got := clientName(http.Header{"User-Agent": {agent}}); got != want {
			t.Errorf("%q is %q, want %q", agent, got, want)
		}
	}
}

func TestSessionOfAConversation(t *testing.T) {
	h := http.Header{}
	h.Set("thread-id", "t")
	h.Set("session_id", "s")
	if got := session(h, asked{}); got != "s" {
		t.Errorf("got %q", got)
	}
	if got := session(h, asked{session: "own"}); got != "own" {
		t.Errorf("got %q", got)
	}
}

// TestRoutesVoteInTheirOwnWay asks on a route with settings of its own, on one
// without, and on the former again after a reload.
func TestRoutesVoteInTheirOwnWay(t *testing.T) {
	r := newRig(t, &script{primary: says("p", "A"), extra: saysEach("A")}, nil)
	c := config.Default()
	c.Sampling.Mode, c.Sampling.Rate = config.Ensemble, config.Rate{}
	c.Budget.MaxExtraInFlight = 32
	own := config.RouteVoting{Samples: &config.Range{Min: 3, Max: 3}}
	own.Stop.Confidence = &config.Confidence{}
	c.Routes = []config.Route{{Name: "own", Match: config.Match{Client: "nobody"}, Ensemble: own}}
	votes := func(route string) (samples, voted int, stop string) {
		read(t, r.ask(letterAsked, firstCall, "1", headerRoute, route))
		o := r.observation()
		if o.Vote == nil {
			t.Fatalf("nobody voted on %s: %+v", route, o)
		}
		return len(o.Samples), o.Vote.Votes, o.Vote.Stop
	}
	r.handler.Reload(c)
	// Of three equal answers two settle a vote; of nine four are confidence enough.
	if samples, voted, stop := votes("own"); samples != 3 || voted != 2 || stop != "settled" {
		t.Errorf("own: %d of %d, %s", voted, samples, stop)
	}
	if samples, voted, stop := votes("other"); samples != 9 || voted != 4 || stop != "confidence" {
		t.Errorf("other: %d of %d, %s", voted, samples, stop)
	}
	one := 1
	c.Routes[0].Ensemble = config.RouteVoting{Stop: config.RouteStop{First: &one}}
	r.handler.Reload(c)
	if samples, voted, stop := votes("own"); samples != 9 || voted != 1 || stop != "first" {
		t.Errorf("own, reloaded: %d of %d, %s", voted, samples, stop)
	}
}

// TestRoutesHaveTheirOwnSilences: a keep-alive comes on the route that asks for
// them, and none elsewhere within the vote.
func TestRoutesHaveTheirOwnSilences(t *testing.T) {
	free := make(chan struct{})
	failed := func(_ int, w http.ResponseWriter, _ *http.Request) { w.WriteHeader(500) }
	r := newRig(t, &script{primary: held(free, streams("p", "yes")), extra: failed}, func(c *config.Config) {
		inMode(config.Ensemble, 2)(c)
		often := config.Duration(time.Millisecond)
		c.Routes = []config.Route{{Name: "own", Match: config.Match{Client: "nobody"}, Ensemble: config.RouteVoting{KeepAlive: &often}}}
	})
	if got, err := waited(t, r.ask(streamed, firstCall, "1", headerRoute, "own"), free); err != nil || got != chunk("p", "yes")+done {
		t.Errorf("own: %q, %v", got, err)
	}
	if got := read(t, r.ask(streamed, firstCall, "1")); got != chunk("p", "yes")+done {
		t.Errorf("other: %q", got)
	}
}
