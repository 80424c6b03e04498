package proxy

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"hotmess/config"
	"hotmess/monitor"
)

// An embedder is an upstream with an embeddings endpoint.
type embedder struct {
	script
	reply func(w http.ResponseWriter, r *http.Request)

	mu    sync.Mutex
	calls []seen
}

func (e *embedder) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !strings.HasSuffix(r.URL.Path, "/embeddings") {
		e.script.ServeHTTP(w, r)
		return
	}
	body, _ := io.ReadAll(r.Body)
	e.mu.Lock()
	e.calls = append(e.calls, seen{Method: r.Method, URI: r.RequestURI, Header: r.Header.Clone(), Body: string(body)})
	e.mu.Unlock()
	r.Body = io.NopCloser(bytes.NewReader(body))
	e.reply(w, r)
}

func (e *embedder) embedded() []seen {
	e.mu.Lock()
	defer e.mu.Unlock()
	return append([]seen(nil), e.calls...)
}

// vectors answers with embeddings, and 7 tokens of usage.
func vectors(first, second string) func(http.ResponseWriter, *http.Request) {
	return func(w http.ResponseWriter, _ *http.Request) {
		_, _ = fmt.Fprintf(w, `{"data":[{"index":0,"embedding":%s},{"index":1,"embedding":%s}],"usage":{"total_tokens":7}}`, first, second)
	}
}

func newEmbedder(reply func(http.ResponseWriter, *http.Request)) *embedder {
	return &embedder{script: script{primary: says("p", "one text"), extra: saysEach("other text")}, reply: reply}
}

func embedding(c *config.Config) {
	c.Embeddings = config.Embeddings{Upstream: config.OnlyUpstream, Model: "embed-1"}
}

func TestTextsAreEmbeddedWithTheClientsOwnKey(t *testing.T) {
	e := newEmbedder(vectors("[1,0]", "[3,4]"))
	r := newRig(t, e, embedding)
	read(t, r.ask(question, firstCall, "1", "Authorization", "Bearer k", "Cookie", "c", "X-Hotmess-Session", "s"))
	o := r.observation()
	// cosine of [1 0] and [3 4] is 3/5; the extra took 15 tokens.
	if o.Distance == nil || math.Abs(*o.Distance-0.4) > 1e-12 || o.DistanceMissing != "" || o.ExtraTokens != 15+7 {
		t.Fatalf("observation %+v", o)
	}
	calls := e.embedded()
	if len(calls) != 1 || calls[0].URI != "/v1/embeddings" || calls[0].Body != `{"model":"embed-1","input":["one text","other text"],"encoding_format":"float"}` {
		t.Fatalf("calls %+v", calls)
	}
	h := calls[0].Header
	h.Del("Content-Length")
	want := http.Header{"Authorization": {"Bearer k"}, "Content-Type": {"application/json"}, "Accept-Encoding": {"identity"}, "User-Agent": h["User-Agent"]}
	if diff := cmp.Diff(want, h); diff != "" {
		t.Error(diff)
	}
}

func TestEmbeddingsAreOffUnlessTheRequestFits(t *testing.T) {
	const letter = `{"model":"m","messages":[{"role":"user","content":"Answer with the letter only."}]}`
	for name, c := range map[string]struct {
		set  func(*config.Config)
		body string
	}{
		"off by default":   {nil, question},
		"another upstream": {func(c *config.Config) { c.Embeddings = config.Embeddings{Upstream: "openai", Model: "m"} }, question},
		"another route": {func(c *config.Config) {
			embedding(c)
			c.Embeddings.Routes = "chat*"
		}, question},
		"another kind": {embedding, letter},
		"not drawn": {func(c *config.Config) {
			embedding(c)
			c.Sampling.Rate = config.Rate{}
		}, question},
	} {
		t.Run(name, func(t *testing.T) {
			e := newEmbedder(vectors("[1]", "[1]"))
			r := newRig(t, e, c.set)
			read(t, r.ask(c.body, firstCall, "1"))
			if o := r.observation(); o.Distance != nil || o.DistanceMissing != "" || len(e.embedded()) != 0 {
				t.Errorf("%d calls, observation %+v", len(e.embedded()), o)
			}
		})
	}
}

