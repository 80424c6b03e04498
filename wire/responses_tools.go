package wire

import (
	"bytes"
	"encoding/json"

	"github.com/tidwall/gjson"
)

// The tools that the API defines and the client executes. They have no name on
// the wire: here a tool and its calls go by the same one.
const (
	localShellTool = "local_shell"
	shellTool      = "shell"
	applyPatchTool = "apply_patch"
	computerTool   = "computer"
	toolSearchTool = "tool_search"
)

// readResponsesTools reads a list of tools: that of a request, or one that an
// item of its input brings.
func readResponsesTools(v *View, tools gjson.Result) {
	if !tools.IsArray() {
		return
	}
	tools.ForEach(func(_, tool gjson.Result) bool {
		if tool.Get("type").String() == "namespace" {
			readNamespace(v, tool)
		} else {
			readResponsesTool(v, "", tool)
		}
		return true
	})
}

// readNamespace reads a group of functions and custom tools; groups do not nest.
func readNamespace(v *View, space gjson.Result) {
	name, tools := space.Get("name").String(), space.Get("tools")
	if !tools.IsArray() {
		return
	}
	tools.ForEach(func(_, tool gjson.Result) bool {
		readResponsesTool(v, name, tool)
		return true
	})
}

// readResponsesTool takes every type for a tool that the provider runs itself
// but those that are known to be the client's.
func readResponsesTool(v *View, space string, tool gjson.Result) {
	switch tool.Get("type").String() {
	case "function", "custom":
		v.offer(qualified(space, tool.Get("name").String()), tool.Get("parameters.properties"))
	case "local_shell":
		v.offer(localShellTool, gjson.Result{})
	case "shell":
		if local(tool.Get("environment")) {
			v.offer(shellTool, gjson.Result{})
		} else {
			v.ProviderTools = true
		}
	case "apply_patch":
		v.offer(applyPatchTool, gjson.Result{})
	case "computer", "computer_use", "computer_use_preview":
		v.offer(computerTool, gjson.Result{})
	case "tool_search":
		if clientSide(tool) {
			v.offer(toolSearchTool, tool.Get("parameters.properties"))
		} else {
			v.ProviderTools = true
		}
	default:
		v.ProviderTools = true
	}
}

// qualified is the name of a tool in a namespace, as OpenAI's agent SDKs show
// it. A function that was searched for is in a namespace of its own name.
func qualified(space, name string) string {
	if space == "" || space == name {
		return clip(name, maxWord)
	}
	return clip(space+"."+name, maxWord)
}

// local reports whether a shell's environment is the client's own, which is so
// where none is named; the others are the provider's containers.
func local(environment gjson.Result) bool {
	return !present(environment) || environment.Get("type").String() == "local"
}

// clientSide reports whether a search for tools, or its result, is the client's
// work; the provider's is the default.
func clientSide(search gjson.Result) bool {
	return search.Get("execution").String() == "client"
}

// callsClient reports whether an item of a known type is a call that the client
// is to execute.
func callsClient(kind string, item gjson.Result) bool {
	switch kind {
	case functionCall, customCall, "local_shell_call", "apply_patch_call", "computer_call":
		return true
	case "shell_call":
		return local(item.Get("environment"))
	case "tool_search_call":
		return clientSide(item)
	}
	return false
}

// readCall reads the tool that an item calls, and with what: a string, or JSON
// where the API defines the tool.
func readCall(kind string, item gjson.Result) (name string, with gjson.Result) {
	switch kind {
	case customCall:
		return calledName(item), item.Get("input")
	case "local_shell_call":
		return localShellTool, item.Get("action")
	case "shell_call":
		return shellTool, item.Get("action")
	case "apply_patch_call":
		return applyPatchTool, item.Get("operation")
	case "computer_call":
		if actions := item.Get("actions"); actions.IsArray() {
			return computerTool, actions
		}
		return computerTool, item.Get("action")
	case "tool_search_call":
		return toolSearchTool, item.Get("arguments")
	}
	return calledName(item), item.Get("arguments")
}

func calledName(item gjson.Result) string {
	return qualified(item.Get("namespace").String(), item.Get("name").String())
}

// jsonText is v as a string. JSON loses its white space, which differs between
// a body and a stream; anything else is no value to call with.
func jsonText(v gjson.Result) []byte {
	if v.Type == gjson.String {
		return []byte(v.Str)
	}
	var b bytes.Buffer
	if v.Type == gjson.JSON {
		_ = json.Compact(&b, []byte(v.Raw)) // the whole was checked
	}
	return b.Bytes()
}
