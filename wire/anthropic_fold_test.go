package wire

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const (
	claudeStart = `data: {"type":"message_start","message":{"id":"msg_1","content":[],"stop_reason":null,"usage":{"input_tokens":9,"output_tokens":1}}}` + "\n\n"
	claudeText  = `data: {"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}` + "\n\n"
	claudeHi    = `data: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"hi"}}` + "\n\n"
	claudeDelta = `data: {"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":2}}` + "\n\n"
	claudeStop  = `data: {"type":"message_stop"}` + "\n\n"
)

func TestAnthropicTruncated(t *testing.T) {
	unary := `{"content":[{"type":"text","text":"hi"}],"stop_reason":"end_turn"}`
	tests := []struct {
		name   string
		stream bool
		r      io.Reader
		want   bool
	}{
		{"stop", true, strings.NewReader(claudeStart + claudeText + claudeHi + claudeDelta + claudeStop), false},
		{"stop without a reason", true, strings.NewReader(claudeStart + claudeText + claudeHi + claudeStop), false},
		{"nothing said", true, strings.NewReader(claudeStart + claudeDelta + claudeStop), false},
		{"reason without a stop", true, strings.NewReader(claudeStart + claudeText + claudeHi + claudeDelta), true},
		{"done is no stop", true, strings.NewReader(claudeStart + claudeDelta + doneEvent), true},
		{"done behind the stop", true, strings.NewReader(claudeStart + claudeStop + doneEvent), false},
		{"stop alone", true, strings.NewReader(claudeStop), true},
		{"nothing", true, strings.NewReader(""), true},
		{"error event", true, strings.NewReader(claudeStart + `data: {"type":"error","error":{"type":"api_error"}}` + "\n\n"), false},
		{"error without a type", true, strings.NewReader(claudeStart + `data: {"error":{"message":"no"}}` + "\n\n"), false},
		{"error that is null", true, strings.NewReader(claudeStart + `data: {"error":null}` + "\n\n"), true},
		{"cut in the stop", true, strings.NewReader(claudeStart + `data: {"type":"message_st`), true},
		{"read error after the stop", true, broken(claudeStart + claudeStop), false},
		{"unary", false, strings.NewReader(unary), false},
		{"unary without blocks", false, strings.NewReader(`{"content":[]}`), false},
		{"unary cut short", false, strings.NewReader(unary[:len(unary)-1]), true},
		{"unary read error", false, broken(unary), true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, err := Fold(AnthropicMessages, test.stream, test.r, nil)
			if err != nil || got.Truncated != test.want {
				t.Errorf("truncated %v, error %v; want %v", got.Truncated, err, test.want)
			}
		})
	}
}

func TestAnthropicFoldRefusesOtherBytes(t *testing.T) {
	tests := []struct {
		name   string
		stream bool
		body   string
	}{
		{"page", false, "<html>Bad gateway</html>"},
		{"array", false, "[]"},
		{"neither content nor error", false, `{"message":"hunter2"}`},
		{"content that is text", false, `{"content":"hunter2"}`},
		{"event that is no JSON", true, "data: hunter2\n\n" + claudeStop},
		{"event that is an array", true, "data: []\n\n"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := Fold(AnthropicMessages, test.stream, strings.NewReader(test.body), nil)
			if !errors.Is(err, ErrNotDialect) || strings.Contains(err.Error(), "hunter2") {
				t.Errorf("error %v, want ErrNotDialect without the body", err)
			}
		})
	}
}

