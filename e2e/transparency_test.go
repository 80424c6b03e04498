package e2e

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptrace"
	"strings"
	"testing"
)

// modes that never change a reply.
var verbatimModes = []string{"off", "observe"}

// chatPath is where chat completions are asked for.
const chatPath = "/v1/chat/completions"

func TestRepliesPassByteForByte(t *testing.T) {
	t.Parallel()
	limited := jsonReply(http.StatusTooManyRequests, errorBody)
	limited.header.Set("Retry-After", "7")
	limited.header.Set("X-Ratelimit-Remaining-Requests", "0")
	limited.header["Set-Cookie"] = []string{"a=1; Path=/", "b=2; HttpOnly"}
	replies := map[string]canned{
		"text": jsonReply(200, textBody), "text stream": streamReply(textStream(), 1, 7, 300),
		"reasoning": jsonReply(200, reasoningBody), "reasoning stream": streamReply(reasoningStream(), 3, 50),
		"tool": jsonReply(200, toolBody), "tool stream": streamReply(toolStream(), 11),
		"parallel tools": jsonReply(200, parallelBody), "parallel tools stream": streamReply(parallelStream(), 2, 90),
		"refusal": jsonReply(200, refusalBody), "refusal stream": streamReply(refusalStream(), 1000),
		"error": jsonReply(500, errorBody), "error in stream": streamReply(errorStream(), 13),
		"limited":         limited,
		"html":            {status: 502, header: http.Header{"Content-Type": {"text/html"}}, chunks: []string{"<html>Bad Gateway</html>"}},
		"no content type": {status: 200, header: http.Header{"Content-Type": nil}, chunks: []string{"{}"}},
		"empty":           {status: 204, header: http.Header{"X-Request-Id": {"req_1"}}},
		"crlf stream":     streamReply(strings.ReplaceAll(textStream(), "\n", "\r\n"), 1),
		"cut stream":      cut(streamReply(textStream(), 40), 5),
		"cut body":        cut(jsonReply(200, textBody), 1),
	}
	each(t, verbatimModes, func(t *testing.T, mode string) {
		for name, reply := range replies {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				u := scripted(t, reply.ServeHTTP)
				s := before(t, mode, u)
				body := question(t, letterPrompt, strings.Contains(name, "stream"))
				compare(t, u, s, func(base string) *http.Request {
					return request(t, "POST", base+chatPath, body, "Content-Type", "application/json")
				})
			})
		}
	})
}

func TestEncodedRepliesPassAsTheyCame(t *testing.T) {
	t.Parallel()
	var zipped bytes.Buffer
	z := gzip.NewWriter(&zipped)
	_, _ = io.WriteString(z, textBody)
	_ = z.Close()
	for encoding, body := range map[string]string{
		"gzip": zipped.String(),
		// Not brotli at all: nobody but the client is to read it.
		"br": "\x0b\x02\x80not really brotli\x03",
	} {
		each(t, verbatimModes, func(t *testing.T, mode string) {
			t.Run(encoding, func(t *testing.T) {
				reply := jsonReply(200, body)
				reply.header.Set("Content-Encoding", encoding)
				u := scripted(t, reply.ServeHTTP)
				compare(t, u, before(t, mode, u), func(base string) *http.Request {
					return request(t, "POST", base+chatPath, question(t, "hello", false), "Accept-Encoding", "gzip, br, zstd")
				})
			})
		})
	}
}

func TestRequestsPassByteForByte(t *testing.T) {
	t.Parallel()
	const odd = `{ "model":"a",  "model":"b", "seed": 12345678901234567890, "x":1.10e+2, "messages":[{"role":"user","content":"\u00fc\/"}] }` + "\r\n\n"
	requests := map[string]func(base string) *http.Request{
		"duplicate keys and big integers": func(base string) *http.Request { return request(t, "POST", base+chatPath, odd) },
		"semicolon in query":              func(base string) *http.Request { return request(t, "POST", base+chatPath+"?a=1;b=2&c=%zz", "{}") },
		"encoded slash":                   func(base string) *http.Request { return request(t, "GET", base+"/v1/models/org%2Fmodel", "") },
		"double slash":                    func(base string) *http.Request { return request(t, "POST", base+"/v1//chat/completions", "{}") },
		"leading double slash":            func(base string) *http.Request { return request(t, "POST", base+"//v1/chat/completions", "{}") },
		"encoded colon":                   func(base string) *http.Request { return request(t, "GET", base+"/v1/models/m%3Ax", "") },
		"empty query":                     func(base string) *http.Request { return request(t, "GET", base+"/v1/models?", "") },
		"forwarded for": func(base string) *http.Request {
			return request(t, "POST", base+chatPath, "{}", "X-Forwarded-For", "10.0.0.1", "Forwarded", "for=10.0.0.1")
		},
		"SDK headers": func(base string) *http.Request {
			return request(t, "POST", base+chatPath, "{}", "User-Agent", "OpenAI/Go 3", "Authorization", "Bearer sk-1",
				"X-Stainless-Retry-Count", "1", "Idempotency-Key", "i", "Openai-Organization", "org", "Traceparent", "00-1-2-01", "Accept-Encoding", "zstd")
		},
		"HEAD":    func(base string) *http.Request { return request(t, "HEAD", base+"/v1/models", "") },
		"OPTIONS": func(base string) *http.Request { return request(t, "OPTIONS", base+"/v1/models", "") },
		"DELETE":  func(base string) *http.Request { return request(t, "DELETE", base+"/v1/files/f-1", "") },
		"chunked": func(base string) *http.Request {
			r := request(t, "POST", base+chatPath, "")
			r.Body, r.ContentLength = io.NopCloser(strings.NewReader(odd)), -1
			return r
		},
		"multipart": func(base string) *http.Request { return multipartRequest(t, base+"/v1/files") },
	}
	each(t, verbatimModes, func(t *testing.T, mode string) {
		for name, make := range requests {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				u := scripted(t, jsonReply(200, textBody).ServeHTTP)
				compare(t, u, before(t, mode, u), make)
			})
		}
	})
}

