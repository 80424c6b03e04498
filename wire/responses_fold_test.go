package wire

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// ev is an event of a Responses stream; fields follow its type.
func ev(name, fields string) string {
	if fields != "" {
		fields = "," + fields
	}
	return `data: {"type":"response.` + name + `"` + fields + "}\n\n"
}

// saying is a piece of the text of the item at index 0.
func saying(text string) string {
	return ev("output_text.delta", `"output_index":0,"delta":"`+text+`"`)
}

func foldResponses(t *testing.T, stream bool, body string) Reply {
	t.Helper()
	r, err := Fold(OpenAIResponses, stream, strings.NewReader(body), nil)
	if err != nil {
		t.Fatalf("%s: %v", body, err)
	}
	return r
}

func TestResponsesTruncated(t *testing.T) {
	unary := `{"status":"completed","output":[{"type":"message","content":[]}]}`
	completed := ev("completed", `"response":`+unary)
	tests := []struct {
		name   string
		stream bool
		r      io.Reader
		want   bool
	}{
		{"completed", true, strings.NewReader(saying("a") + completed), false},
		{"completed without output", true, strings.NewReader(ev("completed", `"response":{}`)), false},
		{"incomplete", true, strings.NewReader(ev("incomplete", `"response":{}`)), false},
		{"failed", true, strings.NewReader(ev("failed", `"response":{}`)), false},
		{"error", true, strings.NewReader(saying("a") + `data: {"type":"error"}` + "\n\n"), false},
		{"error without a type", true, strings.NewReader(`data: {"error":{"code":"x"}}` + "\n\n"), false},
		{"no end mark", true, strings.NewReader(saying("a")), true},
		{"done alone", true, strings.NewReader(saying("a") + doneEvent), true},
		{"nothing", true, strings.NewReader(""), true},
		{"cut in the end mark", true, strings.NewReader(saying("a") + completed[:len(completed)-4]), true},
		{"read error after the end mark", true, broken(saying("a") + completed), false},
		{"unary", false, strings.NewReader(unary), false},
		{"unary without a status", false, strings.NewReader(`{"output":[]}`), false},
		{"unary failed", false, strings.NewReader(`{"status":"failed","output":[]}`), false},
		{"unary in progress", false, strings.NewReader(strings.Replace(unary, "completed", "in_progress", 1)), true},
		{"unary of another status", false, strings.NewReader(`{"status":7,"output":[]}`), true},
		{"unary cut short", false, strings.NewReader(unary[:len(unary)-1]), true},
		{"unary read error", false, broken(unary), true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, err := Fold(OpenAIResponses, test.stream, test.r, nil)
			if err != nil || got.Truncated != test.want {
				t.Errorf("truncated %v, error %v; want %v", got.Truncated, err, test.want)
			}
		})
	}
}

func TestResponsesFoldRefusesOtherBytes(t *testing.T) {
	for body, stream := range map[string]bool{
		"<html>":                   false,
		"[]":                       false,
		`{"choices":[]}`:           false,
		`{"output":"x"}`:           false,
		"data: hello\n\n: \n\n":    true,
		"data: []\n\n" + doneEvent: true,
	} {
		if _, err := Fold(OpenAIResponses, stream, strings.NewReader(body), nil); !errors.Is(err, ErrNotDialect) {
			t.Errorf("%s: error %v, want ErrNotDialect", body, err)
		}
	}
}

func TestNothingFollowsTheEndOfAResponse(t *testing.T) {
	for _, end := range []string{ev("completed", `"response":{}`), `data: {"type":"error"}` + "\n\n"} {
		want := foldResponses(t, true, saying("a")+end)
		got := foldResponses(t, true, saying("a")+end+saying("b")+ev("failed", `"response":{"error":{"code":"x"}}`))
		if diff := cmp.Diff(want, got); diff != "" || got.Text != "a" {
			t.Errorf("%s (-want +got):\n%s", end, diff)
		}
	}
}

