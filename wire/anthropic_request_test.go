package wire

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var claudeTarget = Target{Provider: ProviderAnthropic, Dialect: AnthropicMessages}

func TestAnthropicReadViewRefuses(t *testing.T) {
	for body, want := range map[string]error{
		`{"model":"a"`:                           ErrNotJSON,
		`[]`:                                     ErrNotDialect,
		`{"model":"a","prompt":"\n\nHuman: hi"}`: ErrNotDialect,
		`{"messages":{"role":"user"}}`:           ErrNotDialect,
		`{"messages":[],"thread":1,"thread":null}`: ErrDuplicateKey,
	} {
		if _, err := ReadView(claudeTarget, []byte(body)); !errors.Is(err, want) {
			t.Errorf("%s: error %v, want %v", body, err, want)
		}
	}
}

// TestAnthropicFieldsOfOtherTypesAreAbsent writes each field in forms that mean
// nothing: the view must be that of the bare request.
func TestAnthropicFieldsOfOtherTypesAreAbsent(t *testing.T) {
	want := View{Dialect: AnthropicMessages, Choices: 1}
	for _, field := range []string{
		`"model":7`, `"stream":"true"`, `"stream":null`, `"max_tokens":"many"`, `"max_tokens":-1`, `"max_tokens":0`,
		`"temperature":0.1`, `"temperature":null`, `"seed":1`, `"system":null`, `"system":7`, `"system":{"text":"x"}`,
		`"mcp_servers":[]`, `"mcp_servers":null`, `"mcp_servers":{}`, `"container":null`,
		`"thread":null`, `"thread":"create"`, `"thread":["create"]`, `"tools":null`, `"tools":{"name":"f"}`,
		`"tool_choice":"none"`, `"tool_choice":null`, `"tool_choice":{"type":"auto"}`, `"tool_choice":{"type":"tool","name":"none"}`,
		`"output_config":null`, `"output_config":{"effort":"low"}`, `"output_config":{"format":null}`, `"output_format":null`,
		`"output_format":{"type":"text"}`, `"stream_options":{"include_usage":true}`, `"n":3`,
	} {
		got, err := ReadView(claudeTarget, []byte(`{"messages":[],`+field+`}`))
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("%s: %v (-want +got):\n%s", field, err, diff)
		}
	}
}

func TestAnthropicToolsByType(t *testing.T) {
	tests := []struct {
		tool     string
		want     []Tool
		provider bool
	}{
		{`{"name":"f"}`, []Tool{{Name: "f"}}, false},
		{`{"type":null,"name":"f"}`, []Tool{{Name: "f"}}, false},
		{`{"type":"custom","name":"f","input_schema":{"properties":{"a":{"type":"string"}}}}`, []Tool{{Name: "f", Params: map[string]Param{"a": {Type: "string"}}}}, false},
		{`{"type":"bash_20241022","name":"bash"}`, []Tool{{Name: "bash"}}, false},
		{`{"type":"text_editor_20250124","name":"str_replace_editor"}`, []Tool{{Name: "str_replace_editor"}}, false},
		{`{"type":"memory_20250818","name":"memory"}`, []Tool{{Name: "memory"}}, false},
		{`{"type":"computer_29991231","name":"computer"}`, []Tool{{Name: "computer"}}, false},
		{`{"type":"computer_toolset_20260801"}`, []Tool{{Name: "computer"}}, false},
		{`{"type":"browser_toolset_20260801"}`, []Tool{{Name: "browser"}}, false},
		{`{"type":"bash_code_execution_20250825","name":"bash"}`, nil, true},
		{`{"type":"bash_","name":"bash"}`, nil, true},
		{`{"type":"bash","name":"bash"}`, nil, true},
		{`{"type":"web_search_20260318","name":"web_search"}`, nil, true},
		{`{"type":"web_fetch_20260318","name":"web_fetch"}`, nil, true},
		{`{"type":"code_execution_20260521","name":"code_execution"}`, nil, true},
		{`{"type":"tool_search_tool_regex_20251119","name":"tool_search_tool_regex"}`, nil, true},
		{`{"type":"advisor_20260301","name":"advisor","model":"m"}`, nil, true},
		{`{"type":"mcp_toolset","mcp_server_name":"m"}`, nil, true},
		{`{"type":"function","function":{"name":"f"}}`, nil, true},
		{`{"type":7,"name":"f"}`, nil, true},
		{`7`, nil, true},
	}
	for _, test := range tests {
		v, err := ReadView(claudeTarget, []byte(`{"messages":[],"tools":[`+test.tool+`]}`))
		if diff := cmp.Diff(test.want, v.Tools); diff != "" || err != nil || v.ProviderTools != test.provider {
			t.Errorf("%s: provider tools %v, error %v (-want +got):\n%s", test.tool, v.ProviderTools, err, diff)
		}
	}
}

