package main_test

import (
	"bytes"
	"cmp"
	"encoding/json"
	"flag"
	"maps"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"hotmess/wire"
)

const dialectsPage = "docs/dialects.md"

var update = flag.Bool("update", false, "write the generated parts of docs anew")

// A probe is a request or a reply by which it is seen what the code makes of a
// dialect. What it shows stands in the table only if the code does as claimed.
type probe struct {
	// shown is the cell's text.
	shown string
	// path replaces that of the dialect's base; set adds to the base's body.
	path string
	set  object
	// reply is a whole reply in place of a request.
	reply string
}

// A speaker is one dialect with a request of its own.
type speaker struct {
	dialect wire.Dialect
	api     string
	path    string
	body    object
	// probes are by row.
	probes map[string][]probe
}

func speakers() []speaker {
	user := []object{{"role": "user", "content": "x"}}
	return []speaker{
		{wire.OpenAIChat, "OpenAI Chat Completions", "/v1/chat/completions", object{"model": "m", "messages": user}, chatProbes()},
		{wire.OpenAIResponses, "OpenAI Responses", "/v1/responses", object{"model": "m", "input": "x", "store": false}, responsesProbes()},
		{wire.AnthropicMessages, "Anthropic Messages", "/v1/messages", object{"model": "m", "messages": user}, messagesProbes()},
		{
			wire.GeminiGenerate, "Gemini generateContent", "/v1beta/models/m:generateContent",
			object{"contents": []object{{"parts": []object{{"text": "x"}}}}},
			geminiProbes(),
		},
	}
}

func chatProbes() map[string][]probe {
	return map[string][]probe{
		"path":     {{shown: "`/v1/chat/completions`"}, {shown: "`/openai/deployments/NAME/chat/completions` (Azure)", path: "/openai/deployments/m/chat/completions"}},
		"stream":   {{shown: "`stream`: events", set: object{"stream": true}}},
		"choices":  {{shown: "`n`", set: object{"n": 2}}},
		"kept":     {{shown: "`store: true`", set: object{"store": true}}},
		"edit":     {{shown: "`store: false`", set: object{"store": true}}, {shown: "`stream_options.include_usage`", set: object{"stream": true}}},
		"pinned":   {{shown: "`seed`", set: object{"seed": 1}}, {shown: "`temperature: 0`", set: object{"temperature": 0}}},
		"json":     {{shown: "`response_format`", set: object{"response_format": object{"type": "json_schema"}}}},
		"client":   {{shown: "`function`", set: object{"tools": []object{{"type": "function", "function": object{"name": "f"}}}}}, {shown: "`custom`", set: object{"tools": []object{{"type": "custom", "custom": object{"name": "f"}}}}}},
		"provider": {{shown: "`web_search_options`", set: object{"web_search_options": object{}}}, {shown: "any other tool type", set: object{"tools": []object{{"type": "new"}}}}},
		"refusal":  {{shown: "`refusal`", reply: `{"choices":[{"message":{"refusal":"no"},"finish_reason":"stop"}]}`}},
		"counted":  {{shown: "`completion_tokens_details.reasoning_tokens`", reply: `{"choices":[{"message":{"content":"a"},"finish_reason":"stop"}],"usage":{"prompt_tokens":1,"completion_tokens":2,"completion_tokens_details":{"reasoning_tokens":1}}}`}},
		"text": {
			{shown: "`reasoning_content`", reply: `{"choices":[{"message":{"content":"a","reasoning_content":"b"},"finish_reason":"stop"}]}`},
			{shown: "`reasoning`", reply: `{"choices":[{"message":{"content":"a","reasoning":"b"},"finish_reason":"stop"}]}`},
		},
		"past": {
			{shown: "`tool_calls`", set: object{"messages": []object{{"role": "assistant", "tool_calls": []object{{"function": object{"name": "f"}}}}}}},
			{shown: "`function_call`", set: object{"messages": []object{{"role": "assistant", "function_call": object{"name": "f"}}}}},
		},
		"limit": {{shown: "`finish_reason` `length`", reply: `{"choices":[{"message":{"content":"a"},"finish_reason":"length"}]}`}},
		"cached": {
			{shown: "`prompt_tokens_details.cached_tokens`", reply: `{"choices":[{"message":{"content":"a"},"finish_reason":"stop"}],"usage":{"prompt_tokens":9,"completion_tokens":2,"prompt_tokens_details":{"cached_tokens":4}}}`},
			{shown: "`prompt_cache_hit_tokens`", reply: `{"choices":[{"message":{"content":"a"},"finish_reason":"stop"}],"usage":{"prompt_tokens":9,"completion_tokens":2,"prompt_cache_hit_tokens":4}}`},
			{shown: "`cached_tokens`", reply: `{"choices":[{"message":{"content":"a"},"finish_reason":"stop"}],"usage":{"prompt_tokens":9,"completion_tokens":2,"cached_tokens":4}}`},
		},
	}
}

