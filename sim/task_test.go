package sim

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"

	"github.com/tidwall/gjson"
)

// agent is an agent that does what it is told: it appends each call and a
// result to its conversation.
type agent struct {
	s        *Server
	messages []any
}

func newAgent(s *Server, task string) *agent {
	return &agent{s: s, messages: []any{map[string]any{"role": "user", "content": "Please do " + task + "."}}}
}

// step asks once and gives the calls that were proposed, none at the end.
func (a *agent) step(t *testing.T) []gjson.Result {
	t.Helper()
	message := ask(t, a.s, "", map[string]any{"messages": a.messages, "tools": tools}).Get("choices.0.message")
	a.messages = append(a.messages, message.Value())
	calls := message.Get("tool_calls").Array()
	for _, c := range calls {
		a.messages = append(a.messages, map[string]any{"role": "tool", "tool_call_id": c.Get("id").String(), "content": "ok"})
	}
	return calls
}

func TestTaskIsDoneAfterItsSteps(t *testing.T) {
	for _, test := range []struct{ steps, parallel, turns int }{{0, 0, 20}, {5, 1, 5}, {5, 2, 3}} {
		a := newAgent(&Server{Steps: test.steps, ParallelCalls: test.parallel, Accuracy: 1}, "task 12")
		turns, step := 0, 0
		for calls := a.step(t); len(calls) > 0; calls = a.step(t) {
			turns++
			for _, c := range calls {
				name, arguments := a.s.Right("12", step, tools)
				if c.Get("function.name").String() != name ||
					!a.s.IsRight("12", step, tools, name, c.Get("function.arguments").String()) {
					t.Errorf("step %d: %s, want %s %s", step, c, name, arguments)
				}
				step++
			}
		}
		want := test.steps
		if want == 0 {
			want = DefaultSteps
		}
		if turns != test.turns || step != want {
			t.Errorf("%+v: %d turns, %d steps", test, turns, step)
		}
	}
}

func TestTaskStepsDifferAndToolOrderDoesNotMatter(t *testing.T) {
	s := &Server{}
	reversed := slices.Clone(tools)
	slices.Reverse(reversed)
	seen := map[string]bool{}
	for step := range 20 {
		name, arguments := s.Right("1", step, tools)
		if again, same := s.Right("1", step, reversed); again != name || same != arguments {
			t.Errorf("step %d: %s%s, or %s%s in another order", step, name, arguments, again, same)
		}
		seen[name] = true
	}
	if len(seen) != len(tools) {
		t.Errorf("20 steps used only %v", seen)
	}
}

func TestWrongCallsAreWrongInWhatIdentifies(t *testing.T) {
	s := &Server{}
	s.SetAccuracy(0)
	for i := range 50 {
		call := newAgent(s, fmt.Sprintf("task %d", i)).step(t)[0].Get("function")
		if s.IsRight(fmt.Sprint(i), 0, tools, call.Get("name").String(), call.Get("arguments").String()) {
			t.Errorf("task %d: right at accuracy 0: %s", i, call)
		}
	}
}

func TestFreeTextDoesNotMakeACallWrong(t *testing.T) {
	s := &Server{}
	offered := tools[1:2]
	_, arguments := s.Right("9", 0, offered)
	var args map[string]string
	if err := json.Unmarshal([]byte(arguments), &args); err != nil {
		t.Fatal(err)
	}
	reworded := fmt.Sprintf(`{"scope":%q,"query":"something else"}`, args["scope"])
	if !s.IsRight("9", 0, offered, "search", reworded) {
		t.Errorf("%s is not held equal to %s", reworded, arguments)
	}
	for _, wrong := range []string{`{"scope":"none"}`, `{"scope":`, `{}`} {
		if s.IsRight("9", 0, offered, "search", wrong) {
			t.Errorf("%s is held equal to %s", wrong, arguments)
		}
	}
}

func TestFixedTextFixesFreeArguments(t *testing.T) {
	for _, fixed := range []bool{false, true} {
		s := &Server{Accuracy: 1, FixedText: fixed}
		seen := map[string]bool{}
		for range 10 {
			reply := ask(t, s, "task 4", map[string]any{"tools": tools[1:2]})
			seen[callAnswer(reply.Raw)] = true
		}
		if fixed != (len(seen) == 1) {
			t.Errorf("FixedText %v: %d different calls", fixed, len(seen))
		}
	}
}

func TestNothingToGetWrongButTheCallItself(t *testing.T) {
	s := &Server{}
	s.SetAccuracy(0)
	only := []Tool{{Name: "finish"}}
	reply := ask(t, s, "task 1", map[string]any{"tools": only})
	if reply.Get("choices.0.message.tool_calls").Exists() {
		t.Errorf("a wrong answer makes the only right call: %s", reply)
	}
}

