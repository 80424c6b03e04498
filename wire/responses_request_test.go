package wire

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// responsesTarget is what Detect says of a Responses request.
var responsesTarget = Target{Provider: ProviderOpenAI, Dialect: OpenAIResponses}

// readResponses reads a request that must be readable.
func readResponses(t *testing.T, body string) View {
	t.Helper()
	v, err := ReadView(responsesTarget, []byte(body))
	if err != nil {
		t.Fatalf("%s: %v", body, err)
	}
	return v
}

func TestResponsesNeedSomethingToAnswer(t *testing.T) {
	for body, want := range map[string]error{
		`{"input":""}`:                        nil,
		`{"input":[]}`:                        nil,
		`{"prompt":{"id":"pmpt_1"}}`:          nil,
		`{"previous_response_id":"resp_1"}`:   nil,
		`{"conversation":"conv_1"}`:           nil,
		`{"conversation":{"id":"conv_1"}}`:    nil,
		`{"model":"m"}`:                       ErrNotDialect,
		`{"input":null}`:                      ErrNotDialect,
		`{"input":7,"prompt":"p"}`:            ErrNotDialect,
		`{"input":{"role":"user"}}`:           ErrNotDialect,
		`{"previous_response_id":null}`:       ErrNotDialect,
		`{"conversation":{"id":7}}`:           ErrNotDialect,
		`{"messages":[{"role":"user"}]}`:      ErrNotDialect,
		`{"input":"x","store":1,"store":0}`:   ErrDuplicateKey,
		`{"input":"x","in\u0070ut":"y"}`:      ErrDuplicateKey,
		`{"input":"x"`:                        ErrNotJSON,
		`["input"]`:                           ErrNotDialect,
		`{"input":` + strings.Repeat("[", 99): ErrNotJSON,
	} {
		if _, err := ReadView(responsesTarget, []byte(body)); !errors.Is(err, want) {
			t.Errorf("%s: error %v, want %v", body, err, want)
		}
	}
}

// TestResponsesFieldsOfOtherTypesAreAbsent writes each field in forms that mean
// nothing: the view must be that of the bare request.
func TestResponsesFieldsOfOtherTypesAreAbsent(t *testing.T) {
	want := View{Dialect: OpenAIResponses, Choices: 1, Stored: true}
	for _, field := range []string{
		`"model":7`, `"stream":"true"`, `"stream":null`, `"n":5`, `"max_output_tokens":"many"`, `"max_output_tokens":-1`,
		`"temperature":0.1`, `"temperature":"0"`, `"seed":null`, `"store":null`, `"store":"false"`, `"store":0`, `"background":1`,
		`"conversation":7`, `"previous_response_id":{}`, `"prompt":"p"`, `"instructions":["x"]`, `"tools":{}`, `"tools":null`,
		`"tool_choice":"auto"`, `"tool_choice":{"type":"none"}`, `"text":"json_object"`, `"text":{"format":{"type":"text"}}`,
		`"response_format":{"type":"json_object"}`, `"Store":false`,
	} {
		if diff := cmp.Diff(want, readResponses(t, `{"input":[],`+field+`}`)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", field, diff)
		}
	}
}

func TestResponsesAreStoredUnlessRefused(t *testing.T) {
	for field, want := range map[string]bool{`"store":false`: false, `"store":true`: true, `"store":null`: true, `"user":"u"`: true} {
		if v := readResponses(t, `{"input":"x",`+field+`}`); v.Stored != want {
			t.Errorf("%s: stored %v", field, v.Stored)
		}
	}
}

func TestResponsesExtrasAreNotStored(t *testing.T) {
	tests := []struct{ body, want string }{
		{`{"input":"x"}`, `{"input":"x","store":false}`},
		{"{ \"prompt\" : {} }\n", "{ \"prompt\" : {} ,\"store\":false}\n"},
		{`{"store": true ,"input":"x","stream":true}`, `{"store": false ,"input":"x","stream":true}`},
		{`{"input":[{"store":true}],"st\u006fre":null,"seed":12345678901234567890}`, `{"input":[{"store":true}],"st\u006fre":false,"seed":12345678901234567890}`},
		{` {"input":"x","store":false,"stream":true} `, ` {"input":"x","store":false,"stream":true} `},
	}
	for _, test := range tests {
		view := readResponses(t, test.body)
		got, err := EditExtra(view, []byte(test.body))
		if err != nil || string(got) != test.want {
			t.Errorf("%s: %s, %v; want %s", test.body, got, err, test.want)
		}
		checkEdited(t, responsesTarget, view, got)
	}
}

