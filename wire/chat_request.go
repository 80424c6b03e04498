package wire

import (
	"cmp"
	"encoding/json"
	"fmt"

	"github.com/tidwall/gjson"
)

// chat is the grammar of OpenAI Chat Completions.
type chat struct{}

func (chat) view(t Target, f map[string]gjson.Result) (View, error) {
	messages := f["messages"]
	if !messages.IsArray() {
		return View{}, fmt.Errorf("no messages array: %w", ErrNotDialect)
	}
	v := View{
		Dialect:       OpenAIChat,
		Model:         cmp.Or(str(f["model"]), t.Model),
		Framing:       eventsIf(f["stream"]),
		IncludeUsage:  member(f["stream_options"], "include_usage").Type == gjson.True,
		Choices:       choicesAsked(f["n"]),
		OutputCap:     chatOutputCap(f),
		Pinned:        present(f["seed"]) || isZero(f["temperature"]),
		Stored:        f["store"].Type == gjson.True,
		ProviderTools: present(f["web_search_options"]),
		Structured:    jsonFormat(f["response_format"]),
		CallsBarred:   str(f["tool_choice"]) == "none" || str(f["function_call"]) == "none",
	}
	readChatTools(&v, f["tools"], f["functions"])
	readChatMessages(&v, messages)
	return v, nil
}

// eventsIf is the framing of a request whose body says whether it streams.
func eventsIf(stream gjson.Result) Framing {
	if stream.Type == gjson.True {
		return Events
	}
	return Whole
}

// choicesAsked reads the number of completions of one call.
func choicesAsked(n gjson.Result) int {
	asked, _ := count(n)
	return max(1, asked)
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

// jsonFormat reports whether one of OpenAI's formats asks for JSON.
func jsonFormat(format gjson.Result) bool {
	kind := format.Get("type").String()
	return kind == "json_schema" || kind == "json_object"
}

// edits asks that nothing is stored upstream and that a stream ends with its
// usage.
func (chat) edits(v View, root gjson.Result) ([]splice, error) {
	var splices []splice
	if v.Stored {
		splices = append(splices, setMember(root, "store", "false"))
	}
	if v.UsageUnasked() {
		s, err := askForUsage(root)
		if err != nil {
			return nil, err
		}
		splices = append(splices, s)
	}
	return splices, nil
}

// askForUsage sets stream_options.include_usage.
func askForUsage(root gjson.Result) (splice, error) {
	options := member(root, "stream_options")
	switch {
	case options.IsObject():
		return setMember(options, "include_usage", "true"), nil
	case !present(options):
		return setMember(root, "stream_options", `{"include_usage":true}`), nil
	}
	return splice{}, fmt.Errorf("stream_options is no object: %w", ErrNotDialect)
}

func (chat) failure(f ownFailure) any { return openaiFailure(f) }

func (chat) streamFailure(f ownFailure) (string, any) { return "", openaiFailure(f) }

func (chat) relayFailure(_, said gjson.Result) (string, any) {
	return "", members{"error": json.RawMessage(said.Raw)}
}

func (chat) ping() []byte { return comment }