func responsesProbes() map[string][]probe {
	message := `{"type":"message","content":[{"type":"output_text","text":"a"}]}`
	whole := func(output, rest string) string {
		return `{"status":"completed","output":[` + output + `]` + rest + `}`
	}
	return map[string][]probe{
		"path":   {{shown: "`/v1/responses`"}, {shown: "`/openai/v1/responses` (Azure)", path: "/openai/v1/responses"}},
		"stream": {{shown: "`stream`: events", set: object{"stream": true}}},
		"kept":   {{shown: "unless `store: false`", set: object{"store": nil}}},
		"edit":   {{shown: "`store: false`", set: object{"store": nil}}},
		"chain":  {{shown: "`previous_response_id`", set: object{"previous_response_id": "r"}}},
		"once":   {{shown: "`conversation`", set: object{"conversation": "c"}}},
		"later":  {{shown: "`background`", set: object{"background": true}}},
		"pinned": {{shown: "`temperature: 0`", set: object{"temperature": 0}}},
		"json":   {{shown: "`text.format`", set: object{"text": object{"format": object{"type": "json_schema"}}}}},
		"client": {
			{shown: "`function`", set: object{"tools": []object{{"type": "function", "name": "f"}}}},
			{shown: "`custom`", set: object{"tools": []object{{"type": "custom", "name": "f"}}}},
			{shown: "`local_shell`", set: object{"tools": []object{{"type": "local_shell"}}}},
			{shown: "`shell` (local)", set: object{"tools": []object{{"type": "shell"}}}},
			{shown: "`apply_patch`", set: object{"tools": []object{{"type": "apply_patch"}}}},
			{shown: "`computer`", set: object{"tools": []object{{"type": "computer"}}}},
		},
		"provider": {
			{shown: "`web_search`", set: object{"tools": []object{{"type": "web_search"}}}},
			{shown: "`mcp`", set: object{"tools": []object{{"type": "mcp"}}}},
			{shown: "`code_interpreter`", set: object{"tools": []object{{"type": "code_interpreter"}}}},
			{shown: "any other tool type", set: object{"tools": []object{{"type": "new"}}}},
			{shown: "a stored `prompt` without `tools`", set: object{"prompt": object{"id": "p"}}},
		},
		"refusal": {{shown: "`refusal` parts", reply: whole(`{"type":"message","content":[{"type":"refusal","refusal":"no"}]}`, "")}},
		"counted": {{shown: "`output_tokens_details.reasoning_tokens`", reply: whole(message, `,"usage":{"input_tokens":1,"output_tokens":2,"output_tokens_details":{"reasoning_tokens":1}}`)}},
		"text":    {{shown: "`reasoning_text`", reply: whole(`{"type":"reasoning","content":[{"type":"reasoning_text","text":"b"}]},`+message, "")}},
		"sealed": {
			{shown: "`summary`", reply: whole(`{"type":"reasoning","summary":[{"type":"summary_text","text":"b"}]},`+message, "")},
			{shown: "`encrypted_content`", reply: whole(`{"type":"reasoning","summary":[],"encrypted_content":"e"},`+message, "")},
		},
		"past": {
			{shown: "`function_call`", set: object{"input": []object{{"type": "function_call", "name": "f"}}}},
			{shown: "`custom_tool_call`", set: object{"input": []object{{"type": "custom_tool_call", "name": "f"}}}},
		},
		"limit":  {{shown: "`incomplete_details` `max_output_tokens`", reply: `{"status":"incomplete","incomplete_details":{"reason":"max_output_tokens"},"output":[` + message + `]}`}},
		"cached": {{shown: "`input_tokens_details.cached_tokens`", reply: whole(message, `,"usage":{"input_tokens":9,"output_tokens":2,"input_tokens_details":{"cached_tokens":4}}`)}},
	}
}