// TestAnthropicToolsAreBounded: what the provider may do is seen behind any
// number of tools.
func TestAnthropicToolsAreBounded(t *testing.T) {
	tools := strings.Repeat(`{"name":"f"},`, maxTools+1) + `{"type":"web_search_20250305"}`
	v, err := ReadView(claudeTarget, []byte(`{"messages":[],"tools":[`+tools+`]}`))
	if err != nil || len(v.Tools) != maxTools || !v.ProviderTools {
		t.Errorf("%d tools, provider tools %v, error %v", len(v.Tools), v.ProviderTools, err)
	}
}

func TestAnthropicToolsAddedAmidHistory(t *testing.T) {
	tests := []struct {
		tool     string
		want     int
		provider bool
	}{
		{`{"type":"tool_reference","name":"f"}`, 0, false},
		{`{"type":"tool_definition","definition":{"name":"f"}}`, 1, false},
		{`{"type":"tool_definition","definition":{"type":"web_search_20260318"}}`, 0, true},
		{`{"type":"tool_definition"}`, 0, true},
		{`{"type":"mcp_toolset_reference","server_name":"m"}`, 0, true},
		{`null`, 0, true},
	}
	for _, test := range tests {
		addition := `{"type":"tool_addition","tool":` + test.tool + `}`
		for _, block := range []string{addition, `{"type":"compaction","tool_changes":[` + addition + `]}`} {
			v, err := ReadView(claudeTarget, []byte(`{"messages":[{"role":"system","content":[`+block+`]}]}`))
			if err != nil || len(v.Tools) != test.want || v.ProviderTools != test.provider {
				t.Errorf("%s: %d tools, provider tools %v, error %v", block, len(v.Tools), v.ProviderTools, err)
			}
		}
	}
}

func TestAnthropicWhoWroteUserMessages(t *testing.T) {
	const result = `{"type":"tool_result","tool_use_id":"t","content":"14"}`
	tests := []struct{ name, messages, first, last string }{
		{"results alone", `{"role":"user","content":"a"},{"role":"user","content":[` + result + `]}`, "a", "a"},
		{"results and an image", `{"role":"user","content":"a"},{"role":"user","content":[` + result + `,{"type":"image"}]}`, "a", "a"},
		{"results and text", `{"role":"user","content":"a"},{"role":"user","content":[` + result + `,{"type":"text","text":"b"}]}`, "a", "b"},
		{"image alone", `{"role":"user","content":"a"},{"role":"user","content":[{"type":"image"}]}`, "a", ""},
		{"results first", `{"role":"user","content":[` + result + `]},{"role":"user","content":"b"}`, "b", "b"},
		{"others", `{"role":"assistant","content":"a"},{"role":"system","content":"b"},{"content":"c"}`, "", ""},
	}
	for _, test := range tests {
		v, err := ReadView(claudeTarget, []byte(`{"messages":[`+test.messages+`]}`))
		if err != nil || v.FirstUser != test.first || v.LastUser != test.last {
			t.Errorf("%s: first %q, last %q, error %v", test.name, v.FirstUser, v.LastUser, err)
		}
	}
}

func TestAnthropicActionsAreTurns(t *testing.T) {
	const (
		call   = `{"role":"assistant","content":[{"type":"tool_use"},{"type":"tool_use"}]}`
		text   = `{"role":"assistant","content":[{"type":"text","text":"a"}]}`
		result = `{"role":"user","content":[{"type":"tool_result"}]}`
		server = `{"role":"assistant","content":[{"type":"server_tool_use"},{"type":"mcp_tool_use"}]}`
	)
	for messages, want := range map[string]int{
		call:                             1,
		call + "," + result + "," + call: 2,
		call + "," + call + "," + result: 1,
		call + "," + text + "," + call:   1,
		text + "," + call:                1,
		server:                           0,
		`{"role":"user","content":"a"}`:  0,
		strings.Replace(call, "assistant", "user", 1): 0,
		strings.Replace(call, "assistant", "tool", 1): 0,
	} {
		v, err := ReadView(claudeTarget, []byte(`{"messages":[`+messages+`]}`))
		if err != nil || v.Actions != want {
			t.Errorf("%s: %d actions, error %v; want %d", messages, v.Actions, err, want)
		}
	}
}

