package wire

import (
	"bytes"
	"compress/gzip"
	"io"
	"strings"
	"testing"
)

// closings are the end of a stream and its mark, by dialect; Gemini has none.
func closings() map[Dialect][2]string {
	return map[Dialect][2]string{
		OpenAIChat: {
			`data: {"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"id":"c","function":{"name":"f","arguments":"{}"}}]},"finish_reason":"tool_calls"}]}` + "\n\n",
			"data: [DONE]\n\n",
		},
		OpenAIResponses: {
			`data: {"type":"response.output_item.done","output_index":0,"item":{"type":"function_call","call_id":"c","name":"f","arguments":"{}"}}` + "\n\n",
			`data: {"type":"response.completed","response":{"status":"completed","output":[{"type":"function_call","call_id":"c","name":"f","arguments":"{}"}]}}` + "\n\n",
		},
		AnthropicMessages: {
			"event: content_block_start\ndata: {\"type\":\"content_block_start\",\"index\":0,\"content_block\":{\"type\":\"tool_use\",\"id\":\"c\",\"name\":\"f\",\"input\":{}}}\n\n" +
				"event: message_delta\ndata: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"tool_use\"}}\n\n",
			"event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n",
		},
		GeminiGenerate: {
			`data: {"candidates":[{"content":{"parts":[{"functionCall":{"name":"f","args":{}}}]},"finishReason":"STOP"}]}` + "\n\n",
			"",
		},
	}
}

// ajar gives its bytes, then fails the test that reads on.
type ajar struct {
	t    *testing.T
	left []byte
}

func (a *ajar) Read(p []byte) (int, error) {
	if len(a.left) == 0 {
		a.t.Error("read on behind the mark")
		return 0, io.EOF
	}
	n := copy(p[:1], a.left)
	a.left = a.left[n:]
	return n, nil
}

func TestAStreamIsReadToItsMarkAndNoFurther(t *testing.T) {
	for d, c := range closings() {
		if c[1] == "" {
			if ReadToMark(d, strings.NewReader(c[0]), func() {}) {
				t.Errorf("%s: there is no mark", d)
			}
			continue
		}
		started := false
		if !ReadToMark(d, &ajar{t, []byte(c[0] + c[1])}, func() { started = true }) || !started {
			t.Errorf("%s: no mark, or no token (%v)", d, started)
		}
		for _, body := range []string{"", c[0], c[0] + strings.TrimSuffix(c[1], "\n"), "data: what\n\n" + c[1]} {
			if ReadToMark(d, strings.NewReader(body), func() {}) {
				t.Errorf("%s: a mark in %q", d, body)
			}
		}
	}
}

func TestTheMarkOfACompressedStreamIsSeenAsItIsFlushed(t *testing.T) {
	c := closings()[OpenAIChat]
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	_, _ = io.WriteString(z, c[0]+c[1])
	_ = z.Flush() // not closed
	body, err := Decode(&ajar{t, packed.Bytes()}, "gzip", 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	if !ReadToMark(OpenAIChat, body, func() {}) {
		t.Error("no mark")
	}
}

// TestASpotterSeesTheMarkHoweverTheBytesAreCut has text before the call, and more than
// one line end.
func TestASpotterSeesTheMarkHoweverTheBytesAreCut(t *testing.T) {
	for d, c := range closings() {
		for _, ends := range []string{"\n", "\r\n"} {
			body := strings.ReplaceAll(": hello\n\n"+c[0]+": wait\n\n"+c[1], "\n", ends)
			for size := 1; size <= len(body); size++ {
				s := NewCallSpotter(d)
				for left := body; left != ""; {
					if s.Marked() {
						t.Fatalf("%s, pieces of %d: a mark before %q", d, size, left)
					}
					n := min(size, len(left))
					s.Pass([]byte(left[:n]))
					left = left[n:]
				}
				if s.Marked() != (c[1] != "") {
					t.Fatalf("%s, pieces of %d: marked %v", d, size, s.Marked())
				}
			}
		}
	}
}
