package wire

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const (
	firstChunk  = `data: {"choices":[{"index":0,"delta":{"role":"assistant","content":""}}]}` + "\n\n"
	textChunk   = `data: {"choices":[{"index":0,"delta":{"content":"hi"}}]}` + "\n\n"
	finishChunk = `data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}` + "\n\n"
	doneEvent   = "data: [DONE]\n\n"
)

func TestTruncated(t *testing.T) {
	unary := `{"choices":[{"message":{"content":"hi"},"finish_reason":"stop"}]}`
	tests := []struct {
		name   string
		stream bool
		r      io.Reader
		want   bool
	}{
		{"done", true, strings.NewReader(textChunk + doneEvent), false},
		{"finish without done", true, strings.NewReader(textChunk + finishChunk), false},
		{"no end mark", true, strings.NewReader(firstChunk + textChunk), true},
		{"nothing", true, strings.NewReader(""), true},
		{"done alone", true, strings.NewReader(doneEvent), true},
		{"error event", true, strings.NewReader(textChunk + `data: {"error":{}}` + "\n\n"), false},
		{"cut in an event", true, strings.NewReader(textChunk + finishChunk + `data: {"cho`), true},
		{"cut in the end mark", true, strings.NewReader(textChunk + `data: [DO`), true},
		{"read error", true, broken(textChunk), true},
		{"read error after the finish", true, broken(textChunk + finishChunk), true},
		{"read error after done", true, broken(textChunk + finishChunk + doneEvent), false},
		{"unary", false, strings.NewReader(unary), false},
		{"unary without choices", false, strings.NewReader(`{"choices":[]}`), true},
		{"unary cut short", false, strings.NewReader(unary[:len(unary)-1]), true},
		{"unary empty", false, strings.NewReader(""), true},
		{"unary read error", false, broken(unary), true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, err := Fold(OpenAIChat, test.stream, test.r, nil)
			if err != nil || got.Truncated != test.want {
				t.Errorf("truncated %v, error %v; want %v", got.Truncated, err, test.want)
			}
		})
	}
}

func TestFoldRefusesOtherBytes(t *testing.T) {
	tests := []struct {
		name    string
		dialect Dialect
		stream  bool
		body    string
	}{
		{"page", OpenAIChat, false, "<html>Bad gateway</html>"},
		{"array", OpenAIChat, false, "[]"},
		{"neither choices nor error", OpenAIChat, false, `{"object":"list"}`},
		{"event that is no JSON", OpenAIChat, true, "data: hello\n\n" + textChunk},
		{"event that is an array", OpenAIChat, true, "data: []\n\n"},
		{"nesting without end", OpenAIChat, false, `{"choices":` + strings.Repeat("[", 20_000)},
		{"dialect that is not read", GeminiGenerate, false, "{}"},
		{"no dialect", Unknown, false, "{}"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := Fold(test.dialect, test.stream, strings.NewReader(test.body), nil)
			if !errors.Is(err, ErrNotDialect) {
				t.Errorf("error %v, want ErrNotDialect", err)
			}
		})
	}
}

func TestFoldIsBounded(t *testing.T) {
	t.Parallel()
	big := `data: {"choices":[{"delta":{"content":"` + strings.Repeat("x", 1<<20) + `"}}]}` + "\n\n"
	for _, stream := range []bool{true, false} {
		_, err := Fold(OpenAIChat, stream, endless(big), nil)
		if !errors.Is(err, ErrTooBig) || strings.Contains(err.Error(), "event") {
			t.Errorf("stream %v: error %v, want ErrTooBig of the whole reply", stream, err)
		}
	}
}

func TestReaderThatIsTooBigIsNotTruncation(t *testing.T) {
	for _, stream := range []bool{true, false} {
		r, err := Decode(endless(textChunk), "", 1000)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := Fold(OpenAIChat, stream, r, nil); !errors.Is(err, ErrTooBig) {
			t.Errorf("stream %v: error %v, want ErrTooBig", stream, err)
		}
	}
}

func TestIndicesAreBounded(t *testing.T) {
	for _, index := range []string{"1024", "-1", "1e300", "0.5", `"x"`, "null"} {
		stream := fmt.Sprintf(`data: {"choices":[{"index":%s,"delta":{"content":"a"}},`+
			`{"index":0,"delta":{"tool_calls":[{"index":%[1]s,"id":"c","function":{"name":"f"}}]}}]}`, index)
		got, err := Fold(OpenAIChat, true, strings.NewReader(stream+"\n\n"), nil)
		if tooLarge := index == "1024" || index == "1e300"; errors.Is(err, ErrTooBig) != tooLarge || len(got.Calls) > 1 || got.Choices > 2 {
			t.Errorf("index %s: %+v, %v", index, got, err)
		}
	}
}