func TestResponsesStartedAtFirstToken(t *testing.T) {
	added := func(item string) string { return ev("output_item.added", `"output_index":0,"item":{`+item+`}`) }
	done := func(item string) string { return ev("output_item.done", `"output_index":0,"item":{`+item+`}`) }
	head := ev("created", `"response":{"output":[]}`) + ev("in_progress", `"response":{}`) + added(`"type":"message"`) +
		ev("content_part.added", `"output_index":0,"part":{"type":"output_text","text":""}`) +
		added(`"type":"web_search_call"`) + ev("output_text.delta", `"delta":""`) + done(`"type":"web_search_call"`)
	for name, last := range map[string]string{
		"text":                 saying("a"),
		"refusal":              ev("refusal.delta", `"delta":"a"`),
		"reasoning":            ev("reasoning_text.delta", `"delta":"a"`),
		"summary":              ev("reasoning_summary_text.delta", `"delta":"a"`),
		"arguments":            ev("function_call_arguments.delta", `"delta":"{"`),
		"input":                ev("custom_tool_call_input.delta", `"delta":"a"`),
		"reasoning added":      added(`"type":"reasoning"`),
		"call added":           added(`"type":"function_call"`),
		"shell call done":      done(`"type":"shell_call"`),
		"text that came whole": done(`"type":"message","content":[{"text":"a"}]`),
		"no token":             ev("completed", `"response":{}`),
	} {
		t.Run(name, func(t *testing.T) {
			starts := 0
			f := responses{}.fold(func() { starts++ })
			events := newEventReader(strings.NewReader(head + last + saying("b")))
			var counts []int
			for {
				data, err := events.next()
				if err != nil {
					break
				}
				if err := f.event(data); err != nil {
					t.Fatal(err)
				}
				counts = append(counts, starts)
			}
			if n := len(counts); counts[n-3] != 0 || counts[n-2] != 1 || counts[n-1] != 1 {
				t.Errorf("calls after each event: %v", counts)
			}
		})
	}
}

func TestFailedResponsesNeverStart(t *testing.T) {
	const failed = `{"status":"failed","output":[],"error":{"code":"server_error"}}`
	for body, stream := range map[string]bool{
		failed: false, `{"error":{"code":"server_error"}}`: false,
		ev("created", `"response":{}`) + ev("failed", `"response":`+failed): true,
		`data: {"type":"error","code":"server_error"}` + "\n\n":             true,
	} {
		got, err := Fold(OpenAIResponses, stream, strings.NewReader(body), func() { t.Errorf("%s: started", body) })
		if diff := cmp.Diff(Reply{Failure: &Failure{Code: "server_error"}}, got); diff != "" || err != nil {
			t.Errorf("%s: %v (-want +got):\n%s", body, err, diff)
		}
	}
}

// TestResponsesItemsAreToldApart: servers differ in what they give beside a delta.
func TestResponsesItemsAreToldApart(t *testing.T) {
	call := func(event, place, fields string) string { return ev(event, place+fields) }
	args := func(place, piece string) string {
		return call("function_call_arguments.delta", place, `"delta":"`+piece+`"`)
	}
	added := func(place, id, name string) string {
		return call("output_item.added", place, `"item":{"type":"function_call","id":"`+id+`","call_id":"c`+id+`","name":"`+name+`"}`)
	}
	done := func(place, id, name, arguments string) string {
		return call("output_item.done", place, `"item":{"type":"function_call","call_id":"c`+id+`","name":"`+name+`","arguments":"`+arguments+`"}`)
	}
	two := []Call{{ID: "c1", Name: "f", Arguments: "12"}, {ID: "c2", Name: "g", Arguments: "34"}}
	const first, second = `"output_index":0,`, `"output_index":1,`
	for name, stream := range map[string]string{
		"by index": added(first, "1", "f") + added(second, "2", "g") + args(second, "3") + args(first, "1") + args(second, "4") + args(first, "2"),
		"by id": added("", "1", "f") + added("", "2", "g") + args(`"item_id":"2",`, "3") + args(`"item_id":"1",`, "1") +
			args(`"item_id":"2",`, "4") + args(`"item_id":"1",`, "2"),
		"types of one index": saying("x") + added(first, "1", "f") + saying("y") + args(first, "1") + saying("z") +
			args(first, "2") + done(second, "2", "g", "34"),
		"the latest":          added("", "1", "f") + args("", "1") + args("", "2") + added("", "2", "g") + args("", "3") + args("", "4"),
		"index used again":    added(first, "1", "f") + args(first, "12") + done(first, "1", "f", "12") + added(first, "2", "g") + args(first, "34"),
		"whole items alone":   done(first, "1", "f", "12") + done(second, "2", "g", "34"),
		"whole, nothing else": done("", "1", "f", "12") + done("", "2", "g", "34"),
		"out of order":        done(second, "2", "g", "34") + done(first, "1", "f", "12"),
	} {
		got := foldResponses(t, true, stream)
		if diff := cmp.Diff(two, got.Calls); diff != "" || (got.Text != "" && got.Text != "xyz") {
			t.Errorf("%s: text %q (-want +got):\n%s", name, got.Text, diff)
		}
	}
}

