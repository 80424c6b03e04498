package wire

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/tidwall/gjson"
)

// gemini is the grammar of Gemini's generateContent and streamGenerateContent,
// on the Gemini API and on Vertex AI. Model and framing are in the path.
type gemini struct{}

func (gemini) view(t Target, f map[string]gjson.Result) (View, error) {
	f = protoFields(f)
	contents := f["contents"]
	if !contents.IsArray() && !contents.IsObject() {
		return View{}, fmt.Errorf("no contents: %w", ErrNotDialect)
	}
	config := f["generationConfig"]
	maxOutput, _ := count(field(config, "maxOutputTokens"))
	v := View{
		Dialect:       GeminiGenerate,
		Model:         strings.TrimPrefix(cmp.Or(t.Model, str(f["model"])), "models/"),
		Framing:       t.Framing,
		Choices:       choicesAsked(field(config, "candidateCount")),
		OutputCap:     maxOutput,
		Pinned:        present(field(config, "seed")) || isZero(field(config, "temperature")),
		Stored:        f["store"].Type == gjson.True,
		Chain:         begunAnswer(f["continuationToken"]),
		ProviderTools: present(f["outputConfig"]), // media are written to a bucket
		HiddenTools:   str(f["cachedContent"]) != "",
		CallsBarred:   callsBarred(f["toolConfig"]),
		Structured:    asksForJSON(config),
		System:        geminiText(f["systemInstruction"]),
	}
	v.PromptBytes = len(v.System)
	readGeminiTools(&v, f["tools"])
	readGeminiContents(&v, contents)
	return v, nil
}

// begunAnswer is the Chain of a request that goes on with an answer which broke
// off (finish reason CONTINUATION): the whole history is in the request, what
// there is of the answer in the token. Another call with it would be no draw of
// its own.
func begunAnswer(token gjson.Result) Chain {
	return Chain{Once: token.Type == gjson.String && token.Str != ""}
}

// callsBarred reads the mode of function calls. Old samples write it in lower
// case.
func callsBarred(toolConfig gjson.Result) bool {
	mode := field(field(toolConfig, "functionCallingConfig"), "mode")
	return strings.EqualFold(mode.String(), "NONE")
}

// asksForJSON reads the three ways of asking for JSON. A reply of type
// text/x.enum has a schema too, but is a bare word.
func asksForJSON(config gjson.Result) bool {
	switch field(config, "responseMimeType").String() {
	case "application/json":
		return true
	case "text/x.enum":
		return false
	}
	for _, name := range [...]string{"responseSchema", "responseJsonSchema", "_responseJsonSchema"} {
		if present(field(config, name)) {
			return true
		}
	}
	found := false
	eachOf(field(config, "responseFormat"), func(format gjson.Result) {
		kind := field(field(format, "text"), "mimeType").String()
		found = found || kind == "APPLICATION_JSON" || kind == "application/json"
	})
	return found
}

// edits asks that the call is not kept in the project's logs. Every stream
// tells its usage.
func (gemini) edits(v View, root gjson.Result) ([]splice, error) {
	if !v.Stored {
		return nil, nil
	}
	return []splice{setMember(root, "store", "false")}, nil
}

// protoFields gives the fields of a request by their camelCase names. A request
// that has a field by both of its names is refused upstream.
func protoFields(f map[string]gjson.Result) map[string]gjson.Result {
	named := make(map[string]gjson.Result, len(f))
	for _, key := range slices.Sorted(maps.Keys(f)) {
		named[protoName(key)] = f[key]
	}
	return named
}

// field finds a member of object by its camelCase name.
func field(object gjson.Result, name string) gjson.Result {
	var found gjson.Result
	object.ForEach(func(key, value gjson.Result) bool {
		if protoName(key.Str) == name {
			found = value
		}
		return true
	})
	return found
}

// protoName is the camelCase form of a field's name. Google's APIs take a
// field's own name, which is in snake_case, as well (ProtoJSON Format).
func protoName(key string) string {
	if !strings.Contains(key, "_") {
		return key
	}
	name := make([]byte, 0, len(key))
	for i := 0; i < len(key); i++ {
		c := key[i]
		if c == '_' && i > 0 && i+1 < len(key) && 'a' <= key[i+1] && key[i+1] <= 'z' {
			i++
			c = key[i] - 'a' + 'A'
		}
		name = append(name, c)
	}
	return string(name)
}

// eachOf calls f with the elements of a repeated field, or with the one that
// stands there without a list, as Google's APIs take it.
func eachOf(repeated gjson.Result, f func(element gjson.Result)) {
	switch {
	case repeated.IsObject():
		f(repeated)
	case repeated.IsArray():
		repeated.ForEach(func(_, element gjson.Result) bool {
			f(element)
			return true
		})
	}
}
