package wire

import (
	"cmp"
	"fmt"

	"github.com/tidwall/gjson"
)

// anthropic is the grammar of Anthropic Messages.
type anthropic struct{}

func (anthropic) view(t Target, f map[string]gjson.Result) (View, error) {
	messages := f["messages"]
	if !messages.IsArray() {
		return View{}, fmt.Errorf("no messages array: %w", ErrNotDialect)
	}
	v := View{
		Dialect:       AnthropicMessages,
		Model:         cmp.Or(str(f["model"]), t.Model),
		Framing:       eventsIf(f["stream"]),
		Choices:       1,
		Pinned:        isZero(f["temperature"]),
		ProviderTools: holdsAny(f["mcp_servers"]) || present(f["container"]),
		Structured:    jsonFormat(member(f["output_config"], "format")) || jsonFormat(f["output_format"]),
		CallsBarred:   member(f["tool_choice"], "type").Str == "none",
	}
	v.OutputCap, _ = count(f["max_tokens"])
	readAnthropicThread(&v, f["thread"])
	readAnthropicTools(&v, f["tools"])
	readAnthropicMessages(&v, f["system"], messages)
	return v, nil
}

// holdsAny reports whether a list is not empty.
func holdsAny(list gjson.Result) bool {
	return list.IsArray() && list.Get("0").Exists()
}

// readAnthropicThread reads the state upstream of a conversation. To create a
// thread is harmless; every reply of one can be gone on from once, a second call
// is refused. What a thread may be asked beside these is taken for the latter.
func readAnthropicThread(v *View, thread gjson.Result) {
	switch kind := str(member(thread, "type")); {
	case !thread.IsObject():
	case kind == "create":
		v.Stored = true
	default:
		v.Chain = Chain{Previous: str(member(thread, "previous_message_id")), Once: true}
	}
}

// edits drops the thread that a request creates, which holds all of the
// conversation besides. A stream tells its usage unasked.
func (anthropic) edits(v View, root gjson.Result) ([]splice, error) {
	if !v.Stored {
		return nil, nil
	}
	s, found := dropMember(root, "thread")
	if !found {
		return nil, fmt.Errorf("no thread: %w", ErrNotDialect)
	}
	return []splice{s}, nil
}

// The error form that Anthropic documents.
type (
	anthropicError struct {
		Type  string          `json:"type"`
		Error anthropicDetail `json:"error"`
	}
	anthropicDetail struct {
		Type    string `json:"type"`
		Message string `json:"message"`
	}
)

func (anthropic) failure(f ownFailure) any {
	return anthropicError{"error", anthropicDetail{f.kind, f.message}}
}

func (a anthropic) streamFailure(f ownFailure) (string, any) { return "error", a.failure(f) }

func (anthropic) relayFailure(root, _ gjson.Result) (string, any) {
	whole := edited(root)
	whole["type"] = "error"
	return "error", whole
}

// ping is Anthropic's own event, which its clients show or skip.
func (anthropic) ping() []byte { return event("ping", []byte(`{"type": "ping"}`)) }