func TestResponsesToolsByType(t *testing.T) {
	tests := []struct {
		tool     string
		want     []string
		provider bool
	}{
		{`{"type":"function","name":"f"}`, []string{"f"}, false},
		{`{"type":"custom","name":"c","format":{"type":"grammar"}}`, []string{"c"}, false},
		{`{"type":"local_shell"}`, []string{"local_shell"}, false},
		{`{"type":"shell"}`, []string{"shell"}, false},
		{`{"type":"shell","environment":null}`, []string{"shell"}, false},
		{`{"type":"shell","environment":{"type":"local"}}`, []string{"shell"}, false},
		{`{"type":"shell","environment":{"type":"container_reference"}}`, nil, true},
		{`{"type":"shell","environment":"local"}`, nil, true},
		{`{"type":"apply_patch"}`, []string{"apply_patch"}, false},
		{`{"type":"computer"}`, []string{"computer"}, false},
		{`{"type":"computer_use_preview"}`, []string{"computer"}, false},
		{`{"type":"tool_search","execution":"client"}`, []string{"tool_search"}, false},
		{`{"type":"tool_search"}`, nil, true},
		{`{"type":"namespace","name":"n","tools":[{"type":"function","name":"f"},{"type":"custom","name":"n"}]}`, []string{"n.f", "n"}, false},
		{`{"type":"namespace","name":"n","tools":[{"type":"mcp"}]}`, nil, true},
		{`{"type":"namespace","name":"n","tools":[{"type":"namespace","name":"m","tools":[]}]}`, nil, true},
		{`{"type":"namespace","name":"n","tools":7}`, nil, false},
		{`{"type":"web_search_preview_2025_03_11"}`, nil, true},
		{`{"type":"programmatic_tool_calling"}`, nil, true},
		{`{"type":"unheard_of"}`, nil, true},
		{`{"name":"f"}`, nil, true},
		{`7`, nil, true},
	}
	for _, test := range tests {
		v := readResponses(t, `{"input":"x","tools":[`+test.tool+`]}`)
		var names []string
		for _, tool := range v.Tools {
			names = append(names, tool.Name)
		}
		if diff := cmp.Diff(test.want, names); diff != "" || v.ProviderTools != test.provider {
			t.Errorf("%s: provider tools %v (-want +got):\n%s", test.tool, v.ProviderTools, diff)
		}
	}
}

func TestResponsesToolsAreBounded(t *testing.T) {
	tools := `[{"type":"namespace","name":"n","tools":[` + strings.Repeat(`{"type":"function"},`, maxTools) + `{}]},{"type":"shell"}]`
	v := readResponses(t, `{"input":[{"type":"additional_tools","tools":`+tools+`}],"tools":`+tools+`}`)
	if len(v.Tools) != maxTools || !v.ProviderTools {
		t.Errorf("%d tools, provider tools %v; want %d", len(v.Tools), v.ProviderTools, maxTools)
	}
}

// TestStoredPromptMayBringTools: what a stored prompt offers is unknown unless
// the request names its own tools.
func TestStoredPromptMayBringTools(t *testing.T) {
	for body, want := range map[string]bool{
		`{"prompt":{"id":"p"}}`:              true,
		`{"prompt":{"id":"p"},"tools":[]}`:   false,
		`{"prompt":null,"input":"x"}`:        false,
		`{"input":"x","tools":[],"model":1}`: false,
	} {
		if v := readResponses(t, body); v.ProviderTools != want {
			t.Errorf("%s: provider tools %v", body, v.ProviderTools)
		}
	}
}

// TestActionsAreTurns: the letters stand for items in the order of a history.
func TestActionsAreTurns(t *testing.T) {
	items := map[rune]string{
		'u': `{"role":"user","content":"x"}`,
		'd': `{"role":"developer","content":"x"}`,
		'a': `{"role":"assistant","content":"x"}`,
		'r': `{"type":"reasoning","summary":[]}`,
		'c': `{"type":"function_call","name":"f","arguments":"{}"}`,
		'o': `{"type":"function_call_output","output":"x"}`,
		'w': `{"type":"web_search_call"}`,
		'h': `{"type":"shell_call","environment":{"type":"container_reference"}}`,
		'i': `{"type":"item_reference","id":"fc_1"}`,
		's': `{"type":"tool_search_output","execution":"server","tools":[]}`,
	}
	for history, want := range map[string]int{
		"":              0,
		"u":             0,
		"ua":            0,
		"uc":            1,
		"ucco":          1, // parallel calls
		"uccoo":         1,
		"urcacoo":       1, // all of one turn
		"ucoco":         2,
		"ucoaucoa":      2,
		"urcorcoorcoua": 3,
		"uwhwsa":        0, // the provider's own
		"uiioiio":       2, // calls that are only referred to
		"o":             1, // calls that lie upstream
		"oo":            1,
		"oudcd":         2,
		"ucuc":          2, // the user spoke instead of a result
	} {
		var list []string
		for _, letter := range history {
			list = append(list, items[letter])
		}
		v := readResponses(t, `{"input":[`+strings.Join(list, ",")+`]}`)
		if v.Actions != want {
			t.Errorf("%s: %d actions, want %d", history, v.Actions, want)
		}
	}
}

// TestMalformedItemsAreSkipped: a request that the upstream will refuse must not
// break the reader.
func TestMalformedItemsAreSkipped(t *testing.T) {
	const body = `{"input":[null,7,"x",[],{},{"type":7},{"role":7},{"role":"user"},{"role":"user","content":7},
		{"type":"message"},{"role":"user","content":[null,7,{"text":7},{"text":"part "},"two",{"type":"input_text","text":"s"}]},
		{"type":"function_call","arguments":null,"name":null},{"type":"shell_call","action":"ls"},
		{"type":"function_call_output","output":{"text":"x"}},{"type":"computer_call","actions":null}]}`
	want := View{
		Dialect: OpenAIResponses, Choices: 1, Stored: true, Messages: 5, Actions: 2,
		Past:     []Call{{Name: shellTool, Arguments: "ls"}, {Name: computerTool}},
		LastUser: "part twos", PromptBytes: 9,
	}
	if diff := cmp.Diff(want, readResponses(t, body)); diff != "" {
		t.Errorf("view (-want +got):\n%s", diff)
	}
}

func TestResponsesViewSharesNoMemoryWithBody(t *testing.T) {
	for _, name := range []string{"history", "namespaces", "conversation", "previous"} {
		body := mustRead(t, "testdata/openai-responses/"+name+".req.json")
		view, err := ReadView(responsesTarget, body)
		if err != nil {
			t.Fatal(err)
		}
		before := fmt.Sprintf("%+v", view)
		for i := range body {
			body[i] = '#'
		}
		if after := fmt.Sprintf("%+v", view); after != before {
			t.Errorf("%s: view changed with the body:\n%s\n%s", name, before, after)
		}
	}
}
