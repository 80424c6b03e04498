package wire

import (
	"fmt"
	"strings"
	"testing"
)

// offering is a request of each dialect that offers the tool f with a schema.
func offering(schema string) map[Dialect]string {
	return map[Dialect]string{
		OpenAIChat:        `{"messages":[],"tools":[{"type":"function","function":{"name":"g"}},{"type":"function","function":{"name":"f","parameters":` + schema + `}}]}`,
		OpenAIResponses:   `{"input":"x","tools":[{"type":"custom","name":"g"},{"type":"function","name":"f","parameters":` + schema + `}]}`,
		AnthropicMessages: `{"messages":[],"tools":[{"name":"bash","type":"bash_20250124"},{"name":"f","input_schema":` + schema + `}]}`,
		GeminiGenerate:    `{"contents":[],"tools":[{"function_declarations":[{"name":"g"},{"name":"f","parametersJsonSchema":` + schema + `}]}]}`,
	}
}

func misfits(t *testing.T, d Dialect, body string, calls ...Call) int {
	t.Helper()
	v, err := ReadView(Target{Dialect: d}, []byte(body))
	if err != nil {
		t.Fatal(err)
	}
	return Misfits(v, []byte(body), calls)
}

func TestCallsAreHeldAgainstTheirSchemaInEveryDialect(t *testing.T) {
	const schema = `{"type":"object","properties":{"n":{"type":"integer"}},"required":["n"],"additionalProperties":false}`
	for d, body := range offering(schema) {
		for arguments, want := range map[string]int{
			`{"n":1}`: 0, `{"n":1.0}`: 0, `{"n":"1"}`: 1, `{"n":1,"m":2}`: 1, `{}`: 1, ``: 1, `{"n":`: 1, `[1]`: 1, `7`: 1,
		} {
			if got := misfits(t, d, body, Call{Name: "f", Arguments: arguments}); got != want {
				t.Errorf("%s: %d misfits in %s", d, got, arguments)
			}
		}
		if got := misfits(t, d, body, Call{Name: "f", Arguments: "{}"}, Call{Name: "g", Arguments: "any text"}, Call{Name: "f", Arguments: "{}"}); got != 2 {
			t.Errorf("%s: %d misfits of 3 calls", d, got)
		}
	}
}

func TestSchemaKeywords(t *testing.T) {
	for _, c := range []struct{ schema, fits, not string }{
		{`{"type":"STRING"}`, `"a"`, `1`},
		{`{"type":["string","null"]}`, `null`, `1`},
		{`{"type":"string","nullable":true}`, `null`, `true`},
		{`{"type":"boolean"}`, `false`, `null`},
		{`{"type":"number"}`, `1.5`, `"1.5"`},
		{`{"enum":["a",1,{"b":[1, 2]}]}`, `{"b":[1,2]}`, `"b"`},
		{`{"enum":["a",1]}`, `1.0`, `2`},
		{`{"const":"a"}`, `"a"`, `"b"`},
		{`{"anyOf":[{"type":"string"},{"type":"integer"}]}`, `1`, `1.5`},
		{`{"oneOf":[{"type":"string"},{"type":"null"}]}`, `null`, `1`},
		{`{"allOf":[{"type":"integer"},{"enum":[1,2]}]}`, `2`, `3`},
		{`{"type":"array","items":{"type":"string"}}`, `["a",""]`, `["a",1]`},
		{`{"properties":{"a":{"properties":{"b":{"type":"string"}},"required":["b"]}}}`, `{"a":{"b":""}}`, `{"a":{}}`},
		{`{"additionalProperties":{"type":"string"}}`, `{"a":"b"}`, `{"a":1}`},
		{`false`, ``, `1`},
		// What is not known fits.
		{`{"type":"money","minimum":3,"$ref":"#/$defs/a","not":{},"pattern":"b"}`, `1`, ``},
		{`{"patternProperties":{"^a":{}},"additionalProperties":false}`, `{"a":1}`, ``},
		{`true`, `1`, ``},
		{`7`, `1`, ``},
	} {
		check := func(value string) bool {
			return new(schemaCheck).fits(walk([]byte(c.schema)), walk([]byte(value)), 0)
		}
		if c.fits != "" && !check(c.fits) {
			t.Errorf("%s does not fit %s", c.fits, c.schema)
		}
		if c.not != "" && check(c.not) {
			t.Errorf("%s fits %s", c.not, c.schema)
		}
	}
}

