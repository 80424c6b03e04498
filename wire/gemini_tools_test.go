package wire

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestGeminiBarredCalls(t *testing.T) {
	for mode, want := range map[string]bool{
		`"NONE"`: true, `"none"`: true, `"AUTO"`: false, `"ANY"`: false, `"VALIDATED"`: false, `null`: false, `3`: false,
	} {
		if got := geminiView(t, `"toolConfig":{"functionCallingConfig":{"mode":`+mode+`}}`).CallsBarred; got != want {
			t.Errorf("mode %s: barred %v", mode, got)
		}
	}
}

func TestGeminiToolsByKind(t *testing.T) {
	tests := []struct {
		tools    string
		want     []Tool
		provider bool
	}{
		{`[{"functionDeclarations":[{"name":"f"},{"name":"g"}]}]`, []Tool{{Name: "f"}, {Name: "g"}}, false},
		{`{"functionDeclarations":{"name":"f"}}`, []Tool{{Name: "f"}}, false},
		{`[{"computerUse":{}}]`, []Tool{{Name: "computerUse"}}, false},
		{`[{"functionDeclarations":[{"name":"f"}],"googleSearch":{}}]`, []Tool{{Name: "f"}}, true},
		{`[{"functionDeclarations":[],"googleSearch":null},{}]`, nil, false},
		{`[{"googleSearchRetrieval":{}}]`, nil, true},
		{`[{"code_execution":{}}]`, nil, true},
		{`[{"urlContext":{}}]`, nil, true},
		{`[{"googleMaps":{}}]`, nil, true},
		{`[{"fileSearch":{}}]`, nil, true},
		{`[{"retrieval":{}}]`, nil, true},
		{`[{"mcpServers":[]}]`, nil, true},
		{`[{"enterpriseWebSearch":{}}]`, nil, true},
		{`[{"somethingNew":{}}]`, nil, true},
		{`[7]`, nil, true},
	}
	for _, test := range tests {
		v := geminiView(t, `"tools":`+test.tools)
		if diff := cmp.Diff(test.want, v.Tools); diff != "" || v.ProviderTools != test.provider {
			t.Errorf("%s: provider tools %v (-want +got):\n%s", test.tools, v.ProviderTools, diff)
		}
		if v.PromptBytes != len(test.tools) {
			t.Errorf("%s: %d bytes", test.tools, v.PromptBytes)
		}
	}
}

func TestGeminiParamsOfSchemas(t *testing.T) {
	tests := []struct {
		schema string
		want   Param
	}{
		{`{"type":"STRING"}`, Param{Type: "string"}},
		{`{"type":"INTEGER","format":"int64"}`, Param{Type: "integer", Format: "int64"}},
		{`{"type":"ARRAY","items":{"type":"STRING"},"nullable":true}`, Param{Type: "array"}},
		{`{"type":"TYPE_UNSPECIFIED"}`, Param{}},
		{`{"type":"NULL"}`, Param{}},
		{`{"type":"STRING","enum":["a"]}`, Param{Type: "string", Enum: true}},
		{`{"anyOf":[{"type":"STRING"},{"type":"NUMBER"}]}`, Param{}},
	}
	for _, test := range tests {
		v := geminiView(t, `"tools":[{"functionDeclarations":[{"name":"f","parameters":{"type":"OBJECT","properties":{"p":`+test.schema+`}}}]}]`)
		want := []Tool{{Name: "f", Params: map[string]Param{"p": test.want}}}
		if diff := cmp.Diff(want, v.Tools); diff != "" {
			t.Errorf("%s (-want +got):\n%s", test.schema, diff)
		}
	}
}

func TestGeminiToolsAreBounded(t *testing.T) {
	many := strings.Repeat(`{"name":"f"},`, maxTools+5) + `{"name":"g"}`
	if v := geminiView(t, `"tools":[{"functionDeclarations":[`+many+`]},{"computerUse":{}}]`); len(v.Tools) != maxTools {
		t.Errorf("%d tools, want %d", len(v.Tools), maxTools)
	}
}
