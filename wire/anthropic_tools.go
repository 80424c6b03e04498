package wire

import (
	"cmp"
	"strings"

	"github.com/tidwall/gjson"
)

func readAnthropicTools(v *View, tools gjson.Result) {
	if !tools.IsArray() {
		return
	}
	v.PromptBytes += len(tools.Raw)
	tools.ForEach(func(_, tool gjson.Result) bool {
		readAnthropicTool(v, tool)
		return true
	})
}

// readAnthropicTool takes every type for a tool that the provider runs itself
// but custom, which may be left out, and Anthropic's own that clients execute.
func readAnthropicTool(v *View, tool gjson.Result) {
	kind := member(tool, "type")
	family, ours := clientFamily(kind.Str)
	switch {
	case !tool.IsObject(), !ours && present(kind) && kind.Str != "custom":
		v.ProviderTools = true
	default:
		v.offer(cmp.Or(str(member(tool, "name")), family), member(member(tool, "input_schema"), "properties"))
	}
}

// clientFamily reports whether a type is one of the tools that Anthropic has
// defined and the client executes, such as bash_20250124, and what it is called
// where it has no name: a toolset, whose members have names of their own.
func clientFamily(kind string) (family string, ours bool) {
	i := strings.LastIndexByte(kind, '_')
	if i < 0 || i == len(kind)-1 || strings.Trim(kind[i+1:], "0123456789") != "" {
		return "", false
	}
	switch kind[:i] {
	case "bash", "text_editor", "memory", "computer":
		return "", true
	case "computer_toolset":
		return "computer", true
	case "browser_toolset":
		return "browser", true
	}
	return "", false
}

// readAddedTool reads a tool that is added amid a history: one of the request's
// list that was held back until then, one that is defined here, or a server's.
func readAddedTool(v *View, tool gjson.Result) {
	v.PromptBytes += len(tool.Raw)
	switch member(tool, "type").Str {
	case "tool_reference":
	case "tool_definition":
		readAnthropicTool(v, member(tool, "definition"))
	default:
		v.ProviderTools = true
	}
}
