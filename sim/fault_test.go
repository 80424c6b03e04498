package sim

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tidwall/gjson"
)

func TestFaultRatesHold(t *testing.T) {
	const n = 800
	s := &Server{Faults: Faults{RateLimited: .2, ServerError: .1, Slow: .3, SlowBy: 1}}
	status := map[int]int{}
	frequency(n, func(question string) bool {
		status[post(s, with(question, nil)).Code]++
		return true
	})
	near(t, "429", float64(status[429])/n, .2, n)
	near(t, "500", float64(status[500])/n, .1, n)
	sum := s.Summary()
	near(t, "faults", float64(sum.Faults)/n, .6, n)
	near(t, "whole", float64(sum.Whole)/n, .7, n)
	if sum.Requests != n || sum.Samples != sum.Whole {
		t.Errorf("Summary = %+v", sum)
	}
}

func TestRetryMayGetThrough(t *testing.T) {
	s := &Server{Faults: Faults{RateLimited: .5}}
	seen := map[int]bool{}
	for range 20 {
		seen[post(s, with("Again?", nil)).Code] = true
	}
	if !seen[200] || !seen[429] {
		t.Errorf("20 tries gave only %v", seen)
	}
}

func TestRateLimitTellsWhenToRetry(t *testing.T) {
	for after, want := range map[time.Duration]string{0: "1", 1500 * time.Millisecond: "2", time.Minute: "60"} {
		w := post(&Server{Faults: Faults{RateLimited: 1, RetryAfter: after}}, with("Hi", nil))
		if got := w.Header().Get("Retry-After"); w.Code != 429 || got != want {
			t.Errorf("RetryAfter %v: status %d, header %q, want %q", after, w.Code, got, want)
		}
		if got := gjson.Get(w.Body.String(), "error.code").String(); got != "rate_limit_exceeded" {
			t.Errorf("code = %q", got)
		}
	}
}

func TestServerErrorHasOpenAIForm(t *testing.T) {
	w := post(&Server{Faults: Faults{ServerError: 1}}, with("Hi", nil))
	if w.Code != 500 || gjson.Get(w.Body.String(), "error.type").String() != "server_error" {
		t.Errorf("status %d, body %s", w.Code, w.Body)
	}
}

func TestCutBreaksTheConnection(t *testing.T) {
	server := httptest.NewServer(&Server{Faults: Faults{Cut: 1}})
	defer server.Close()
	for _, body := range []string{with("Hi", nil), with("Hi", streamed(nil))} {
		resp, err := http.Post(server.URL+"/v1/chat/completions", "application/json", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		if !errors.Is(err, io.ErrUnexpectedEOF) || len(got) == 0 || strings.Contains(string(got), "[DONE]") {
			t.Errorf("%d bytes, %v", len(got), err)
		}
	}
}

func TestMalformedBreaksTheJSON(t *testing.T) {
	s := &Server{Faults: Faults{Malformed: 1}}
	if body := post(s, with("Hi", nil)).Body.String(); gjson.Valid(body) {
		t.Errorf("valid: %s", body)
	}
	broken := 0
	list := events(t, post(s, with("Hi", streamed(nil))).Body.String())
	for _, event := range list[:len(list)-1] {
		if !json.Valid([]byte(event)) {
			broken++
		}
	}
	if broken != 1 || list[len(list)-1] != "[DONE]" {
		t.Errorf("%d broken events of %d", broken, len(list))
	}
}

func TestStallWaitsUntilTheClientLeaves(t *testing.T) {
	for _, body := range []string{with("Hi", nil), with("Hi", streamed(nil))} {
		synctest.Test(t, func(t *testing.T) {
			ctx, leave := context.WithTimeout(t.Context(), time.Hour)
			defer leave()
			start := time.Now()
			w := httptest.NewRecorder()
			r := httptest.NewRequest(http.MethodPost, "/chat/completions", strings.NewReader(body)).WithContext(ctx)
			(&Server{Faults: Faults{Stall: 1}}).ServeHTTP(w, r)
			if got := time.Since(start); got != time.Hour {
				t.Errorf("returned after %v", got)
			}
			if strings.Contains(w.Body.String(), "[DONE]") {
				t.Error("a stalled stream ended")
			}
		})
	}
}

// took is the virtual time of a reply.
func took(t *testing.T, s *Server, body string) (d time.Duration, reply string) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		reply = post(s, body).Body.String()
		d = time.Since(start)
	})
	return d, reply
}

func TestSlowDelaysTheFirstByte(t *testing.T) {
	for by, want := range map[time.Duration]time.Duration{0: DefaultSlowBy, time.Minute: time.Minute} {
		if got, _ := took(t, &Server{Faults: Faults{Slow: 1, SlowBy: by}}, with("Hi", nil)); got != want {
			t.Errorf("SlowBy %v: took %v", by, got)
		}
	}
}

func TestLatencyGrowsWithTokens(t *testing.T) {
	s := &Server{Latency: Latency{First: time.Second, PerToken: time.Millisecond}, FixedText: true}
	d, reply := took(t, s, with("Hi", nil))
	want := time.Second + time.Duration(gjson.Get(reply, "usage.completion_tokens").Int())*time.Millisecond
	if d != want {
		t.Errorf("whole reply took %v, want %v", d, want)
	}
	d, reply = took(t, s, with("Hi", streamed(nil)))
	list := events(t, reply)
	want = time.Second + time.Duration(gjson.Get(list[len(list)-2], "usage.completion_tokens").Int())*time.Millisecond
	if d > want || d < want-time.Microsecond { // the pause between events is rounded down
		t.Errorf("stream took %v, want %v", d, want)
	}
	if d, _ := took(t, &Server{}, with("Hi", streamed(nil))); d != 0 {
		t.Errorf("zero latency took %v", d)
	}
}

func TestJitterSpreadsLatency(t *testing.T) {
	seen := map[time.Duration]bool{}
	s := &Server{Latency: Latency{First: time.Second, Jitter: .5}}
	for range 20 {
		d, _ := took(t, s, with("Hi", nil))
		if d < 500*time.Millisecond || d > 1500*time.Millisecond {
			t.Errorf("took %v", d)
		}
		seen[d] = true
	}
	if len(seen) < 15 {
		t.Errorf("20 requests took only %d different times", len(seen))
	}
}

func TestSleepIsReplaceable(t *testing.T) {
	var slept time.Duration
	s := &Server{Latency: Latency{First: time.Hour}, Sleep: func(_ context.Context, d time.Duration) { slept += d }}
	post(s, with("Hi", nil))
	if slept != time.Hour {
		t.Errorf("slept %v", slept)
	}
}
