package sim

import (
	"encoding/json"
	"strconv"
)

// A geminiForm is how a request to generate content wants its answer.
type geminiForm struct {
	// thoughts are to be told.
	thoughts bool
	// array: a stream is one JSON array, not server-sent events.
	array bool
}

// A geminiReply is a reply, or what one part of a stream tells of it.
type geminiReply struct {
	Candidates []geminiCandidate `json:"candidates,omitempty"`
	Feedback   *promptFeedback   `json:"promptFeedback,omitempty"`
	Usage      geminiUsage       `json:"usageMetadata"`
	Version    string            `json:"modelVersion"`
	ID         string            `json:"responseId"`
}

type geminiCandidate struct {
	Content *geminiContent `json:"content,omitempty"`
	Finish  string         `json:"finishReason,omitempty"`
	Ratings []safetyRating `json:"safetyRatings,omitempty"`
	Index   int            `json:"index"`
}

type promptFeedback struct {
	BlockReason string         `json:"blockReason"`
	Ratings     []safetyRating `json:"safetyRatings,omitempty"`
}

type safetyRating struct {
	Category    string `json:"category"`
	Probability string `json:"probability"`
	Blocked     bool   `json:"blocked,omitempty"`
}

type geminiUsage struct {
	Prompt        int             `json:"promptTokenCount"`
	Cached        int             `json:"cachedContentTokenCount,omitempty"`
	Candidates    int             `json:"candidatesTokenCount,omitempty"`
	Thoughts      int             `json:"thoughtsTokenCount,omitempty"`
	Total         int             `json:"totalTokenCount"`
	PromptDetails []modalityCount `json:"promptTokensDetails"`
}

type modalityCount struct {
	Modality string `json:"modality"`
	Tokens   int    `json:"tokenCount"`
}

func (f geminiForm) whole(t *turn) string {
	r := geminiHead(t)
	if r.Feedback == nil {
		for i := range t.samples {
			r.Candidates = append(r.Candidates, f.candidate(t, i))
		}
	}
	r.Usage = geminiUsageOf(t)
	return encode(r)
}

// geminiHead is what all parts of a reply have in common. A refusal is one of
// the prompt as a whole, where it is drawn so and only one answer is asked
// for; else the candidate is stopped.
func geminiHead(t *turn) geminiReply {
	r := geminiReply{Version: t.model(), ID: t.id(), Usage: promptUsage(t)}
	if len(t.samples) == 1 && t.samples[0].refusal != "" && t.source("block").IntN(2) == 0 {
		r.Feedback = &promptFeedback{BlockReason: "PROHIBITED_CONTENT"}
	}
	return r
}

func (f geminiForm) candidate(t *turn, index int) geminiCandidate {
	c := stopped(t, index)
	if parts := f.parts(t, index); len(parts) > 0 {
		c.Content = &geminiContent{Role: "model", Parts: parts}
	}
	return c
}

// stopped is a candidate without its content.
func stopped(t *turn, index int) geminiCandidate {
	c := geminiCandidate{Index: index, Finish: "STOP"}
	switch t.samples[index].ending() {
	case short:
		c.Finish = "MAX_TOKENS"
	case refusing:
		c.Finish = "SAFETY"
		c.Ratings = []safetyRating{{Category: "HARM_CATEGORY_DANGEROUS_CONTENT", Probability: "HIGH", Blocked: true}}
	}
	return c
}

// parts is the content of one answer: its thoughts, then its text or calls.
func (f geminiForm) parts(t *turn, index int) []geminiPart {
	a := t.samples[index]
	var list []geminiPart
	if f.thoughts && a.thoughts != "" {
		list = append(list, geminiPart{Text: &a.thoughts, Thought: true})
	}
	if a.text != "" {
		list = append(list, geminiPart{Text: &a.text, Signature: signature(t, index, "")})
	}
	for i, c := range a.calls {
		made := geminiPart{Call: &geminiCall{ID: t.callID(index, i)[:16], Name: c.Name, Args: json.RawMessage(c.Arguments)}}
		if i == 0 { // of calls at once, only the first is signed
			made.Signature = signature(t, index, c.Name)
		}
		list = append(list, made)
	}
	return list
}

// signature is that of the thoughts that led to a text or a call; a model that
// did not think has none.
func signature(t *turn, index int, function string) string {
	if t.samples[index].reasoning == 0 {
		return ""
	}
	return t.server.seal(t.id()+strconv.Itoa(index), "thought", function)
}

// promptUsage counts the prompt alone.
func promptUsage(t *turn) geminiUsage {
	n := tokens(t.prompt.size)
	return geminiUsage{Prompt: n, Cached: t.cached, Total: n, PromptDetails: []modalityCount{{Modality: "TEXT", Tokens: n}}}
}

// geminiUsageOf counts tokens like chatUsage; thoughts are apart from the rest
// of the output, and what is refused has none.
func geminiUsageOf(t *turn) geminiUsage {
	u := promptUsage(t)
	for _, a := range t.samples {
		u.Thoughts += a.reasoning
		if a.refusal == "" {
			u.Candidates += a.visible()
		}
	}
	u.Total += u.Thoughts + u.Candidates
	return u
}