// TestAnthropicIndices: pieces go to the latest block of their index, without
// one to the latest, and blocks are joined in the order of their indices.
func TestAnthropicIndices(t *testing.T) {
	block := func(index, kind string) string {
		return fmt.Sprintf(`data: {"type":"content_block_start",%s"content_block":{"type":%q}}`+"\n\n", index, kind)
	}
	text := func(index, text string) string {
		return fmt.Sprintf(`data: {"type":"content_block_delta",%s"delta":{"type":"text_delta","text":%q}}`+"\n\n", index, text)
	}
	tests := []struct{ name, stream, want string }{
		{"none", block("", "text") + text("", "a") + block("", "text") + text("", "b"), "ab"},
		{"negative", block(`"index":-1,`, "text") + text(`"index":-1,`, "a"), "a"},
		{"fraction", block(`"index":0.5,`, "text") + text(`"index":0.5,`, "a"), "a"},
		{"word", block(`"index":"0",`, "text") + text(`"index":"0",`, "a"), "a"},
		{"out of order", block(`"index":7,`, "text") + block(`"index":3,`, "text") + text(`"index":7,`, "b") + text(`"index":3,`, "a"), "ab"},
		{"repeated", block(`"index":0,`, "text") + text(`"index":0,`, "a") + block(`"index":0,`, "text") + text(`"index":0,`, "b"), "ab"},
		{"not begun", block(`"index":0,`, "text") + text(`"index":1,`, "a"), ""},
		{"huge but not begun", block(`"index":0,`, "text") + text(`"index":1e300,`, "a"), ""},
		{"repeated by another kind", block(`"index":0,`, "text") + block(`"index":0,`, "thinking") + text(`"index":0,`, "a"), ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, err := Fold(AnthropicMessages, true, strings.NewReader(claudeStart+test.stream+claudeStop), nil)
			if err != nil || got.Text != test.want || got.Truncated {
				t.Errorf("text %q, error %v; want %q", got.Text, err, test.want)
			}
		})
	}
}

// TestAnthropicBlocksAreBounded: to leave some out would make an answer of what
// is part of one.
func TestAnthropicBlocksAreBounded(t *testing.T) {
	const call = `{"type":"tool_use","id":"t","name":"f","input":{}}`
	started := `data: {"type":"content_block_start","index":%d,"content_block":` + call + "}\n\n"
	unary := func(n int) string {
		return `{"content":[` + strings.TrimSuffix(strings.Repeat(call+",", n), ",") + `]}`
	}
	for _, body := range []string{unary(maxIndex + 1), fmt.Sprintf(started, maxIndex), strings.Repeat(fmt.Sprintf(started, 0), maxIndex+1)} {
		_, err := Fold(AnthropicMessages, body[0] != '{', strings.NewReader(body), nil)
		if !errors.Is(err, ErrTooBig) {
			t.Errorf("%.40s: error %v, want ErrTooBig", body, err)
		}
	}
	got, err := Fold(AnthropicMessages, false, strings.NewReader(unary(maxIndex)), nil)
	if err != nil || len(got.Calls) != maxIndex {
		t.Errorf("%d calls, error %v; want %d", len(got.Calls), err, maxIndex)
	}
}

func TestAnthropicFoldIsBounded(t *testing.T) {
	t.Parallel()
	big := strings.Replace(claudeHi, "hi", strings.Repeat("x", 1<<20), 1)
	input := `data: {"type":"content_block_start","content_block":{"type":"tool_use","input":"` + strings.Repeat("x", 1<<20) + `"}}` + "\n\n"
	for _, more := range []string{big, input} {
		stream := io.MultiReader(strings.NewReader(claudeStart+claudeText), endless(more))
		_, err := Fold(AnthropicMessages, true, stream, nil)
		if !errors.Is(err, ErrTooBig) || strings.Contains(err.Error(), "block") {
			t.Errorf("%.40s: error %v, want ErrTooBig of the whole reply", more, err)
		}
	}
}

func TestAnthropicPiecesOfAnotherKindAreSkipped(t *testing.T) {
	stream := claudeStart + `data: {"type":"content_block_start","index":0,"content_block":{"type":"tool_use","id":"t","name":"f","input":{}}}` + "\n\n" +
		claudeHi + claudeStop
	got, err := Fold(AnthropicMessages, true, strings.NewReader(stream), nil)
	if diff := cmp.Diff([]Call{{ID: "t", Name: "f", Arguments: "{}"}}, got.Calls); diff != "" || err != nil || got.Text != "" {
		t.Errorf("text %q, %v (-want +got):\n%s", got.Text, err, diff)
	}
}

func TestAnthropicRefusalToldTwiceIsOne(t *testing.T) {
	refusal := strings.Replace(claudeDelta, "end_turn", "refusal", 1)
	got, err := Fold(AnthropicMessages, true, strings.NewReader(claudeStart+refusal+refusal+claudeStop), nil)
	if err != nil || got.Refusal != "refusal" {
		t.Errorf("refusal %q, error %v", got.Refusal, err)
	}
}

func TestAnthropicBodyStartsAtItsEnd(t *testing.T) {
	starts := 0
	if _, err := Fold(AnthropicMessages, false, strings.NewReader(`{"content":[]}`), func() { starts++ }); err != nil || starts != 1 {
		t.Errorf("started %d times, error %v", starts, err)
	}
}

