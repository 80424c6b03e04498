package ensemble

import (
	"context"
	"errors"
	"net"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"hotmess/budget"
	"hotmess/wire"
)

// guesses keep what estimates were asked for; each comes to 7 tokens.
type guesses struct {
	mu    sync.Mutex
	asked []budget.Partial
}

func (g *guesses) likely(p budget.Partial) budget.Spend {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.asked = append(g.asked, p)
	return budget.Spend{Output: 7}
}

// streamedCall is newCall of a client that asked for a stream, in a dialect.
func streamedCall(t *testing.T, d wire.Dialect) Call {
	t.Helper()
	target, body := wire.Target{Dialect: d}, `{"model":"m","stream":true,"max_tokens":9,"messages":[{"role":"user","content":"q"}]}`
	if d == wire.OpenAIResponses {
		body = `{"model":"m","stream":true,"input":"q"}`
	}
	if d == wire.GeminiGenerate {
		target.Model, target.Framing, body = "m", wire.Events, `{"contents":[{"role":"user","parts":[{"text":"q"}]}]}`
	}
	v, err := wire.ReadView(target, []byte(body))
	if err != nil {
		t.Fatal(err)
	}
	call := newCall(t)
	call.Body, call.View, call.Compare = []byte(body), v, comparer(t, v, "")
	return call
}

// streamed is a reply of events that come at once; what is after comes later.
func streamed(after time.Duration, broken error, events ...string) reply {
	r := reply{after: after, broken: broken, header: http.Header{"Content-Type": {"text/event-stream"}}}
	for _, e := range events {
		r.early += "data: " + e + "\n\n"
	}
	return r
}

const (
	chatDelta     = `{"id":"c","choices":[{"index":0,"delta":{"content":"twelve bytes","reasoning_content":"and 8 more"}}]}`
	chatEnd       = `{"id":"c","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}`
	chatRunning   = `{"id":"c","choices":[{"index":0,"delta":{"content":"x"}}],"usage":{"prompt_tokens":40,"completion_tokens":3}}`
	messageStart  = `{"type":"message_start","message":{"id":"m","usage":{"input_tokens":30,"cache_read_input_tokens":70,"output_tokens":1}}}`
	messageBlock  = `{"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}`
	messageDelta  = `{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"four"}}`
	geminiPiece   = `{"candidates":[{"index":0,"content":{"role":"model","parts":[{"text":"five!"}]}}],"usageMetadata":{"promptTokenCount":50,"candidatesTokenCount":2,"thoughtsTokenCount":4,"totalTokenCount":56}}`
	unaryNoUsage  = `{"id":"c","choices":[{"index":0,"finish_reason":"stop","message":{"content":"abc"}}]}`
	responseDelta = `{"type":"response.output_text.delta","item_id":"i","output_index":0,"content_index":0,"delta":"text"}`
)