func TestUnknownToolsAreMisfitsUnlessASetIsOffered(t *testing.T) {
	const tool = `{"name":"f","input_schema":{"type":"object","properties":{}}}`
	call := Call{Name: "left_click", Arguments: "{}"}
	if got := misfits(t, AnthropicMessages, `{"messages":[],"tools":[`+tool+`]}`, call); got != 1 {
		t.Errorf("%d misfits", got)
	}
	if got := misfits(t, AnthropicMessages, `{"messages":[],"tools":[`+tool+`,{"type":"computer_toolset_20260101"}]}`, call); got != 0 {
		t.Errorf("%d misfits beside a set of tools", got)
	}
	if got := misfits(t, AnthropicMessages, `{"messages":[]}`, call); got != 0 {
		t.Errorf("%d misfits without tools", got)
	}
}

func TestToolsOfANamespaceHaveSchemas(t *testing.T) {
	const body = `{"input":"x","tools":[{"type":"namespace","name":"shop","tools":[{"type":"function","name":"buy",
		"parameters":{"type":"object","properties":{"n":{"type":"integer"}},"required":["n"]}}]}]}`
	if got := misfits(t, OpenAIResponses, body, Call{Name: "shop.buy", Arguments: `{"n":"x"}`}, Call{Name: "shop.buy", Arguments: `{"n":1}`}); got != 1 {
		t.Errorf("%d misfits", got)
	}
}

func TestSchemaCheckIsBounded(t *testing.T) {
	deep := strings.Repeat(`{"type":"object","properties":{"a":`, 5000) + `{"type":"string"}` + strings.Repeat(`}}`, 5000)
	value := strings.Repeat(`{"a":`, 5000) + "1" + strings.Repeat("}", 5000)
	if !new(schemaCheck).fits(walk([]byte(deep)), walk([]byte(value)), 0) {
		t.Error("what lies too deep does not fit")
	}
	c := new(schemaCheck)
	list := "[" + strings.Repeat("1,", 1<<16) + `"x"]`
	if !c.fits(walk([]byte(`{"items":{"type":"integer"}}`)), walk([]byte(list)), 0) || c.steps > 2*maxSchemaSteps {
		t.Errorf("%d steps", c.steps)
	}
}

func FuzzMisfits(f *testing.F) {
	f.Add(`{"type":"object","properties":{"a":{"enum":[1,null]}},"required":["a"]}`, `{"a":1}`)
	f.Add(`{"anyOf":[{"items":false}],"required":7,"properties":[]}`, `[[]]`)
	f.Fuzz(func(t *testing.T, schema, arguments string) {
		if _, ok := parse([]byte(schema)); !ok {
			return
		}
		for d, body := range offering(schema) {
			v, err := ReadView(Target{Dialect: d}, []byte(body))
			if err != nil {
				t.Fatal(err)
			}
			if n := Misfits(v, []byte(body), []Call{{Name: "f", Arguments: arguments}}); n < 0 || n > 1 {
				t.Errorf("%d misfits", n)
			}
		}
	})
}

