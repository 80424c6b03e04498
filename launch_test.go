package main_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"hotmess/config"
	"hotmess/ensemble"
	"hotmess/monitor"
	"hotmess/sim"
	"hotmess/wire"
)

// A longPrompt is a request of one dialect with a prompt of so many bytes.
type longPrompt struct {
	path string
	body func(text string) object
}

// longPrompts stream in all dialects. The one of Messages marks its prompt for the
// cache, as its clients do.
func longPrompts() map[string]longPrompt {
	said := func(text string) []object { return []object{{"role": "user", "content": text}} }
	return map[string]longPrompt{
		"openai-chat": {"/v1/chat/completions", func(text string) object {
			return object{"model": "m", "stream": true, "stream_options": object{"include_usage": true}, "messages": said(text), "prompt_cache_key": "k"}
		}},
		"openai-responses": {"/v1/responses", func(text string) object {
			return object{"model": "m", "stream": true, "store": false, "input": said(text), "prompt_cache_key": "k"}
		}},
		"anthropic-messages": {"/v1/messages", func(text string) object {
			part := []object{{"type": "text", "text": text, "cache_control": object{"type": "ephemeral"}}}
			return object{"model": "m", "stream": true, "max_tokens": 4096, "messages": []object{{"role": "user", "content": part}}}
		}},
		"gemini-generate": {"/v1beta/models/m:streamGenerateContent?alt=sse", func(text string) object {
			return object{"contents": []object{{"role": "user", "parts": []object{{"text": text}}}}}
		}},
	}
}

// longQuestion is a text of about so many bytes that begins with its number and ends
// with a question.
func longQuestion(number, size int) string {
	return fmt.Sprintf("Case %d. ", number) + strings.Repeat("It was so and not otherwise. ", size/29) +
		`What follows? A) one B) two C) three. End with "Answer: <letter>".`
}

// A launched line votes on long prompts.
type launched struct {
	*line
	prompt longPrompt
	// upstream is the URL of its model.
	upstream string
}

// slowReader is a model that takes a while to read a prompt.
func slowReader(first time.Duration) *sim.Server {
	return &sim.Server{
		Seed: 5, Accuracy: .9, PrefixCache: true, Reasoning: sim.Reasoning{Median: 200, Sigma: .4},
		Latency: sim.Latency{First: first, PerToken: first / 300, Jitter: .2}, Chunk: 50,
	}
}

// launching has a line to a model that votes on long prompts.
func launching(t testing.TB, p longPrompt, launch string, samples config.Range, model *sim.Server) launched {
	t.Helper()
	made := launched{prompt: p}
	made.line = newLine(t, model, func(c *config.Config) {
		c.Upstream = strings.TrimSuffix(c.Upstream, "/v1")
		made.upstream = c.Upstream
		c.Sampling.Mode, c.Sampling.Rate = config.Ensemble, config.Rate{}
		c.Ensemble.Samples, c.Ensemble.Launch = samples, launch
		c.Ensemble.Stop, c.Ensemble.Wait = config.Stop{}, config.Duration(time.Minute)
		c.Prices = []config.Price{{Model: "*", Input: new(1.25), CachedInput: new(.125), Output: new(10.0)}}
	})
	// Until it is told of a quota, extras begin one at a time.
	made.monitor.Gate().Hear(config.OnlyUpstream, http.StatusOK, wire.Quota{Known: true, Remaining: 1})
	return made
}

// ask sends one request and says how long it took.
func (l launched) ask(t testing.TB, text string) time.Duration {
	t.Helper()
	return l.prompt.ask(t, strings.TrimSuffix(l.base, "/v1"), text)
}

