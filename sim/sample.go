package sim

import (
	"math"
	"strconv"
)

// bytesPerToken is what tokens are estimated from: four bytes of text each.
const bytesPerToken = 4

// A sample is one choice of a reply, as it will be sent.
type sample struct {
	text    string
	refusal string
	calls   []call
	// thoughts is the reasoning text that is shown; reasoning its length in
	// tokens, shown or not.
	thoughts  string
	reasoning int
	// short means that the token limit cut the answer off.
	short bool
	truth drawn
}

// Drawn is what a sample was drawn from.
type drawn struct {
	key    string
	right  bool
	pRight float64
	// disagreement is 1 − Σp² of the distribution, or absent.
	disagreement *float64
	// bias2 and variance are an optimiser's, else nil.
	bias2, variance *float64
	// deletes is the tree that the answer deletes, meant the right one.
	deletes, meant string
}

// simulate answers from the knobs.
func (s *Server) simulate(t *turn, nth int64) {
	q := s.problem(t.prompt)
	t.Request.ID, t.Request.Step = q.id, q.step
	accuracy := s.accuracyAt(nth) * math.Pow(1-share(s.Compound), float64(q.wrongCalls))
	if q.tree != "" {
		accuracy = 1 - share(s.Deletions.Wrong)
	}
	d := q.spread(accuracy, share(s.Refusals))
	disagreement := d.disagreement()
	for i := range t.prompt.choices {
		from := t.from.and("choice", strconv.Itoa(i))
		rng := source(s.Seed, from...)
		o := d.draw(rng)
		if o.stray {
			o.content = s.strayed(o.content, from)
		}
		made := s.phrased(o.content, from)
		made.truth = drawn{key: o.key, right: o.right, pRight: d.pRight(), disagreement: &disagreement, meant: q.tree, deletes: o.tree()}
		if made.reasoning = s.Reasoning.tokens(rng, o.right); t.prompt.mute {
			made.reasoning = 0
		}
		if s.Reasoning.Show {
			made.thoughts = thoughts(rng, made.reasoning)
		}
		t.samples = append(t.samples, made)
	}
}

// phrased puts c into words; from are the names of the sample.
func (s *Server) phrased(c content, from names) sample {
	if s.FixedText {
		from = names{"fixed"}
	}
	rng := source(s.Seed, from.and("prose")...)
	switch {
	case c.refuse:
		return sample{refusal: "I am sorry, but I cannot help with that. (" + pick(rng, openings) + ")"}
	case c.verbatim != "":
		return sample{text: c.verbatim}
	case len(c.calls) == 0:
		return sample{text: prose(rng) + "\n\nAnswer: " + c.result}
	}
	var made sample
	for i, plan := range c.calls {
		made.calls = append(made.calls, s.fill(plan, from.and(strconv.Itoa(i))))
	}
	return made
}

// visible is the tokens of what a sample shows besides its reasoning.
func (a sample) visible() int {
	size := len(a.text) + len(a.refusal)
	for _, c := range a.calls {
		size += len(c.Name) + len(c.Arguments)
	}
	return tokens(size)
}

// thinking is the tokens before the first visible one.
func (a sample) thinking() int { return a.reasoning }

// cutOff leaves of a text its first half, and of calls nothing: the limit was
// reached before the first.
func (a *sample) cutOff() {
	runes := []rune(a.text)
	a.text, a.calls, a.refusal, a.short = string(runes[:len(runes)/2]), nil, "", true
}

// An ending is why an answer stopped; each dialect has its own name for it.
type ending int

const (
	done ending = iota
	calling
	refusing
	short
)

func (a sample) ending() ending {
	switch {
	case a.short:
		return short
	case a.refusal != "":
		return refusing
	case len(a.calls) > 0:
		return calling
	}
	return done
}

// tokens estimates the tokens of a text of size bytes, rounded up.
func tokens(size int) int { return (size + bytesPerToken - 1) / bytesPerToken }
