package wire

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestReadViewRefuses(t *testing.T) {
	tests := []struct {
		name, body string
		want       error
	}{
		{"nothing", "", ErrNotJSON},
		{"no JSON", `{"model":"a"`, ErrNotJSON},
		{"byte order mark", "\ufeff" + `{"messages":[]}`, ErrNotJSON},
		{"two values", `{"messages":[]}{"messages":[]}`, ErrNotJSON},
		{"nesting without end", strings.Repeat("[", 6<<20), ErrNotJSON},
		{"array", "[]", ErrNotDialect},
		{"string", `"messages"`, ErrNotDialect},
		{"no messages", `{"model":"a"}`, ErrNotDialect},
		{"messages of another type", `{"messages":"hi"}`, ErrNotDialect},
		{"key twice", `{"model":"a","messages":[],"model":"b"}`, ErrDuplicateKey},
		{"key twice, once escaped", `{"model":"a","messages":[],"mod\u0065l":"b"}`, ErrDuplicateKey},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			view, err := ReadView(chatTarget, []byte(test.body))
			if !errors.Is(err, test.want) {
				t.Errorf("error %v, want %v", err, test.want)
			}
			if diff := cmp.Diff(View{}, view); diff != "" {
				t.Errorf("view beside an error:\n%s", diff)
			}
		})
	}
}

func TestReadViewRefusesOtherDialects(t *testing.T) {
	bodies := map[Dialect]string{
		Unknown: `{"messages":[]}`, OpenAIChat: `{"input":"x"}`, OpenAIResponses: `{"messages":[]}`,
		AnthropicMessages: `{"contents":[]}`, GeminiGenerate: `{"messages":[]}`,
	}
	for d, body := range bodies {
		if _, err := ReadView(Target{Dialect: d}, []byte(body)); !errors.Is(err, ErrNotDialect) {
			t.Errorf("dialect %q: error %v, want ErrNotDialect", d, err)
		}
	}
}

func TestBodyDecidesWhereThePathIsShared(t *testing.T) {
	path := Target{Provider: ProviderAnthropic, Dialect: AnthropicMessages, ByBody: true, Model: "m"}
	v, err := ReadView(path, []byte(`{"messages":[{"role":"user","content":"x"}]}`))
	if err != nil || v.Dialect != OpenAIChat || v.Model != "m" {
		t.Errorf("view %+v, error %v", v, err)
	}
	if _, err := ReadView(path, []byte(`{"prompt":"x"}`)); !errors.Is(err, ErrOtherAPI) {
		t.Errorf("error %v, want ErrOtherAPI", err)
	}
}

func TestErrorsQuoteNothing(t *testing.T) {
	for _, body := range []string{
		`{"secret":"hunter2","secret":"hunter2","messages":[]}`,
		`"hunter2"`, `{"messages":"hunter2"}`, `{"model":"hunter2",`,
	} {
		_, err := ReadView(chatTarget, []byte(body))
		if err == nil || strings.Contains(err.Error(), "hunter2") || strings.Contains(err.Error(), "secret") {
			t.Errorf("error %q", err)
		}
	}
	_, err := Fold(OpenAIChat, true, strings.NewReader("data: hunter2\n\n"), nil)
	if err == nil || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("error %q", err)
	}
}

// TestFieldsOfOtherTypesAreAbsent writes each field in forms that mean nothing:
// the view must be that of the bare request.
func TestFieldsOfOtherTypesAreAbsent(t *testing.T) {
	want := View{Dialect: OpenAIChat, Choices: 1}
	for _, field := range []string{
		`"model":7`, `"stream":"true"`, `"stream":null`, `"stream_options":[true]`, `"n":null`, `"n":0`,
		`"n":-3`, `"n":1.5`, `"max_tokens":"many"`, `"seed":null`, `"temperature":0.1`, `"temperature":null`,
		`"store":null`, `"store":"yes"`, `"web_search_options":null`, `"tools":null`, `"tools":{}`,
		`"functions":"f"`, `"response_format":null`, `"response_format":{"type":"text"}`, `"Stream":true`,
	} {
		got, err := ReadView(chatTarget, []byte(`{"messages":[],`+field+`}`))
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("%s: %v (-want +got):\n%s", field, err, diff)
		}
	}
}

func TestPinnedBySeedOrZeroTemperature(t *testing.T) {
	for _, field := range []string{`"seed":0`, `"seed":12345678901234567890`, `"temperature":0`, `"temperature":0.0`} {
		v, err := ReadView(chatTarget, []byte(`{"messages":[],`+field+`}`))
		if err != nil || !v.Pinned {
			t.Errorf("%s: pinned %v, error %v", field, v.Pinned, err)
		}
	}
}

