package sim

import (
	"net/http"
	"time"
	"unicode/utf8"
)

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
	Index        int     `json:"index"`
	Delta        delta   `json:"delta"`
	Logprobs     *string `json:"logprobs"`
	FinishReason *string `json:"finish_reason"`
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

// stream sends a turn as server-sent events.
func (s *Server) stream(w http.ResponseWriter, r *http.Request, t *turn, perToken time.Duration) {
	w.Header().Set("Content-Type", "text/event-stream; charset=utf-8")
	w.Header().Set("Cache-Control", "no-cache")
	events := s.events(t)
	visible := longest(t.samples, sample.visible)
	pause := perToken * time.Duration(visible) / time.Duration(len(events))
	for i, event := range events {
		s.sleep(r.Context(), pause)
		if r.Context().Err() != nil {
			return
		}
		if i == len(events)/2 && !s.halfway(w, r, t, &event) {
			return
		}
		s.send(w, t, "data: "+event+"\n\n")
	}
	s.send(w, t, "data: [DONE]\n\n")
}

// halfway lets the faults of a stream happen before its middle event; false
// ends the stream.
func (s *Server) halfway(w http.ResponseWriter, r *http.Request, t *turn, event *string) bool {
	switch t.fault {
	case cut:
		breakOff(w)
	case stall:
		<-r.Context().Done()
		return false
	case malformed:
		*event = (*event)[:len(*event)/2]
	}
	return true
}

// send writes one event: at once, or in up to three pieces if Chunk is 0.
func (s *Server) send(w http.ResponseWriter, t *turn, event string) {
	for s.Chunk <= 0 && len(event) > 1 && t.rng.IntN(3) > 0 {
		at := 1 + t.rng.IntN(len(event)-1)
		_, _ = w.Write([]byte(event[:at]))
		flush(w)
		event = event[at:]
	}
	// A client that is gone ends the request's context, seen before the next.
	_, _ = w.Write([]byte(event))
	flush(w)
}

// events is the JSON texts of a stream, without the end mark. The choices take
// turns.
func (s *Server) events(t *turn) []string {
	head := chunk{
		ID: "chatcmpl-" + hexID(t.rng), Object: "chat.completion.chunk", Created: s.now().Unix(),
		Model: s.reported(t.prompt.Model), Tier: "default", Fingerprint: fingerprint, Choices: []deltaChoice{},
	}
	tracks := make([][]deltaChoice, len(t.samples))
	for i, a := range t.samples {
		tracks[i] = s.deltas(a, i, t)
	}
	var texts []string
	for _, d := range interleave(tracks) {
		event := head
		event.Choices = []deltaChoice{d}
		texts = append(texts, t.encodeChunk(event, nil))
	}
	if t.prompt.StreamOptions.IncludeUsage {
		u := usageOf(t)
		texts = append(texts, t.encodeChunk(head, &u))
	}
	return texts
}

func (t *turn) encodeChunk(c chunk, u *usage) string {
	if t.prompt.StreamOptions.IncludeUsage {
		return encode(countedChunk{chunk: c, Usage: u})
	}
	return encode(c)
}

// deltas is the events of one choice.
func (s *Server) deltas(a sample, index int, t *turn) []deltaChoice {
	empty := ""
	list := []delta{{Role: "assistant", Content: &empty}}
	for _, piece := range s.pieces(a.thoughts, t) {
		list = append(list, delta{Reasoning: piece})
	}
	for _, piece := range s.pieces(a.text, t) {
		list = append(list, delta{Content: &piece})
	}
	for _, piece := range s.pieces(a.refusal, t) {
		list = append(list, delta{Refusal: &piece})
	}
	var calls [][]delta
	for i, c := range a.calls {
		calls = append(calls, s.callDeltas(c, i, t))
	}
	list = append(list, interleave(calls)...)
	made := make([]deltaChoice, 0, len(list)+1)
	for _, d := range list {
		made = append(made, deltaChoice{Index: index, Delta: d})
	}
	finish := a.finish()
	return append(made, deltaChoice{Index: index, FinishReason: &finish})
}

// callDeltas is the fragments of one tool call: its head, then its arguments.
func (s *Server) callDeltas(c call, index int, t *turn) []delta {
	head := callDelta{Index: index, ID: callID(t.rng), Type: "function"}
	head.Function.Name = c.Name
	list := []delta{{ToolCalls: []callDelta{head}}}
	for _, piece := range s.pieces(c.Arguments, t) {
		fragment := callDelta{Index: index}
		fragment.Function.Arguments = piece
		list = append(list, delta{ToolCalls: []callDelta{fragment}})
	}
	return list
}

// pieces cuts a text between runes, see Chunk: an event is JSON, which cannot
// hold half a rune.
func (s *Server) pieces(text string, t *turn) []string {
	var list []string
	for text != "" {
		runes, at := s.Chunk, 0
		if runes <= 0 {
			runes = 1 + t.rng.IntN(7)
		}
		for ; runes > 0 && at < len(text); runes-- {
			_, size := utf8.DecodeRuneInString(text[at:])
			at += size
		}
		list = append(list, text[:at])
		text = text[at:]
	}
	return list
}

// interleave takes one item of each track in turn.
func interleave[T any](tracks [][]T) []T {
	var all []T
	for i := 0; ; i++ {
		before := len(all)
		for _, track := range tracks {
			if i < len(track) {
				all = append(all, track[i])
			}
		}
		if len(all) == before {
			return all
		}
	}
}
