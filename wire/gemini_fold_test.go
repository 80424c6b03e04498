package wire

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// geminiPiece is a piece of a reply with these fields of its first candidate.
func geminiPiece(fields string) string { return `{"candidates":[{` + fields + `}]}` }

// geminiParts is a piece with these parts of the first candidate's content.
func geminiParts(parts string) string { return geminiPiece(`"content":{"parts":[` + parts + `]}`) }

// geminiFinish is a piece that ends the first candidate.
func geminiFinish(reason string) string { return geminiPiece(`"finishReason":"` + reason + `"`) }

// geminiEvents makes a stream of pieces, with the line ends that Google's
// servers write.
func geminiEvents(pieces ...string) string {
	var b strings.Builder
	for _, piece := range pieces {
		b.WriteString("data: " + piece + "\r\n\r\n")
	}
	return b.String()
}

func geminiArray(pieces ...string) string { return "[" + strings.Join(pieces, "\n,\r\n") + "\n]\n" }

// foldGemini folds pieces as events and as an array, which must give one value.
func foldGemini(t *testing.T, pieces ...string) Reply {
	t.Helper()
	reply, err := Fold(GeminiGenerate, true, strings.NewReader(geminiEvents(pieces...)), nil)
	if err != nil {
		t.Fatalf("events of %s: %v", pieces, err)
	}
	checkFold(t, GeminiGenerate, false, []byte(geminiArray(pieces...)), reply)
	return reply
}

func TestGeminiTruncated(t *testing.T) {
	text, stop := geminiParts(`{"text":"hi"}`), geminiFinish("STOP")
	second := `{"candidates":[{"index":1,"finishReason":"STOP"}]}`
	tests := []struct {
		name   string
		stream bool
		r      io.Reader
		want   bool
	}{
		{"finish", true, strings.NewReader(geminiEvents(text, stop)), false},
		{"usage behind the finish", true, strings.NewReader(geminiEvents(text, stop, `{"usageMetadata":{}}`)), false},
		{"no finish", true, strings.NewReader(geminiEvents(text, text)), true},
		{"finish of no kind", true, strings.NewReader(geminiEvents(text, geminiFinish("FINISH_REASON_UNSPECIFIED"))), true},
		{"finish of another candidate", true, strings.NewReader(geminiEvents(text, second)), true},
		{"finish of another candidate alone", true, strings.NewReader(geminiEvents(second, `[DONE]`)), true},
		{"done is no end mark", true, strings.NewReader(geminiEvents(text, "[DONE]")), true},
		{"to be continued", true, strings.NewReader(geminiEvents(text, geminiFinish("CONTINUATION"))), true},
		{"blocked", true, strings.NewReader(geminiEvents(`{"promptFeedback":{"blockReason":"OTHER"}}`)), false},
		{"blocked for no reason", true, strings.NewReader(geminiEvents(`{"promptFeedback":{"blockReason":"BLOCK_REASON_UNSPECIFIED"}}`)), true},
		{"error event", true, strings.NewReader(geminiEvents(text, `{"error":{}}`)), false},
		{"nothing", true, strings.NewReader(""), true},
		{"cut in an event", true, strings.NewReader(geminiEvents(text, stop) + "data: {\"cand"), true},
		{"read error", true, broken(geminiEvents(text)), true},
		{"read error behind the finish", true, broken(geminiEvents(text, stop)), true},
		{"unary", false, strings.NewReader(text), false},
		{"unary, to be continued", false, strings.NewReader(geminiFinish("CONTINUATION")), true},
		{"unary without candidates", false, strings.NewReader(`{"usageMetadata":{"promptTokenCount":1}}`), true},
		{"unary with an empty list", false, strings.NewReader(`{"candidates":[]}`), true},
		{"unary cut short", false, strings.NewReader(text[:len(text)-1]), true},
		{"unary read error", false, broken(text), true},
		{"array", false, strings.NewReader(geminiArray(text, stop)), false},
		{"array without a finish", false, strings.NewReader(geminiArray(text, text)), true},
		{"array cut short", false, strings.NewReader(strings.TrimRight(geminiArray(text, stop), "]\n")), true},
		{"array of an error", false, strings.NewReader(geminiArray(`{"error":{}}`)), false},
		{"array cut behind an error", false, strings.NewReader(`[{"error":{}},`), true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, err := Fold(GeminiGenerate, test.stream, test.r, nil)
			if err != nil || got.Truncated != test.want {
				t.Errorf("truncated %v, error %v; want %v", got.Truncated, err, test.want)
			}
		})
	}
}