func messagesProbes() map[string][]probe {
	whole := func(content, rest string) string {
		return `{"type":"message","content":[` + content + `],"stop_reason":"end_turn"` + rest + `}`
	}
	text := `{"type":"text","text":"a"}`
	return map[string][]probe{
		"path": {
			{shown: "`/v1/messages`"},
			{shown: "`…:rawPredict` (Vertex AI)", path: "/v1/projects/p/locations/l/publishers/anthropic/models/m:rawPredict", set: object{"anthropic_version": "v"}},
			{shown: "`/model/NAME/invoke` (Bedrock)", path: "/model/anthropic.m/invoke", set: object{"anthropic_version": "v"}},
		},
		"stream": {{shown: "`stream`: events", set: object{"stream": true}}},
		"kept":   {{shown: "`thread` of type `create`", set: object{"thread": object{"type": "create"}}}},
		"edit":   {{shown: "`thread` taken out", set: object{"thread": object{"type": "create"}}}},
		"once":   {{shown: "`thread` of type `continue`", set: object{"thread": object{"type": "continue", "previous_message_id": "p"}}}},
		"pinned": {{shown: "`temperature: 0`", set: object{"temperature": 0}}},
		"json":   {{shown: "`output_config.format`", set: object{"output_config": object{"format": object{"type": "json_schema"}}}}, {shown: "`output_format`", set: object{"output_format": object{"type": "json_schema"}}}},
		"client": {
			{shown: "`custom`", set: object{"tools": []object{{"name": "f"}}}},
			{shown: "`bash_*`", set: object{"tools": []object{{"type": "bash_20250124", "name": "bash"}}}},
			{shown: "`text_editor_*`", set: object{"tools": []object{{"type": "text_editor_20250728", "name": "e"}}}},
			{shown: "`computer_*`", set: object{"tools": []object{{"type": "computer_20250124", "name": "c"}}}},
			{shown: "`memory_*`", set: object{"tools": []object{{"type": "memory_20250818", "name": "m"}}}},
		},
		"provider": {
			{shown: "`web_search_*`", set: object{"tools": []object{{"type": "web_search_20250305"}}}},
			{shown: "`mcp_servers`", set: object{"mcp_servers": []object{{"url": "u"}}}},
			{shown: "`container`", set: object{"container": "c"}},
			{shown: "any other tool type", set: object{"tools": []object{{"type": "new"}}}},
		},
		"refusal": {{shown: "`stop_reason` `refusal`", reply: strings.Replace(whole(text, ""), "end_turn", "refusal", 1)}},
		"counted": {{shown: "`output_tokens_details.thinking_tokens`", reply: whole(text, `,"usage":{"input_tokens":1,"output_tokens":2,"output_tokens_details":{"thinking_tokens":1}}`)}},
		"sealed": {
			{shown: "`thinking`", reply: whole(`{"type":"thinking","thinking":"b","signature":"s"},`+text, "")},
			{shown: "`redacted_thinking`", reply: whole(`{"type":"redacted_thinking","data":"d"},`+text, "")},
		},
		"past": {{shown: "`tool_use`", set: object{"messages": []object{{"role": "assistant", "content": []object{{"type": "tool_use", "name": "f", "input": object{}}}}}}}},
		"limit": {
			{shown: "`stop_reason` `max_tokens`", reply: `{"type":"message","content":[{"type":"text","text":"a"}],"stop_reason":"max_tokens"}`},
			{shown: "`model_context_window_exceeded`", reply: `{"type":"message","content":[{"type":"text","text":"a"}],"stop_reason":"model_context_window_exceeded"}`},
		},
		"cached": {{shown: "`cache_read_input_tokens`", reply: whole(text, `,"usage":{"input_tokens":1,"cache_read_input_tokens":4,"output_tokens":2}`)}},
	}
}

