package wire

import (
	"strings"

	"github.com/tidwall/gjson"
)

// What is read of one request's tools at most; beyond, tools and arguments are
// left out of the View. The APIs themselves allow 128 tools.
const (
	maxTools  = 4096
	maxParams = 1024
	// maxFormat is the longest schema format that is kept, in bytes.
	maxFormat = 64
)

// readChatTools reads tools and their legacy form, functions.
func readChatTools(v *View, tools, functions gjson.Result) {
	if functions.IsArray() {
		v.PromptBytes += len(functions.Raw)
		functions.ForEach(func(_, f gjson.Result) bool {
			v.addTool(f)
			return true
		})
	}
	if tools.IsArray() {
		v.PromptBytes += len(tools.Raw)
		tools.ForEach(func(_, tool gjson.Result) bool {
			readChatTool(v, tool)
			return true
		})
	}
}

// readChatTool takes every type but function and custom for a tool that the
// provider runs itself.
func readChatTool(v *View, tool gjson.Result) {
	switch kind := tool.Get("type").String(); {
	case kind == "function", kind == "" && tool.Get("function").IsObject():
		v.addTool(tool.Get("function"))
	case kind == "custom":
		v.addTool(tool.Get("custom"))
	default:
		v.ProviderTools = true
	}
}

// addTool adds a function in OpenAI's form.
func (v *View) addTool(f gjson.Result) {
	v.offer(str(f.Get("name")), f.Get("parameters.properties"))
}

// offer adds a tool, as long as there is room. Properties are those of the
// schema of its arguments.
func (v *View) offer(name string, properties gjson.Result) {
	if len(v.Tools) < maxTools {
		v.Tools = append(v.Tools, Tool{Name: name, Params: readParams(properties)})
	}
}

func readParams(properties gjson.Result) map[string]Param {
	if !properties.IsObject() {
		return nil
	}
	params := make(map[string]Param)
	properties.ForEach(func(key, schema gjson.Result) bool {
		params[str(key)] = readParam(schema)
		return len(params) < maxParams
	})
	return params
}

func readParam(schema gjson.Result) Param {
	return Param{
		Type:   schemaType(schema.Get("type")),
		Enum:   schema.Get("enum").IsArray() || schema.Get("const").Exists(),
		Format: clip(schema.Get("format").String(), maxFormat),
	}
}

// schemaType is the one type that a schema gives, null aside: strict schemas
// write an optional string as ["string","null"].
func schemaType(v gjson.Result) string {
	if !v.IsArray() {
		return knownType(v.String())
	}
	only, several := "", false
	v.ForEach(func(_, item gjson.Result) bool {
		name := knownType(item.String())
		several = several || (only != "" && name != "")
		only += name
		return !several
	})
	if several {
		return ""
	}
	return only
}

// knownType gives the types of JSON Schema in lower case: Gemini's schemas write
// them in upper case.
func knownType(name string) string {
	for _, known := range [...]string{"string", "number", "integer", "boolean", "array", "object"} {
		if strings.EqualFold(name, known) {
			return known
		}
	}
	return ""
}
