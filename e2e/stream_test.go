package e2e

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// TestEachEventLeavesAsItArrives lets the upstream send an event only after
// the client has read the one before: whoever holds one back stops it all.
func TestEachEventLeavesAsItArrives(t *testing.T) {
	t.Parallel()
	const steps = 25
	gates := make(chan struct{})
	u := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		w.WriteHeader(http.StatusOK)
		flush(w)
		for i := range steps {
			// Only the client's own call is in step; extras run through.
			if r.Header.Get("Idempotency-Key") != "" {
				select {
				case <-gates:
				case <-r.Context().Done():
					return
				}
			}
			_, _ = io.WriteString(w, events("chatcmpl-1", fmt.Sprintf(`{"content":"%d"}`, i)))
			flush(w)
		}
		_, _ = io.WriteString(w, finish("chatcmpl-1", "stop", false))
	}))
	t.Cleanup(u.Close)
	each(t, verbatimModes, func(t *testing.T, mode string) {
		s := serve(t, u.URL, "--mode", mode, "--rate", "1", "--samples", "3")
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		r := request(t, "POST", s.base+chatPath, question(t, letterPrompt, true), "Idempotency-Key", "k")
		res, err := bare(t).Do(r.WithContext(ctx)) // the head comes before any event
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		lines := bufio.NewScanner(res.Body)
		for i := range steps {
			select {
			case gates <- struct{}{}:
			case <-ctx.Done():
				t.Fatalf("the upstream does not ask for event %d", i)
			}
			if got, err := nextData(lines); err != nil || !strings.Contains(got, fmt.Sprintf(`"content":"%d"`, i)) {
				t.Fatalf("event %d: %q, %v", i, got, err)
			}
		}
		rest, err := io.ReadAll(res.Body)
		if err != nil {
			t.Fatalf("the rest %q: %v", rest, err)
		}
		s.settled(t, 1)
	})
}

// nextData is the next line of data of a stream.
func nextData(lines *bufio.Scanner) (string, error) {
	for lines.Scan() {
		if strings.HasPrefix(lines.Text(), "data: ") {
			return lines.Text(), nil
		}
	}
	if lines.Err() != nil {
		return "", lines.Err()
	}
	return "", io.ErrUnexpectedEOF
}

// TestExtrasDoNotHoldTheClient answers the client's call at once, and the
// extras only after the client has read all of its reply.
func TestExtrasDoNotHoldTheClient(t *testing.T) {
	t.Parallel()
	read := make(chan struct{})
	u := scripted(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Idempotency-Key") == "" {
			select {
			case <-read:
			case <-r.Context().Done():
				return
			}
		}
		streamReply(letterStream("chatcmpl-"+r.Header.Get("Idempotency-Key"), "A"), 100).ServeHTTP(w, r)
	})
	s := serve(t, u.URL, "--mode", "observe", "--rate", "1")
	got := call(t, bare(t), request(t, "POST", s.base+chatPath, question(t, letterPrompt, true), "Idempotency-Key", "k"))
	close(read)
	if got.Broke || got.Body != letterStream("chatcmpl-k", "A") {
		t.Errorf("got %+v", got)
	}
	eventually(t, "the pair is measured", func() bool { return s.summary(t).Measured == 1 })
}
