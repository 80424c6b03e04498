package sim

import (
	"encoding/json"
	"slices"
)

// A messagesRequest is the body of a request to the Messages API; raw parts
// enter the hash.
type messagesRequest struct {
	// Version is told in the body where the model is told in the path.
	Version      string            `json:"anthropic_version"`
	Model        string            `json:"model"`
	MaxTokens    *int              `json:"max_tokens"`
	RawSystem    json.RawMessage   `json:"system"`
	RawMessages  []json.RawMessage `json:"messages"`
	RawTools     json.RawMessage   `json:"tools"`
	RawChoice    json.RawMessage   `json:"tool_choice"`
	OutputFormat json.RawMessage   `json:"output_format"`
	OutputConfig struct {
		Format json.RawMessage `json:"format"`
	} `json:"output_config"`
	Thinking struct {
		Type    string `json:"type"`
		Display string `json:"display"`
	} `json:"thinking"`
	CacheControl json.RawMessage `json:"cache_control"`
	Thread       *threadRequest  `json:"thread"`
	Stream       bool            `json:"stream"`
}

// A messagesTool is one entry of tools; those that have no schema are the
// provider's own and not simulated.
type messagesTool struct {
	Name        string          `json:"name"`
	Description string          `json:"description"`
	InputSchema json.RawMessage `json:"input_schema"`
}

// readMessages reads and checks a request to Anthropic's own API.
func readMessages(s *Server, x *exchange) (*prompt, *failure) {
	if fail := needsVersion(x); fail != nil {
		return nil, fail
	}
	f := &messagesForm{server: s}
	if json.Unmarshal(x.body, &f.request) != nil {
		return nil, badJSON()
	}
	if fail := f.resume(x.r.Header); fail != nil {
		return nil, fail
	}
	p, fail := f.read(x)
	if fail != nil {
		return nil, fail
	}
	return p, f.claim()
}

// readPredict reads and checks a request to Vertex AI or Bedrock, which name
// the model in the path and the version in the body.
func readPredict(s *Server, x *exchange) (*prompt, *failure) {
	f := &messagesForm{server: s}
	if json.Unmarshal(x.body, &f.request) != nil {
		return nil, badJSON()
	}
	if f.request.Version == "" {
		return nil, badRequest("anthropic_version", "anthropic_version: field required")
	}
	f.request.Model, f.request.Thread = x.vars[0], nil
	f.request.Stream = len(x.vars) > 1 && x.vars[1] == "streamRawPredict"
	return f.read(x)
}

// needsVersion refuses requests without the header that tells the version.
func needsVersion(x *exchange) *failure {
	if x.r.Header.Get("Anthropic-Version") == "" {
		return badRequest("", "anthropic-version: header is required")
	}
	return nil
}

func (f *messagesForm) read(x *exchange) (*prompt, *failure) {
	r := &f.request
	switch {
	case r.Model == "":
		return nil, badRequest("model", "model: field required")
	case r.MaxTokens == nil:
		return nil, badRequest("max_tokens", "max_tokens: field required")
	case *r.MaxTokens < 1:
		return nil, badRequest("max_tokens", "max_tokens: must be at least 1")
	case len(r.RawMessages) == 0:
		return nil, badRequest("messages", "messages: at least one message is required")
	}
	p := &prompt{
		dialect: DialectMessages, model: r.Model, stream: r.Stream, choices: 1, mute: r.Thinking.Type == "disabled",
		form: f, size: len(x.body) + f.held,
	}
	turns, fail := f.server.readTurns(slices.Concat(f.history, r.RawMessages))
	if fail != nil {
		return nil, fail
	}
	for _, one := range turns {
		p.messages = append(p.messages, one.messages()...)
	}
	if r.decode(p) != nil {
		return nil, badJSON()
	}
	p.hash = f.hash()
	return p, p.choose(r.choice())
}

// decode reads tools and the format of the output.
func (r *messagesRequest) decode(p *prompt) error {
	if len(r.RawTools) > 0 {
		var list []messagesTool
		if err := json.Unmarshal(r.RawTools, &list); err != nil {
			return err
		}
		for _, t := range list {
			if len(t.InputSchema) > 0 {
				p.tools = append(p.tools, Tool{Name: t.Name, Description: t.Description, Parameters: t.InputSchema})
			}
		}
	}
	raw := orElse(r.OutputConfig.Format, string(orElse(r.OutputFormat, "{}")))
	var asked openAIFormat // the same form: a type, and a schema beside it
	err := json.Unmarshal(raw, &asked)
	p.format = asked.format(asked.Schema)
	return err
}

// choice is what tool_choice says.
func (r *messagesRequest) choice() toolChoice {
	var asked struct {
		Type string `json:"type"`
		Name string `json:"name"`
	}
	if json.Unmarshal(r.RawChoice, &asked) != nil {
		return toolChoice{}
	}
	if asked.Type == "none" {
		return toolChoice{none: true}
	}
	return onlyTool(asked.Name)
}

func (f *messagesForm) hash() digest {
	r := &f.request
	parts := []string{
		DialectMessages, r.Model, string(r.RawSystem), string(r.RawTools), string(r.RawChoice),
		string(r.OutputConfig.Format), string(r.OutputFormat),
	}
	for _, raw := range slices.Concat(f.history, r.RawMessages) {
		parts = append(parts, string(raw))
	}
	return digestOf(parts...)
}

// countMessages serves count_tokens.
func (s *Server) countMessages(x *exchange) {
	var request struct {
		Model       string            `json:"model"`
		RawMessages []json.RawMessage `json:"messages"`
	}
	fail := needsVersion(x)
	switch {
	case len(x.vars) == 0 && fail != nil:
	case json.Unmarshal(x.body, &request) != nil:
		fail = badJSON()
	case request.Model == "":
		fail = badRequest("model", "model: field required")
	case len(request.RawMessages) == 0:
		fail = badRequest("messages", "messages: at least one message is required")
	default:
		s.reply(x, map[string]int{"input_tokens": tokens(len(x.body))})
		return
	}
	s.refuse(x, fail)
}
