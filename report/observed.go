package report

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"

	"hotmess/monitor"
)

const (
	// observedSet is the data set of recorded observations: their task is the
	// route, their condition the kind.
	observedSet = "observations"
	// pinned is added to the kind of requests whose client pinned the
	// randomness: a stratum of their own.
	pinned = ", pinned"
)

// Observed collects recorded observations and their labels. Labels may come
// before or after what they are of.
type Observed struct {
	byID   map[string]int
	all    []monitor.Observation
	labels map[string][]monitor.Label
	count  int
	// Repeated counts observations that came twice, as events may.
	Repeated int
}

func newObserved() *Observed {
	return &Observed{byID: map[string]int{}, labels: map[string][]monitor.Label{}}
}

// observation takes one observation.
func (o *Observed) observation(text []byte) error {
	var m monitor.Observation
	if err := json.Unmarshal(text, &m); err != nil {
		return explain(err)
	}
	switch {
	case m.V != monitor.SchemaVersion:
		return fmt.Errorf("v is %d; this version reads %d", m.V, monitor.SchemaVersion)
	case m.ID == "":
		return errors.New("id is empty")
	case math.IsNaN(m.Inclusion) || m.Inclusion < 0 || m.Inclusion > 1:
		return fmt.Errorf("inclusion is %g, not in 0..1", m.Inclusion)
	}
	if _, ok := o.byID[m.ID]; ok {
		o.Repeated++
		return nil
	}
	if len(o.all) >= maxObservations {
		return fmt.Errorf("%w: more than %d observations; report on fewer files at a time", errFull, maxObservations)
	}
	o.byID[m.ID] = len(o.all)
	o.all = append(o.all, trimmed(m))
	return nil
}

// trimmed leaves out what no figure rests on, to keep more observations.
func trimmed(m monitor.Observation) monitor.Observation {
	kept := monitor.Observation{
		ID: m.ID, Time: m.Time, Route: m.Route, Conversation: m.Conversation, Kind: m.Kind, Headline: m.Headline, Pinned: m.Pinned,
		Inclusion: m.Inclusion, Drawn: m.Drawn, Reason: m.Reason, Differ: m.Differ, Deep: m.Deep, Escalated: m.Escalated, Vote: m.Vote, Actions: m.Actions,
		Similarity: m.Similarity, Unrelated: m.Unrelated,
	}
	for _, s := range m.Samples {
		keys := map[string]string{}
		if k, ok := s.Keys[m.Headline]; ok {
			keys[m.Headline] = k
		}
		kept.Samples = append(kept.Samples, monitor.SampleRecord{Number: s.Number, Missing: s.Missing, Keys: keys, Reasoning: s.Reasoning, Output: s.Output, Context: s.Context})
	}
	return kept
}

// label takes one label.
func (o *Observed) label(text []byte) error {
	l, err := monitor.ParseLabel(text)
	if err != nil {
		return fmt.Errorf("read label: %w", err)
	}
	if o.count >= maxObservations {
		return fmt.Errorf("%w: more than %d labels; report on fewer files at a time", errFull, maxObservations)
	}
	o.count++
	o.labels[l.Request] = append(o.labels[l.Request], l)
	return nil
}

// conversation is what the observation is dependent with; itself if that is
// unknown.
func conversation(m *monitor.Observation) string {
	if m.Conversation == "" {
		return m.ID
	}
	return m.Conversation
}

// kindOf names the stratum.
func kindOf(m *monitor.Observation) string {
	if m.Pinned {
		return m.Kind + pinned
	}
	return m.Kind
}
