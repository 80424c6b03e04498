package monitor

import (
	"errors"
	"fmt"
	"maps"
)

// delivered stands for the sample that the client got where a vote chose it:
// the winner is no random sample, so it is told apart from its number.
const delivered = -1

// verdicts are what labels have said of one request so far. Of several forms
// the right answer goes before tests, and tests before outcomes.
type verdicts struct {
	// Key is the HMAC of the right answer.
	Key string `json:"key,omitempty"`
	// Outcomes and Tests are by launch number or delivered; tests as 0 and 1.
	Outcomes map[int]bool   `json:"outcomes,omitempty"`
	Tests    map[int]string `json:"tests,omitempty"`
}

// A change is what a label does to what was said before.
type change int

const (
	changeNew      change = iota
	changeRepeated        // it says the same again
	changeReplaced        // it contradicts: the one that arrives last counts
)

// with gives the verdicts after one more label, whose Answer is its Key by
// now, and leaves v as it is.
func (v verdicts) with(o *Observation, l Label) (verdicts, change, error) {
	if l.Key != "" {
		if o.Kind != KindAnswer && o.Kind != KindStructured {
			return v, changeNew, fmt.Errorf("answer: replies of kind %s are not compared as answers, send outcome", o.Kind)
		}
		next := v
		next.Key = l.Key
		return next, changeOf(v.Key != "", v.Key == l.Key), nil
	}
	sample, err := labelledSample(o, l)
	if err != nil {
		return v, changeNew, err
	}
	next := verdicts{Key: v.Key, Outcomes: maps.Clone(v.Outcomes), Tests: maps.Clone(v.Tests)}
	if l.Tests == nil {
		if next.Outcomes == nil {
			next.Outcomes = map[int]bool{}
		}
		old, had := next.Outcomes[sample]
		next.Outcomes[sample] = l.Outcome == Pass
		return next, changeOf(had, old == (l.Outcome == Pass)), nil
	}
	says := l.says()
	for _, other := range v.Tests {
		if len(other) != len(says) {
			return v, changeNew, fmt.Errorf("tests: %d outcomes, but an earlier label of this request has %d: all have to be of the same tests", len(says), len(other))
		}
	}
	if next.Tests == nil {
		next.Tests = map[int]string{}
	}
	old, had := next.Tests[sample]
	next.Tests[sample] = says
	return next, changeOf(had, old == says), nil
}

func changeOf(had, same bool) change {
	switch {
	case !had:
		return changeNew
	case same:
		return changeRepeated
	}
	return changeReplaced
}

// errNoReply refuses labels of a reply that nobody has.
var errNoReply = errors.New("request: it has no whole reply that could be right or wrong")

// labelledSample is the sample that an outcome or tests are of.
func labelledSample(o *Observation, l Label) (int, error) {
	if l.Sample == nil && o.Vote != nil {
		return delivered, nil
	}
	number := 0
	if l.Sample != nil {
		number = *l.Sample
	}
	s := o.sample(number)
	switch {
	case s == nil && l.Sample == nil:
		return 0, errNoReply
	case s == nil:
		return 0, fmt.Errorf("sample: %d, but the request has %d samples, counted from 0", number, len(o.Samples))
	case s.Missing != "" && l.Sample == nil:
		return 0, fmt.Errorf("%w (%s)", errNoReply, s.Missing)
	case s.Missing != "":
		return 0, fmt.Errorf("sample: %d has no whole reply (%s)", number, s.Missing)
	}
	return number, nil
}

// sample finds a sample by launch number; nil if there is none.
func (o *Observation) sample(number int) *SampleRecord {
	for i := range o.Samples {
		if o.Samples[i].Number == number {
			return &o.Samples[i]
		}
	}
	return nil
}

// scale names the unit in which the error of the request is counted; requests
// of different scales are never pooled.
func (v verdicts) scale() string {
	if v.Key == "" && len(v.Tests) > 0 {
		return scaleTests
	}
	return scaleAnswers
}

// The scales of labelled figures.
const (
	// scaleAnswers is the Brier score of an answer, 0..2.
	scaleAnswers = "answers"
	// scaleTests is the mean over tests, 0..1 (coverage error).
	scaleTests = "tests"
)
