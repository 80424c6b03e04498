package sim

import "encoding/json"

// maxCandidates is the largest candidateCount, as in Google's reference.
const maxCandidates = 8

// A geminiRequest is the body of a request to generate; raw parts enter the
// hash.
type geminiRequest struct {
	RawContents   json.RawMessage `json:"contents"`
	RawSystem     json.RawMessage `json:"systemInstruction"`
	RawTools      json.RawMessage `json:"tools"`
	RawToolConfig json.RawMessage `json:"toolConfig"`
	Config        struct {
		Candidates    *int            `json:"candidateCount"`
		MIMEType      string          `json:"responseMimeType"`
		RawSchema     json.RawMessage `json:"responseSchema"`
		RawJSONSchema json.RawMessage `json:"responseJsonSchema"`
		Thinking      struct {
			Include bool `json:"includeThoughts"`
			Budget  *int `json:"thinkingBudget"`
		} `json:"thinkingConfig"`
	} `json:"generationConfig"`
}

// A geminiTool is one entry of tools: functions, or one of the provider's own,
// which are not simulated.
type geminiTool struct {
	Functions []struct {
		Name        string          `json:"name"`
		Description string          `json:"description"`
		Parameters  json.RawMessage `json:"parameters"`
		JSONSchema  json.RawMessage `json:"parametersJsonSchema"`
	} `json:"functionDeclarations"`
}

// readGemini reads and checks a request to generate content.
func readGemini(s *Server, x *exchange) (*prompt, *failure) {
	var r geminiRequest
	if json.Unmarshal(camel(x.body, maxCamelDepth), &r) != nil {
		return nil, badJSON()
	}
	model, streamed := x.vars[0], x.vars[1] == "streamGenerateContent"
	thinking := r.Config.Thinking
	p := &prompt{
		dialect: DialectGemini, model: model, stream: streamed, choices: 1, size: len(x.body),
		mute: thinking.Budget != nil && *thinking.Budget == 0, hash: r.hash(model),
		form: geminiForm{thoughts: thinking.Include, array: !wantsEvents(x.r)},
	}
	if n := r.Config.Candidates; n != nil {
		p.choices = *n
	}
	if p.choices < 1 || p.choices > maxCandidates {
		return nil, badRequest("", "generationConfig.candidateCount must be from 1 to %d", maxCandidates)
	}
	contents, fail := s.readContents(r.RawContents)
	if fail != nil {
		return nil, fail
	}
	for _, c := range contents {
		p.messages = append(p.messages, c.messages()...)
	}
	if r.decode(p) != nil {
		return nil, badJSON()
	}
	return p, r.choose(p)
}

// hash covers of generationConfig only what says what the answer is to be.
func (r *geminiRequest) hash(model string) digest {
	return digestOf(
		DialectGemini, model, string(r.RawSystem), string(r.RawContents), string(r.RawTools), string(r.RawToolConfig),
		r.Config.MIMEType, string(r.Config.RawSchema), string(r.Config.RawJSONSchema),
	)
}

// decode reads tools and the format of the answer.
func (r *geminiRequest) decode(p *prompt) error {
	if len(r.RawTools) > 0 {
		var list []geminiTool
		if err := json.Unmarshal(r.RawTools, &list); err != nil {
			return err
		}
		for _, t := range list {
			for _, f := range t.Functions {
				p.tools = append(p.tools, Tool{Name: f.Name, Description: f.Description, Parameters: orElse(f.Parameters, string(f.JSONSchema))})
			}
		}
	}
	raw := orElse(r.Config.RawSchema, string(r.Config.RawJSONSchema))
	p.format.structured = r.Config.MIMEType == "application/json" || len(raw) > 0
	if len(raw) == 0 {
		return nil
	}
	p.format.schema = &schema{}
	return json.Unmarshal(raw, p.format.schema)
}

// choose narrows the tools to what toolConfig leaves.
func (r *geminiRequest) choose(p *prompt) *failure {
	var config struct {
		Calling struct {
			Mode string   `json:"mode"`
			Only []string `json:"allowedFunctionNames"`
		} `json:"functionCallingConfig"`
	}
	if len(r.RawToolConfig) > 0 && json.Unmarshal(r.RawToolConfig, &config) != nil {
		return badJSON()
	}
	return p.choose(toolChoice{none: config.Calling.Mode == "NONE", only: config.Calling.Only})
}

// countGemini serves countTokens, of contents or of a whole request.
func (s *Server) countGemini(x *exchange) {
	var request struct {
		RawContents json.RawMessage `json:"contents"`
		Whole       struct {
			RawContents json.RawMessage `json:"contents"`
		} `json:"generateContentRequest"`
	}
	if json.Unmarshal(camel(x.body, maxCamelDepth), &request) != nil {
		s.refuse(x, badJSON())
		return
	}
	if len(request.RawContents)+len(request.Whole.RawContents) == 0 {
		s.refuse(x, badRequest("", "contents: must not be empty"))
		return
	}
	n := tokens(len(x.body))
	s.reply(x, map[string]any{"totalTokens": n, "promptTokensDetails": []modalityCount{{Modality: "TEXT", Tokens: n}}})
}