// TestLoginsOfPersonsAreNotEmbeddedWith has the client ask for both samples itself,
// so that they are measured whatever its credential is.
func TestLoginsOfPersonsAreNotEmbeddedWith(t *testing.T) {
	const both = `{"model":"m","n":2,"messages":[{"role":"user","content":"x"}]}`
	login := "Bearer sk-ant-oat01-login"
	for name, c := range map[string]struct {
		authorization string
		allow         []string
		want          monitor.Reason
	}{
		"a key":              {"Bearer k", nil, ""},
		"a login":            {login, nil, monitor.ReasonSubscription},
		"a login that may":   {login, []string{config.AllowSubscription}, ""},
		"a signature of one": {"AWS4-HMAC-SHA256 Credential=x", nil, monitor.ReasonSigned},
	} {
		t.Run(name, func(t *testing.T) {
			e := newEmbedder(vectors("[1]", "[1]"))
			e.primary = func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", "application/json")
				_, _ = io.WriteString(w, `{"id":"p","model":"m","choices":[{"index":0,"finish_reason":"stop","message":{"content":"one"}},`+
					`{"index":1,"finish_reason":"stop","message":{"content":"two"}}],"usage":{"prompt_tokens":10,"completion_tokens":5}}`)
			}
			r := newRig(t, e, func(cfg *config.Config) {
				embedding(cfg)
				cfg.Sampling.Allow = c.allow
			})
			read(t, r.ask(both, firstCall, "1", "Authorization", c.authorization))
			o := r.observation()
			if o.Differ == nil || o.DistanceMissing != c.want || (len(e.embedded()) == 1) != (c.want == "") {
				t.Errorf("%d calls, observation %+v", len(e.embedded()), o)
			}
		})
	}
}

func TestFailedEmbeddingsAreSilentButCounted(t *testing.T) {
	for name, c := range map[string]struct {
		reply func(http.ResponseWriter, *http.Request)
		want  monitor.Reason
	}{
		"an error":      {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNotFound) }, monitor.ReasonFailed},
		"no embeddings": {func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, `{"data":[]}`) }, monitor.ReasonUnreadable},
		"no direction":  {vectors("[0,0]", "[1,0]"), monitor.ReasonUnreadable},
		"no end": {func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, strings.Repeat(" ", maxEmbeddings+1))
		}, monitor.ReasonTooBig},
		"broken off": {func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, monitor.ReasonFailed},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, newEmbedder(c.reply), embedding)
			if got := read(t, r.ask(question, firstCall, "1")); !strings.Contains(got, "one text") {
				t.Errorf("the client got %s", got)
			}
			o := r.observation()
			if o.Distance != nil || o.DistanceMissing != c.want || o.Differ == nil {
				t.Errorf("observation %+v", o)
			}
		})
	}
}

func TestEmbeddingsStayWithinTheBudget(t *testing.T) {
	e := newEmbedder(vectors("[1]", "[1]"))
	// Enough for the extra's worst case, which is settled at 15 tokens.
	r := newRig(t, e, func(c *config.Config) {
		embedding(c)
		c.Budget.ExtraTokensPerHour = 4200
	})
	u := &e.script
	long := strings.Repeat("word ", 4000)
	u.primary, u.extra = says("p", long), saysEach(long)
	read(t, r.ask(question, firstCall, "1"))
	if o := r.observation(); o.DistanceMissing != monitor.ReasonBudget || len(e.embedded()) != 0 || o.Differ == nil {
		t.Errorf("%d calls, observation %+v", len(e.embedded()), o)
	}
}

func TestEmbeddingsGoWhereTheCallWent(t *testing.T) {
	for base, want := range map[string]string{
		"": "/v1/embeddings", "/v1": "/v1/embeddings", "/gate/v4": "/gate/v4/embeddings", "/v1beta/openai": "/v1beta/openai/embeddings", "/gate": "/gate/v1/embeddings",
	} {
		e := newEmbedder(vectors("[1]", "[1]"))
		r := newRig(t, e, func(c *config.Config) {
			embedding(c)
			c.Upstream += base
		})
		read(t, r.ask(question, firstCall, "1"))
		r.observation()
		if calls := e.embedded(); len(calls) != 1 || calls[0].URI != want {
			t.Errorf("base %s: calls %+v", base, calls)
		}
	}
}

// newVoteOnTexts has three texts voted on: by words the primary's wins.
func newVoteOnTexts(t *testing.T, reply func(http.ResponseWriter, *http.Request), edit func(*config.Config)) (*rig, *embedder) {
	t.Helper()
	e := newEmbedder(reply)
	e.primary, e.extra = says("p", proseVotes[0]), saysEach(proseVotes[1:]...)
	return newRig(t, e, func(c *config.Config) {
		embedding(c)
		inMode(config.Ensemble, 3)(c)
		c.Sampling.Rate = config.Rate{}
		c.Ensemble.Likeness = config.LikenessEmbeddings
		if edit != nil {
			edit(c)
		}
	}), e
}

// proseVotes are alike by words, the first two most.
var proseVotes = []string{"the quick brown fox jumps over the lazy dog", "the quick brown fox jumps over the sleepy dog", "a hare hops where nobody saw the quick brown fox"}

