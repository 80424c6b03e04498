package e2e

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// An electorate is an upstream whose calls answer with letters: the client's
// own call, known by its Idempotency-Key, with the first, extras with the
// others in the order in which they come. Every reply has an id of its own.
type electorate struct {
	*upstream
	// polled lets all calls answer once it is closed.
	polled chan struct{}
	mu     sync.Mutex
	extras []string
	sent   []string
}

// elect starts an electorate whose calls answer at once.
func elect(t *testing.T, letters ...string) *electorate {
	t.Helper()
	e := &electorate{extras: letters[1:], polled: make(chan struct{})}
	close(e.polled)
	e.upstream = scripted(t, func(w http.ResponseWriter, r *http.Request) {
		e.answer(letters[0], w, r)
	})
	return e
}

// answer sends one reply.
func (e *electorate) answer(primary string, w http.ResponseWriter, r *http.Request) {
	select {
	case <-e.polled:
	case <-r.Context().Done():
		return
	}
	letter := primary
	e.mu.Lock()
	if r.Header.Get("Idempotency-Key") == "" {
		letter, e.extras = e.extras[0], e.extras[1:]
	}
	id := fmt.Sprintf("chatcmpl-%d%s", len(e.sent), letter)
	body := letterBody(id, letter)
	streamed := strings.Contains(r.Header.Get("Accept"), "event-stream")
	if streamed {
		body = letterStream(id, letter)
	}
	e.sent = append(e.sent, body)
	e.mu.Unlock()
	w.Header().Set("X-Request-Id", id)
	if streamed {
		streamReply(body, 33).ServeHTTP(w, r)
		return
	}
	jsonReply(200, body).ServeHTTP(w, r)
}

// ballot is the client's call.
func ballot(t *testing.T, base string, stream bool) *http.Request {
	t.Helper()
	accept := "application/json"
	if stream {
		accept = "text/event-stream"
	}
	return request(t, "POST", base+chatPath, question(t, letterPrompt, stream), "Idempotency-Key", "k", "Accept", accept)
}

func TestEnsembleReplyIsOneOfTheSamples(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, want string
		letters    []string
	}{
		{"majority outvotes the primary", "B", []string{"A", "B", "B"}},
		{"tie keeps the primary", "A", []string{"A", "B"}},
		{"all differ keeps the primary", "C", []string{"C", "A", "B"}},
		{"all agree", "A", []string{"A", "A", "A"}},
	} {
		for _, stream := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, stream %v", c.name, stream), func(t *testing.T) {
				t.Parallel()
				e := elect(t, c.letters...)
				s := serve(t, e.URL, "--mode", "ensemble", "--samples", fmt.Sprint(len(c.letters)))
				res, err := bare(t).Do(ballot(t, s.base, stream))
				if err != nil {
					t.Fatal(err)
				}
				defer res.Body.Close()
				body, err := io.ReadAll(res.Body)
				if err != nil {
					t.Fatal(err)
				}
				e.isWinner(t, string(body), c.want, res.Header)
				// How many had voted when the vote was decided depends on
				// the order in which they came.
				votes, _ := strconv.Atoi(res.Header.Get("X-Hotmess-Samples"))
				agreement, _ := strconv.ParseFloat(res.Header.Get("X-Hotmess-Agreement"), 64)
				if votes < 1 || votes > len(c.letters) || agreement <= 0 || agreement > 1 || res.Header.Get("X-Hotmess-Method") != "majority" {
					t.Errorf("header: %v", res.Header)
				}
			})
		}
	}
}

// isWinner fails unless body is, byte for byte, a reply that was sent with the
// wanted letter, and the header is that of the same reply.
func (e *electorate) isWinner(t *testing.T, body, letter string, h http.Header) {
	t.Helper()
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, sent := range e.sent {
		if sent != body {
			continue
		}
		if !strings.Contains(body, "Answer: "+letter) {
			t.Errorf("the winner is not %s: %s", letter, body)
		}
		if id := h.Get("X-Request-Id"); id == "" || !strings.Contains(body, `"`+id+`"`) {
			t.Errorf("the header is of %q, the body %s", id, body)
		}
		return
	}
	t.Errorf("no sample was like this: %s", body)
}

func TestEnsembleErrorFallsBackToThePrimary(t *testing.T) {
	t.Parallel()
	u := scripted(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Idempotency-Key") == "" {
			jsonReply(500, `{"error":{"message":"an extra's own"}}`).ServeHTTP(w, r)
			return
		}
		reply := jsonReply(429, errorBody)
		reply.header.Set("Retry-After", "7")
		reply.ServeHTTP(w, r)
	})
	s := serve(t, u.URL, "--mode", "ensemble", "--samples", "3")
	got := call(t, bare(t), ballot(t, s.base, false))
	if got.Status != 429 || got.Body != errorBody || got.Header.Get("Retry-After") != "7" {
		t.Errorf("got %+v", got)
	}
}

func TestEnsembleSampleBeatsAnError(t *testing.T) {
	t.Parallel()
	good := letterBody("chatcmpl-good", "B")
	u := scripted(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Idempotency-Key") != "" {
			jsonReply(500, errorBody).ServeHTTP(w, r)
			return
		}
		jsonReply(200, good).ServeHTTP(w, r)
	})
	s := serve(t, u.URL, "--mode", "ensemble", "--samples", "2")
	if got := call(t, bare(t), ballot(t, s.base, false)); got.Status != 200 || got.Body != good {
		t.Errorf("got %+v", got)
	}
}

func TestKeepAlivesWhileSamplesAreHeld(t *testing.T) {
	t.Parallel()
	e := elect(t, "A", "B", "B")
	e.polled = make(chan struct{})
	s := serve(t, e.URL, "--samples", "3", "--config", writeConfig(t, "sampling: {mode: ensemble}\nensemble: {keepalive: 20ms}\n"))
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	res, err := bare(t).Do(ballot(t, s.base, true).WithContext(ctx))
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if got := res.Header.Get("Content-Type"); got != "text/event-stream" {
		t.Errorf("Content-Type %q", got)
	}
	body := bufio.NewReader(res.Body)
	for range 3 {
		if err := keepAlive(body); err != nil {
			t.Fatal(err)
		}
	}
	close(e.polled)
	rest, err := io.ReadAll(body)
	if err != nil {
		t.Fatal(err)
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if got := withoutComments(string(rest)); !strings.Contains(got, "Answer: B") || !slices.Contains(e.sent, got) {
		t.Errorf("no sample was like this: %s", got)
	}
}

// keepAlive reads one keep-alive.
func keepAlive(r *bufio.Reader) error {
	for _, want := range []string{":", ""} {
		line, err := r.ReadString('\n')
		if err != nil {
			return err
		}
		if line = strings.TrimRight(line, "\r\n"); !strings.HasPrefix(line, want) || (want == "" && line != "") {
			return fmt.Errorf("read %q where a keep-alive was due", line)
		}
	}
	return nil
}

// withoutComments cuts the keep-alives off the beginning of a stream.
func withoutComments(stream string) string {
	for strings.HasPrefix(stream, ":") {
		_, stream, _ = strings.Cut(stream, "\n\n")
	}
	return stream
}
