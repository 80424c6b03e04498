package sim

import (
	"strconv"
	"strings"
)

// maxListed is how many models an error lists.
const maxListed = 5

// find is the recorded question that a prompt asks of its model.
func (p *Replay) find(asked *prompt) (*record, *failure) {
	of := p.models[asked.model]
	if of == nil {
		known := p.Models()
		return nil, notFound("model_not_found",
			"no samples of the model %q are recorded; recorded are, of %d: %s",
			asked.model, len(known), strings.Join(known[:min(len(known), maxListed)], ", "))
	}
	r := of.find(asked.lastUser())
	if r == nil {
		return nil, notFound("question_not_found",
			"the last user message holds no question that is recorded of the model %q", asked.model)
	}
	return r, nil
}

// deal draws the recorded samples of one request, without replacement within
// a round of the prompt's deck. The caller holds the lock.
func (s *Server) deal(v *visits, hash digest, from *record, choices int) []int {
	if from == nil {
		return nil
	}
	rng := source(s.Seed, visit(hash, v.requests).and("deal")...)
	cards := make([]int, choices)
	for i := range cards {
		cards[i] = v.deck.deal(rng, len(from.Samples))
	}
	return cards
}

// replay answers with recorded samples.
func (s *Server) replay(t *turn, cards []int) {
	r := t.prompt.recorded
	t.Request.ID = r.ID
	disagreement := r.disagreement()
	for i, card := range cards {
		made := s.phrased(r.Samples[card].content(), t.from.and("choice", strconv.Itoa(i)))
		made.reasoning = r.Samples[card].reasoning()
		made.truth = drawn{
			key: r.Samples[card].key(), right: r.Samples[card].Correct,
			pRight: r.accuracy(), disagreement: disagreement,
		}
		t.samples = append(t.samples, made)
	}
}

// content is what a recorded sample says: its text, or its answer in prose.
func (s recorded) content() content {
	switch {
	case s.Text != "":
		return content{verbatim: s.Text}
	case s.Answer == nil:
		return content{verbatim: "I went through the cases and could not settle on any of them."}
	}
	return content{result: *s.Answer}
}

// reasoning is the length in tokens: output_tokens where recorded, else
// reasoning_chars / 4, rounded up.
func (s recorded) reasoning() int {
	if s.OutputTokens > 0 {
		return s.OutputTokens
	}
	return tokens(s.ReasoningChars)
}