// TestAnthropicStartedAtFirstToken counts the calls after each event of a
// stream.
func TestAnthropicStartedAtFirstToken(t *testing.T) {
	begun := func(block string) string {
		return `data: {"type":"content_block_start","index":1,"content_block":` + block + "}\n\n"
	}
	tests := []struct {
		name string
		last string // the event that is the first token
	}{
		{"text", claudeHi},
		{"text at its start", begun(`{"type":"text","text":"a"}`)},
		{"thinking", begun(`{"type":"thinking","thinking":""}`)},
		{"redacted thinking", begun(`{"type":"redacted_thinking","data":"x"}`)},
		{"tool call", begun(`{"type":"tool_use","id":"t","name":"f","input":{}}`)},
		{"stop without a token", claudeDelta},
		{"refusal", strings.Replace(claudeDelta, "end_turn", "refusal", 1)},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r, w := io.Pipe()
			calls := make(chan struct{}, 9)
			folded := make(chan error, 1)
			go func() {
				_, err := Fold(AnthropicMessages, true, r, func() { calls <- struct{}{} })
				folded <- err
			}()
			send(t, w, claudeStart+string(KeepAlive(AnthropicMessages, Events))+claudeText+begun(`{"type":"server_tool_use"}`))
			send(t, w, "\n") // Fold took the last write whole: it has been folded
			if len(calls) != 0 {
				t.Error("started before the first token")
			}
			send(t, w, test.last)
			<-calls
			send(t, w, claudeHi+claudeDelta+claudeStop)
			_ = w.Close()
			if err := <-folded; err != nil || len(calls) != 0 {
				t.Errorf("%d further calls, error %v", len(calls), err)
			}
		})
	}
}

func TestAnthropicErrorAloneNeverStarts(t *testing.T) {
	const failure = `{"type":"error","error":{"type":"overloaded_error","message":"hunter2"}}`
	for stream, body := range map[bool]string{true: "event: error\ndata: " + failure + "\n\n", false: failure} {
		got, err := Fold(AnthropicMessages, stream, strings.NewReader(body), func() { t.Error("started") })
		want := Reply{Failure: &Failure{Type: "overloaded_error"}}
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("stream %v: %v (-want +got):\n%s", stream, err, diff)
		}
	}
}

func TestAnthropicOwnErrorFoldsToFailure(t *testing.T) {
	_, body := ErrorBody(AnthropicMessages, 503, "hotmess_busy", "no")
	event := StreamError(AnthropicMessages, Events, 503, "hotmess_busy", "no")
	for stream, body := range map[bool][]byte{false: body, true: event} {
		got, err := Fold(AnthropicMessages, stream, bytes.NewReader(body), nil)
		want := Reply{Failure: &Failure{Type: "hotmess_busy"}}
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("stream %v: %v (-want +got):\n%s", stream, err, diff)
		}
	}
}

// TestAnthropicUsageOfStreams: present counts of the end go before those of the
// start, and what is generated is known at the end alone.
func TestAnthropicUsageOfStreams(t *testing.T) {
	tests := []struct {
		name, start, end string
		want             Usage
	}{
		{"each in one place", `{"input_tokens":1,"cache_creation_input_tokens":2,"cache_read_input_tokens":4,"output_tokens":9}`, `{"output_tokens":8}`, Usage{Input: 7, CachedInput: 4, Output: 8, HasTotals: true}},
		{"all at the end", `{}`, `{"input_tokens":1,"cache_read_input_tokens":4,"output_tokens":8}`, Usage{Input: 5, CachedInput: 4, Output: 8, HasTotals: true}},
		{"later goes first", `{"input_tokens":100,"cache_read_input_tokens":50}`, `{"input_tokens":0,"cache_read_input_tokens":4,"output_tokens":8}`, Usage{Input: 4, CachedInput: 4, Output: 8, HasTotals: true}},
		{"null is absent", `{"input_tokens":1,"cache_creation_input_tokens":null}`, `{"input_tokens":null,"cache_read_input_tokens":null,"output_tokens":8}`, Usage{Input: 1, Output: 8, HasTotals: true}},
		{"thinking", `{"input_tokens":1}`, `{"output_tokens":8,"output_tokens_details":{"thinking_tokens":0}}`, Usage{Input: 1, Output: 8, HasTotals: true, HasReasoning: true}},
		{"no thinking", `{"input_tokens":1}`, `{"output_tokens":8,"output_tokens_details":null}`, Usage{Input: 1, Output: 8, HasTotals: true}},
		{"no output at the end", `{"input_tokens":1,"output_tokens":1}`, `{"input_tokens":1}`, Usage{Input: 1}},
		{"no input", `null`, `{"output_tokens":8}`, Usage{Output: 8}},
		{"no counts", `{"input_tokens":-1}`, `{"input_tokens":"1","output_tokens":0.5}`, Usage{}},
		{"too many", `{"input_tokens":1e300,"cache_read_input_tokens":1e300}`, `{"output_tokens":1e300}`, Usage{Input: maxNumber, CachedInput: maxNumber, Output: maxNumber, HasTotals: true}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			stream := `data: {"type":"message_start","message":{"usage":` + test.start + "}}\n\n" +
				`data: {"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":` + test.end + "}\n\n" +
				`data: {"type":"message_delta","delta":{},"usage":{}}` + "\n\n" + claudeStop
			got, err := Fold(AnthropicMessages, true, strings.NewReader(stream), nil)
			if diff := cmp.Diff(test.want, got.Usage); diff != "" || err != nil {
				t.Errorf("%v (-want +got):\n%s", err, diff)
			}
		})
	}
}

