package sim

// A chunk is one event of a stream.
type chunk struct {
	ID          string        `json:"id"`
	Object      string        `json:"object"`
	Created     int64         `json:"created"`
	Model       string        `json:"model"`
	Tier        string        `json:"service_tier"`
	Fingerprint string        `json:"system_fingerprint"`
	Choices     []deltaChoice `json:"choices"`
}

// A countedChunk is an event of a stream whose client asked for usage, which
// is null in all but the last.
type countedChunk struct {
	chunk
	Usage *usage `json:"usage"`
}

type deltaChoice struct {
	Index        int       `json:"index"`
	Delta        delta     `json:"delta"`
	Logprobs     *logprobs `json:"logprobs"`
	FinishReason *string   `json:"finish_reason"`
}

type delta struct {
	Role      string      `json:"role,omitempty"`
	Content   *string     `json:"content,omitempty"`
	Reasoning string      `json:"reasoning_content,omitempty"`
	Refusal   *string     `json:"refusal,omitempty"`
	ToolCalls []callDelta `json:"tool_calls,omitempty"`
}

type callDelta struct {
	Index    int    `json:"index"`
	ID       string `json:"id,omitempty"`
	Type     string `json:"type,omitempty"`
	Function struct {
		Name      string `json:"name,omitempty"`
		Arguments string `json:"arguments"`
	} `json:"function"`
}

// stream lets the choices take turns.
func (f chatForm) stream(t *turn) stream {
	head := chunk{
		ID: "chatcmpl-" + t.id(), Object: "chat.completion.chunk", Created: t.created(),
		Model: t.model(), Tier: "default", Fingerprint: fingerprint, Choices: []deltaChoice{},
	}
	cuts := t.cutter()
	tracks := make([][]deltaChoice, len(t.samples))
	for i := range t.samples {
		tracks[i] = f.deltas(t, i, cuts)
	}
	made := stream{contentType: eventStream}
	for _, d := range interleave(tracks) {
		one := head
		one.Choices = []deltaChoice{d}
		made.parts = append(made.parts, f.event(one, nil))
	}
	if f.usage {
		u := chatUsage(t)
		made.parts = append(made.parts, f.event(head, &u))
	}
	made.parts = append(made.parts, part{before: "data: ", data: "[DONE]", after: "\n\n"})
	return made
}

// breakdown is an error instead of the next chunk.
func (chatForm) breakdown(*turn, int) []part {
	return []part{event("", map[string]openAIError{"error": serverError().openAI()})}
}

func (f chatForm) event(c chunk, u *usage) part {
	if f.usage {
		return event("", countedChunk{chunk: c, Usage: u})
	}
	return event("", c)
}

// deltas is the events of one choice.
func (f chatForm) deltas(t *turn, index int, cuts cutter) []deltaChoice {
	a, empty := t.samples[index], ""
	list := []deltaChoice{{Delta: delta{Role: "assistant", Content: &empty}}}
	for _, piece := range cuts.cut(a.thoughts) {
		list = append(list, deltaChoice{Delta: delta{Reasoning: piece}})
	}
	list = append(list, f.textDeltas(t, index, cuts)...)
	var calls [][]deltaChoice
	for i, c := range a.calls {
		calls = append(calls, callDeltas(c, i, "call_"+t.callID(index, i), cuts))
	}
	list = append(list, interleave(calls)...)
	finish := chatFinish(a)
	list = append(list, deltaChoice{FinishReason: &finish})
	for i := range list {
		list[i].Index = index
	}
	return list
}

// textDeltas is the events of a text or refusal: pieces of it, or, with their
// log probabilities, its tokens.
func (f chatForm) textDeltas(t *turn, index int, cuts cutter) []deltaChoice {
	a := t.samples[index]
	var list []deltaChoice
	if all := f.probabilities(t, index); all != nil {
		for _, one := range all.Content {
			list = append(list, deltaChoice{Delta: delta{Content: &one.Token}, Logprobs: &logprobs{Content: []tokenProb{one}}})
		}
		for _, one := range all.Refusal {
			list = append(list, deltaChoice{Delta: delta{Refusal: &one.Token}, Logprobs: &logprobs{Refusal: []tokenProb{one}}})
		}
		return list
	}
	for _, piece := range cuts.cut(a.text) {
		list = append(list, deltaChoice{Delta: delta{Content: &piece}})
	}
	for _, piece := range cuts.cut(a.refusal) {
		list = append(list, deltaChoice{Delta: delta{Refusal: &piece}})
	}
	return list
}

// callDeltas is the fragments of one tool call: its head, then its arguments.
func callDeltas(c call, index int, id string, cuts cutter) []deltaChoice {
	head := callDelta{Index: index, ID: id, Type: "function"}
	head.Function.Name = c.Name
	list := []deltaChoice{{Delta: delta{ToolCalls: []callDelta{head}}}}
	for _, piece := range cuts.cut(c.Arguments) {
		fragment := callDelta{Index: index}
		fragment.Function.Arguments = piece
		list = append(list, deltaChoice{Delta: delta{ToolCalls: []callDelta{fragment}}})
	}
	return list
}