// TestDeltasAloneMakeItems: some servers do not tell when an item begins.
func TestDeltasAloneMakeItems(t *testing.T) {
	piece := func(id, text string) string {
		return ev("custom_tool_call_input.delta", `"item_id":"`+id+`","delta":"`+text+`"`)
	}
	got := foldResponses(t, true, piece("a", "1")+piece("b", "3")+piece("a", "2")+piece("b", "4")+
		ev("output_text.delta", `"item_id":"c","delta":"5"`))
	if diff := cmp.Diff([]Call{{Arguments: "12"}, {Arguments: "34"}}, got.Calls); diff != "" || got.Text != "5" {
		t.Errorf("text %q (-want +got):\n%s", got.Text, diff)
	}
}

// TestResponsesIndicesAreBounded: what is no index is as good as none.
func TestResponsesIndicesAreBounded(t *testing.T) {
	for _, index := range []string{"1024", "1e300"} {
		stream := ev("output_item.added", `"output_index":`+index+`,"item":{"type":"function_call","name":"f"}`)
		if _, err := Fold(OpenAIResponses, true, strings.NewReader(stream), nil); !errors.Is(err, ErrTooBig) {
			t.Errorf("index %s: error %v", index, err)
		}
	}
	for index, want := range map[string]int{"1023": 1, "-1": 1, "0.5": 1, `"x"`: 1, "null": 1} {
		stream := ev("output_item.added", `"output_index":`+index+`,"item":{"type":"function_call","name":"f"}`) +
			ev("function_call_arguments.delta", `"output_index":`+index+`,"delta":"a"`)
		if got := foldResponses(t, true, stream); len(got.Calls) != want {
			t.Errorf("index %s: %+v, want %d calls", index, got, want)
		}
	}
}

func TestResponsesItemsAreBounded(t *testing.T) {
	for n, want := range map[int]error{maxIndex: nil, maxIndex + 1: ErrTooBig} {
		var stream, list strings.Builder
		for i := range n {
			item := fmt.Sprintf(`{"type":"function_call","call_id":"c%d"}`, i)
			stream.WriteString(ev("output_item.added", `"output_index":0,"item":`+item))
			list.WriteString(item + ",")
		}
		body := `{"output":[` + list.String() + `{}]}`
		for body, events := range map[string]bool{stream.String(): true, body: false, ev("completed", `"response":`+body): true} {
			if got, err := Fold(OpenAIResponses, events, strings.NewReader(body), nil); !errors.Is(err, want) || want == nil && len(got.Calls) != n {
				t.Errorf("stream %v, %d items: %d calls, error %v; want %v", events, n, len(got.Calls), err, want)
			}
		}
	}
}

func TestResponsesFoldIsBounded(t *testing.T) {
	t.Parallel()
	text := strings.Repeat("x", 1<<20)
	for name, stream := range map[string]io.Reader{
		"one item":   endless(saying(text)),
		"many items": endless(ev("output_item.done", `"item":{"type":"function_call","arguments":"`+text+`"}`)),
		"unary":      endless(`{"output":"` + text),
	} {
		_, err := Fold(OpenAIResponses, name != "unary", stream, nil)
		if !errors.Is(err, ErrTooBig) {
			t.Errorf("%s: error %v, want ErrTooBig", name, err)
		}
	}
}

// TestWholeItemsReplaceTheirDeltas, so that a text that comes three times counts
// once against the bound.
func TestWholeItemsReplaceTheirDeltas(t *testing.T) {
	const item = `{"type":"message","content":[{"type":"output_text","text":"abc"},{"type":"refusal","refusal":"de"}]}`
	f := &responsesFold{gathering: newGathering(func() {})}
	for _, test := range []struct {
		event string
		size  int
	}{
		{saying("abc"), 3},
		{ev("refusal.delta", `"output_index":0,"delta":"de"`), 5},
		{ev("output_item.done", `"output_index":0,"item":`+item), 5},
		{ev("function_call_arguments.delta", `"output_index":1,"delta":"{}"`), 7},
		{ev("completed", `"response":{"output":[`+item+`]}`), 5},
	} {
		data := strings.TrimPrefix(strings.TrimSpace(test.event), "data: ")
		if err := f.event([]byte(data)); err != nil || f.size != test.size {
			t.Errorf("%s: %d bytes kept, %v; want %d", data, f.size, err, test.size)
		}
	}
	if got := f.result(true); got.Text != "abc" || got.Refusal != "de" || len(got.Calls) != 0 || got.Truncated {
		t.Errorf("%+v", got)
	}
}

