package eval

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"hotmess/wire"
)

// goodReply is a whole reply of a chat completion.
const goodReply = `{"id":"r1","model":"served-1","choices":[{"index":0,"message":{"role":"assistant","content":"Answer: A"},"finish_reason":"stop"}],` +
	`"usage":{"prompt_tokens":7,"completion_tokens":5,"completion_tokens_details":{"reasoning_tokens":3}}}`

// A script answers calls with its lines, one by one; the last one stays.
type script struct {
	mu    sync.Mutex
	lines []turn
	// at are the times of the calls since began.
	began time.Time
	at    []time.Duration
	last  *http.Request
}

// A turn is one scripted reply.
type turn struct {
	status int
	header http.Header
	body   string
	err    error
	// stuck never answers.
	stuck bool
}

func (s *script) RoundTrip(r *http.Request) (*http.Response, error) {
	s.mu.Lock()
	now := s.lines[0]
	if len(s.lines) > 1 {
		s.lines = s.lines[1:]
	}
	s.at, s.last = append(s.at, time.Since(s.began)), r
	s.mu.Unlock()
	if now.stuck {
		<-r.Context().Done()
		return nil, r.Context().Err()
	}
	if now.err != nil {
		return nil, now.err
	}
	header := now.header
	if header == nil {
		header = http.Header{}
	}
	return &http.Response{
		StatusCode: now.status, Status: fmt.Sprintf("%d %s", now.status, http.StatusText(now.status)),
		Header: header, Body: io.NopCloser(strings.NewReader(now.body)), Request: r,
	}, nil
}

// scripted is a caller of a script; it must run in a bubble.
func scripted(t *testing.T, change func(*Options), lines ...turn) (*caller, *script) {
	t.Helper()
	s := &script{lines: lines, began: time.Now()}
	o := plain()
	o.Transport, o.Key = s, "sk-very-secret"
	if change != nil {
		change(&o)
	}
	c, err := newCaller(o)
	if err != nil {
		t.Fatal(err)
	}
	return c, s
}

func TestCallReadsOneReply(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, s := scripted(t, nil, turn{status: 200, body: goodReply})
		got, err := c.call(t.Context(), "/v1/chat/completions", []byte(`{}`))
		if err != nil || got.reply.Text != "Answer: A" || got.reply.Usage.Reasoning != 3 {
			t.Fatalf("%+v, %v", got, err)
		}
		if s.last.URL.String() != "http://127.0.0.1:1/v1/chat/completions" || s.last.Header.Get("Authorization") != "Bearer sk-very-secret" {
			t.Errorf("asked %s with %v", s.last.URL, s.last.Header)
		}
	})
}

func TestModelsWithSlashesStayOneSegment(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, s := scripted(t, func(o *Options) { o.Dialect = wire.GeminiGenerate }, turn{status: 200, body: `{"candidates":[{"content":{"parts":[{"text":"x"}]},"finishReason":"STOP"}]}`})
		if _, err := c.call(t.Context(), "/v1beta/models/a%2Fb:generateContent", nil); err != nil {
			t.Fatal(err)
		}
		if got := s.last.URL.EscapedPath(); got != "/v1beta/models/a%2Fb:generateContent" {
			t.Errorf("path %s", got)
		}
	})
}

func TestCallRepeatsWhatMayPass(t *testing.T) {
	for name, bad := range map[string]turn{
		"408": {status: 408}, "409": {status: 409}, "425": {status: 425}, "429": {status: 429}, "500": {status: 500}, "529": {status: 529},
		"cut":    {status: 200, body: goodReply[:40]},
		"empty":  {status: 200},
		"failed": {status: 200, body: `{"error":{"type":"server_error","code":"oops"}}`},
		"none":   {status: 200, body: `{"choices":[]}`},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c, s := scripted(t, nil, bad, bad, turn{status: 200, body: goodReply})
				if _, err := c.call(t.Context(), "/v1/x", nil); err != nil {
					t.Fatal(err)
				}
				// Waits of 1 and 2 s, spread by half either way.
				if n := len(s.at); n != 3 || s.at[1] < 500*time.Millisecond || s.at[2] < 1500*time.Millisecond || s.at[2] > 4500*time.Millisecond {
					t.Errorf("asked at %v", s.at)
				}
			})
		})
	}
}

func TestCallGivesUpAfterItsAttempts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, s := scripted(t, nil, turn{status: 503, body: "overloaded"})
		_, err := c.call(t.Context(), "/v1/x", nil)
		if err == nil || !strings.Contains(err.Error(), "503") || !strings.Contains(err.Error(), "overloaded") || len(s.at) != Attempts {
			t.Errorf("%d attempts, %v", len(s.at), err)
		}
		// 1 + 2 + … + 32 + 60 s are two minutes, half of which is a minute.
		if total := s.at[Attempts-1]; total < time.Minute {
			t.Errorf("gave up after %s: a limit per minute has not passed", total)
		}
	})
}

