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

// seed adds the golden files of one kind, each with the number of its dialect.
func seed(f *testing.F, suffix string) {
	f.Helper()
	n := 0
	for i, d := range Dialects() {
		files, err := filepath.Glob("testdata/" + string(d) + "/*." + suffix)
		if err != nil {
			f.Fatal(err)
		}
		for _, file := range files {
			f.Add(uint8(i), mustRead(f, file))
			n++
		}
	}
	if n == 0 {
		f.Fatalf("no seeds of %s", suffix)
	}
}

// dialectOf is the dialect of a number that the fuzzer may choose.
func dialectOf(n uint8) Dialect {
	all := Dialects()
	return all[int(n)%len(all)]
}

// FuzzReadView: whatever can be read can be edited, the edit is read as a
// request that asks for nothing to be kept, and the body is left as it was.
func FuzzReadView(f *testing.F) {
	seed(f, "req.json")
	f.Add(uint8(0), []byte(`{"messages":[],"stream":true,"stream_options":{"include_usage":false,"include\u005fusage":false}}`))
	f.Fuzz(func(t *testing.T, n uint8, body []byte) {
		before, target := bytes.Clone(body), Target{Dialect: dialectOf(n)}
		view, err := ReadView(target, body)
		if err != nil {
			return
		}
		edited, err := EditExtra(view, body)
		if err == nil {
			checkEdited(t, target, view, edited)
		}
		if !bytes.Equal(before, body) {
			t.Error("the body was written to")
		}
	})
}

// FuzzFoldStream: a stream folds to one value however its bytes arrive, and
// started is called at most once.
func FuzzFoldStream(f *testing.F) {
	seed(f, "sse")
	f.Fuzz(func(t *testing.T, n uint8, body []byte) { checkPieces(t, dialectOf(n), true, body) })
}

// FuzzFoldBody is FuzzFoldStream for bodies, streamed arrays among them.
func FuzzFoldBody(f *testing.F) {
	// Numbers where text belongs are not written out.
	f.Add(uint8(0), []byte(`{"choices":[{"message":{"refusal":1e300,"tool_calls":[{"function":{"arguments":1e300}}]}}]}`))
	seed(f, "resp.json")
	seed(f, "array.json")
	f.Fuzz(func(t *testing.T, n uint8, body []byte) { checkPieces(t, dialectOf(n), false, body) })
}

// checkPieces folds bytes that arrive at once and one by one.
func checkPieces(t *testing.T, d Dialect, events bool, body []byte) {
	t.Helper()
	starts := 0
	whole, err := Fold(d, events, bytes.NewReader(body), func() { starts++ })
	pieces, pieceErr := Fold(d, events, iotest.OneByteReader(bytes.NewReader(body)), nil)
	if diff := cmp.Diff(whole, pieces); diff != "" || (err == nil) != (pieceErr == nil) {
		t.Errorf("whole: %v, byte by byte: %v\n%s", err, pieceErr, diff)
	}
	if starts > 1 {
		t.Errorf("started %d times", starts)
	}
	checkReply(t, whole, len(body))
}

// FuzzFoldChat: a body of Chat Completions folds as the stream does that holds
// it as its one chunk, with a delta for the message.
func FuzzFoldChat(f *testing.F) {
	seed(f, "resp.json")
	f.Fuzz(func(t *testing.T, _ uint8, body []byte) {
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
	kept, calls := 0, 0
	for _, c := range append([]Choice{r.Choice}, r.Others...) {
		kept += len(c.Text) + len(c.Refusal) + c.ReasoningBytes
		calls = max(calls, len(c.Calls))
		for _, call := range c.Calls {
			kept += len(call.Arguments)
		}
	}
	if kept > size || calls > maxIndex || r.Choices > maxIndex {
		t.Errorf("%d bytes kept of %d, %d calls, %d choices", kept, size, calls, r.Choices)
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
	f.Add("POST", "/v1/chat/completions", "", "X-Api-Key")
	f.Add("GET", "/v1beta/models/m%3AgenerateContent", "alt=sse", "X-Goog-Api-Key")
	f.Add("POST", "/model/anthropic.c/invoke", "", "")
	f.Add("POST", "//:", "&", "")
	f.Fuzz(func(t *testing.T, method, path, query, name string) {
		got := Detect(method, path, query, http.Header{name: {"x"}})
		if !slices.Contains([]string{ProviderOpenAI, ProviderAnthropic, ProviderGemini}, got.Provider) {
			t.Errorf("provider %q", got.Provider)
		}
		if method != http.MethodPost && got.Dialect != Unknown {
			t.Errorf("%s: dialect %q", method, got.Dialect)
		}
	})
}
