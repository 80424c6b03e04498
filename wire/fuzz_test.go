package wire

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
)

// seed adds the golden files of one kind.
func seed(f *testing.F, pattern string) {
	f.Helper()
	files, err := filepath.Glob("testdata/openai-chat/" + pattern)
	if err != nil || len(files) == 0 {
		f.Fatalf("no seeds %s: %v", pattern, err)
	}
	for _, file := range files {
		f.Add(mustRead(f, file))
	}
}

// FuzzReadView: whatever can be read can be edited, the edit changes its two
// fields alone, and the body is left as it was.
func FuzzReadView(f *testing.F) {
	seed(f, "*.req.json")
	f.Add([]byte(`{"messages":[],"stream":true,"stream_options":{"include_usage":false,"include\u005fusage":false}}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		before := bytes.Clone(body)
		view, err := ReadView(OpenAIChat, body)
		if err != nil {
			return
		}
		edited, err := EditExtra(OpenAIChat, view, body)
		if err == nil {
			checkEdited(t, view, edited)
		}
		if !bytes.Equal(before, body) {
			t.Error("the body was written to")
		}
	})
}

// FuzzFoldStream: a stream folds to one value however its bytes arrive, and
// started is called at most once.
func FuzzFoldStream(f *testing.F) {
	seed(f, "*.sse")
	f.Fuzz(func(t *testing.T, body []byte) {
		starts := 0
		whole, err := Fold(OpenAIChat, true, bytes.NewReader(body), func() { starts++ })
		pieces, pieceErr := Fold(OpenAIChat, true, iotest.OneByteReader(bytes.NewReader(body)), nil)
		if diff := cmp.Diff(whole, pieces); diff != "" || (err == nil) != (pieceErr == nil) {
			t.Errorf("whole: %v, byte by byte: %v\n%s", err, pieceErr, diff)
		}
		if starts > 1 {
			t.Errorf("started %d times", starts)
		}
		checkReply(t, whole, len(body))
	})
}

// FuzzFoldUnary: a body folds as the stream does that holds it as its one
// chunk, with a delta for the message.
func FuzzFoldUnary(f *testing.F) {
	seed(f, "*.resp.json")
	f.Fuzz(func(t *testing.T, body []byte) {
		reply, err := Fold(OpenAIChat, false, bytes.NewReader(body), nil)
		if err != nil || reply.Truncated {
			return
		}
		checkReply(t, reply, len(body))
		if bytes.Contains(body, []byte("delta")) || bytes.Contains(body, []byte(`\u`)) {
			return // the keys could not be exchanged by text
		}
		var line bytes.Buffer
		if err := json.Compact(&line, bytes.ReplaceAll(body, []byte(`"message"`), []byte(`"delta"`))); err != nil {
			t.Fatal(err)
		}
		streamed, err := Fold(OpenAIChat, true, strings.NewReader("data: "+line.String()+"\n\n"), nil)
		streamed.Truncated = false // a body needs no finish reason
		if diff := cmp.Diff(reply, streamed); diff != "" || err != nil {
			t.Errorf("as a stream: %v (-unary +stream):\n%s", err, diff)
		}
	})
}

// checkReply holds what is true of every reply read from size bytes. An escape
// of six bytes gives at most three, so nothing grows.
func checkReply(t *testing.T, r Reply, size int) {
	t.Helper()
	kept := len(r.Text) + len(r.Refusal) + r.ReasoningBytes
	for _, c := range r.Calls {
		kept += len(c.Arguments)
	}
	if kept > size || len(r.Calls) > maxIndex || r.Choices > maxIndex {
		t.Errorf("%d bytes kept of %d, %d calls, %d choices", kept, size, len(r.Calls), r.Choices)
	}
	for _, n := range []int{r.Usage.Input, r.Usage.CachedInput, r.Usage.Output, r.Usage.Reasoning} {
		if n < 0 || n > maxNumber {
			t.Errorf("count %d", n)
		}
	}
}

// FuzzSSE: cutting a stream anywhere changes none of its events.
func FuzzSSE(f *testing.F) {
	for _, s := range []string{"data: a\n\n", "\ufeffdata: a\r\rdata:b\r\n\ndata\n\r\n: c\ndata: d", "data: a\rdata: b\n\r"} {
		f.Add([]byte(s), 3)
	}
	f.Fuzz(func(t *testing.T, stream []byte, at int) {
		if at < 0 || at > len(stream) {
			return
		}
		whole := eventsOf(t, bytes.NewReader(stream))
		if cut := eventsOf(t, inTwo(stream, at)); !slices.Equal(whole, cut) {
			t.Errorf("whole %q, cut at %d %q", whole, at, cut)
		}
	})
}

// FuzzDecode: no body gives more than the limit.
func FuzzDecode(f *testing.F) {
	for name := range encoders {
		f.Add(name, encode(f, name, []byte(textChunk)))
	}
	f.Add("gzip, br", encode(f, "br", encode(f, "gzip", []byte(textChunk))))
	f.Fuzz(func(t *testing.T, encoding string, body []byte) {
		const limit = 1000
		r, err := Decode(bytes.NewReader(body), encoding, limit)
		if err != nil {
			if !errors.Is(err, ErrEncoding) {
				t.Errorf("error %v", err)
			}
			return
		}
		if n, _ := io.Copy(io.Discard, r); n > limit {
			t.Errorf("%d bytes", n)
		}
		if err := r.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
}

// FuzzDetect: every request has a known provider, and only a POST a dialect.
func FuzzDetect(f *testing.F) {
	f.Add("POST", "/v1/chat/completions", "X-Api-Key")
	f.Add("GET", "/v1beta/models/m%3AgenerateContent", "X-Goog-Api-Key")
	f.Add("POST", "//:", "")
	f.Fuzz(func(t *testing.T, method, path, name string) {
		got := Detect(method, path, http.Header{name: {"x"}})
		if !slices.Contains([]string{ProviderOpenAI, ProviderAnthropic, ProviderGemini}, got.Provider) {
			t.Errorf("provider %q", got.Provider)
		}
		if method != http.MethodPost && got.Dialect != Unknown {
			t.Errorf("%s: dialect %q", method, got.Dialect)
		}
	})
}
