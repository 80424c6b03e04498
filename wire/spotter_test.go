package wire

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"
)

// pass runs a stream through a spotter in pieces of a size.
func pass(d Dialect, stream []byte, size int) (passed []byte, s *CallSpotter) {
	s = NewCallSpotter(d)
	for piece := range slices.Chunk(stream, size) {
		passed = append(passed, s.Pass(piece)...)
	}
	s.End()
	return passed, s
}

// TestNothingOfACallPasses folds what a spotter lets pass of every golden
// stream, cut anywhere: it holds no call, and nothing that comes before one is
// held.
func TestNothingOfACallPasses(t *testing.T) {
	eachGolden(t, func(t *testing.T, d Dialect, path string, want golden) {
		stream, ok := optional(t, path+".sse")
		if !ok {
			t.Skip("not streamed")
		}
		whole, err := Fold(d, true, bytes.NewReader(stream), nil)
		if err != nil {
			t.Skip("not of the dialect")
		}
		passed, s := pass(d, stream, len(stream))
		if got := append(bytes.Clone(passed), s.Held()...); !bytes.Equal(got, stream) {
			t.Fatal("passed and held are not the stream")
		}
		calls := len(whole.Calls)
		for _, other := range whole.Others {
			calls += len(other.Calls)
		}
		if s.Found() != (calls > 0) {
			t.Fatalf("found %v, %d calls", s.Found(), calls)
		}
		before, _ := Fold(d, true, bytes.NewReader(passed), nil)
		if len(before.Calls) > 0 {
			t.Errorf("%d calls passed", len(before.Calls))
		}
		if s.Found() {
			first := append(bytes.Clone(passed), firstEvent(s.Held())...)
			if with, _ := Fold(d, true, bytes.NewReader(first), nil); len(with.Calls)+len(with.Others) == 0 {
				t.Errorf("the first event that is held begins no call: %s", firstEvent(s.Held()))
			}
		}
		for size := 1; size < len(stream); size += 1 + size/8 {
			if again, other := pass(d, stream, size); !bytes.Equal(again, passed) || other.Found() != s.Found() {
				t.Fatalf("in pieces of %d: %d bytes passed, want %d", size, len(again), len(passed))
			}
		}
		for _, cut := range cuts(stream) {
			other := NewCallSpotter(d)
			again := append(other.Pass(stream[:cut]), other.Pass(stream[cut:])...)
			if other.End(); !bytes.Equal(again, passed) {
				t.Fatalf("cut at %d: %d bytes passed, want %d", cut, len(again), len(passed))
			}
		}
	})
}

// TestEventsPassWithAllOfTheirLineEnds, however they are cut: Google's SDK looks
// for the bytes CR LF CR LF.
func TestEventsPassWithAllOfTheirLineEnds(t *testing.T) {
	call := `data: {"choices":[{"delta":{"tool_calls":[{"index":0}]}}]}`
	for _, end := range []string{"\n", "\r\n", "\r"} {
		before := "data: {}" + end + end + ": x" + end + end + "event: a" + end + "data: {}" + end + end
		stream := []byte(before + call + end + end)
		for size := range len(stream) {
			if passed, s := pass(OpenAIChat, stream, size+1); string(passed) != before || !s.Found() {
				t.Errorf("%q in pieces of %d: %q passed", end, size+1, passed)
			} else if own := string(s.InKind([]byte(": y\n\n"))); end == "\r\n" != (own == ": y\r\n\r\n") {
				t.Errorf("%q: own events end in %q", end, own)
			}
		}
	}
}

// TestACallIsSpottedWhereverItStands: clients go through the whole list.
func TestACallIsSpottedWhereverItStands(t *testing.T) {
	for _, calls := range []string{`[{"index":0}]`, `[null,{"index":0}]`, `[[],{"index":1}]`} {
		stream := []byte(`data: {"choices":[{"delta":{"tool_calls":` + calls + "}}]}\n\n")
		if passed, s := pass(OpenAIChat, stream, len(stream)); len(passed) > 0 || !s.Found() {
			t.Errorf("%s passed", passed)
		}
	}
}

