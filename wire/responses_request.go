package wire

import (
	"cmp"
	"fmt"

	"github.com/tidwall/gjson"
)

// responses is the grammar of OpenAI Responses.
type responses struct{}

// view reads a request. It need not have an input of its own: a stored prompt or
// a reply to go on from will do. Nor need it name a model, if its prompt does.
// Compatible servers take a seed too.
func (responses) view(t Target, f map[string]gjson.Result) (View, error) {
	v := View{
		Dialect:       OpenAIResponses,
		Model:         cmp.Or(str(f["model"]), t.Model),
		Framing:       eventsIf(f["stream"]),
		Choices:       1,
		Pinned:        present(f["seed"]) || isZero(f["temperature"]),
		Stored:        f["store"].Type != gjson.False, // the API's default is true
		Chain:         readChain(f["previous_response_id"], f["conversation"]),
		Background:    f["background"].Type == gjson.True,
		ProviderTools: toolsOfPrompt(f["prompt"], f["tools"]),
		HiddenTools:   toolsOfPrompt(f["prompt"], f["tools"]),
		Structured:    jsonFormat(f["text"].Get("format")),
		CallsBarred:   str(f["tool_choice"]) == "none",
	}
	v.OutputCap, _ = count(f["max_output_tokens"])
	input := f["input"]
	if !input.IsArray() && input.Type != gjson.String && !f["prompt"].IsObject() && v.Chain == (Chain{}) {
		return View{}, fmt.Errorf("neither input nor prompt nor previous response: %w", ErrNotDialect)
	}
	if tools := f["tools"]; tools.IsArray() {
		v.PromptBytes += len(tools.Raw)
		readResponsesTools(&v, tools)
	}
	readInput(&v, f["instructions"], input)
	return v, nil
}

// readChain reads what a request goes on from. A previous reply can be gone on
// from any number of times, but every call adds its items to a conversation.
func readChain(previous, conversation gjson.Result) Chain {
	if conversation.IsObject() {
		conversation = conversation.Get("id")
	}
	c := Chain{Previous: str(previous), Conversation: str(conversation)}
	c.Once = c.Conversation != ""
	return c
}

// toolsOfPrompt reports whether a stored prompt may bring tools that the request
// does not show, and so tools of the provider's.
func toolsOfPrompt(prompt, tools gjson.Result) bool {
	return prompt.IsObject() && !tools.IsArray()
}

// edits asks that nothing is stored upstream. A stream tells its usage unasked.
func (responses) edits(v View, root gjson.Result) ([]splice, error) {
	if !v.Stored {
		return nil, nil
	}
	return []splice{setMember(root, "store", "false")}, nil
}

func (responses) failure(f ownFailure) any { return openaiFailure(f) }

// responsesStreamError is the error event that OpenAI documents.
type responsesStreamError struct {
	Type     string  `json:"type"`
	Code     string  `json:"code"`
	Message  string  `json:"message"`
	Param    *string `json:"param"`
	Sequence int     `json:"sequence_number"`
}

func (responses) streamFailure(f ownFailure) (string, any) {
	return "error", responsesStreamError{"error", f.kind, f.message, nil, 0}
}

// relayFailure: events have no type of error beside the code, which not every error
// has.
func (responses) relayFailure(_, said gjson.Result) (string, any) {
	e := responsesStreamError{"error", said.Get("code").String(), said.Get("message").String(), nil, 0}
	if e.Code == "" {
		e.Code = said.Get("type").Str
	}
	if param := said.Get("param"); param.Type == gjson.String {
		e.Param = &param.Str
	}
	return "error", e
}

func (responses) ping() []byte { return comment }