func (p longPrompt) ask(t testing.TB, base, text string) time.Duration {
	t.Helper()
	body, err := json.Marshal(p.body(text))
	if err != nil {
		t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, base+p.path, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", "oracle/1")
	req.Header.Set("Anthropic-Version", "2023-06-01")
	began := time.Now()
	res, err := agents.Do(req)
	if err != nil {
		t.Error(err)
		return 0
	}
	defer res.Body.Close()
	if _, err := io.Copy(io.Discard, res.Body); err != nil || res.StatusCode != http.StatusOK {
		t.Errorf("status %d, %v", res.StatusCode, err)
	}
	return time.Since(began)
}

// extras is what was counted of them.
func (l launched) extras(t testing.TB, requests int64) monitor.WindowReport {
	t.Helper()
	l.observed(t, requests)
	for _, r := range l.monitor.Routes() {
		if r.Route == "oracle.m" {
			return r.Windows[1]
		}
	}
	t.Fatal("no such route")
	return monitor.WindowReport{}
}

// together is a hook of a model by which time passes: not before so many requests
// read their prompts, unless they do not come in half the time after which followers
// no longer wait for a leader.
func together(requests int) func(context.Context, time.Duration) {
	var mu sync.Mutex
	come, all := map[context.Context]bool{}, make(chan struct{})
	return func(ctx context.Context, _ time.Duration) {
		mu.Lock()
		known := len(come)
		come[ctx] = true
		if known < requests && len(come) == requests {
			close(all)
		}
		mu.Unlock()
		select {
		case <-all:
		case <-time.After(ensemble.StartWithin / 2):
		}
	}
}

// TestFollowersFindTheCacheWarm: in every dialect what follows a leader reads its
// prompt from the cache, what starts with it does not, and both are counted so.
func TestFollowersFindTheCacheWarm(t *testing.T) {
	const samples = 3
	for name, p := range longPrompts() {
		for _, launch := range []string{config.LaunchAtOnce, config.LaunchLeader} {
			t.Run(name+", "+launch, func(t *testing.T) {
				model := slowReader(400 * time.Millisecond)
				if launch == config.LaunchAtOnce { // however late one of them is sent
					model.Sleep = together(samples)
				}
				l := launching(t, p, launch, config.Range{Min: samples, Max: samples}, model)
				l.ask(t, longQuestion(1, 8000))
				w := l.extras(t, 1)
				share := float64(w.ExtraUsed.CachedInput) / float64(w.ExtraUsed.Input)
				if launch == config.LaunchLeader && share < .8 || launch == config.LaunchAtOnce && share > 0 {
					t.Errorf("%.3f of %d tokens were cached", share, w.ExtraUsed.Input)
				}
				s := w.ExtraUsed
				usd := (float64(s.Input-s.CachedInput)*1.25 + float64(s.CachedInput)*.125 + float64(s.Output)*10) / 1e6
				if w.ExtraUSD == nil || *w.ExtraUSD < usd-1e-9 || *w.ExtraUSD > usd+1e-8 {
					t.Errorf("cost %v, want %g of %+v", w.ExtraUSD, usd, s)
				}
			})
		}
	}
}

// askAll asks the questions from..to, four at a time, and gives the median time. If
// before is set, its upstream is asked by it first.
func (l launched) askAll(t testing.TB, from, to, size int, before *longPrompt) time.Duration {
	t.Helper()
	took := make([]time.Duration, to-from)
	var workers sync.WaitGroup
	for worker := range 4 {
		workers.Go(func() {
			for i := from + worker; i < to; i += 4 {
				text := longQuestion(i, size)
				if before != nil {
					before.ask(t, l.upstream, text)
				}
				took[i-from] = l.ask(t, text)
			}
		})
	}
	workers.Wait()
	slices.Sort(took)
	return took[len(took)/2]
}

// BenchmarkCostByLaunch makes the table of docs/cost.md: what the extras of votes on
// prompts of 20,000 tokens cost, by launch policy, where the prompt is new, and
// where it is the next turn of a conversation whose first nine tenths are cached.
func BenchmarkCostByLaunch(b *testing.B) {
	const history, requests, size = 8, 24, 80_000
	p := longPrompts()["openai-chat"]
	known := func(text string) int { return len(text) * 9 / 10 }
	before := longPrompt{p.path, func(text string) object { return p.body(text[:known(text)]) }}
	inTurn := longPrompt{p.path, func(text string) object {
		body, at := p.body(text), known(text)
		body["messages"] = []object{{"role": "user", "content": text[:at]}, {"role": "assistant", "content": "I see."}, {"role": "user", "content": text[at:]}}
		return body
	}}
	for b.Loop() {
		for _, turn := range []struct {
			name   string
			prompt longPrompt
			before *longPrompt
		}{{"new", p, nil}, {"next turn", inTurn, &before}} {
			for _, launch := range []string{config.LaunchAtOnce, config.LaunchStaged, config.LaunchLeader} {
				l := launching(b, turn.prompt, launch, config.Range{Min: 3, Max: 5}, slowReader(600*time.Millisecond))
				l.askAll(b, 0, history, 300, nil) // tells how long replies are
				old := l.extras(b, history)
				median := l.askAll(b, history, history+requests, size, turn.before)
				all := l.extras(b, history+requests)
				input, cached := all.ExtraUsed.Input-old.ExtraUsed.Input, all.ExtraUsed.CachedInput-old.ExtraUsed.CachedInput
				b.Logf("| %s | %s | %.0f | %.0f %% | %.0f | %.4f | %.1f s |", turn.name, launch,
					float64(input)/requests, 100*float64(cached)/float64(input), float64(all.ExtraUsed.Output-old.ExtraUsed.Output)/requests,
					(*all.ExtraUSD-*old.ExtraUSD)/requests, median.Seconds())
			}
		}
	}
}
