package e2e

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// trialHeader names the test that a request is of.
const trialHeader = "X-Trial"

// lingering keeps the connection of each reply open behind it, until the test of the
// request lets go.
func (f *front) lingering(answer http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		answer(w, r)
		flush(w)
		select {
		case <-f.hold(r.Header.Get(trialHeader)):
		case <-r.Context().Done():
		}
	}
}

// A watching transport calls seen once a stream has said mark.
type watching struct {
	http.RoundTripper
	mark string
	seen func()
}

// RoundTrip implements http.RoundTripper.
func (w watching) RoundTrip(r *http.Request) (*http.Response, error) {
	res, err := w.RoundTripper.RoundTrip(r)
	if err == nil {
		res.Body = &watchedBody{ReadCloser: res.Body, of: w}
	}
	return res, err
}

type watchedBody struct {
	io.ReadCloser
	of   watching
	read strings.Builder
	done bool
}

// Read implements io.Reader.
func (b *watchedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	b.read.Write(p[:n])
	if !b.done && strings.Contains(b.read.String(), b.of.mark) {
		b.done = true
		b.of.seen()
	}
	return n, err
}

// TestSDKsWaitForNoConnectionBehindTheClosingMark has an upstream that closes no
// connection before the client has the mark that closes its stream, in votes and holds.
// Of the SDKs that of Chat Completions leaves there; the others read on, as without
// hotmess, and the upstream lets go.
func TestSDKsWaitForNoConnectionBehindTheClosingMark(t *testing.T) {
	t.Parallel()
	f := newFront(t)
	f.model(t, "model", "--quota", "--show", "--steps", "4", "--accuracy", "1")
	f.answer("", f.lingering(f.named("model")))
	u := httptest.NewServer(f)
	t.Cleanup(u.Close)
	marks := map[string]string{"openai-go Chat": "[DONE]", "openai-go Responses": "response.completed", "anthropic-sdk-go": "message_stop"}
	for name, args := range map[string][]string{
		"vote": {"--mode", "ensemble", "--samples", "3"},
		"hold": {"--config", holding(t, "*", ", risk: low, on_failure: refuse")},
	} {
		s := serve(t, u.URL, args...)
		everySDK(t, func(t *testing.T, of sdk) {
			mark, has := marks[of.name]
			if !has {
				return // its streams have none
			}
			trial := name + " " + of.name
			c := &http.Client{Transport: watching{http.DefaultTransport, mark, func() {
				if of.name != "openai-go Chat" {
					close(f.hold(trial))
				}
			}}}
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			defer cancel()
			talk, err := of.open(c, strings.TrimSuffix(s.base, "/v1")+of.path, manner{stream: true, tools: true, once: true, header: http.Header{trialHeader: {trial}}})
			if err != nil {
				t.Fatal(err)
			}
			talk.say("Please do task 7.")
			got, err := talk.step(ctx)
			if err != nil || len(got.Calls) == 0 || of.flawed(got) != "" {
				t.Errorf("%s: %+v, %v, %s", name, got, err, of.flawed(got))
			}
		})
	}
}