// TestAnthropicMalformedEventsAreSkipped: what is no object where the API has
// one says nothing.
func TestAnthropicMalformedEventsAreSkipped(t *testing.T) {
	for _, event := range []string{
		`{}`, `{"type":7}`, `{"type":"message_start"}`, `{"type":"message_start","message":"{\"id\":\"x\"}"}`,
		`{"type":"content_block_start"}`, `{"type":"content_block_start","index":0,"content_block":"{\"type\":\"text\"}"}`,
		`{"type":"content_block_start","index":0,"content_block":{"type":["text"]}}`,
		`{"type":"content_block_delta"}`, `{"type":"content_block_delta","index":0,"delta":"{\"type\":\"text_delta\",\"text\":\"x\"}"}`,
		`{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":{"a":"x"}}}`,
		`{"type":"message_delta"}`, `{"type":"message_delta","delta":{"stop_reason":["x"]},"usage":"{}"}`,
		`{"type":"message_delta","delta":{"stop_reason":""}}`,
	} {
		stream := claudeStart + claudeText + claudeHi + "data: " + event + "\n\n" + claudeDelta + claudeStop
		got, err := Fold(AnthropicMessages, true, strings.NewReader(stream), nil)
		want := Reply{
			ID: "msg_1", Choice: Choice{Text: "hi", Finish: "end_turn"}, Choices: 1,
			Usage: Usage{Input: 9, Output: 2, HasTotals: true},
		}
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("%s: %v (-want +got):\n%s", event, err, diff)
		}
	}
}

func TestAnthropicInputIsKeptAsItStands(t *testing.T) {
	for input, want := range map[string]string{
		`{"a": 1}`: `{"a": 1}`, `{}`: `{}`, `"{\"a\": 1}"`: `{"a": 1}`, `1e300`: `1e300`, `[]`: `[]`, `null`: `{}`, `""`: `{}`,
	} {
		body := `{"content":[{"type":"tool_use","id":"t","name":"f","input":` + input + `}]}`
		stream := `data: {"type":"content_block_start","index":0,"content_block":{"type":"tool_use","id":"t","name":"f","input":` + input + "}}\n\n"
		for stream, body := range map[bool]string{false: body, true: claudeStart + stream + claudeStop} {
			got, err := Fold(AnthropicMessages, stream, strings.NewReader(body), nil)
			if diff := cmp.Diff([]Call{{ID: "t", Name: "f", Arguments: want}}, got.Calls); diff != "" || err != nil {
				t.Errorf("stream %v, input %s: %v (-want +got):\n%s", stream, input, err, diff)
			}
		}
	}
}

func TestAnthropicReplySharesNoMemoryWithBody(t *testing.T) {
	for _, file := range []string{"compatible.resp.json", "refusal.resp.json", "error-code.resp.json", "fallback.resp.json"} {
		body := mustRead(t, "testdata/anthropic-messages/"+file)
		f := anthropic{}.fold(func() {})
		if err := f.body(body); err != nil {
			t.Fatal(err)
		}
		reply := f.result(true)
		before := fmt.Sprintf("%+v %+v", reply, reply.Failure)
		for i := range body {
			body[i] = '#'
		}
		if after := fmt.Sprintf("%+v %+v", reply, reply.Failure); after != before {
			t.Errorf("%s: reply changed with the body:\n%s\n%s", file, before, after)
		}
	}
}