func TestGeminiFoldRefusesOtherBytes(t *testing.T) {
	tests := []struct {
		stream bool
		body   string
	}{
		{true, "data: hello\n\n"},
		{true, "data: 7\n\n"},
		{true, "data: [{}]\n\n"},
		{true, "data: {}{}\n\n"},
		{false, "hello"},
		{false, `"hello"`},
		{false, `{}`},
		{false, `{"choices":[]}`},
		{false, `{"candidates":null}`},
		{false, `{"candidates":[]} x`},
	}
	for _, test := range tests {
		_, err := Fold(GeminiGenerate, test.stream, strings.NewReader(test.body), nil)
		if !errors.Is(err, ErrNotDialect) {
			t.Errorf("stream %v, %q: error %v, want ErrNotDialect", test.stream, test.body, err)
		}
	}
}

func TestGeminiRefusals(t *testing.T) {
	for reason, want := range map[string]bool{
		"STOP": false, "MAX_TOKENS": false, "OTHER": false, "MALFORMED_FUNCTION_CALL": false, "UNEXPECTED_TOOL_CALL": false,
		"TOO_MANY_TOOL_CALLS": false, "MISSING_THOUGHT_SIGNATURE": false, "NO_IMAGE": false, "SOMETHING_NEW": false,
		"SAFETY": true, "RECITATION": true, "LANGUAGE": true, "BLOCKLIST": true, "PROHIBITED_CONTENT": true, "SPII": true,
		"MODEL_ARMOR": true, "IMAGE_SAFETY": true, "IMAGE_PROHIBITED_CONTENT": true, "IMAGE_RECITATION": true,
	} {
		got := foldGemini(t, geminiFinish(reason), geminiFinish(reason))
		wanted := Reply{Choices: 1, Choice: Choice{Finish: reason}}
		if want {
			wanted.Refusal = reason
		}
		if diff := cmp.Diff(wanted, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", reason, diff)
		}
	}
}

func TestGeminiBlockedPromptIsARefusal(t *testing.T) {
	for _, reason := range []string{"SAFETY", "OTHER", "MODEL_ARMOR", "JAILBREAK", "SOMETHING_NEW"} {
		got := foldGemini(t, `{"promptFeedback":{"blockReason":"`+reason+`"}}`, `{"promptFeedback":{"blockReason":"`+reason+`"}}`)
		want := Reply{Choices: 1, Choice: Choice{Refusal: reason, Finish: reason}}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", reason, diff)
		}
	}
	for _, feedback := range []string{`null`, `{}`, `{"blockReason":null}`, `{"blockReason":7}`, `{"safetyRatings":[]}`, `7`} {
		if got := foldGemini(t, `{"promptFeedback":`+feedback+`}`); got.Choices != 0 || got.Refusal != "" {
			t.Errorf("%s: %+v", feedback, got)
		}
	}
}

func TestGeminiStartedAtFirstToken(t *testing.T) {
	tests := []struct {
		name string
		last string // the piece that is the first token
	}{
		{"text", geminiParts(`{"text":"a"}`)},
		{"thought", geminiParts(`{"text":"a","thought":true}`)},
		{"signature", geminiParts(`{"text":"","thoughtSignature":"AA=="}`)},
		{"function call", geminiParts(`{"functionCall":{"name":"f"}}`)},
		{"function call to come", geminiParts(`{"functionCall":{"name":"f","willContinue":true}}`)},
		{"another candidate", `{"candidates":[{"index":1,"content":{"parts":[{"text":"a"}]}}]}`},
		{"refusal", geminiFinish("SAFETY")},
		{"blocked prompt", `{"promptFeedback":{"blockReason":"SAFETY"}}`},
		{"finish without a token", geminiFinish("STOP")},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r, w := io.Pipe()
			calls := make(chan struct{}, 9)
			folded := make(chan error, 1)
			go func() {
				_, err := Fold(GeminiGenerate, true, r, func() { calls <- struct{}{} })
				folded <- err
			}()
			send(t, w, ": ping\n\n"+geminiEvents(`{"usageMetadata":{}}`, geminiParts(`{"text":""},{"executableCode":{"code":"1"}}`), geminiPiece(`"content":{}`)))
			send(t, w, "\n") // Fold took the last write whole: it has been folded
			if len(calls) != 0 {
				t.Error("started before the first token")
			}
			send(t, w, geminiEvents(test.last))
			<-calls
			send(t, w, geminiEvents(geminiParts(`{"text":"b"}`), geminiFinish("STOP")))
			_ = w.Close()
			if err := <-folded; err != nil || len(calls) != 0 {
				t.Errorf("%d further calls, error %v", len(calls), err)
			}
		})
	}
}