func geminiProbes() map[string][]probe {
	whole := func(parts, rest string) string {
		return `{"candidates":[{"content":{"parts":[` + parts + `]},"finishReason":"STOP"}]` + rest + `}`
	}
	stream := "/v1beta/models/m:streamGenerateContent"
	return map[string][]probe{
		"path": {
			{shown: "`/v1beta/models/NAME:generateContent`"},
			{shown: "`/v1/…`", path: "/v1/models/m:generateContent"},
			{shown: "`…/publishers/google/models/NAME:generateContent` (Vertex AI)", path: "/v1/projects/p/locations/l/publishers/google/models/m:generateContent"},
		},
		"stream":   {{shown: "`:streamGenerateContent`: array", path: stream}, {shown: "`?alt=sse`: events", path: stream + "?alt=sse"}},
		"choices":  {{shown: "`candidateCount`", set: object{"generationConfig": object{"candidateCount": 2}}}},
		"kept":     {{shown: "`store: true`", set: object{"store": true}}},
		"edit":     {{shown: "`store: false`", set: object{"store": true}}},
		"once":     {{shown: "`continuationToken`", set: object{"continuationToken": "t"}}},
		"pinned":   {{shown: "`seed`", set: object{"generationConfig": object{"seed": 1}}}, {shown: "`temperature: 0`", set: object{"generationConfig": object{"temperature": 0}}}},
		"json":     {{shown: "`responseMimeType`", set: object{"generationConfig": object{"responseMimeType": "application/json"}}}, {shown: "a response schema", set: object{"generationConfig": object{"responseSchema": object{}}}}},
		"client":   {{shown: "`functionDeclarations`", set: object{"tools": []object{{"functionDeclarations": []object{{"name": "f"}}}}}}, {shown: "`computerUse`", set: object{"tools": []object{{"computerUse": object{}}}}}},
		"provider": {{shown: "`googleSearch`", set: object{"tools": []object{{"googleSearch": object{}}}}}, {shown: "`codeExecution`", set: object{"tools": []object{{"codeExecution": object{}}}}}, {shown: "any other tool", set: object{"tools": []object{{"new": object{}}}}}},
		"refusal":  {{shown: "`finishReason` `SAFETY` and its like", reply: strings.Replace(whole("", ""), "STOP", "SAFETY", 1)}, {shown: "`promptFeedback.blockReason`", reply: `{"promptFeedback":{"blockReason":"OTHER"}}`}},
		"counted":  {{shown: "`thoughtsTokenCount`", reply: whole(`{"text":"a"}`, `,"usageMetadata":{"promptTokenCount":1,"candidatesTokenCount":2,"thoughtsTokenCount":1}`)}},
		"sealed":   {{shown: "`thought` parts", reply: whole(`{"text":"b","thought":true},{"text":"a"}`, "")}, {shown: "`thoughtSignature`", reply: whole(`{"text":"a","thoughtSignature":"s"}`, "")}},
		"past":     {{shown: "`functionCall`", set: object{"contents": []object{{"role": "model", "parts": []object{{"functionCall": object{"name": "f"}}}}}}}},
		"limit":    {{shown: "`finishReason` `MAX_TOKENS`", reply: `{"candidates":[{"content":{"parts":[{"text":"a"}]},"finishReason":"MAX_TOKENS"}]}`}},
		"cached":   {{shown: "`cachedContentTokenCount`", reply: whole(`{"text":"a"}`, `,"usageMetadata":{"promptTokenCount":9,"candidatesTokenCount":2,"cachedContentTokenCount":4}`)}},
	}
}

