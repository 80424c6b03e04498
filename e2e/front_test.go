package e2e

import (
	"bytes"
	"io"
	"log"
	"maps"
	"net/http"
	"net/http/httputil"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/coder/websocket"
)

// Headers by which a test tells the front what it is to do. Extras repeat them,
// as they repeat all of a request.
const (
	// testHeader names the test, so that its requests can be told from others.
	testHeader = "X-Test"
	// modelHeader names the simulated model that answers.
	modelHeader = "X-Test-Model"
	// faultHeader says what goes wrong: see the fault constants.
	faultHeader = "X-Test-Fault"
)

// What can go wrong; a number is a status that is answered in the provider's
// form.
const (
	// faultCut breaks the reply off in its middle.
	faultCut = "cut"
	// faultStall never answers.
	faultStall = "stall"
	// faultHold, in front of another or alone, waits until the test lets go.
	faultHold = "hold"
)

// A front is what the hosts of LLM APIs lead to: simulated models behind TLS. It
// remembers what it was asked.
type front struct {
	mu     sync.Mutex
	models map[string]http.Handler
	seen   map[string][]seen
	// left counts, by test, the requests whose client left a stall.
	left map[string]int
	// held are closed, by test, when it lets go.
	held map[string]chan struct{}
}

func newFront(t *testing.T) *front {
	t.Helper()
	return &front{models: map[string]http.Handler{}, seen: map[string][]seen{}, left: map[string]int{}, held: map[string]chan struct{}{}}
}

// model has a simulated model answer, started with args: by default, if name is
// empty.
func (f *front) model(t *testing.T, name string, args ...string) {
	t.Helper()
	base, err := url.Parse(simulate(t, args...))
	if err != nil {
		t.Fatal(err)
	}
	f.answer(name, &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(&url.URL{Scheme: base.Scheme, Host: base.Host})
			r.Out.Host = r.In.Host
		},
		FlushInterval: -1,
		// Clients leave; that is no news.
		ErrorLog: log.New(io.Discard, "", 0),
	})
}

// answer has h answer in the place of a simulated model.
func (f *front) answer(name string, h http.Handler) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.models[name] = h
}

// asked is the model that a request is for.
func (f *front) asked(r *http.Request) http.Handler {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.models[r.Header.Get(modelHeader)]
}

// ServeHTTP implements http.Handler.
func (f *front) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if strings.EqualFold(r.Header.Get("Upgrade"), "websocket") {
		echo(w, r)
		return
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // the client broke off: nothing to answer
	}
	f.remember(r, string(body))
	r.Body = io.NopCloser(bytes.NewReader(body))
	fault, held := strings.CutPrefix(r.Header.Get(faultHeader), faultHold)
	if held {
		select {
		case <-f.hold(r.Header.Get(testHeader)):
		case <-r.Context().Done():
			return
		}
	}
	switch fault {
	case "":
		f.asked(r).ServeHTTP(w, r)
	case faultCut:
		f.asked(r).ServeHTTP(&cutting{ResponseWriter: w, rest: cutAfter}, r)
	case faultStall:
		<-r.Context().Done()
		f.mu.Lock()
		f.left[r.Header.Get(testHeader)]++
		f.mu.Unlock()
	default:
		refusals[fault].answer(w, r)
	}
}

func (f *front) remember(r *http.Request, body string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	test := r.Header.Get(testHeader)
	f.seen[test] = append(f.seen[test], seen{r.Method, r.Host, r.RequestURI, r.Header.Clone(), body, r.ContentLength, r.TransferEncoding})
}

// of is what was asked for a test so far.
func (f *front) of(test string) []seen {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.seen[test])
}

// own and others are the requests of a test that its client sent itself, known by
// their Idempotency-Key, and those that hotmess sent beside them.
func (f *front) own(test string) (own, others []seen) {
	for _, s := range f.of(test) {
		if s.Header.Get("Idempotency-Key") != "" {
			own = append(own, s)
			continue
		}
		others = append(others, s)
	}
	return own, others
}

// hold is what the held requests of a test wait for: close it, once, to let go.
func (f *front) hold(test string) chan struct{} {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.held[test] == nil {
		f.held[test] = make(chan struct{})
	}
	return f.held[test]
}

// leftBy is how many clients left a stall of a test.
func (f *front) leftBy(test string) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.left[test]
}

// cutAfter is how many bytes of a body arrive of one that is cut: less than any
// reply of the simulated models has.
const cutAfter = 300

