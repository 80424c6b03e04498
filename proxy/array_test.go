package proxy

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"hotmess/config"
)

const (
	// arrayPath asks for a stream of Gemini's without alt=sse: one array, whose
	// elements come one by one.
	arrayPath = "/v1beta/models/m:streamGenerateContent"
	prompt    = `{"contents":[{"role":"user","parts":[{"text":"hello"}]}]}`
	firstPart = `[{"responseId":"p","candidates":[{"index":0,"content":{"role":"model","parts":[{"text":"y"}]}}]}`
	lastPart  = "\n,\r\n" + `{"responseId":"p","candidates":[{"index":0,"content":{"parts":[{"text":"es"}]},"finishReason":"STOP"}],` +
		`"usageMetadata":{"promptTokenCount":3,"candidatesTokenCount":1,"totalTokenCount":4}}]`
)

// array answers with the pieces of an array.
func array(pieces ...string) func(http.ResponseWriter, *http.Request) {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		for _, piece := range pieces {
			send(w, piece)
		}
	}
}

func TestKeepAlivesBeforeAnArrayLeaveItOne(t *testing.T) {
	refused := func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusTooManyRequests)
		_, _ = io.WriteString(w, `{"error":{"code":429,"status":"RESOURCE_EXHAUSTED"}}`)
	}
	for name, c := range map[string]struct {
		answer func(http.ResponseWriter, *http.Request)
		want   string // a part
	}{
		"whole":              {array(firstPart, lastPart), firstPart[1:] + lastPart},
		"behind white space": {array("\r\n", firstPart, lastPart), firstPart[1:] + lastPart},
		"an object":          {array(`{"responseId":"p"}`), `"hotmess_upstream_error`},
		"an error":           {refused, `{"code":429,"status":"RESOURCE_EXHAUSTED"}`},
		"events":             {streams("p", "yes"), `"hotmess_upstream_error`},
		"no reply at all":    {func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, `"hotmess_upstream_unreachable`},
		"an error in 200s":   {array(`[{"error":{"code":503}}]`), `{"code":503}`},
	} {
		t.Run(name, func(t *testing.T) {
			free := make(chan struct{})
			failed := func(_ int, w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) }
			r := newRig(t, &script{primary: held(free, c.answer), extra: failed}, pingingMode(2))
			res := r.do(http.MethodPost, arrayPath, prompt, firstCall, "1")
			if got := res.Header.Get("Content-Type"); got != "application/json" {
				t.Errorf("Content-Type %q", got)
			}
			beat := make([]byte, 3) // keep-alives
			if _, err := io.ReadFull(res.Body, beat); err != nil || string(beat) != "[\n\n" {
				t.Fatalf("%q, %v", beat, err)
			}
			close(free)
			rest := read(t, res)
			var elements []json.RawMessage
			if err := json.Unmarshal([]byte(string(beat)+rest), &elements); err != nil || !strings.Contains(rest, c.want) {
				t.Errorf("%v: %q", err, rest)
			}
		})
	}
}

func TestArraysAreMeasuredFromTheirFirstElement(t *testing.T) {
	begun := make(chan struct{})
	primary := func(w http.ResponseWriter, r *http.Request) {
		array(firstPart)(w, r)
		<-begun // by an extra
		send(w, lastPart)
	}
	extra := func(_ int, w http.ResponseWriter, r *http.Request) {
		close(begun)
		array(strings.ReplaceAll(firstPart+lastPart, `"p"`, `"x"`))(w, r)
	}
	r := newRig(t, &script{primary: primary, extra: extra}, inMode(config.Observe, 2))
	if got := read(t, r.do(http.MethodPost, arrayPath, prompt, firstCall, "1")); got != firstPart+lastPart {
		t.Errorf("reply %q", got)
	}
	if o := r.observation(); o.Reason != "" || o.Differ["exact"] || len(o.Samples) != 2 || o.Dialect != "gemini-generate" {
		t.Errorf("observation %+v", o)
	}
}
