package wire

import "github.com/tidwall/gjson"

// readGeminiTools takes every tool but functions and the use of a computer, both
// of which the client carries out, for one that the provider runs itself.
func readGeminiTools(v *View, tools gjson.Result) {
	if !tools.IsArray() && !tools.IsObject() {
		return
	}
	v.PromptBytes += len(tools.Raw)
	eachOf(tools, func(tool gjson.Result) { readGeminiTool(v, tool) })
}

// readGeminiTool reads one element of tools, which may hold several kinds.
func readGeminiTool(v *View, tool gjson.Result) {
	if !tool.IsObject() {
		v.ProviderTools = true
		return
	}
	tool.ForEach(func(key, value gjson.Result) bool {
		switch kind := protoName(key.Str); {
		case !present(value):
		case kind == "functionDeclarations":
			eachOf(value, v.addDeclaration)
		case kind == "computerUse":
			v.offer(kind, gjson.Result{}) // its functions are the API's own
		default:
			v.ProviderTools = true
		}
		return true
	})
}

// addDeclaration takes a schema in either of its two forms: OpenAPI's, whose
// types are in upper case, or JSON Schema.
func (v *View) addDeclaration(f gjson.Result) {
	schema := field(f, "parameters")
	if !present(schema) {
		schema = field(f, "parametersJsonSchema")
	}
	v.offer(str(field(f, "name")), field(schema, "properties"))
}