func TestGeminiErrorAloneNeverStarts(t *testing.T) {
	const failure = `{"error":{"code":429,"message":"no","status":"RESOURCE_EXHAUSTED","details":[]}}`
	want := Reply{Failure: &Failure{Type: "RESOURCE_EXHAUSTED", Code: "429"}}
	for body, stream := range map[string]bool{failure: false, geminiArray(failure): false, geminiEvents(failure): true} {
		got, err := Fold(GeminiGenerate, stream, strings.NewReader(body), func() { t.Error("started") })
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("%s: %v (-want +got):\n%s", body, err, diff)
		}
	}
}

func TestGeminiOwnErrorsFoldToFailures(t *testing.T) {
	_, body := ErrorBody(GeminiGenerate, http.StatusBadGateway, ownType, ownMessage)
	event := append(KeepAlive(GeminiGenerate, Events), StreamError(GeminiGenerate, Events, http.StatusBadGateway, ownType, ownMessage)...)
	array := append(KeepAlive(GeminiGenerate, Array), StreamError(GeminiGenerate, Array, http.StatusBadGateway, ownType, ownMessage)...)
	want := Reply{Failure: &Failure{Type: "UNAVAILABLE", Code: "502"}}
	checkFold(t, GeminiGenerate, false, body, want)
	checkFold(t, GeminiGenerate, true, event, want)
	checkFold(t, GeminiGenerate, false, array, want)
}

func TestGeminiUsage(t *testing.T) {
	tests := []struct {
		name   string
		usages []string
		want   Usage
	}{
		{"none", nil, Usage{}},
		{
			"all",
			[]string{`{"promptTokenCount":10,"cachedContentTokenCount":4,"toolUsePromptTokenCount":3,"candidatesTokenCount":5,"thoughtsTokenCount":7,"totalTokenCount":25}`},
			Usage{Input: 13, CachedInput: 4, Output: 12, Reasoning: 7, HasTotals: true, HasReasoning: true},
		},
		{
			"the last counts",
			[]string{`{"promptTokenCount":10,"thoughtsTokenCount":9}`, `{"promptTokenCount":10,"candidatesTokenCount":2}`},
			Usage{Input: 10, Output: 2, HasTotals: true},
		},
		{
			"no counts in between",
			[]string{`{"promptTokenCount":1,"candidatesTokenCount":2}`, `{"trafficType":"ON_DEMAND"}`, `null`, `7`, `[]`},
			Usage{Input: 1, Output: 2, HasTotals: true},
		},
		{"no candidates", []string{`{"promptTokenCount":10,"totalTokenCount":10}`}, Usage{Input: 10, HasTotals: true}},
		{
			"candidates not counted",
			[]string{`{"promptTokenCount":10,"thoughtsTokenCount":2,"totalTokenCount":20}`},
			Usage{Input: 10, Output: 10, Reasoning: 2, HasTotals: true, HasReasoning: true},
		},
		{"total too small", []string{`{"promptTokenCount":10,"totalTokenCount":3}`}, Usage{Input: 10, HasTotals: true}},
		{
			"out of bounds",
			[]string{`{"promptTokenCount":1e300,"toolUsePromptTokenCount":1e300,"candidatesTokenCount":1e300,"thoughtsTokenCount":1e300}`},
			Usage{Input: maxNumber, Output: maxNumber, Reasoning: maxNumber, HasTotals: true, HasReasoning: true},
		},
		{"counts of other types", []string{`{"promptTokenCount":1,"candidatesTokenCount":"2","thoughtsTokenCount":-1}`}, Usage{Input: 1, HasTotals: true}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			pieces := []string{geminiFinish("STOP")}
			for _, usage := range test.usages {
				pieces = append(pieces, `{"usageMetadata":`+usage+`}`)
			}
			if diff := cmp.Diff(test.want, foldGemini(t, pieces...).Usage); diff != "" {
				t.Errorf("usage (-want +got):\n%s", diff)
			}
		})
	}
}

