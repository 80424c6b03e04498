package proxy

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"testing"

	"hotmess/config"
	"hotmess/monitor"
)

// zipped is a text in gzip, flushed.
func zipped(t *testing.T, text string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := io.WriteString(z, text); err != nil {
		t.Fatal(err)
	}
	if err := z.Flush(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// TestRepliesAreJudgedAlikeAsTheyPassAndByVotes gives a call the same odd reply in
// both modes: what is an answer in one is an answer in the other.
func TestRepliesAreJudgedAlikeAsTheyPassAndByVotes(t *testing.T) {
	const unary, stream = "application/json", "text/event-stream"
	text := completion("p", "yes")
	events := chunk("p", "yes") + done
	stopped := events[:len(events)-len("data: [DONE]\n\n")]
	half := zipped(t, text)
	odd := append(zipped(t, text[:50]), "this is no gzip"...)
	for name, c := range map[string]struct {
		kind, encoding string
		body           []byte
		// breaks is whether the connection ends before the body does.
		breaks bool
		want   monitor.Reason
	}{
		"whole":                         {unary, "", []byte(text), false, ""},
		"text that breaks off":          {unary, "", []byte(text[:60]), true, monitor.ReasonTruncated},
		"text that breaks after all":    {unary, "", []byte(text), true, monitor.ReasonTruncated},
		"text without its end":          {unary, "", []byte(text[:60]), false, monitor.ReasonTruncated},
		"events that break off":         {stream, "", []byte(chunk("p", "yes")), true, monitor.ReasonTruncated},
		"events that break after stop":  {stream, "", []byte(stopped), true, monitor.ReasonTruncated},
		"events that end after stop":    {stream, "", []byte(stopped), false, ""},
		"events that break after done":  {stream, "", []byte(events), true, ""},
		"unknown encoding":              {unary, "odd", []byte(text), false, monitor.ReasonEncoding},
		"encoding that never began":     {unary, "gzip", []byte(text), false, monitor.ReasonTruncated},
		"encoding without its end":      {unary, "gzip", half[:len(half)/2], false, monitor.ReasonTruncated},
		"encoding that breaks":          {unary, "gzip", odd, false, monitor.ReasonTruncated},
		"encoding with the connection":  {unary, "gzip", half, true, monitor.ReasonTruncated},
		"encoded events without end":    {stream, "gzip", zipped(t, stopped), false, monitor.ReasonTruncated},
		"encoded events, end mark last": {stream, "gzip", zipped(t, events), false, ""},
		"another form":                  {unary, "", []byte("<html>"), false, monitor.ReasonUnreadable},
		"an error":                      {unary, "", []byte(`{"error":{"type":"overloaded"}}`), false, monitor.ReasonFailed},
	} {
		t.Run(name, func(t *testing.T) {
			answer := func(w http.ResponseWriter) {
				w.Header().Set("Content-Type", c.kind)
				if c.encoding != "" {
					w.Header().Set("Content-Encoding", c.encoding)
				}
				send(w, string(c.body))
				if c.breaks {
					panic(http.ErrAbortHandler)
				}
			}
			for _, m := range []config.Mode{config.Observe, config.Ensemble} {
				r := newRig(t, &script{
					primary: func(w http.ResponseWriter, _ *http.Request) { answer(w) },
					extra:   func(_ int, w http.ResponseWriter, _ *http.Request) { answer(w) },
				}, inMode(m, 3))
				ask := question
				if c.kind == stream {
					ask = streamed
				}
				_, _ = io.ReadAll(r.ask(ask, firstCall, "1").Body)
				if got := r.observation().Samples[0].Missing; got != c.want {
					t.Errorf("%s: missing as %q, want %q", m, got, c.want)
				}
			}
		})
	}
}
