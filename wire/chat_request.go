package wire

import (
	"fmt"

	"github.com/tidwall/gjson"
)

// chatView reads the top level of a Chat Completions request.
func chatView(f map[string]gjson.Result) (View, error) {
	messages := f["messages"]
	if !messages.IsArray() {
		return View{}, fmt.Errorf("no messages array: %w", ErrNotDialect)
	}
	v := View{
		Dialect:       OpenAIChat,
		Model:         str(f["model"]),
		Stream:        f["stream"].Type == gjson.True,
		IncludeUsage:  member(f["stream_options"], "include_usage").Type == gjson.True,
		Choices:       1,
		OutputCap:     chatOutputCap(f),
		Pinned:        present(f["seed"]) || isZero(f["temperature"]),
		Stored:        f["store"].Type == gjson.True,
		ProviderTools: present(f["web_search_options"]),
		Structured:    chatStructured(f["response_format"]),
		CallsBarred:   str(f["tool_choice"]) == "none" || str(f["function_call"]) == "none",
	}
	if n, ok := count(f["n"]); ok {
		v.Choices = max(1, n)
	}
	readChatTools(&v, f["tools"], f["functions"])
	readChatMessages(&v, messages)
	return v, nil
}

// chatOutputCap takes the newer of the two names first.
func chatOutputCap(f map[string]gjson.Result) int {
	if n, ok := count(f["max_completion_tokens"]); ok {
		return n
	}
	n, _ := count(f["max_tokens"])
	return n
}

func isZero(v gjson.Result) bool { return v.Type == gjson.Number && v.Num == 0 }

func chatStructured(format gjson.Result) bool {
	kind := format.Get("type").String()
	return kind == "json_schema" || kind == "json_object"
}
