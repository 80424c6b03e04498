package wire

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// geminiTarget is what Detect says of a unary request of Gemini's.
var geminiTarget = Target{Provider: ProviderGemini, Dialect: GeminiGenerate, Model: "m"}

// geminiView reads a request of Gemini's that has these fields beside empty
// contents.
func geminiView(t *testing.T, fields string) View {
	t.Helper()
	v, err := ReadView(geminiTarget, []byte(`{"contents":[],`+fields+`}`))
	if err != nil {
		t.Fatalf("%s: %v", fields, err)
	}
	return v
}

func TestGeminiFieldsAreReadInBothSpellings(t *testing.T) {
	const camel = `{"contents":[{"parts":[{"functionCall":{"name":"f","partialArgs":[{"jsonPath":"$.a"}]}},{"codeExecutionResult":{"output":"o"}}]},
		{"parts":[{"functionResponse":{"name":"f","response":{"a":1}}},{"executableCode":{"code":"c"}},{"toolCall":{"args":{}}},{"toolResponse":{"response":{}}}]}],
		"systemInstruction":{"parts":[{"text":"s"}]},"continuationToken":"t","outputConfig":{},
		"toolConfig":{"functionCallingConfig":{"mode":"NONE"}},
		"tools":[{"functionDeclarations":[{"name":"f","parametersJsonSchema":{"properties":{"p":{"type":"string"}}}}]}],
		"generationConfig":{"candidateCount":3,"maxOutputTokens":9,"responseMimeType":"application/json"}}`
	names := []string{
		"functionCall", "partialArgs", "codeExecutionResult", "functionResponse", "executableCode", "toolCall", "toolResponse",
		"systemInstruction", "continuationToken", "outputConfig", "toolConfig", "functionCallingConfig", "functionDeclarations",
		"parametersJsonSchema", "generationConfig", "candidateCount", "maxOutputTokens", "responseMimeType",
	}
	snake := camel
	for _, name := range names {
		snake = strings.ReplaceAll(snake, `"`+name+`"`, `"`+snakeCase(name)+`"`)
	}
	if strings.Count(snake, "_") < len(names) {
		t.Fatalf("fields left in camelCase: %s", snake)
	}
	want, err := ReadView(geminiTarget, []byte(camel))
	if err != nil {
		t.Fatal(err)
	}
	want.PromptBytes += strings.Count("function_declarations parameters_json_schema", "_") // the tools are counted raw
	got, err := ReadView(geminiTarget, []byte(snake))
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("%v (-camel +snake):\n%s", err, diff)
	}
	if !got.CallsBarred || !got.Structured || !got.ProviderTools || got.Choices != 3 || got.OutputCap != 9 ||
		got.Actions != 1 || got.System != "s" || !got.Chain.Once || len(got.Tools[0].Params) != 1 {
		t.Errorf("view %+v", got)
	}
}

// snakeCase is the inverse of protoName.
func snakeCase(name string) string {
	var b strings.Builder
	for _, c := range name {
		if 'A' <= c && c <= 'Z' {
			b.WriteByte('_')
			c += 'a' - 'A'
		}
		b.WriteRune(c)
	}
	return b.String()
}

func TestProtoNames(t *testing.T) {
	for key, want := range map[string]string{
		"": "", "_": "_", "a": "a", "max_output_tokens": "maxOutputTokens", "maxOutputTokens": "maxOutputTokens",
		"_a": "_a", "a_": "a_", "a__b": "a_B", "a_1": "a_1", "é_b": "éB",
	} {
		if got := protoName(key); got != want {
			t.Errorf("%q: %q, want %q", key, got, want)
		}
	}
}

func TestGeminiRequestNeedsContents(t *testing.T) {
	for _, body := range []string{
		`{}`, `{"contents":null}`, `{"contents":"hello"}`, `{"contents":7}`, `{"messages":[]}`,
		`{"request":{"contents":[]}}`, `{"requests":[{"contents":[]}]}`,
	} {
		if _, err := ReadView(geminiTarget, []byte(body)); !errors.Is(err, ErrNotDialect) {
			t.Errorf("%s: error %v, want ErrNotDialect", body, err)
		}
	}
}

func TestGeminiModelIsThatOfThePath(t *testing.T) {
	tests := []struct{ path, body, want string }{
		{"m", `{"contents":[],"model":"models/other"}`, "m"},
		{"models/m", `{"contents":[]}`, "m"},
		{"", `{"contents":[],"model":"models/m"}`, "m"},
		{"", `{"contents":[],"model":"publishers/google/models/m"}`, "publishers/google/models/m"},
		{"", `{"contents":[],"model":7}`, ""},
	}
	for _, test := range tests {
		v, err := ReadView(Target{Dialect: GeminiGenerate, Model: test.path}, []byte(test.body))
		if err != nil || v.Model != test.want {
			t.Errorf("path %q, %s: %q, error %v; want %q", test.path, test.body, v.Model, err, test.want)
		}
	}
}

func TestGeminiFramingIsThatOfThePath(t *testing.T) {
	for _, f := range []Framing{Whole, Events, Array} {
		v, err := ReadView(Target{Dialect: GeminiGenerate, Framing: f}, []byte(`{"contents":[],"stream":true}`))
		if err != nil || v.Framing != f || v.IncludeUsage {
			t.Errorf("%q: framing %q, include usage %v, error %v", f, v.Framing, v.IncludeUsage, err)
		}
	}
}

func TestGeminiBodyDecidesWhereThePathIsShared(t *testing.T) {
	shared := Target{Provider: ProviderOpenAI, Dialect: OpenAIChat, ByBody: true, Model: "m"}
	v, err := ReadView(shared, []byte(`{"contents":[{"parts":[{"text":"x"}]}]}`))
	if err != nil || v.Dialect != GeminiGenerate || v.Model != "m" || v.LastUser != "x" {
		t.Errorf("view %+v, error %v", v, err)
	}
}