// anglesOf embeds texts of which the second is between the others, whatever the order
// that they come in, for 9 tokens.
func anglesOf(w http.ResponseWriter, r *http.Request) {
	var in struct{ Input []string }
	_ = json.NewDecoder(r.Body).Decode(&in)
	degrees := map[string]float64{proseVotes[0]: 0, proseVotes[1]: 100, proseVotes[2]: 130}
	var data []string
	for i, text := range in.Input {
		sin, cos := math.Sincos(degrees[text] * math.Pi / 180)
		data = append(data, fmt.Sprintf(`{"index":%d,"embedding":[%g,%g]}`, i, cos, sin))
	}
	_, _ = fmt.Fprintf(w, `{"data":[%s],"usage":{"total_tokens":9}}`, strings.Join(data, ","))
}

func TestVotesOnTextsMayGoByEmbeddings(t *testing.T) {
	r, e := newVoteOnTexts(t, anglesOf, nil)
	res := r.ask(question, firstCall, "1", "Authorization", "Bearer k")
	if got := read(t, res); !strings.Contains(got, proseVotes[1]) || res.Header.Get(headerMethod) != "embeddings" {
		t.Errorf("by %s: %s", res.Header.Get(headerMethod), got)
	}
	o := r.observation()
	// Two extras took 15 tokens each.
	if v := o.Vote; v == nil || v.Method != "embeddings" || v.EmbeddingsMissing != "" || v.Changed == nil || !*v.Changed || o.ExtraTokens != 30+9 {
		t.Errorf("%d tokens, vote %+v", o.ExtraTokens, o.Vote)
	}
	calls := e.embedded()
	if len(calls) != 1 || calls[0].Header.Get("Authorization") != "Bearer k" {
		t.Fatalf("calls %+v", calls)
	}
	r.settled()
	if page := r.metrics(); !strings.Contains(page, `hotmess_embeddings_total{outcome="ok"} 1`) {
		t.Error("the vote is not counted")
	}
}

func TestVotesGoByWordsWhereEmbeddingsDoNotCome(t *testing.T) {
	refused := func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) }
	dead := func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }
	odd := func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, `{"data":[{"embedding":[1,0]},{"embedding":[1]},{"embedding":[0,1]}]}`)
	}
	for name, c := range map[string]struct {
		reply func(http.ResponseWriter, *http.Request)
		edit  func(*config.Config)
		want  monitor.Reason
		calls int
	}{
		"refused":          {refused, nil, monitor.ReasonFailed, 1},
		"dead":             {dead, nil, monitor.ReasonFailed, 1},
		"wrong dimensions": {odd, nil, monitor.ReasonUnreadable, 1},
		"elsewhere":        {anglesOf, func(c *config.Config) { c.Embeddings.Upstream = "openai" }, "", 0},
		"another route":    {anglesOf, func(c *config.Config) { c.Embeddings.Routes = "chat*" }, "", 0},
		"words":            {anglesOf, func(c *config.Config) { c.Ensemble.Likeness = config.LikenessWords }, "", 0},
		"by majority":      {anglesOf, func(c *config.Config) { c.Ensemble.Method = config.MethodMajority }, "", 0},
	} {
		t.Run(name, func(t *testing.T) {
			r, e := newVoteOnTexts(t, c.reply, c.edit)
			res := r.ask(question, firstCall, "1")
			method := res.Header.Get(headerMethod)
			if got := read(t, res); !strings.Contains(got, proseVotes[0]) || method != "medoid" && name != "by majority" {
				t.Errorf("by %s: %s", method, got)
			}
			if v := r.observation().Vote; v == nil || v.EmbeddingsMissing != c.want || len(e.embedded()) != c.calls {
				t.Errorf("%d calls, vote %+v", len(e.embedded()), v)
			}
			r.settled()
			if counted := strings.Contains(r.metrics(), fmt.Sprintf(`hotmess_embeddings_total{outcome=%q} 1`, c.want)); counted != (c.want != "") {
				t.Errorf("counted: %t", counted)
			}
		})
	}
}

// TestVotesGoByWordsWhereEmbeddingsAreSlow has the embeddings not come within what is
// left of the wait. Where the samples take all of it, there is more of it the next time.
func TestVotesGoByWordsWhereEmbeddingsAreSlow(t *testing.T) {
	slow := func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }
	for wait := 200 * time.Millisecond; ; wait *= 4 {
		r, e := newVoteOnTexts(t, slow, func(c *config.Config) { c.Ensemble.Wait = config.Duration(wait) })
		res := r.ask(question, firstCall, "1")
		got, o := read(t, res), r.observation()
		if len(e.embedded()) == 0 && wait < patience {
			continue
		}
		if method := res.Header.Get(headerMethod); !strings.Contains(got, proseVotes[0]) || method != "medoid" {
			t.Errorf("by %s: %s", method, got)
		}
		if v := o.Vote; v == nil || v.EmbeddingsMissing != monitor.ReasonTimeout || len(e.embedded()) != 1 {
			t.Errorf("%d calls, vote %+v", len(e.embedded()), v)
		}
		r.settled()
		if !strings.Contains(r.metrics(), `hotmess_embeddings_total{outcome="timeout"} 1`) {
			t.Error("not counted")
		}
		return
	}
}