func TestToolChoice(t *testing.T) {
	s := &Server{Accuracy: 1}
	named := map[string]any{"type": "function", "function": map[string]any{"name": "stop"}}
	for range 5 {
		reply := ask(t, s, "task 1", map[string]any{"tools": tools, "tool_choice": named})
		if got := reply.Get("choices.0.message.tool_calls.0.function.name").String(); got != "stop" {
			t.Errorf("called %q", got)
		}
	}
	if reply := ask(t, s, "task 1", map[string]any{"tools": tools, "tool_choice": "none"}); reply.Get("choices.0.message.tool_calls").Exists() {
		t.Errorf("a call in spite of tool_choice none: %s", reply)
	}
}

func TestTaskID(t *testing.T) {
	for message, want := range map[string]string{
		"Do task 7, please": "7", "TASK #a-12: go": "a-12", "Your task 3b. Now": "3b",
	} {
		if got := TaskID(message); got != want {
			t.Errorf("TaskID(%q) = %q, want %q", message, got, want)
		}
	}
	if a, b := TaskID("the task is to dance"), TaskID("the task is to sing"); a == b || a == "is" {
		t.Errorf("messages without an id: %q, %q", a, b)
	}
}

func TestCompoundLowersAccuracyWithEachWrongCall(t *testing.T) {
	history := func(right, wrong int) []any {
		messages := []any{map[string]any{"role": "user", "content": "task 5"}}
		for step := range right + wrong {
			name, arguments := new(Server).Right("5", step, tools)
			if step >= right {
				arguments = `{"made":"up"}`
			}
			messages = append(messages, map[string]any{"role": "assistant", "tool_calls": []any{map[string]any{
				"id": "c", "type": "function", "function": map[string]any{"name": name, "arguments": arguments},
			}}},
				map[string]any{"role": "tool", "tool_call_id": "c", "content": "ok"})
		}
		return messages
	}
	for _, test := range []struct {
		compound     float64
		right, wrong int
		want         float64
	}{{0, 0, 4, .8}, {.5, 4, 0, .8}, {.5, 0, 1, .4}, {.5, 2, 2, .2}} {
		s := &Server{Accuracy: .8, Compound: test.compound}
		ask(t, s, "", map[string]any{"messages": history(test.right, test.wrong), "tools": tools})
		if got, _ := s.Summary().ExpectedAccuracy(); got < test.want-1e-9 || got > test.want+1e-9 {
			t.Errorf("%+v: accuracy %v", test, got)
		}
	}
}

func TestRightCallsAreRightUnderAnySchema(t *testing.T) {
	s := &Server{Accuracy: 1}
	for _, parameters := range []string{
		`{"type":"object","properties":{"tags":{"type":"array","items":{"type":"string"}},"deep":{"type":"object","properties":{"note":{"type":"string"}}}}}`,
		`{"type":"object","properties":{"n":{"type":"number"}},"required":["n","undescribed"]}`,
		`{"type":"object","properties":{"any":true,"either":{"anyOf":[{"type":"string"},{"type":"null"}]},"site_url":{"type":"string"},"user_id":{"type":"string"},"command":{"type":"string"}}}`,
		`{"type":"object","properties":{"a":{"const":7},"b":{"type":"null"},"c":{"type":"integer","maximum":-5},"d":{"type":"string","format":"uuid"}}}`,
		`{"type":"object","properties":{"broken":{"type":7}}}`,
	} {
		offered := []Tool{{Name: "odd", Parameters: json.RawMessage(parameters)}}
		for range 3 {
			got := ask(t, s, "task 2", map[string]any{"tools": offered}).Get("choices.0.message.tool_calls.0.function")
			if !s.IsRight("2", 0, offered, got.Get("name").String(), got.Get("arguments").String()) {
				t.Errorf("%s under %s is not right", got, parameters)
			}
		}
	}
}

func TestToolsGoOverTheWireAndBack(t *testing.T) {
	text, err := json.Marshal(tools[0])
	if err != nil {
		t.Fatal(err)
	}
	if gjson.GetBytes(text, "type").String() != "function" || gjson.GetBytes(text, "function.name").String() != "read_file" {
		t.Errorf("tool = %s", text)
	}
	var back Tool
	if err := json.Unmarshal(text, &back); err != nil || back.Name != "read_file" || len(back.Parameters) == 0 {
		t.Errorf("back = %+v, %v", back, err)
	}
}