func TestRefusalsThatAreNoText(t *testing.T) {
	for _, part := range []string{"7", "null", `{"refusal":1e300}`, `{"refusal":{"a":1}}`, `{"refusal":null}`, `{"text":1e300}`} {
		if got := foldResponses(t, false, `{"output":[{"type":"message","content":[`+part+`]}]}`); got.Refusal != "" || got.Text != "" {
			t.Errorf("%s: %+v", part, got.Choice)
		}
	}
}

// TestArgumentsThatAreNoText: numbers, which grow when they are written out, are
// nothing to call with; JSON loses its white space.
func TestArgumentsThatAreNoText(t *testing.T) {
	for arguments, want := range map[string]string{
		`1e300`: "", `true`: "", `null`: "", `{ "a" : "b c" }`: `{"a":"b c"}`, "[1,\n 1e300]": "[1,1e300]", `" {} "`: " {} ",
	} {
		got := foldResponses(t, false, `{"output":[{"type":"function_call","arguments":`+arguments+`}]}`)
		if diff := cmp.Diff([]Call{{Arguments: want}}, got.Calls); diff != "" {
			t.Errorf("%s (-want +got):\n%s", arguments, diff)
		}
	}
}

func TestCommentaryIsTheTextWhereNothingElseIs(t *testing.T) {
	message := func(phase, text string) string {
		return `{"type":"message","phase":` + phase + `,"content":[{"type":"output_text","text":"` + text + `"}]}`
	}
	for _, test := range []struct{ output, want string }{
		{message(`"commentary"`, "a") + "," + message(`"commentary"`, "b"), "ab"},
		{message(`"commentary"`, "a") + "," + message(`"final_answer"`, "b"), "b"},
		{message(`"final_answer"`, "a") + "," + message(`"commentary"`, "b"), "a"},
		{message(`"unheard_of"`, "a") + "," + message(`null`, "b"), "b"},
		{message(`null`, "a") + "," + message(`"final_answer"`, "b"), "ab"},
	} {
		if got := foldResponses(t, false, `{"output":[`+test.output+`]}`); got.Text != test.want {
			t.Errorf("%s: text %q, want %q", test.output, got.Text, test.want)
		}
	}
}

func TestReasoningThatWasNotCountedIsNoCount(t *testing.T) {
	const usage = `,"usage":{"input_tokens":1,"output_tokens":1,"output_tokens_details":{"reasoning_tokens":%d}}`
	for _, test := range []struct {
		item  string
		count int
		want  bool
	}{
		{`{"type":"reasoning","summary":[{"type":"summary_text","text":"a"}]}`, 0, false},
		{`{"type":"reasoning","summary":[],"content":[{"type":"reasoning_text","text":"a"}]}`, 0, false},
		{`{"type":"reasoning","summary":[{"type":"summary_text","text":"a"}]}`, 7, true},
		{`{"type":"reasoning","summary":[]}`, 0, true},
		{`{"type":"message"}`, 0, true},
	} {
		got := foldResponses(t, false, `{"output":[`+test.item+`]`+fmt.Sprintf(usage, test.count)+`}`)
		if got.Usage.HasReasoning != test.want || got.Usage.Reasoning != test.count {
			t.Errorf("%s, %d: %+v", test.item, test.count, got.Usage)
		}
	}
}

// FuzzFoldResponses: a body folds as the stream does whose last event holds it.
func FuzzFoldResponses(f *testing.F) {
	seed(f, "resp.json")
	f.Fuzz(func(t *testing.T, _ uint8, body []byte) {
		reply, err := Fold(OpenAIResponses, false, bytes.NewReader(body), nil)
		if err != nil {
			return
		}
		checkReply(t, reply, len(body))
		status := walk(body).Get("status").String()
		var line bytes.Buffer
		if (status != "completed" && status != "incomplete" && status != "failed") || json.Compact(&line, body) != nil {
			return
		}
		streamed, err := Fold(OpenAIResponses, true, strings.NewReader(ev(status, `"response":`+line.String())), nil)
		if diff := cmp.Diff(reply, streamed); diff != "" || err != nil {
			t.Errorf("as a stream: %v (-unary +stream):\n%s", err, diff)
		}
	})
}