func TestOwnHeadersStayHere(t *testing.T) {
	t.Parallel()
	u := scripted(t, jsonReply(200, textBody).ServeHTTP)
	s := serve(t, u.URL+"/v1", "--mode", "observe", "--rate", "1")
	r := request(t, "POST", s.base+chatPath, question(t, "hello", false), "X-Hotmess-Session", "s", "X-Hotmess-Route", "r", "X-Hotmess-Anything", "x")
	res, err := bare(t).Do(r)
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	if res.Header.Get("X-Hotmess-Id") == "" || res.Header.Get("X-Hotmess-Mode") != "observe" {
		t.Errorf("reply headers: %v", res.Header)
	}
	s.settled(t, 1)
	for _, got := range u.requests() {
		for name := range got.Header {
			if strings.HasPrefix(name, "X-Hotmess-") {
				t.Errorf("%s reached the upstream", name)
			}
		}
	}
}

func TestExpectContinueIsAnsweredByTheUpstream(t *testing.T) {
	t.Parallel()
	each(t, verbatimModes, func(t *testing.T, mode string) {
		u := scripted(t, jsonReply(200, textBody).ServeHTTP)
		s := before(t, mode, u)
		continued := false
		ctx := httptrace.WithClientTrace(context.Background(), &httptrace.ClientTrace{Got100Continue: func() { continued = true }})
		c := bare(t)
		// Only a 100 lets the body go within the life of the test.
		c.Transport.(*http.Transport).ExpectContinueTimeout = 10 * patience
		r := request(t, "POST", s.base+chatPath, question(t, "hello", false), "Expect", "100-continue").WithContext(ctx)
		if got := call(t, c, r); got.Body != textBody || !continued {
			t.Errorf("100 seen: %v; got %+v", continued, got)
		}
	})
}

// each runs a test in every mode.
func each(t *testing.T, modes []string, test func(t *testing.T, mode string)) {
	for _, mode := range modes {
		t.Run(mode, func(t *testing.T) { test(t, mode) })
	}
}

// before is a sidecar of a mode in front of an upstream.
func before(t *testing.T, mode string, u *upstream) *sidecar {
	t.Helper()
	return serve(t, u.URL, "--mode", mode, "--rate", "1")
}

// compare makes a call directly and through the sidecar, and compares what the
// client got and what the upstream saw.
func compare(t *testing.T, u *upstream, s *sidecar, make func(base string) *http.Request) {
	t.Helper()
	c := bare(t)
	wantAnswer := call(t, c, make(u.URL))
	wantSeen := u.take()
	gotAnswer := call(t, c, make(s.base))
	same(t, "the client got", wantAnswer, gotAnswer)
	// In observe mode extras may follow; the client's own call is the first.
	same(t, "the upstream saw", wantSeen, u.take()[:1])
}

// request makes a request that carries nothing but what it is given: no
// User-Agent, no Accept-Encoding.
func request(t *testing.T, method, url, body string, headers ...string) *http.Request {
	t.Helper()
	r, err := http.NewRequest(method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if body == "" {
		r.Body, r.ContentLength = nil, 0
	}
	r.GetBody = nil
	r.Header["User-Agent"] = nil
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	return r
}

func multipartRequest(t *testing.T, url string) *http.Request {
	t.Helper()
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	if err := form.SetBoundary("0123456789abcdef"); err != nil {
		t.Fatal(err)
	}
	part, err := form.CreateFormFile("file", "data.bin")
	if err != nil {
		t.Fatal(err)
	}
	for i := range 10_000 {
		fmt.Fprintf(part, "%d\x00\xff", i)
	}
	if err := form.Close(); err != nil {
		t.Fatal(err)
	}
	return request(t, "POST", url, body.String(), "Content-Type", form.FormDataContentType())
}

// cut is a reply that breaks off after n chunks.
func cut(c canned, n int) canned {
	c.chunks, c.cut = c.chunks[:n], true
	return c
}
