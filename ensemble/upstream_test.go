package ensemble

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"hotmess/budget"
	"hotmess/wire"
)

// A reply is what the scripted upstream does with one call.
type reply struct {
	// after is the time to the head, then again to the end of the body.
	after  time.Duration
	status int // 0: 200
	header http.Header
	body   string
	early  string // comes with the head, before body
	err    error  // instead of a head
	broken error  // at the end of the body
	panics bool
	// lingers is how long the connection stays open behind the body, late what
	// comes then.
	lingers time.Duration
	late    string
}

// says is a whole reply of a text after twice a time, with an id of its own.
func says(text string, after time.Duration) reply {
	return reply{after: after, body: completion(rand.Text(), text)}
}

// completion is written by hand from the public form of the API.
func completion(id, text string) string {
	return fmt.Sprintf(`{"id":%q,"object":"chat.completion","model":"m","choices":[{"index":0,"finish_reason":"stop",`+
		`"message":{"role":"assistant","content":%q}}],"usage":{"prompt_tokens":10,"completion_tokens":5,"total_tokens":15}}`, id, text)
}

// A script is an upstream that gives one reply after the other, in the order in
// which the calls are known by: the primary's header names it, extras follow in
// any order and take the rest in theirs.
type script struct {
	mu      sync.Mutex
	primary reply
	extras  []reply
	calls   []*http.Request
	bodies  []string
	starts  []time.Time
	open    int // bodies that are not closed
}

func (s *script) RoundTrip(r *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	rep := s.next(r, string(body))
	if rep.panics {
		panic("scripted")
	}
	if err := pause(r.Context(), rep.after); err != nil {
		return nil, err
	}
	if rep.err != nil {
		return nil, rep.err
	}
	h := rep.header.Clone()
	if h == nil {
		h = http.Header{"Content-Type": {"application/json"}}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.open++
	return &http.Response{
		StatusCode: max(rep.status, 200), Header: h,
		Body: &scriptedBody{s: s, ctx: r.Context(), rep: rep, left: strings.NewReader(rep.body)},
	}, nil
}

func (s *script) next(r *http.Request, body string) reply {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls = append(s.calls, r)
	s.bodies = append(s.bodies, body)
	s.starts = append(s.starts, time.Now())
	if r.Header.Get("X-Request-Id") != "" { // scrubbed from extras
		return s.primary
	}
	if len(s.extras) == 0 {
		return reply{err: errors.New("no reply left")}
	}
	rep := s.extras[0]
	s.extras = s.extras[1:]
	return rep
}

func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

type scriptedBody struct {
	s      *script
	ctx    context.Context
	rep    reply
	left   io.Reader
	waited bool
}

func (b *scriptedBody) Read(p []byte) (int, error) {
	if b.rep.early != "" {
		n := copy(p, b.rep.early)
		b.rep.early = b.rep.early[n:]
		return n, nil
	}
	if !b.waited {
		b.waited = true
		if err := pause(b.ctx, b.rep.after); err != nil {
			return 0, err
		}
	}
	n, err := b.left.Read(p)
	if errors.Is(err, io.EOF) && b.rep.lingers > 0 {
		if err := pause(b.ctx, b.rep.lingers); err != nil {
			return 0, err
		}
		b.left, b.rep.lingers = strings.NewReader(b.rep.late), 0
		n, err = b.left.Read(p)
	}
	if errors.Is(err, io.EOF) && b.rep.broken != nil {
		err = b.rep.broken
	}
	return n, err
}

func (b *scriptedBody) Close() error {
	b.s.mu.Lock()
	defer b.s.mu.Unlock()
	b.s.open--
	return nil
}

// A turnstile is a gate: it refuses by launch order of entry, or waits.
type turnstile struct {
	mu      sync.Mutex
	refuse  []budget.Refusal // one per entry; empty: let in
	shut    bool             // waits until ctx ends
	wait    time.Duration
	panics  bool
	asked   []budget.Ask
	settled []int64
	guessed int
}

func (g *turnstile) Enter(ctx context.Context, ask budget.Ask) (budget.Settle, budget.Refusal) {
	if g.panics {
		panic("scripted")
	}
	if g.shut {
		<-ctx.Done()
		return nil, budget.RefusedQueue
	}
	if pause(ctx, g.wait) != nil {
		return nil, budget.RefusedQueue
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.asked = append(g.asked, ask)
	if len(g.refuse) > 0 {
		reason := g.refuse[0]
		g.refuse = g.refuse[1:]
		if reason != "" {
			return nil, reason
		}
	}
	return g.settle, ""
}

func (g *turnstile) settle(used budget.Spend, estimated bool) budget.Bill {
	g.mu.Lock()
	defer g.mu.Unlock()
	b := budget.Bill{Tokens: used.Input + used.Output}
	g.settled = append(g.settled, b.Tokens)
	if estimated {
		g.guessed++
	}
	return b
}

const requestBody = `{"model":"m","messages":[{"role":"user","content":"q"}],"store":true}`

func newRunner(s *script, g Gate) *Runner {
	return &Runner{Transport: s, Gate: g, Timeout: 10 * time.Minute, MaxBody: 1 << 20}
}

func newCall(t *testing.T) Call {
	t.Helper()
	v, err := wire.ReadView(wire.Target{Dialect: wire.OpenAIChat}, []byte(requestBody))
	if err != nil {
		t.Fatal(err)
	}
	return Call{
		Method: http.MethodPost,
		URL:    &url.URL{Scheme: "http", Host: "upstream.example", Path: "/v1/chat/completions"},
		Host:   "upstream.example",
		Header: http.Header{"X-Request-Id": {"r1"}, "Idempotency-Key": {"k1"}, "Authorization": {"Bearer k"}},
		Body:   []byte(requestBody), View: v,
		Compare: comparer(t, v, ""), Upstream: "openai", Worst: budget.Spend{Output: 1000},
	}
}

// missings are the reasons of samples in their order, - for whole ones.
func missings(samples []Sample) string {
	var words []string
	for i, s := range samples {
		word := string(s.Missing)
		if word == "" {
			word = "-"
		}
		if i > 0 && s.Number <= samples[i-1].Number {
			word += "(out of order)"
		}
		words = append(words, word)
	}
	return strings.Join(words, " ")
}

func (s *script) checkClosed(t *testing.T) {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.open != 0 {
		t.Errorf("%d bodies are not closed", s.open)
	}
}
