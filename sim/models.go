package sim

import (
	"net/http"
	"slices"
)

// released is when all simulated models came out, by their lists.
const released = "2026-01-01T00:00:00Z"

// asMarked tells from the headers whose the path is, where several providers
// have the same.
func asMarked(r *http.Request) provider {
	switch {
	case r.Header.Get("Anthropic-Version") != "":
		return anthropic{}
	case r.Header.Get("X-Goog-Api-Key") != "":
		return gemini{}
	}
	return openAI{}
}

// listed is the simulated model, or those of the replayed data.
func (s *Server) listed() []string {
	switch {
	case s.Replay != nil:
		return s.Replay.Models()
	case s.Model != "":
		return []string{s.Model}
	}
	return []string{DefaultModel}
}

// models serves the list of models in the form of whose it is.
func (s *Server) models(x *exchange) {
	ids := s.listed()
	entries := make([]any, len(ids))
	for i, id := range ids {
		entries[i] = modelEntry(x.provider, id)
	}
	switch x.provider.(type) {
	case anthropic:
		s.reply(x, map[string]any{"data": entries, "has_more": false, "first_id": ids[0], "last_id": ids[len(ids)-1]})
	case gemini:
		s.reply(x, map[string]any{"models": entries})
	default:
		s.reply(x, map[string]any{"object": "list", "data": entries})
	}
}

// model serves one entry of the list.
func (s *Server) model(x *exchange) {
	id := x.vars[0]
	if !slices.Contains(s.listed(), id) {
		s.refuse(x, notFound("model_not_found", "no model '%s' is simulated", id))
		return
	}
	s.reply(x, modelEntry(x.provider, id))
}

func modelEntry(p provider, id string) any {
	switch p.(type) {
	case anthropic:
		return map[string]any{"type": "model", "id": id, "display_name": id, "created_at": released}
	case gemini:
		return map[string]any{
			"name": "models/" + id, "version": "simulated", "displayName": id,
			"inputTokenLimit": 1 << 20, "outputTokenLimit": 1 << 16,
			"supportedGenerationMethods": []string{"generateContent", "countTokens", "embedContent"},
		}
	}
	return map[string]any{"id": id, "object": "model", "created": 0, "owned_by": "simulated"}
}