// A row is one capability, and how it shows.
type row struct {
	key, title string
	request    func(v wire.View, edited string) bool
	reply      func(r wire.Reply) bool
}

func capabilities() []row {
	return []row{
		{key: "path", title: "calls", request: func(wire.View, string) bool { return true }},
		{key: "stream", title: "streams", request: func(v wire.View, _ string) bool { return v.Streams() }},
		{key: "choices", title: "a client's own choices, measured without extras", request: func(v wire.View, _ string) bool { return v.Choices == 2 }},
		{key: "kept", title: "the reply is kept upstream: voted on only with `sampling.allow: [stored]`", request: func(v wire.View, _ string) bool { return v.Stored }},
		{key: "edit", title: "set in extras of observe mode", request: func(_ wire.View, edited string) bool { return edited != "" }},
		{key: "chain", title: "goes on from a stored reply: as kept ones", request: func(v wire.View, _ string) bool { return v.Chain.Previous != "" && !v.Chain.Once }},
		{key: "once", title: "takes one call only: no extras (`chain`)", request: func(v wire.View, _ string) bool { return v.Chain.Once }},
		{key: "later", title: "fetched later: no extras (`background`)", request: func(v wire.View, _ string) bool { return v.Background }},
		{key: "provider", title: "lets the provider act: no extras (`provider_tools`)", request: func(v wire.View, _ string) bool { return v.ProviderTools }},
		{key: "client", title: "tools that the client runs: compared as actions", request: func(v wire.View, _ string) bool { return len(v.Tools) == 1 && !v.ProviderTools }},
		{key: "json", title: "asks for JSON", request: func(v wire.View, _ string) bool { return v.Structured }},
		{key: "pinned", title: "pins the randomness", request: func(v wire.View, _ string) bool { return v.Pinned }},
		{key: "refusal", title: "refusals", reply: func(r wire.Reply) bool { return r.Refusal != "" }},
		{key: "counted", title: "reasoning tokens as reported", reply: func(r wire.Reply) bool { return r.Usage.HasReasoning && r.Usage.Reasoning == 1 }},
		{key: "text", title: "else estimated from reasoning that is shown whole", reply: func(r wire.Reply) bool { return r.ReasoningBytes > 0 }},
		{key: "sealed", title: "else as the output that is not visible, where reasoning is summarised or sealed", reply: func(r wire.Reply) bool { return r.Reasoned && r.ReasoningBytes == 0 }},
		{key: "past", title: "calls of the history, for the signal `repeated`", request: func(v wire.View, _ string) bool { return len(v.Past) == 1 && v.Past[0].Name == "f" }},
		{key: "limit", title: "stopped at a limit, for the signal `truncated`", reply: func(r wire.Reply) bool { return r.AtLimit() }},
		{key: "cached", title: "cached input", reply: func(r wire.Reply) bool { return r.Usage.CachedInput == 4 }},
	}
}

