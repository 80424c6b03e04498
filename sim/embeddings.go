package sim

import (
	"encoding/json"
	"math"
)

// embeddingSize is the number of dimensions of an embedding.
const embeddingSize = 16

// embeddings serves OpenAI's form: each input gets a unit vector that depends
// on the seed and the input's JSON alone; it means nothing.
func (s *Server) embeddings(x *exchange) {
	var request struct {
		Model string          `json:"model"`
		Input json.RawMessage `json:"input"`
	}
	if json.Unmarshal(x.body, &request) != nil {
		s.refuse(x, badJSON())
		return
	}
	if len(request.Input) == 0 || string(request.Input) == "null" {
		s.refuse(x, badRequest("input", "missing required parameter: 'input'"))
		return
	}
	if request.Model == "" && len(x.vars) > 0 {
		request.Model = x.vars[0] // Azure's deployment
	}
	data := []map[string]any{}
	for i, input := range inputs(request.Input) {
		data = append(data, map[string]any{"object": "embedding", "index": i, "embedding": s.vector(string(input))})
	}
	n := tokens(len(request.Input))
	s.reply(x, map[string]any{
		"object": "list", "data": data, "model": s.reported(request.Model),
		"usage": map[string]int{"prompt_tokens": n, "total_tokens": n},
	})
}

// inputs is the entries of a list of texts or of token lists, or the one input
// itself.
func inputs(raw json.RawMessage) []json.RawMessage {
	var list []json.RawMessage
	if json.Unmarshal(raw, &list) != nil || len(list) == 0 || isNumber(list[0]) {
		return []json.RawMessage{raw}
	}
	return list
}

func isNumber(raw json.RawMessage) bool {
	var n float64
	return json.Unmarshal(raw, &n) == nil
}

// embedContent and batchEmbedContents serve Gemini's form.
func (s *Server) embedContent(x *exchange) {
	var one embedRequest
	if json.Unmarshal(x.body, &one) != nil {
		s.refuse(x, badJSON())
		return
	}
	s.reply(x, map[string]any{"embedding": s.embed(one)})
}

func (s *Server) batchEmbedContents(x *exchange) {
	var batch struct {
		Requests []embedRequest `json:"requests"`
	}
	if json.Unmarshal(x.body, &batch) != nil {
		s.refuse(x, badJSON())
		return
	}
	list := []any{}
	for _, one := range batch.Requests {
		list = append(list, s.embed(one))
	}
	s.reply(x, map[string]any{"embeddings": list})
}

type embedRequest struct {
	Content json.RawMessage `json:"content"`
}

func (s *Server) embed(r embedRequest) map[string]any {
	return map[string]any{"values": s.vector(string(r.Content))}
}

func (s *Server) vector(input string) []float64 {
	rng := source(s.Seed, "embedding", input)
	v, norm := make([]float64, embeddingSize), 0.
	for i := range v {
		v[i] = rng.NormFloat64()
		norm += v[i] * v[i]
	}
	for i := range v {
		v[i] /= math.Sqrt(norm)
	}
	return v
}