// TestWhatIsKnownOfACallWithoutWholeUsage: how it ended, what it showed, what its
// upstream had counted.
func TestWhatIsKnownOfACallWithoutWholeUsage(t *testing.T) {
	broken := errors.New("scripted")
	for name, c := range map[string]struct {
		dialect wire.Dialect // empty: a unary chat
		reply   reply
		want    budget.Partial
	}{
		"whole, unary":            {"", reply{body: unaryNoUsage}, budget.Partial{Ending: budget.EndedWhole, Shown: 3}},
		"whole, streamed":         {wire.OpenAIChat, streamed(0, nil, chatDelta, chatEnd, "[DONE]"), budget.Partial{Ending: budget.EndedWhole, Shown: 22}},
		"cut":                     {wire.OpenAIChat, streamed(0, broken, chatDelta), budget.Partial{Ending: budget.EndedCut, Shown: 22}},
		"cut by its end":          {wire.OpenAIChat, streamed(0, nil, chatDelta), budget.Partial{Ending: budget.EndedCut, Shown: 22}},
		"cut, with running usage": {wire.OpenAIChat, streamed(0, broken, chatRunning), budget.Partial{Ending: budget.EndedCut, Shown: 1, Counted: 3, Prompt: budget.Spend{Input: 40}}},
		"cut, Responses":          {wire.OpenAIResponses, streamed(0, broken, responseDelta), budget.Partial{Ending: budget.EndedCut, Shown: 4}},
		"cut, Anthropic's head":   {wire.AnthropicMessages, streamed(0, broken, messageStart, messageBlock, messageDelta), budget.Partial{Ending: budget.EndedCut, Shown: 4, Prompt: budget.Spend{Input: 100, CachedInput: 70}}},
		"Gemini runs on":          {wire.GeminiGenerate, streamed(0, broken, geminiPiece), budget.Partial{Ending: budget.EndedUnseen, Shown: 5, Counted: 6, Prompt: budget.Spend{Input: 50}}},
		"unary, broken":           {"", reply{body: `{"id"`, broken: broken}, budget.Partial{Ending: budget.EndedUnseen}},
		"no head":                 {"", reply{err: broken}, budget.Partial{Ending: budget.EndedUnseen}},
		"no head of a stream":     {wire.OpenAIChat, reply{err: broken}, budget.Partial{Ending: budget.EndedCut}},
		"never connected":         {"", reply{err: &net.OpError{Op: "dial", Err: broken}}, budget.Partial{Ending: budget.EndedRefused}},
		"refused":                 {"", reply{status: 429, body: "{}"}, budget.Partial{Ending: budget.EndedRefused}},
		"overloaded":              {wire.AnthropicMessages, reply{status: 529, body: "{}"}, budget.Partial{Ending: budget.EndedRefused}},
		"not allowed":             {"", reply{status: 403, body: "{}"}, budget.Partial{Ending: budget.EndedRefused}},
		"filtered":                {"", reply{status: 400, body: "{}"}, budget.Partial{Ending: budget.EndedRead}},
		"broke":                   {"", reply{status: 500, body: "{}"}, budget.Partial{Ending: budget.EndedRead}},
		"a gateway's patience":    {"", reply{status: 504, body: "{}"}, budget.Partial{Ending: budget.EndedUnseen}},
		"an unreadable body":      {"", reply{body: "<html>"}, budget.Partial{Ending: budget.EndedWhole}},
		"a body that is too big":  {"", reply{body: `{"id":"` + string(make([]byte, 1<<20)) + `"}`}, budget.Partial{Ending: budget.EndedUnseen}},
	} {
		t.Run(name, func(t *testing.T) {
			call := newCall(t)
			if c.dialect != "" {
				call = streamedCall(t, c.dialect)
			}
			call.Route, c.want.Route, c.want.Worst = "r", "r", call.Worst
			g := &guesses{}
			r := newRunner(&script{extras: []reply{c.reply}}, &turnstile{})
			r.Likely = g.likely
			s := r.Extras(t.Context(), call, 1, 1)[0]
			if !s.Estimated || s.Tokens != 7 || len(g.asked) != 1 {
				t.Fatalf("settled at %+v, asked %+v", s.Settlement, g.asked)
			}
			got := g.asked[0]
			if got.Took = 0; got != c.want {
				t.Errorf("asked of %+v\nwant %+v", got, c.want)
			}
		})
	}
}

// TestACancelledCallIsSettledByItsPrompt: what others were told of the same prompt,
// with the most that came from the cache, and the time that it ran.
func TestACancelledCallIsSettledByItsPrompt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		whole := func(cached string) reply {
			r := chat(`,"usage":{"prompt_tokens":90,"completion_tokens":5,"prompt_tokens_details":{"cached_tokens":` + cached + `}}`)
			r.after = second(1)
			return r
		}
		s := &script{primary: whole("64"), extras: []reply{whole("32"), says("b", second(300))}}
		g, p := &guesses{}, ballotPolicy(3)
		r := newRunner(s, &turnstile{})
		r.Likely = g.likely
		_, finish := r.Vote(t.Context(), newCall(t), p)
		finish()
		want := budget.Partial{
			Ending: budget.EndedUnseen, Worst: budget.Spend{Output: 1000},
			Prompt: budget.Spend{Input: 90, CachedInput: 64}, Took: second(2),
		}
		if len(g.asked) != 1 || g.asked[0] != want {
			t.Errorf("asked of %+v, want %+v", g.asked, want)
		}
	})
}

// TestWhatWasNotSentCostsNothing: the client left while the extra was let in.
func TestWhatWasNotSentCostsNothing(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	r := newRunner(&script{}, &turnstile{})
	r.Likely = func(budget.Partial) budget.Spend { t.Error("estimated"); return budget.Spend{} }
	if s := r.Extras(ctx, newCall(t), 1, 1)[0]; s.Tokens != 0 || s.Estimated {
		t.Errorf("settled at %+v", s.Settlement)
	}
}