// TestAFailedStreamEndsInItsOwnErrorWithoutItsCalls, in every dialect's form.
func TestAFailedStreamEndsInItsOwnErrorWithoutItsCalls(t *testing.T) {
	const geminiCall = `{"candidates":[{"content":{"parts":[{"functionCall":{"name":"rm"}}]}}]}`
	for name, c := range map[string]struct {
		dialect            Dialect
		call, failed, want string
	}{
		"chat": {OpenAIChat, `data: {"choices":[{"delta":{"tool_calls":[{"index":0}]}}]}`, `data: {"error":{"message":"no"}}`, `data: {"error":{"message":"no"}}`},
		"anthropic": {
			AnthropicMessages, `data: {"type":"content_block_start","index":0,"content_block":{"type":"tool_use","id":"t","name":"rm","input":{}}}`,
			`data: {"type":"error","error":{"type":"overloaded_error","message":"no"}}`,
			"event: error\n" + `data: {"error":{"type":"overloaded_error","message":"no"},"type":"error"}`,
		},
		"responses": {
			OpenAIResponses, `data: {"type":"response.output_item.done","output_index":0,"item":{"type":"function_call","name":"rm"}}`,
			`data: {"type":"error","code":"server_error","message":"no","param":null,"sequence_number":7}`,
			"event: error\n" + `data: {"type":"error","code":"server_error","message":"no","param":null,"sequence_number":0}`,
		},
		"responses, failed": {
			OpenAIResponses, `data: {"type":"response.output_item.done","output_index":0,"item":{"type":"function_call","name":"rm"}}`,
			`data: {"type":"response.failed","response":{"status":"failed","error":{"code":"server_error","message":"no"},"output":[{"type":"function_call","name":"rm"}]}}`,
			"event: error\n" + `data: {"type":"error","code":"server_error","message":"no","param":null,"sequence_number":0}`,
		},
		"gemini":           {GeminiGenerate, "data: " + geminiCall, `data: {"error":{"code":503}}`, `data: {"error":{"code":503}}`},
		"without an error": {OpenAIChat, `data: {"choices":[{"delta":{"tool_calls":[{"index":0}]}}]}`, `data: {}`, `data: {"error":{"message":"why","type":"` + ownType + `","param":null,"code":"` + ownType + `"}}`},
	} {
		s := NewCallSpotter(c.dialect)
		if passed := s.Pass([]byte(c.call + "\n\n" + c.failed + "\n\n")); len(passed) > 0 || !s.Found() {
			t.Errorf("%s: %s passed", name, passed)
		}
		if got := string(s.Fail(ownType, "why")); got != c.want+"\n\n" {
			t.Errorf("%s: %s", name, got)
		}
	}
	for first, want := range map[string]string{"[{}": `[{},{"error":{"code":503}}]`, "[": `[{"error":{"code":503}}]`} {
		s, comma := NewArraySpotter(), ""
		if first != "[" {
			comma = ","
		}
		passed := s.Pass([]byte(first + comma + geminiCall + `,{"error":{"code":503}}]`))
		if got := string(passed) + string(s.Fail(ownType, "why")); got != want {
			t.Errorf("array: %s", got)
		}
	}
}

// firstEvent is the first event of a stream.
func firstEvent(stream []byte) []byte {
	text := strings.ReplaceAll(string(stream), "\r\n", "\n")
	event, _, _ := strings.Cut(text, "\n\n")
	return []byte(event + "\n\n")
}

// TestRefusedRepliesAreOfTheirDialect folds every golden reply with a call once
// it is refused.
func TestRefusedRepliesAreOfTheirDialect(t *testing.T) {
	const text = "hotmess: no \"quorum\""
	eachGolden(t, func(t *testing.T, d Dialect, path string, want golden) {
		if want.Reply == nil || len(want.Reply.Calls) == 0 || want.Reply.Truncated || want.Reply.Choices != 1 {
			t.Skip("no whole reply with a call")
		}
		check := func(how string, got Reply, err error) {
			t.Helper()
			if err != nil || got.Truncated || got.Failure != nil || len(got.Calls) > 0 || !strings.HasSuffix(got.Text, text) {
				t.Errorf("%s: %+v, %v", how, got, err)
			}
			if got.ID != want.Reply.ID || got.Model != want.Reply.Model || got.Usage.HasTotals != want.Reply.Usage.HasTotals {
				t.Errorf("%s: id %s, model %s, usage %+v; want those of the reply: %+v", how, got.ID, got.Model, got.Usage, want.Reply)
			}
		}
		if body, ok := optional(t, path+".resp.json"); ok {
			refused, err := RefuseBody(d, body, text)
			if err != nil {
				t.Fatal(err)
			}
			got, err := Fold(d, false, bytes.NewReader(refused), nil)
			check("unary", got, err)
		}
		stream, ok := optional(t, path+".sse")
		if !ok {
			return
		}
		passed, s := pass(d, stream, len(stream))
		closing, err := RefuseStream(d, s.Held(), text)
		if err != nil {
			t.Fatal(err)
		}
		got, err := Fold(d, true, bytes.NewReader(append(passed, closing...)), nil)
		check("stream", got, err)
	})
}

func FuzzCallSpotter(f *testing.F) {
	f.Add([]byte("data: {\"choices\":[{\"delta\":{\"tool_calls\":[{}]}}]}\n\n"), 3)
	f.Add([]byte("event: x\r\rdata: \r\n\r\n\n"), 1)
	f.Add([]byte("\n[{\"candidates\":[{\"content\":{\"parts\":[{\"functionCall\":{}}]}}]}\n,\n{}]"), 2)
	f.Fuzz(func(t *testing.T, stream []byte, size int) {
		if size < 1 {
			size = 1
		}
		for _, d := range Dialects() {
			passed, s := pass(d, stream, size)
			if !bytes.Equal(append(passed, s.Held()...), stream) {
				t.Error("passed and held are not the stream")
			}
			_, _ = RefuseStream(d, s.Held(), "x")
			_, _ = RefuseBody(d, stream, "x")
		}
		passed, _, s := passArray(stream, size)
		if !bytes.Equal(append(passed, s.Held()...), stream) {
			t.Error("passed and held are not the array")
		}
		_, _ = s.Reply()
		if closing := s.Refuse("t", "x"); len(closing) == 0 {
			t.Error("nothing closes the array")
		}
	})
}

// TestAnEventTooLongToBeReadIsHeld: nobody knows whether it is a call.
func TestAnEventTooLongToBeReadIsHeld(t *testing.T) {
	s := NewCallSpotter(OpenAIChat)
	long := slices.Concat([]byte("data: "), bytes.Repeat([]byte(" "), maxEvent), []byte("{}\n\n"))
	if passed := s.Pass(long); len(passed) > 0 || !s.Found() || len(s.Held()) != len(long) {
		t.Errorf("%d bytes pass, %d are held", len(passed), len(s.Held()))
	}
	if _, err := s.Reply(); !errors.Is(err, ErrTooBig) {
		t.Errorf("error %v", err)
	}
}