func TestToolsByType(t *testing.T) {
	tests := []struct {
		tool     string
		want     []Tool
		provider bool
	}{
		{`{"type":"function","function":{"name":"f"}}`, []Tool{{Name: "f"}}, false},
		{`{"function":{"name":"f"}}`, []Tool{{Name: "f"}}, false},
		{`{"type":"custom","custom":{"name":"c"}}`, []Tool{{Name: "c"}}, false},
		{`{"type":"web_search"}`, nil, true},
		{`{"name":"f"}`, nil, true},
		{`7`, nil, true},
	}
	for _, test := range tests {
		v, err := ReadView(chatTarget, []byte(`{"messages":[],"tools":[`+test.tool+`]}`))
		if diff := cmp.Diff(test.want, v.Tools); diff != "" || err != nil || v.ProviderTools != test.provider {
			t.Errorf("%s: provider tools %v, error %v (-want +got):\n%s", test.tool, v.ProviderTools, err, diff)
		}
	}
}

func TestParamsOfSchemas(t *testing.T) {
	tests := []struct {
		schema string
		want   Param
	}{
		{`{"type":"integer"}`, Param{Type: "integer"}},
		{`{"type":["string","null"]}`, Param{Type: "string"}},
		{`{"type":["null","string"]}`, Param{Type: "string"}},
		{`{"type":["string","integer"]}`, Param{}},
		{`{"type":["null"]}`, Param{}},
		{`{"type":"date"}`, Param{}},
		{`{"type":7}`, Param{}},
		{`{"enum":["a","b"]}`, Param{Enum: true}},
		{`{"const":"a"}`, Param{Enum: true}},
		{`{"enum":"a"}`, Param{}},
		{`{"type":"string","format":"uri"}`, Param{Type: "string", Format: "uri"}},
		{`true`, Param{}},
	}
	for _, test := range tests {
		v, err := ReadView(chatTarget, []byte(`{"messages":[],"tools":[{"type":"function","function":`+
			`{"name":"f","parameters":{"properties":{"p":`+test.schema+`}}}}]}`))
		want := []Tool{{Name: "f", Params: map[string]Param{"p": test.want}}}
		if diff := cmp.Diff(want, v.Tools); diff != "" || err != nil {
			t.Errorf("%s: %v (-want +got):\n%s", test.schema, err, diff)
		}
	}
}

func TestToolsAndParamsAreBounded(t *testing.T) {
	tools := strings.Repeat(`{"type":"function","function":{}},`, maxTools+5) + `{"type":"web_search"},`
	var params strings.Builder
	for i := range maxParams + 5 {
		fmt.Fprintf(&params, `"p%d":{"format":"%s"},`, i, strings.Repeat("é", maxFormat))
	}
	last := `{"type":"function","function":{"parameters":{"properties":{` + strings.TrimSuffix(params.String(), ",") + `}}}}`
	many, err := ReadView(chatTarget, []byte(`{"messages":[],"tools":[`+tools+last+`]}`))
	if err != nil || len(many.Tools) != maxTools || !many.ProviderTools {
		t.Errorf("%d tools, the provider's seen %v, error %v; want %d", len(many.Tools), many.ProviderTools, err, maxTools)
	}
	wide, err := ReadView(chatTarget, []byte(`{"messages":[],"tools":[`+last+`]}`))
	if err != nil || len(wide.Tools[0].Params) != maxParams {
		t.Errorf("%d params, error %v; want %d", len(wide.Tools[0].Params), err, maxParams)
	}
	if f := wide.Tools[0].Params["p0"].Format; f != strings.Repeat("é", maxFormat/2) {
		t.Errorf("format %q", f)
	}
}

// TestMalformedMessagesAreCountedAndSkipped: a request that the upstream will
// refuse must not break the reader.
func TestMalformedMessagesAreCountedAndSkipped(t *testing.T) {
	const body = `{"messages":[null,7,"x",[],{},{"role":7},{"role":"user"},{"role":"user","content":7},
		{"role":"user","content":[null,{"text":7},"part ",{"type":"text","text":"two"}]},
		{"role":"assistant","tool_calls":[]},{"role":"assistant","tool_calls":{}},{"role":"assistant","function_call":null}]}`
	got, err := ReadView(chatTarget, []byte(body))
	want := View{Dialect: OpenAIChat, Choices: 1, Messages: 12, LastUser: "part two", PromptBytes: 8}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
}

func TestViewSharesNoMemoryWithBody(t *testing.T) {
	body := mustRead(t, "testdata/openai-chat/tools.req.json")
	view, err := ReadView(chatTarget, body)
	if err != nil {
		t.Fatal(err)
	}
	before := fmt.Sprintf("%+v", view)
	for i := range body {
		body[i] = '#'
	}
	if after := fmt.Sprintf("%+v", view); after != before {
		t.Errorf("view changed with the body:\n%s\n%s", before, after)
	}
}

func TestReplySharesNoMemoryWithBody(t *testing.T) {
	body := mustRead(t, "testdata/openai-chat/parallel-tools.sse")
	reply, err := Fold(OpenAIChat, true, bytes.NewReader(body), nil)
	if err != nil {
		t.Fatal(err)
	}
	want, err := Fold(OpenAIChat, true, bytes.NewReader(bytes.Clone(body)), nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := range body {
		body[i] = '#'
	}
	if diff := cmp.Diff(want, reply); diff != "" {
		t.Errorf("reply changed with the body:\n%s", diff)
	}
}