func TestCallsAreBounded(t *testing.T) {
	for n, want := range map[int]error{maxIndex: nil, maxIndex + 1: ErrTooBig} {
		var stream, list strings.Builder
		for i := range n {
			call := fmt.Sprintf(`{"index":0,"id":"c%d","function":{"name":"f"}}`, i)
			fmt.Fprintf(&stream, `data: {"choices":[{"delta":{"tool_calls":[%s]}}]}`+"\n\n", call)
			list.WriteString(strings.Repeat(",", min(i, 1)) + call)
		}
		for body, events := range map[string]bool{stream.String(): true, `{"choices":[{"message":{"tool_calls":[` + list.String() + `]}}]}`: false} {
			if got, err := Fold(OpenAIChat, events, strings.NewReader(body), nil); !errors.Is(err, want) || want == nil && len(got.Calls) != n {
				t.Errorf("stream %v, %d calls: %d, error %v; want %v", events, n, len(got.Calls), err, want)
			}
		}
	}
}

// TestStartedAtFirstToken counts the calls after each event of a stream.
func TestStartedAtFirstToken(t *testing.T) {
	delta := func(fields string) string {
		return `data: {"choices":[{"index":0,"delta":{` + fields + `}}]}` + "\n\n"
	}
	tests := []struct {
		name string
		last string // the event that is the first token
	}{
		{"content", delta(`"content":"a"`)},
		{"refusal", delta(`"refusal":"a"`)},
		{"reasoning", delta(`"reasoning":"a"`)},
		{"reasoning content", delta(`"reasoning_content":"a"`)},
		{"tool call", delta(`"tool_calls":[{"index":0,"id":"c","function":{"name":"f","arguments":""}}]`)},
		{"function call", delta(`"function_call":{"name":"f","arguments":""}`)},
		{"finish without a token", finishChunk},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r, w := io.Pipe()
			calls := make(chan struct{}, 9)
			folded := make(chan error, 1)
			go func() {
				_, err := Fold(OpenAIChat, true, r, func() { calls <- struct{}{} })
				folded <- err
			}()
			send(t, w, ": ping\n\n"+firstChunk+`data: {"choices":[]}`+"\n\n")
			send(t, w, "\n") // Fold took the last write whole: it has been folded
			if len(calls) != 0 {
				t.Error("started before the first token")
			}
			send(t, w, test.last)
			<-calls
			send(t, w, textChunk+finishChunk+doneEvent)
			_ = w.Close()
			if err := <-folded; err != nil || len(calls) != 0 {
				t.Errorf("%d further calls, error %v", len(calls), err)
			}
		})
	}
}

func send(t *testing.T, w io.Writer, text string) {
	t.Helper()
	if _, err := io.WriteString(w, text); err != nil {
		t.Fatal(err)
	}
}

func TestErrorAloneNeverStarts(t *testing.T) {
	const failure = `{"error":{"message":"no","code":429}}`
	for stream, body := range map[bool]string{true: "data: " + failure + "\n\n", false: failure} {
		got, err := Fold(OpenAIChat, stream, strings.NewReader(body), func() { t.Error("started") })
		want := Reply{Failure: &Failure{Code: "429"}}
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("stream %v: %v (-want +got):\n%s", stream, err, diff)
		}
	}
}

func TestFoldReadsToTheEnd(t *testing.T) {
	r := strings.NewReader(textChunk + doneEvent + "\n: bye\n\n")
	if _, err := Fold(OpenAIChat, true, r, nil); err != nil || r.Len() != 0 {
		t.Errorf("%d bytes left, error %v", r.Len(), err)
	}
}

func TestArgumentsAsObjectAreKeptAsJSON(t *testing.T) {
	const body = `{"choices":[{"message":{"tool_calls":[{"id":"c","function":{"name":"f","arguments":{"a": 1}}}]},"finish_reason":"tool_calls"}]}`
	got, err := Fold(OpenAIChat, false, strings.NewReader(body), nil)
	want := []Call{{ID: "c", Name: "f", Arguments: `{"a": 1}`}}
	if diff := cmp.Diff(want, got.Calls); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
}
