package sim

import (
	"errors"
	"fmt"
)

// Validate names every knob that is out of its range, all in one error.
func (s *Server) Validate() error {
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
			problems = append(problems, fmt.Errorf("%s: %v is not in 0..1", knob.name, knob.value))
		}
	}
	for _, knob := range []struct {
		name  string
		value int64
	}{
		{"Wrong", int64(s.Wrong)},
		{"TurnAfter", int64(s.TurnAfter)},
		{"Steps", int64(s.Steps)},
		{"Deletions.Every", int64(s.Deletions.Every)},
		{"ParallelCalls", int64(s.ParallelCalls)},
		{"Chunk", int64(s.Chunk)},
		{"MaxBody", s.MaxBody},
		{"Latency.First", int64(s.Latency.First)},
		{"Latency.PerToken", int64(s.Latency.PerToken)},
		{"Faults.RetryAfter", int64(f.RetryAfter)},
		{"Faults.SlowBy", int64(f.SlowBy)},
	} {
		if knob.value < 0 {
			problems = append(problems, fmt.Errorf("%s: %d is negative", knob.name, knob.value))
		}
	}
	if d := s.Deletions; d.Every == 0 && (d.Wrong > 0 || d.Vary) {
		problems = append(problems, errors.New("Deletions.Every: is 0, so that Deletions.Wrong and Deletions.Vary do nothing"))
	}
	return errors.Join(problems...)
}
