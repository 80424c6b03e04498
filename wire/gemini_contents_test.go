package wire

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestGeminiSystemText(t *testing.T) {
	for instruction, want := range map[string]string{
		`{"parts":[{"text":"a"},{"text":"b"}]}`:         "ab",
		`{"role":"system","parts":{"text":"a"}}`:        "a",
		`[{"text":"a"},{"inlineData":{}},{"text":"b"}]`: "ab",
		`{"text":"a"}`: "a",
		`"a"`:          "a",
		`{"parts":[{"text":"a","thought":true},{}, 7]}`:  "",
		`{"parts":[{"text":"\u00e9","thought":false}]}`:  "é",
		`{"parts":[{"text":["a"]},{"text":{"text":1}}]}`: "",
	} {
		v := geminiView(t, `"systemInstruction":`+instruction)
		if v.System != want || v.PromptBytes != len(want) {
			t.Errorf("%s: %q, %d bytes; want %q", instruction, v.System, v.PromptBytes, want)
		}
	}
}

// TestGeminiUsersWords tells what a user wrote from what a tool answered: both
// come under one role.
func TestGeminiUsersWords(t *testing.T) {
	const (
		asks    = `{"role":"user","parts":[{"text":"ask"}]}`
		says    = `{"role":"model","parts":[{"text":"answer"}]}`
		calls   = `{"role":"model","parts":[{"functionCall":{"name":"f"}}]}`
		result  = `{"role":"user","parts":[{"functionResponse":{"name":"f","response":{"output":"x"}}}]}`
		remarks = `{"role":"user","parts":[{"functionResponse":{"name":"f"}},{"text":"and"},{"text":" more"}]}`
		shows   = `{"role":"user","parts":[{"inlineData":{"data":"AAAA"}}]}`
		bare    = `{"parts":[{"text":"bare"}]}`
		single  = `{"role":"USER","parts":{"text":"one"}}`
	)
	tests := []struct {
		contents    []string
		first, last string
		actions     int
	}{
		{[]string{asks}, "ask", "ask", 0},
		{[]string{bare, says, single}, "bare", "one", 0},
		{[]string{asks, calls, result}, "ask", "ask", 1},
		{[]string{asks, calls, calls, result, result, calls, result}, "ask", "ask", 2},
		{[]string{asks, calls, remarks}, "ask", "and more", 1},
		{[]string{asks, says, shows}, "ask", "", 0},
		{[]string{result}, "", "", 0},
		{[]string{says}, "", "", 0},
		{nil, "", "", 0},
	}
	for _, test := range tests {
		body := `{"contents":[` + strings.Join(test.contents, ",") + `]}`
		v, err := ReadView(geminiTarget, []byte(body))
		if err != nil {
			t.Fatal(err)
		}
		if v.FirstUser != test.first || v.LastUser != test.last || v.Actions != test.actions || v.Messages != len(test.contents) {
			t.Errorf("%s: first %q, last %q, %d actions, %d messages", body, v.FirstUser, v.LastUser, v.Actions, v.Messages)
		}
	}
}

func TestGeminiMalformedContentsAreCountedAndSkipped(t *testing.T) {
	const body = `{"contents":[null,7,"x",[],{},{"role":7},{"role":"user"},{"role":"user","parts":7},{"parts":"text"},
		{"role":"user","parts":[null,"x",[],{"text":7},{"text":"part "},{"text":"two"},{"functionCall":null},{"functionResponse":7}]},
		{"role":"system","parts":[{"text":"lost"}]}]}`
	got, err := ReadView(geminiTarget, []byte(body))
	want := View{Dialect: GeminiGenerate, Model: "m", Choices: 1, Messages: 11, LastUser: "part two", PromptBytes: 12, Actions: 1}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
}