func TestRetryAfterHoldsForAllCalls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, s := scripted(t, nil,
			turn{status: 429, header: http.Header{"Retry-After": {"90"}}}, turn{status: 200, body: goodReply})
		var calls sync.WaitGroup
		calls.Go(func() {
			if _, err := c.call(t.Context(), "/v1/x", nil); err != nil {
				t.Error(err)
			}
		})
		synctest.Wait() // the first was told to wait
		calls.Go(func() {
			if _, err := c.call(t.Context(), "/v1/x", nil); err != nil {
				t.Error(err)
			}
		})
		calls.Wait()
		if len(s.at) != 3 || s.at[1] < 90*time.Second || s.at[2] < 90*time.Second || s.at[2] > 100*time.Second {
			t.Errorf("asked at %v", s.at)
		}
	})
}

func TestWhatNoRepetitionChangesStopsAtOnce(t *testing.T) {
	for name, tc := range map[string]struct {
		bad  turn
		want string
	}{
		"401":        {turn{status: 401, body: "bad key sk-very-secret"}, "set OPENAI_API_KEY"},
		"403":        {turn{status: 403}, "set OPENAI_API_KEY"},
		"402":        {turn{status: 402, body: "pay"}, "402 Payment Required: pay"},
		"404":        {turn{status: 404, body: "no model m"}, "no model m: see --upstream, --dialect and --model"},
		"redirect":   {turn{status: 307, header: http.Header{"Location": {"http://elsewhere/"}}}, "307"},
		"long wait":  {turn{status: 429, header: http.Header{"Retry-After": {"3600"}}}, "asks to wait 1h0m0s"},
		"no address": {turn{err: errors.New("connection refused")}, "no reply: connection refused: see --upstream"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c, s := scripted(t, nil, tc.bad)
				_, err := c.call(t.Context(), "/v1/x", nil)
				if _, stop := errors.AsType[stopError](err); !stop || !strings.Contains(err.Error(), tc.want) || len(s.at) != 1 {
					t.Errorf("%d attempts, %v", len(s.at), err)
				}
				if err != nil && strings.Contains(err.Error(), "secret") {
					t.Errorf("the key is told: %v", err)
				}
			})
		})
	}
}

func TestOneQuestionsFaultDoesNotStopTheOthers(t *testing.T) {
	for name, bad := range map[string]turn{
		"400":        {status: 400, body: "too long, said sk-very-secret"},
		"422":        {status: 422},
		"from cache": {status: 200, header: http.Header{"X-Litellm-Cache-Key": {"k"}, "Cf-Aig-Cache-Status": {"HIT"}}, body: goodReply},
		"other API":  {status: 200, body: `{"greeting":"hello"}`},
		"no JSON":    {status: 200, body: `<html>`},
		"encoding":   {status: 200, header: http.Header{"Content-Encoding": {"rot13"}}, body: goodReply},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c, s := scripted(t, nil, bad)
				_, err := c.call(t.Context(), "/v1/x", nil)
				if _, stop := errors.AsType[stopError](err); err == nil || stop || strings.Contains(err.Error(), "secret") {
					t.Errorf("after %d attempts: %v", len(s.at), err)
				}
			})
		})
	}
}

func TestABrokenConnectionIsNotTheEndOnceThereWasAReply(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		good := turn{status: 200, body: goodReply}
		c, s := scripted(t, nil, good, turn{err: errors.New("reset")}, good)
		for range 2 {
			if _, err := c.call(t.Context(), "/v1/x", nil); err != nil {
				t.Error(err)
			}
		}
		if len(s.at) != 3 {
			t.Errorf("%d attempts", len(s.at))
		}
	})
}

func TestACallEndsWithItsTimeAndIsRepeated(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, s := scripted(t, func(o *Options) { o.Timeout = 5 * time.Second }, turn{stuck: true})
		_, err := c.call(t.Context(), "/v1/x", nil)
		if err == nil || !strings.Contains(err.Error(), "--timeout 5s") || len(s.at) != Attempts {
			t.Errorf("%d attempts, %v", len(s.at), err)
		}
	})
}

func TestACallEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gone := errors.New("gone")
		for _, l := range []turn{{stuck: true}, {status: 503}, {status: 429, header: http.Header{"Retry-After": {"500"}}}} {
			c, _ := scripted(t, nil, l)
			ctx, cancel := context.WithCancelCause(t.Context())
			time.AfterFunc(10*time.Second, func() { cancel(gone) })
			began := time.Now()
			if _, err := c.call(ctx, "/v1/x", nil); !errors.Is(err, gone) || time.Since(began) > 11*time.Second {
				t.Errorf("%+v: %v after %s", l, err, time.Since(began))
			}
		}
	})
}

func TestErrorsAreQuotedInPartAndOnOneLine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, _ := scripted(t, nil, turn{status: 400, body: "bad\n\x1b[2J" + strings.Repeat("é", 500)})
		_, err := c.call(t.Context(), "/v1/x", nil)
		if err == nil || strings.ContainsAny(err.Error(), "\n\x1b") || len(err.Error()) > maxQuoted+100 {
			t.Errorf("%q", err)
		}
	})
}

func TestAKeyIsHiddenWhereverTheQuoteIsCut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for n := range 40 {
			c, _ := scripted(t, nil, turn{status: 400, body: strings.Repeat("x", maxQuoted-n) + "sk-very-secret"})
			if _, err := c.call(t.Context(), "/v1/x", nil); err == nil || strings.Contains(err.Error(), "sk-") {
				t.Errorf("%d: %v", n, err)
			}
		}
	})
}
