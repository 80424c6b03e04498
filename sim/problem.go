package sim

import "math/rand/v2"

// A problem is what a prompt asks, with the answers that the model may give.
type problem struct {
	// id names the task or question; step counts the tool results of a task.
	id   string
	step int
	// wrongCalls counts wrong tool calls in the conversation.
	wrongCalls int
	// tree is what the right call of a destructive step deletes.
	tree  string
	right content
	// wrong answers differ from right and from each other by key.
	wrong []content
}

// A content is what an answer says, before it is phrased.
type content struct {
	// key is equal for answers that mean the same.
	key string
	// result stands in the final line of a text; verbatim is a whole text
	// that is not phrased.
	result, verbatim string
	// calls, whose free text is filled when phrased.
	calls  []planned
	refuse bool
	// stray means that each sample makes the first call with a tree of its
	// own, so that no two of them are the same.
	stray bool
}

// planned is a tool call up to its free text: from leads to the arguments that
// identify it.
type planned struct {
	tool offered
	from names
	// tree is what the call deletes; empty: nothing.
	tree string
}

// tree is what the first call of c deletes.
func (c content) tree() string {
	if len(c.calls) == 0 {
		return ""
	}
	return c.calls[0].tree
}

// An outcome is one content with its probability.
type outcome struct {
	content
	p     float64
	right bool
}

// A distribution is the outcomes of one request; their probabilities add up
// to 1.
type distribution []outcome

// spread gives the outcomes of a problem at an accuracy: refusals first, the
// rest shared by the right answer and, Zipf, the wrong ones. Without wrong
// answers the right one takes all.
func (q problem) spread(accuracy, refusals float64) distribution {
	if len(q.wrong) == 0 {
		accuracy = 1
	}
	d := distribution{{content: q.right, p: (1 - refusals) * accuracy, right: true}}
	harmonic := 0.
	for i := range q.wrong {
		harmonic += 1 / float64(i+1)
	}
	for i, c := range q.wrong {
		d = append(d, outcome{content: c, p: (1 - refusals) * (1 - accuracy) / float64(i+1) / harmonic})
	}
	return append(d, outcome{content: content{key: "refusal", refuse: true}, p: refusals})
}

// disagreement is the probability that two independent answers differ:
// 1 − Σp², in which no two strays are the same.
func (d distribution) disagreement() float64 {
	same := 0.
	for _, o := range d {
		if !o.stray {
			same += o.p * o.p
		}
	}
	return 1 - same
}

// pRight is the probability of the right answer.
func (d distribution) pRight() float64 { return d[0].p }

// draw picks one outcome.
func (d distribution) draw(rng *rand.Rand) outcome {
	u := rng.Float64()
	for _, o := range d {
		if u -= o.p; u < 0 {
			return o
		}
	}
	return d[0] // only by rounding, where the last p is 0
}

// distinct collects up to limit contents whose keys differ from right's and
// from each other's. It asks for at most 8 × limit candidates.
func distinct(right content, limit int, candidate func(try int) content) []content {
	seen := map[string]bool{right.key: true}
	var found []content
	for try := 0; len(found) < limit && try < 8*limit; try++ {
		if c := candidate(try); !seen[c.key] {
			seen[c.key] = true
			found = append(found, c)
		}
	}
	return found
}

// problem reads what p asks.
func (s *Server) problem(p *prompt) problem {
	switch {
	case len(p.tools) > 0:
		return s.taskProblem(p)
	case p.format.structured:
		return s.structuredProblem(p)
	}
	return s.questionProblem(p.lastUser())
}

// wrongs is the largest number of distinct wrong answers.
func (s *Server) wrongs() int {
	if s.Wrong <= 0 {
		return DefaultWrong
	}
	return s.Wrong
}
