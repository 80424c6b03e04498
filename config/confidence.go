package config

import "fmt"

// What Confidence.Auto stands for. Where all calls run anyway, more certainty costs
// a little time; where they come in stages it costs all calls of the second one.
// docs/voting.md has both measured: at .90 three that agree decide, and four at .95.
const (
	autoConfidence       = .95
	autoStagedConfidence = .90
)

// A Confidence is a probability at which a vote ends.
type Confidence struct {
	// Auto: as fits when the calls start; see By.
	Auto bool
	// Share is used where Auto is false: above 0.5 and below 1; 0: never.
	Share float64
}

// By is the probability for calls that start by a launch policy; 0: never.
func (c Confidence) By(launch string) float64 {
	switch {
	case !c.Auto:
		return c.Share
	case launch == LaunchStaged:
		return autoStagedConfidence
	default:
		return autoConfidence
	}
}

// UnmarshalText parses auto or a number; Validate checks its range.
func (c *Confidence) UnmarshalText(text []byte) error {
	chosen, share, ok := parseShare(text)
	if !ok {
		return fmt.Errorf("%q is not a probability: write auto, a number like 0.95, or 0 for never", text)
	}
	*c = Confidence{chosen, share}
	return nil
}

// MarshalText writes the form that UnmarshalText reads.
func (c Confidence) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

// String is auto or the number.
func (c Confidence) String() string { return formatShare(c.Auto, c.Share) }
