package sim

import (
	"cmp"
	"errors"
	"fmt"
)

// Validate names every knob that is out of its range, all in one error. names
// tells what knobs are called where they were set, as flags are; those that are
// not in it, and all with nil, go by the names of their fields.
func (s *Server) Validate(names map[string]string) error {
	called := func(knob string) string { return cmp.Or(names[knob], knob) }
	f := s.Faults
	var problems []error
	for _, knob := range []struct {
		name  string
		value float64
	}{
		{"Accuracy", s.Accuracy},
		{"TurnTo", s.TurnTo},
		{"Compound", s.Compound},
		{"Refusals", s.Refusals},
		{"Deletions.Wrong", s.Deletions.Wrong},
		{"Reasoning.Redacted", s.Reasoning.Redacted},
		{"Latency.Jitter", s.Latency.Jitter},
		{"Faults.RateLimited", f.RateLimited},
		{"Faults.ServerError", f.ServerError},
		{"Faults.Cut", f.Cut},
		{"Faults.Stall", f.Stall},
		{"Faults.Slow", f.Slow},
		{"Faults.Malformed", f.Malformed},
		{"Faults.Overloaded", f.Overloaded},
		{"Faults.Failed", f.Failed},
		{"Faults.Length", f.Length},
		{"the sum of Faults", f.RateLimited + f.ServerError + f.Cut + f.Stall + f.Slow + f.Malformed + f.Overloaded + f.Failed + f.Length},
	} {
		if !(knob.value >= 0 && knob.value <= 1) { // also catches NaN
			problems = append(problems, fmt.Errorf("%s: %v is not in 0..1", called(knob.name), knob.value))
		}
	}
	for _, knob := range []struct {
		name     string
		value    any
		negative bool
	}{
		{"Wrong", s.Wrong, s.Wrong < 0},
		{"TurnAfter", s.TurnAfter, s.TurnAfter < 0},
		{"Steps", s.Steps, s.Steps < 0},
		{"Deletions.Every", s.Deletions.Every, s.Deletions.Every < 0},
		{"ParallelCalls", s.ParallelCalls, s.ParallelCalls < 0},
		{"Chunk", s.Chunk, s.Chunk < 0},
		{"MaxBody", s.MaxBody, s.MaxBody < 0},
		{"Latency.First", s.Latency.First, s.Latency.First < 0},
		{"Latency.PerToken", s.Latency.PerToken, s.Latency.PerToken < 0},
		{"Faults.RetryAfter", f.RetryAfter, f.RetryAfter < 0},
		{"Faults.SlowBy", f.SlowBy, f.SlowBy < 0},
	} {
		if knob.negative {
			problems = append(problems, fmt.Errorf("%s: %v is negative", called(knob.name), knob.value))
		}
	}
	if d := s.Deletions; d.Every == 0 && (d.Wrong > 0 || d.Vary) {
		problems = append(problems, fmt.Errorf("%s: is 0, so that %s and %s do nothing",
			called("Deletions.Every"), called("Deletions.Wrong"), called("Deletions.Vary")))
	}
	return errors.Join(problems...)
}
