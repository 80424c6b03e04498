package sim

import (
	"encoding/json"
	"math"
)

// embeddingSize is the number of dimensions of an embedding.
const embeddingSize = 16

type modelEntry struct {
	ID      string `json:"id"`
	Object  string `json:"object"`
	Created int64  `json:"created"`
	OwnedBy string `json:"owned_by"`
}

// models lists the simulated model, or those of the replayed data.
func (s *Server) models(x *exchange) {
	ids := []string{DefaultModel}
	switch {
	case s.Replay != nil:
		ids = s.Replay.Models()
	case s.Model != "":
		ids = []string{s.Model}
	}
	data := []modelEntry{}
	for _, id := range ids {
		data = append(data, modelEntry{ID: id, Object: "model", OwnedBy: "simulated"})
	}
	s.reply(x, map[string]any{"object": "list", "data": data})
}

// embeddings gives each input a unit vector that depends on the seed and the
// input's JSON alone; it means nothing.
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