// TestGeminiFieldsOfOtherTypesAreAbsent writes each field in forms that mean
// nothing: the view must be that of the bare request.
func TestGeminiFieldsOfOtherTypesAreAbsent(t *testing.T) {
	want := View{Dialect: GeminiGenerate, Model: "m", Choices: 1}
	for _, field := range []string{
		`"generationConfig":null`, `"generationConfig":[{"seed":1}]`, `"generationConfig":"seed"`,
		`"generationConfig":{"seed":null,"temperature":0.1,"candidateCount":0,"maxOutputTokens":"9"}`,
		`"generationConfig":{"candidateCount":-2,"responseMimeType":7,"responseSchema":null,"responseFormat":7}`,
		`"generationConfig":{"responseMimeType":"text/plain","responseFormat":[null,{"audio":{}},{"text":"json"}]}`,
		`"store":null`, `"store":"true"`, `"store":false`, `"Store":true`, `"outputConfig":null`,
		`"continuationToken":7`, `"continuationToken":""`, `"systemInstruction":null`, `"systemInstruction":7`,
		`"systemInstruction":{"parts":"Be brief."}`, `"systemInstruction":[7,{"parts":[{"text":"x"}]}]`,
		`"toolConfig":{"functionCallingConfig":"NONE"}`, `"toolConfig":[]`, `"tools":null`, `"tools":"f"`,
		`"cachedContent":7`, `"cachedContent":""`, `"safetySettings":[]`,
	} {
		if diff := cmp.Diff(want, geminiView(t, field)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", field, diff)
		}
	}
}

// TestGeminiCachedContextMayBringTools: nothing of it is in the request.
func TestGeminiCachedContextMayBringTools(t *testing.T) {
	want := View{Dialect: GeminiGenerate, Model: "m", Choices: 1, HiddenTools: true}
	if diff := cmp.Diff(want, geminiView(t, `"cachedContent":"cachedContents/1"`)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestGeminiPinnedBySeedOrZeroTemperature(t *testing.T) {
	for config, want := range map[string]bool{
		`{"seed":0}`: true, `{"seed":-5}`: true, `{"temperature":0}`: true, `{"temperature":0.0}`: true,
		`{"temperature":1}`: false, `{"topK":1}`: false,
	} {
		if got := geminiView(t, `"generationConfig":`+config).Pinned; got != want {
			t.Errorf("%s: pinned %v", config, got)
		}
	}
}

func TestGeminiStructuredReplies(t *testing.T) {
	for config, want := range map[string]bool{
		`{"responseMimeType":"application/json"}`:                                                true,
		`{"responseSchema":{"type":"OBJECT"}}`:                                                   true,
		`{"responseJsonSchema":{}}`:                                                              true,
		`{"_responseJsonSchema":{}}`:                                                             true,
		`{"responseFormat":{"text":{"mimeType":"APPLICATION_JSON","schema":{}}}}`:                true,
		`{"responseFormat":[{"image":{}},{"text":{"mime_type":"application/json"}}]}`:            true,
		`{"responseFormat":{"text":{"mimeType":"TEXT_PLAIN"}}}`:                                  false,
		`{"responseMimeType":"text/plain"}`:                                                      false,
		`{"responseMimeType":"text/x.enum","responseSchema":{"type":"STRING","enum":["a","b"]}}`: false,
	} {
		if got := geminiView(t, `"generationConfig":`+config).Structured; got != want {
			t.Errorf("%s: structured %v", config, got)
		}
	}
}

func TestGeminiViewSharesNoMemoryWithBody(t *testing.T) {
	for _, file := range []string{"tools", "structured", "continued"} {
		body := mustRead(t, "testdata/gemini-generate/"+file+".req.json")
		view, err := ReadView(Target{Dialect: GeminiGenerate}, body)
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
}

func TestGeminiEditExtraStoresNothing(t *testing.T) {
	tests := []struct{ body, want string }{
		{` {"contents":[]} `, ` {"contents":[]} `},
		{`{"contents":[],"store":false}`, `{"contents":[],"store":false}`},
		{"{ \"store\" : true,\r\n\"contents\":[{\"parts\":[{\"text\":\"\\u003c \\\"store\\\":true\"}]}] }", "{ \"store\" : false,\r\n\"contents\":[{\"parts\":[{\"text\":\"\\u003c \\\"store\\\":true\"}]}] }"},
		{`{"st\u006fre":true,"contents":[]}`, `{"st\u006fre":false,"contents":[]}`},
	}
	for _, test := range tests {
		body := []byte(test.body)
		view, err := ReadView(geminiTarget, body)
		if err != nil {
			t.Fatal(err)
		}
		got, err := EditExtra(view, body)
		if diff := cmp.Diff(test.want, string(got)); diff != "" || err != nil {
			t.Errorf("%v (-want +got):\n%s", err, diff)
		}
		if !bytes.Equal(body, []byte(test.body)) {
			t.Error("the body itself was written to")
		}
		checkEdited(t, geminiTarget, view, got)
	}
}

// TestGeminiFieldsOfBothNamesAreReadAlikeAlways: such a request is refused
// upstream, but must not be read in two ways.
func TestGeminiFieldsOfBothNamesAreReadAlikeAlways(t *testing.T) {
	const fields = `"generation_config":{"seed":1},"generationConfig":{"candidateCount":2},"tool_config":{},"toolConfig":{}`
	want := geminiView(t, fields)
	for range 50 {
		if diff := cmp.Diff(want, geminiView(t, fields)); diff != "" {
			t.Fatalf("read in two ways:\n%s", diff)
		}
	}
}