func TestGeminiThoughtsAreNoText(t *testing.T) {
	tests := []struct {
		parts string
		want  Choice
	}{
		{`{"text":"a"},{"text":"b"}`, Choice{Text: "ab"}},
		{`{"thought":true,"text":"a"},{"text":"b","thought":false}`, Choice{Text: "b", Reasoned: true}},
		{`{"text":"a","thoughtSignature":"AA=="}`, Choice{Text: "a", Reasoned: true}},
		{`{"text":"a","thoughtSignature":""}`, Choice{Text: "a"}},
		{`{"text":"a","thought":"true"}`, Choice{Text: "a"}},
		{`{"text":7},{"text":null},null,"x",[]`, Choice{}},
	}
	for _, test := range tests {
		test.want.Finish = "STOP"
		got := foldGemini(t, geminiParts(test.parts), geminiFinish("STOP"))
		if diff := cmp.Diff(test.want, got.Choice); diff != "" {
			t.Errorf("%s (-want +got):\n%s", test.parts, diff)
		}
	}
}

func TestGeminiIndicesAreBounded(t *testing.T) {
	for _, index := range []string{"1024", "-1", "1e300", "0.5", `"x"`, "null"} {
		got := foldGemini(t, `{"candidates":[7,null,{"index":`+index+`,"content":{"parts":[{"text":"a"}]}}]}`)
		if got.Choices > 1 || got.Text != "" {
			t.Errorf("index %s: %+v", index, got)
		}
	}
}

func TestGeminiCallsAreBounded(t *testing.T) {
	pieces := make([]string, maxIndex)
	for i := range pieces {
		pieces[i] = geminiParts(fmt.Sprintf(`{"functionCall":{"name":"f%d"}}`, i))
	}
	more := strings.NewReader("data: " + strings.Join(append(pieces, pieces[0]), "\n\ndata: ") + "\n\n")
	if _, err := Fold(GeminiGenerate, true, more, nil); !errors.Is(err, ErrTooBig) {
		t.Errorf("one more: error %v", err)
	}
	got := foldGemini(t, append(pieces, geminiFinish("STOP"))...)
	if len(got.Calls) != maxIndex || got.Calls[0].Name != "f0" || got.Calls[maxIndex-1].Arguments != "{}" {
		t.Errorf("%d calls, want %d", len(got.Calls), maxIndex)
	}
}

func TestGeminiStreamIsBounded(t *testing.T) {
	t.Parallel()
	text := geminiEvents(geminiParts(`{"text":"` + strings.Repeat("a", 1<<14) + `"}`))
	_, err := Fold(GeminiGenerate, true, endless(text), nil)
	if !errors.Is(err, ErrTooBig) || strings.Contains(err.Error(), "event") {
		t.Errorf("error %v, want ErrTooBig of the whole reply", err)
	}
}

func TestGeminiReplySharesNoMemoryWithBody(t *testing.T) {
	for _, file := range []string{"parallel-tools", "streamed-arguments", "safety"} {
		body := mustRead(t, "testdata/gemini-generate/"+file+".sse")
		reply, err := Fold(GeminiGenerate, true, bytes.NewReader(body), nil)
		if err != nil {
			t.Fatal(err)
		}
		before := fmt.Sprintf("%+v", reply)
		for i := range body {
			body[i] = '#'
		}
		if after := fmt.Sprintf("%+v", reply); after != before {
			t.Errorf("%s: reply changed with the body:\n%s\n%s", file, before, after)
		}
	}
}

func TestGeminiErrorsQuoteNothing(t *testing.T) {
	for body, stream := range map[string]bool{
		"data: hunter2\n\n": true, `"hunter2"`: false, `["hunter2"]`: false, `[{}] hunter2`: false,
		geminiEvents(geminiParts(`{"functionCall":{"name":"hunter2","partialArgs":[{"jsonPath":"hunter2","stringValue":"hunter2"}]}}`)): true,
	} {
		_, err := Fold(GeminiGenerate, stream, strings.NewReader(body), nil)
		if err == nil || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: error %v", body, err)
		}
	}
}
