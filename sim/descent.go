package sim

import (
	"encoding/json"
	"regexp"
	"strconv"
	"strings"
)

// maxSteps is the longest trajectory that is simulated.
const maxSteps = 10_000

// sizedModel is the name of a model that is an optimiser, with its number of
// parameters: quadratic-47k, quadratic-5m.
var sizedModel = regexp.MustCompile(`^quadratic-([0-9]+(?:\.[0-9]+)?)([kmb]?)$`)

// optimiserSize is the size in a model's name; false for any other model.
func optimiserSize(model string) (parameters float64, ok bool) {
	m := sizedModel.FindStringSubmatch(strings.ToLower(model))
	if m == nil {
		return 0, false
	}
	n, err := strconv.ParseFloat(m[1], 64)
	unit := map[string]float64{"": 1, "k": 1e3, "m": 1e6, "b": 1e9}[m[2]]
	return n * unit, err == nil
}

// A descent is a request for the next step of a trajectory.
type descent struct {
	optimiser *Optimiser
	// steps is how many were taken; at is where they led.
	steps int
	at    []float64
}

// A step is the text of an optimiser's answer.
type step struct {
	Synthetic bool      `json:"synthetic"`
	Step      int       `json:"step"`
	X         []float64 `json:"x"`
}

// descent reads what an optimiser is asked, nil if the model is none. The first
// user message holds the problem, every message of the model a step.
func (s *Server) descent(p *prompt) (*descent, *failure) {
	size, ok := optimiserSize(p.model)
	if !ok {
		return nil, nil
	}
	var problem Quadratic
	if err := firstObject(p.firstUser(), &problem); err != nil {
		return nil, badRequest("messages", "the first user message must hold a problem as JSON with a, b and start: %s", err)
	}
	optimiser, err := NewOptimiser(problem, size)
	if err != nil {
		return nil, badRequest("messages", "the problem: %s", err)
	}
	d := &descent{optimiser: optimiser, at: problem.Start}
	for _, m := range p.messages {
		if m.role != roleModel {
			continue
		}
		var taken step
		d.steps++
		if err := firstObject(m.text, &taken); err != nil || len(taken.X) != len(d.at) || !bounded(taken.X) {
			return nil, badRequest("messages", "answer %d of the model is no step to a point of %d numbers within ±%g", d.steps, len(d.at), maxEntry)
		}
		d.at = taken.X
	}
	if d.steps >= maxSteps {
		return nil, badRequest("messages", "more than %d steps", maxSteps)
	}
	return d, nil
}

// firstObject decodes the first JSON object in a text.
func firstObject(text string, into any) error {
	_, rest, _ := strings.Cut(text, "{")
	return json.NewDecoder(strings.NewReader("{" + rest)).Decode(into)
}

// descend answers with the next step, of each choice another one.
func (s *Server) descend(t *turn, d *descent) {
	t.Request.ID, t.Request.Step = "o-"+digestOf("optimiser", t.prompt.firstUser()).String()[:12], d.steps
	number, differ := d.steps+1, 1. // two draws of a normal variable always do
	bias2, variance := d.optimiser.Bias2(number), d.optimiser.Variance(number)
	for i := range t.prompt.choices {
		rng := source(s.Seed, t.from.and("choice", strconv.Itoa(i))...)
		text := encode(step{Synthetic: true, Step: number, X: d.optimiser.Next(rng, number, d.at)})
		made := sample{text: text, truth: drawn{key: text, disagreement: &differ, bias2: &bias2, variance: &variance}}
		if made.reasoning = s.Reasoning.tokens(rng, true); t.prompt.mute {
			made.reasoning = 0
		}
		if s.Reasoning.Show {
			made.thoughts = thoughts(rng, made.reasoning)
		}
		t.samples = append(t.samples, made)
	}
}