// cutting breaks a reply off.
type cutting struct {
	http.ResponseWriter
	rest int
}

// Write implements io.Writer.
func (c *cutting) Write(p []byte) (int, error) {
	if c.rest -= len(p); c.rest > 0 {
		return c.ResponseWriter.Write(p)
	}
	_, _ = c.ResponseWriter.Write(p[:len(p)+c.rest]) // what comes of it is cut anyway
	flush(c.ResponseWriter)
	panic(http.ErrAbortHandler)
}

// Unwrap gives the writer to http.ResponseController.
func (c *cutting) Unwrap() http.ResponseWriter { return c.ResponseWriter }

// echo serves a WebSocket that sends back what it is sent.
func echo(w http.ResponseWriter, r *http.Request) {
	conn, err := websocket.Accept(w, r, &websocket.AcceptOptions{Subprotocols: []string{"realtime"}})
	if err != nil {
		return // the client's side of the test fails
	}
	defer conn.CloseNow()
	for {
		kind, message, err := conn.Read(r.Context())
		if err != nil {
			return
		}
		if err := conn.Write(r.Context(), kind, message); err != nil {
			return
		}
	}
}

// A refusal is an error of an API, by provider.
type refusal struct {
	status                    int
	header                    http.Header
	openai, anthropic, google string
}

// refusals are what a fault that is a status answers.
var refusals = map[string]refusal{
	"400": {
		status:    400,
		openai:    `{"error":{"message":"Invalid value.","type":"invalid_request_error","param":"temperature","code":"invalid_value"}}`,
		anthropic: `{"type":"error","error":{"type":"invalid_request_error","message":"temperature: too high"},"request_id":"req_1"}`,
		google:    `{"error":{"code":400,"message":"Invalid value.","status":"INVALID_ARGUMENT"}}`,
	},
	"401": {
		status:    401,
		openai:    `{"error":{"message":"Incorrect API key provided.","type":"invalid_request_error","param":null,"code":"invalid_api_key"}}`,
		anthropic: `{"type":"error","error":{"type":"authentication_error","message":"invalid x-api-key"},"request_id":"req_1"}`,
		google:    `{"error":{"code":401,"message":"API key not valid.","status":"UNAUTHENTICATED"}}`,
	},
	"429": {
		status: 429, header: http.Header{"Retry-After": {"1"}, "Retry-After-Ms": {"1"}},
		openai:    `{"error":{"message":"Rate limit reached.","type":"tokens","param":null,"code":"rate_limit_exceeded"}}`,
		anthropic: `{"type":"error","error":{"type":"rate_limit_error","message":"slow down"},"request_id":"req_1"}`,
		google:    `{"error":{"code":429,"message":"Quota exceeded.","status":"RESOURCE_EXHAUSTED","details":[{"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"1s"}]}}`,
	},
	"500": {
		status: 500, header: http.Header{"Retry-After-Ms": {"1"}},
		openai:    `{"error":{"message":"The server had an error.","type":"server_error","param":null,"code":null}}`,
		anthropic: `{"type":"error","error":{"type":"api_error","message":"Internal server error"},"request_id":"req_1"}`,
		google:    `{"error":{"code":500,"message":"Internal error.","status":"INTERNAL"}}`,
	},
	"503": {
		status: 503, header: http.Header{"Retry-After-Ms": {"1"}, "Set-Cookie": {"a=1", "b=2"}},
		openai:    `{"error":{"message":"Overloaded.","type":"server_error","param":null,"code":"server_is_overloaded"}}`,
		anthropic: `{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"},"request_id":"req_1"}`,
		google:    `{"error":{"code":503,"message":"Overloaded.","status":"UNAVAILABLE"}}`,
	},
}

// answer sends the error in the form of whose API was asked.
func (f refusal) answer(w http.ResponseWriter, r *http.Request) {
	maps.Copy(w.Header(), f.header)
	w.Header().Set("Content-Type", "application/json")
	body := f.openai
	w.Header().Set("X-Request-Id", "req_1")
	switch {
	case strings.HasSuffix(r.URL.Path, "/messages"):
		w.Header().Set("Request-Id", "req_1")
		body = f.anthropic
	case strings.Contains(r.URL.Path, "enerateContent"):
		body = f.google
	}
	w.WriteHeader(f.status)
	_, _ = io.WriteString(w, body)
}