// holds reports whether the code does what a probe claims.
func (s speaker) holds(t *testing.T, r row, p probe) bool {
	t.Helper()
	if r.reply != nil {
		reply, err := wire.Fold(s.dialect, false, strings.NewReader(p.reply), nil)
		return err == nil && !reply.Truncated && r.reply(reply)
	}
	body := maps.Clone(s.body)
	for key, value := range p.set {
		if body[key] = value; value == nil {
			delete(body, key)
		}
	}
	raw, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	path, query, _ := strings.Cut(p.path, "?")
	if path == "" {
		path = s.path
	}
	v, err := wire.ReadView(wire.Detect(http.MethodPost, path, query, nil), raw)
	if err != nil || v.Dialect != s.dialect {
		return false
	}
	edited, err := wire.EditExtra(v, raw)
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Equal(edited, raw) {
		edited = nil
	}
	return r.request(v, string(edited))
}

// cell is what stands in the table for a row and a dialect.
func (s speaker) cell(t *testing.T, r row) string {
	t.Helper()
	var shown []string
	for _, p := range s.probes[r.key] {
		if !s.holds(t, r, p) {
			t.Errorf("%s, %s: the code does not do as %s says", s.api, r.title, p.shown)
		}
		shown = append(shown, p.shown)
	}
	if len(shown) == 0 {
		return "–"
	}
	return strings.Join(shown, ", ")
}

// dialectTable is the generated table.
func dialectTable(t *testing.T) string {
	t.Helper()
	all := speakers()
	var b strings.Builder
	b.WriteString("| |")
	for _, s := range all {
		b.WriteString(" " + s.api + " |")
	}
	b.WriteString("\n|---|" + strings.Repeat("---|", len(all)) + "\n")
	line := func(title string, cell func(s speaker) string) {
		b.WriteString("| " + title + " |")
		for _, s := range all {
			b.WriteString(" " + cell(s) + " |")
		}
		b.WriteString("\n")
	}
	line("counted as", func(s speaker) string { return "`" + string(s.dialect) + "`" })
	for _, r := range capabilities() {
		line(r.title, func(s speaker) string { return s.cell(t, r) })
	}
	line("sign of life before a voted stream", func(s speaker) string { return quoted(wire.KeepAlive(s.dialect, wire.Events)) })
	line("an error once a stream has begun", func(s speaker) string {
		name, _, _ := strings.Cut(string(wire.StreamError(s.dialect, wire.Events, 502, "t", "m")), "{")
		return quoted([]byte(name + "{…}"))
	})
	return b.String()
}

// quoted shows bytes on one line, without white space around them unless it is
// all there is.
func quoted(b []byte) string {
	text := strconv.Quote(cmp.Or(strings.TrimSpace(string(b)), string(b)))
	return "`" + strings.ReplaceAll(text[1:len(text)-1], `\"`, `"`) + "`"
}

// holdGenerated holds a part of the page to what was made of the code: run the
// tests with -update to write it anew.
func holdGenerated(t *testing.T, name, table string) {
	t.Helper()
	begin, end := "<!-- generated: "+name+" -->\n", "<!-- end: "+name+" -->"
	head, rest, ok := strings.Cut(read(t, dialectsPage), begin)
	shown, tail, closed := strings.Cut(rest, end)
	switch {
	case !ok || !closed:
		t.Fatalf("%s has no place for the table of %s", dialectsPage, name)
	case shown == table:
	case !*update:
		t.Errorf("%s has another table of %s; run the test with -update. Wanted:\n%s", dialectsPage, name, table)
	default:
		if err := os.WriteFile(dialectsPage, []byte(head+begin+table+end+tail), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func TestDialectTableIsWhatTheCodeDoes(t *testing.T) {
	holdGenerated(t, "dialects", dialectTable(t))
}

func TestEveryDialectIsInTheTable(t *testing.T) {
	var listed []wire.Dialect
	for _, s := range speakers() {
		listed = append(listed, s.dialect)
		for key := range s.probes {
			if !slices.ContainsFunc(capabilities(), func(r row) bool { return r.key == key }) {
				t.Errorf("%s: no row %s", s.api, key)
			}
		}
	}
	all := wire.Dialects()
	if !slices.Equal(listed, all[:]) {
		t.Errorf("the table has %v, the code %v", listed, all)
	}
}