func TestPastCallsAreTheLatestAndBounded(t *testing.T) {
	long := strings.Repeat("x", maxPastArguments+1)
	var messages []string
	for i := range 1000 {
		messages = append(messages, fmt.Sprintf(`{"role":"assistant","tool_calls":[{"function":{"name":"f","arguments":"{\"n\":%d}"}}]}`, i))
	}
	for _, arguments := range []string{long + "a", long + "a", long + "b"} {
		messages = append(messages, `{"role":"assistant","tool_calls":[{"function":{"name":"f","arguments":"`+arguments+`"}}]}`)
	}
	v, err := ReadView(Target{Dialect: OpenAIChat}, []byte(`{"messages":[`+strings.Join(messages, ",")+`]}`))
	if err != nil {
		t.Fatal(err)
	}
	if len(v.Past) != maxPast || v.Actions != 1003 {
		t.Fatalf("%d calls, %d actions", len(v.Past), v.Actions)
	}
	last := v.Past[maxPast-3:]
	if last[0] != last[1] || last[1] == last[2] || len(last[0].Arguments) > maxPastArguments {
		t.Errorf("long arguments: %v", last)
	}
	if want := `{"n":999}`; v.Past[maxPast-4].Arguments != want {
		t.Errorf("before them: %v, want %s", v.Past[maxPast-4], want)
	}
}

func TestLimitsAreToldFromOtherEnds(t *testing.T) {
	for finish, want := range map[string]bool{
		"length": true, "max_tokens": true, "max_output_tokens": true, "MAX_TOKENS": true,
		"stop": false, "end_turn": false, "tool_calls": false, "completed": false, "": false, "content_filter": false,
	} {
		if got := (Choice{Finish: finish}).AtLimit(); got != want {
			t.Errorf("%q: %v", finish, got)
		}
	}
}

// TestHostileSchemasAreGivenUpOn has requests and replies that would be read for
// many seconds: what is read is bounded, and what is left out fits.
func TestHostileSchemasAreGivenUpOn(t *testing.T) {
	many := func(item string, n int) string { return strings.Repeat(item+",", n-1) + item }
	objects := many(`{"a":1}`, 200_000)
	for name, c := range map[string]struct {
		schema, arguments string
		calls             int
	}{
		"many values, a long enum":       {`{"items":{"enum":[` + many(`"v"`, 200_000) + `,"w"]}}`, `[` + many(`"w"`, maxSchemaSteps) + `]`, 1},
		"many values, many properties":   {`{"items":{"properties":{` + many(`"p":{}`, 100_000) + `}}}`, `[` + many(`{}`, maxSchemaSteps) + `]`, 1},
		"a long enum, a long value":      {`{"enum":[` + objects + `]}`, `{"a":[` + objects + `]}`, 1},
		"many branches, a long value":    {`{"anyOf":[` + many(`{"maxProperties":1,"type":"array"}`, 1000) + `,{}]}`, `{"a":[` + objects + `]}`, 1},
		"many calls of a tool of many":   {`{"description":"` + strings.Repeat("x", 1<<20) + `"}`, `{}`, maxIndex},
		"nested as deep as JSON goes":    {strings.Repeat(`{"allOf":[`, 3000) + `{}` + strings.Repeat(`]}`, 3000), `{}`, 1},
		"branches within branches":       {strings.Repeat(`{"anyOf":[{"type":"array"},`, 500) + `{}` + strings.Repeat(`]}`, 500), `{}`, 1},
		"arguments as deep as JSON goes": {`{"additionalProperties":{"type":"object"}}`, strings.Repeat(`{"a":`, 3000) + `{}` + strings.Repeat(`}`, 3000), 1},
	} {
		t.Run(name, func(t *testing.T) {
			body := offering(c.schema)[OpenAIChat]
			v, err := ReadView(Target{Dialect: OpenAIChat}, []byte(body))
			if err != nil {
				t.Fatal(err)
			}
			fields, err := topLevel(walk([]byte(body)))
			if err != nil {
				t.Fatal(err)
			}
			check := &schemaCheck{}
			for range c.calls {
				if !check.fitsRequest(v, fields, Call{Name: "f", Arguments: c.arguments}) {
					t.Fatal("what is not checked does not fit")
				}
			}
			if most := maxSchemaBytes + len(body) + len(c.arguments); check.bytes > most {
				t.Errorf("%d bytes are read, want at most %d", check.bytes, most)
			}
		})
	}
}