// TestAnthropicMalformedMessagesAreCountedAndSkipped: a request that the
// upstream will refuse must not break the reader.
func TestAnthropicMalformedMessagesAreCountedAndSkipped(t *testing.T) {
	const body = `{"messages":[null,7,"x",[],{},{"role":7},{"role":"user"},{"role":"user","content":7},
		{"role":"user","content":[null,{"text":7},"part ",{"type":"text","text":"two"},{"type":["tool_result"]}]},
		{"role":"assistant","content":[[{"type":"tool_use"}]]},{"role":"assistant","content":{"type":"tool_use"}},
		{"role":"assistant","content":[{"type":"compaction","tool_changes":{}},{"type":"document","source":"x"}]}]}`
	got, err := ReadView(claudeTarget, []byte(body))
	want := View{Dialect: AnthropicMessages, Choices: 1, Messages: 12, LastUser: "part two", PromptBytes: 8}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
}

func TestAnthropicNestedTextIsFollowedSomeWay(t *testing.T) {
	nested := func(depth int) string {
		text := `[{"type":"text","text":"x"}]`
		for range depth {
			text = `[{"type":"tool_result","content":` + text + `}]`
		}
		return `{"messages":[{"role":"user","content":` + text + `}]}`
	}
	for depth, want := range map[int]int{0: 1, 2: 1, 3: 1, 4: 0, 4000: 0} {
		v, err := ReadView(claudeTarget, []byte(nested(depth)))
		if err != nil || v.PromptBytes != want {
			t.Errorf("depth %d: %d bytes, error %v; want %d", depth, v.PromptBytes, err, want)
		}
	}
}

func TestAnthropicThreads(t *testing.T) {
	tests := []struct {
		thread string
		stored bool
		want   Chain
	}{
		{`{"type":"create"}`, true, Chain{}},
		{`{"type":"continue","previous_message_id":"msg_1"}`, false, Chain{Previous: "msg_1", Once: true}},
		{`{"type":"continue","previous_message_id":7}`, false, Chain{Once: true}},
		{`{"type":"branch","previous_message_id":"msg_1"}`, false, Chain{Previous: "msg_1", Once: true}},
		{`{"typ\u0065":"continue","previous_message_id":"msg_1"}`, false, Chain{Previous: "msg_1", Once: true}},
		{`{}`, false, Chain{Once: true}},
	}
	for _, test := range tests {
		v, err := ReadView(claudeTarget, []byte(`{"messages":[],"thread":`+test.thread+`}`))
		if err != nil || v.Stored != test.stored || v.Chain != test.want {
			t.Errorf("%s: stored %v, chain %+v, error %v", test.thread, v.Stored, v.Chain, err)
		}
	}
}

func TestAnthropicEditExtraDropsTheThreadAlone(t *testing.T) {
	tests := []struct{ name, body, want string }{
		{"nothing to do", ` {"messages":[],"stream":true} `, ` {"messages":[],"stream":true} `},
		{"thread", `{"messages":[],"thread":{"type":"create"},"stream":true}`, `{"messages":[],"stream":true}`},
		{"first", "{\n  \"thread\": {\"type\": \"create\"},\n  \"messages\": []\n}\n", "{\n  \"messages\": []\n}\n"},
		{"escaped key", `{"messages":[{"role":"user","content":"\"thread\":\u007b\u007d"}],"thr\u0065ad":{"type":"create"}}`, `{"messages":[{"role":"user","content":"\"thread\":\u007b\u007d"}]}`},
		{"continued", `{"messages":[],"thread":{"type":"continue","previous_message_id":"m"}}`, `{"messages":[],"thread":{"type":"continue","previous_message_id":"m"}}`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			view, err := ReadView(claudeTarget, []byte(test.body))
			if err != nil {
				t.Fatal(err)
			}
			got, err := EditExtra(view, []byte(test.body))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, string(got)); diff != "" {
				t.Errorf("edited (-want +got):\n%s", diff)
			}
			checkEdited(t, claudeTarget, view, got)
		})
	}
	if _, err := EditExtra(View{Dialect: AnthropicMessages, Stored: true}, []byte(`{"messages":[]}`)); !errors.Is(err, ErrNotDialect) {
		t.Errorf("view of another body: error %v, want ErrNotDialect", err)
	}
}

func TestAnthropicViewSharesNoMemoryWithBody(t *testing.T) {
	for _, file := range []string{"tools", "thread-continue", "system-messages", "client-tools"} {
		body := mustRead(t, "testdata/anthropic-messages/"+file+".req.json")
		view, err := ReadView(claudeTarget, body)
		if err != nil {
			t.Fatal(err)
		}
		before := fmt.Sprintf("%+v", view)
		for i := range body {
			body[i] = '#'
		}
		if after := fmt.Sprintf("%+v", view); after != before {
			t.Errorf("%s: view changed with the body:\n%s\n%s", file, before, after)
		}
	}
}
