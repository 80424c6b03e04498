package proxy

import (
	"fmt"
	"io"
	"net/http"
	"sync"

	"hotmess/config"
)

const (
	chatPath = "/v1/chat/completions"
	// question is a request of kind text; streamed asks for a stream.
	question = `{"model":"m","messages":[{"role":"user","content":"hello"}]}`
	streamed = `{"model":"m","stream":true,"messages":[{"role":"user","content":"hello"}]}`
	// firstCall marks the primary: extras leave it out.
	firstCall = "X-Client-Request-Id"
)

// A seen call is one request as it reached the upstream.
type seen struct {
	Method, URI, Host string
	Header            http.Header
	Body              string
	Length            int64
	Trailer           http.Header
}

// A script is an upstream that remembers its calls. primary answers requests
// with the header firstCall, extra all others; n counts each from 0.
type script struct {
	primary func(w http.ResponseWriter, r *http.Request)
	extra   func(n int, w http.ResponseWriter, r *http.Request)

	mu     sync.Mutex
	calls  []seen
	extras int
}

func (s *script) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	s.mu.Lock()
	s.calls = append(s.calls, seen{r.Method, r.RequestURI, r.Host, r.Header.Clone(), string(body), r.ContentLength, r.Trailer.Clone()})
	primary, n := s.extra == nil || r.Header.Get(firstCall) != "", s.extras
	if !primary {
		s.extras++
	}
	s.mu.Unlock()
	if primary {
		s.primary(w, r)
		return
	}
	s.extra(n, w, r)
}

func (s *script) seen() []seen {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]seen(nil), s.calls...)
}

// completion is a unary reply, written by hand from the public form of the API.
func completion(id, text string) string {
	return fmt.Sprintf(`{"id":%q,"object":"chat.completion","model":"m-1","system_fingerprint":"fp","choices":[{"index":0,"finish_reason":"stop",`+
		`"message":{"role":"assistant","content":%q}}],"usage":{"prompt_tokens":10,"completion_tokens":5,"total_tokens":15}}`, id, text)
}

// says answers with a completion.
func says(id, text string) func(http.ResponseWriter, *http.Request) {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, completion(id, text))
	}
}

// saysEach answers the n-th extra with the n-th text.
func saysEach(texts ...string) func(int, http.ResponseWriter, *http.Request) {
	return func(n int, w http.ResponseWriter, r *http.Request) {
		says(fmt.Sprintf("extra-%d", n), texts[n%len(texts)])(w, r)
	}
}

// chunk is one event of a stream; done ends it.
func chunk(id, text string) string {
	return fmt.Sprintf(`data: {"id":%q,"object":"chat.completion.chunk","model":"m-1","choices":[{"index":0,"delta":{"role":"assistant","content":%q},"finish_reason":null}]}`+"\n\n", id, text)
}

const done = `data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}` + "\n\ndata: [DONE]\n\n"

// send writes a piece of a reply and flushes it.
func send(w http.ResponseWriter, piece string) {
	_, _ = io.WriteString(w, piece)
	_ = http.NewResponseController(w).Flush()
}

// streams answers with a stream of one text.
func streams(id, text string) func(http.ResponseWriter, *http.Request) {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		send(w, chunk(id, text))
		send(w, done)
	}
}

// inMode sets the mode and N of every route.
func inMode(m config.Mode, samples int) func(*config.Config) {
	return func(c *config.Config) {
		c.Sampling.Mode, c.Sampling.Samples = m, samples
		c.Ensemble.Samples = config.Range{Min: samples, Max: samples}
	}
}
