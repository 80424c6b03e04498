package sim

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/tidwall/gjson"
)

// Replies are read with gjson, not with the types that wrote them.

// tools is what test requests offer.
var tools = []Tool{
	{Name: "read_file", Parameters: json.RawMessage(`{"type":"object","properties":{"path":{"type":"string"},"lines":{"type":"integer"}},"required":["path","lines"]}`)},
	{Name: "search", Parameters: json.RawMessage(`{"type":"object","properties":{"query":{"type":"string"},"scope":{"type":"string","enum":["code","docs","web"]}}}`)},
	{Name: "stop", Parameters: json.RawMessage(`{"type":"object","properties":{"force":{"type":"boolean"}}}`)},
}

// with is a chat request: a question, changed by the given fields.
func with(question string, fields map[string]any) string {
	body := map[string]any{
		"model":    "test-model",
		"messages": []any{map[string]any{"role": "user", "content": question}},
	}
	maps.Copy(body, fields)
	b, err := json.Marshal(body)
	if err != nil {
		panic(err)
	}
	return string(b)
}

func streamed(more map[string]any) map[string]any {
	fields := map[string]any{"stream": true, "stream_options": map[string]any{"include_usage": true}}
	maps.Copy(fields, more)
	return fields
}

// post sends a chat request to s.
func post(s *Server, body string) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	s.ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/v1/chat/completions", strings.NewReader(body)))
	return w
}

// ask gives the reply to a question, which must be whole.
func ask(t *testing.T, s *Server, question string, fields map[string]any) gjson.Result {
	t.Helper()
	w := post(s, with(question, fields))
	if w.Code != http.StatusOK || !gjson.Valid(w.Body.String()) {
		t.Fatalf("status %d, body %s", w.Code, w.Body)
	}
	return gjson.Parse(w.Body.String())
}

// events is the data of a stream's events, the end mark included.
func events(t *testing.T, body string) []string {
	t.Helper()
	if !strings.HasSuffix(body, "\n\n") {
		t.Fatalf("stream does not end with a blank line: %q", body)
	}
	var list []string
	for block := range strings.SplitSeq(strings.TrimSuffix(body, "\n\n"), "\n\n") {
		data, ok := strings.CutPrefix(block, "data: ")
		if !ok {
			t.Fatalf("event without data: %q", block)
		}
		list = append(list, data)
	}
	return list
}

// answerOf is X of "Answer: X" in a reply's first choice.
func answerOf(t *testing.T, reply gjson.Result) string {
	t.Helper()
	_, answer, found := strings.Cut(reply.Get("choices.0.message.content").String(), "Answer: ")
	if !found {
		t.Fatalf("no answer in %s", reply)
	}
	return answer
}

// truths reads a truth log.
func truths(t *testing.T, log *bytes.Buffer) []Truth {
	t.Helper()
	var list []Truth
	for dec := json.NewDecoder(log); dec.More(); {
		var line Truth
		if err := dec.Decode(&line); err != nil {
			t.Fatal(err)
		}
		list = append(list, line)
	}
	return list
}

// near fails unless got, a frequency of n independent trials, is within four
// standard errors of p. Chance alone fails once in 16,000.
func near(t *testing.T, what string, got, p float64, n int) {
	t.Helper()
	if tolerance := 4 * math.Sqrt(p*(1-p)/float64(n)); math.Abs(got-p) > tolerance {
		t.Errorf("%s: %.4f is not within %.4f of %.4f (n = %d)", what, got, tolerance, p, n)
	}
}

// frequency is the share of n questions for which happens says so.
func frequency(n int, happens func(question string) bool) float64 {
	hits := 0
	for i := range n {
		if happens(fmt.Sprintf("Question number %d?", i)) {
			hits++
		}
	}
	return float64(hits) / float64(n)
}
