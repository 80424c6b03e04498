package e2e

import (
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// A seen request is what reached an upstream.
type seen struct {
	Method, Host, URI string
	Header            http.Header
	Body              string
	ContentLength     int64
	TransferEncoding  []string
}

// An upstream is a scripted LLM API that remembers what it was asked.
type upstream struct {
	*httptest.Server
	mu   sync.Mutex
	seen []seen
}

// scripted starts an upstream that answers with the given handler, after it
// has read the body.
func scripted(t *testing.T, answer http.HandlerFunc) *upstream {
	t.Helper()
	u := &upstream{}
	u.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return // the client broke off: nothing to answer
		}
		u.remember(r, string(body))
		answer(w, r)
	}))
	t.Cleanup(u.Close)
	return u
}

func (u *upstream) remember(r *http.Request, body string) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.seen = append(u.seen, seen{r.Method, r.Host, r.RequestURI, r.Header.Clone(), body, r.ContentLength, r.TransferEncoding})
}

// requests are those that were seen so far.
func (u *upstream) requests() []seen {
	u.mu.Lock()
	defer u.mu.Unlock()
	return slices.Clone(u.seen)
}

// take returns the requests seen so far and forgets them.
func (u *upstream) take() []seen {
	u.mu.Lock()
	defer u.mu.Unlock()
	taken := u.seen
	u.seen = nil
	return taken
}

// A canned reply is a fixed answer.
type canned struct {
	status int
	header http.Header
	// chunks are written one by one, each flushed.
	chunks []string
	// cut breaks the connection after the last chunk.
	cut bool
}

// ServeHTTP implements http.Handler.
func (c canned) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	maps.Copy(w.Header(), c.header)
	w.WriteHeader(c.status)
	for _, chunk := range c.chunks {
		_, _ = io.WriteString(w, chunk) // the client may be gone
		flush(w)
	}
	if c.cut {
		panic(http.ErrAbortHandler)
	}
}

func flush(w http.ResponseWriter) { _ = http.NewResponseController(w).Flush() }

// jsonReply is a whole reply of one body, sent in two pieces.
func jsonReply(status int, body string) canned {
	half := len(body) / 2
	return canned{status: status, header: http.Header{"Content-Type": {"application/json"}}, chunks: []string{body[:half], body[half:]}}
}

// streamReply is a stream that is cut into pieces of the given sizes, in turn,
// without regard to lines or runes.
func streamReply(stream string, sizes ...int) canned {
	c := canned{status: http.StatusOK, header: http.Header{"Content-Type": {"text/event-stream"}, "Cache-Control": {"no-cache"}}}
	for i := 0; stream != ""; i++ {
		n := min(sizes[i%len(sizes)], len(stream))
		c.chunks = append(c.chunks, stream[:n])
		stream = stream[n:]
	}
	return c
}

// An answer is what a client got.
type answer struct {
	Status  int
	Header  http.Header
	Body    string
	Trailer http.Header
	// Broke is whether the body ended in an error.
	Broke bool
}

// bare is a client that adds nothing to what it is told to send.
func bare(t *testing.T) *http.Client {
	t.Helper()
	transport := &http.Transport{DisableCompression: true}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

// call makes one call and reads all of its answer.
func call(t *testing.T, c *http.Client, r *http.Request) answer {
	t.Helper()
	res, err := c.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	return answer{Status: res.StatusCode, Header: withoutHops(res.Header), Body: string(body), Trailer: res.Trailer, Broke: err != nil}
}

// withoutHops leaves out of a header what a proxy may change: its own, hop by
// hop, and the clock.
func withoutHops(h http.Header) http.Header {
	h = h.Clone()
	for _, name := range []string{"Connection", "Keep-Alive", "Date", "X-Hotmess-Id", "X-Hotmess-Mode"} {
		h.Del(name)
	}
	return h
}

// same fails unless got is want.
func same(t *testing.T, what string, want, got any) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-direct +through the sidecar):\n%s", what, diff)
	}
}
