package config

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// How the winner of a vote is found.
const (
	// MethodAuto: by what is compared; tool calls in two steps, texts by
	// likeness, all else by majority.
	MethodAuto = "auto"
	// MethodMajority: the commonest answer at the headline level, of texts equal
	// ones alone.
	MethodMajority = "majority"
)

// By what the texts of a vote on prose are likened.
const (
	// LikenessWords: runs of words in common.
	LikenessWords = "words"
	// LikenessEmbeddings: their embeddings (see Config.Embeddings), as far as those
	// come in time; else words.
	LikenessEmbeddings = "embeddings"
)

// When the calls of a vote start: see ensemble's launch policies of the same
// names.
const (
	LaunchAtOnce = "at-once"
	LaunchStaged = "staged"
	LaunchLeader = "leader"
)

// Voting configures ensemble mode.
type Voting struct {
	// Samples is how many samples there are of one request, the primary included:
	// so many at least vote before evidence may end the vote, so many at most are
	// made. Load takes sampling.samples for the latter where that alone was set, or
	// by flag or variable; so do routes and clients that set theirs.
	Samples Range `yaml:"samples"`
	// Method is MethodAuto or MethodMajority.
	Method string `yaml:"method"`
	// Likeness is LikenessWords or LikenessEmbeddings.
	Likeness string `yaml:"likeness"`
	// Launch is LaunchAtOnce, LaunchStaged or LaunchLeader.
	Launch  string  `yaml:"launch"`
	Stop    Stop    `yaml:"stop"`
	RedFlag RedFlag `yaml:"red_flag"`
	// Wait bounds the wait for extras, from the moment the primary is whole.
	Wait Duration `yaml:"wait"`
	// KeepAlive is the longest silence towards a streaming client.
	KeepAlive Duration `yaml:"keepalive"`
}

// Stop says what ends a vote before all samples have ended, beside that nothing
// can change its outcome any more.
type Stop struct {
	// Confidence is the probability that the leading answer is the most frequent
	// one; see Confidence.By for the number.
	Confidence Confidence `yaml:"confidence"`
	// Lead is by how many votes one answer leads; 0: never.
	Lead int `yaml:"lead"`
	// First is how many samples have voted, whatever they say; 0: never.
	First int `yaml:"first"`
}

// RedFlag says which whole samples do not vote.
type RedFlag struct {
	// OutputOver sets longer ones aside.
	OutputOver Excess `yaml:"output_over"`
	// Malformed sets those aside that are not in the form that was asked for, or
	// stopped at their length limit.
	Malformed bool `yaml:"malformed"`
}

// defaultVoting is ensemble mode of a sidecar that was told nothing of it.
func defaultVoting() Voting {
	return Voting{
		Samples: Range{Min: voteSize, Max: 9}, Method: MethodAuto, Likeness: LikenessWords, Launch: LaunchAtOnce, Stop: Stop{Confidence: Confidence{Auto: true}},
		Wait: Duration(15 * time.Second), KeepAlive: Duration(10 * time.Second),
	}
}

// A Range is a number of samples, at least and at most.
type Range struct{ Min, Max int }

// AtMost is the range for a request that gets n samples.
func (r Range) AtMost(n int) Range { return Range{Min: min(r.Min, n), Max: n} }

// UnmarshalText parses 3..9, or 5 for 5..5; Validate checks the numbers.
func (r *Range) UnmarshalText(text []byte) error {
	low, high, both := strings.Cut(string(text), "..")
	least, err := parseInt(low, strconv.IntSize)
	most, err2 := least, error(nil)
	if both {
		most, err2 = parseInt(high, strconv.IntSize)
	}
	if errors.Join(err, err2) != nil {
		return fmt.Errorf("%q is not a range: write 5, or 3..9 for at least 3 and at most 9", text)
	}
	*r = Range{Min: int(least), Max: int(most)}
	return nil
}

// MarshalText writes the form that UnmarshalText reads.
func (r Range) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// String is 3..9, or 5 for 5..5.
func (r Range) String() string {
	if r.Min == r.Max {
		return strconv.Itoa(r.Min)
	}
	return fmt.Sprintf("%d..%d", r.Min, r.Max)
}

// An Excess is a length of output that is too much. The zero Excess is never
// reached.
type Excess struct {
	// P99: that which one reply in a hundred of the route exceeds, once that is
	// known.
	P99 bool
	// Tokens is used where P99 is false; 0: never.
	Tokens int
}

// excessP99 is the word for it.
const excessP99 = "p99"

// UnmarshalText parses p99 or a number; Validate checks its sign.
func (e *Excess) UnmarshalText(text []byte) error {
	if string(text) == excessP99 {
		*e = Excess{P99: true}
		return nil
	}
	n, err := parseInt(string(text), strconv.IntSize)
	if err != nil {
		return fmt.Errorf("%q is not a length: write a number of tokens, p99, or 0 for never", text)
	}
	*e = Excess{Tokens: int(n)}
	return nil
}

// MarshalText writes the form that UnmarshalText reads.
func (e Excess) MarshalText() ([]byte, error) { return []byte(e.String()), nil }

// String is p99 or the number of tokens.
func (e Excess) String() string {
	if e.P99 {
		return excessP99
	}
	return strconv.Itoa(e.Tokens)
}

// votes has sampling.samples stand for the most samples of a vote where
// ensemble.samples was not set, or only by the file and the former from above it.
func (l *loader) votes() {
	const samples = "sampling.samples"
	at, set := l.at[samples]
	_, own := l.at["ensemble.samples"]
	above := slices.Contains([]string{"--samples", prefix + "SAMPLES"}, at.where)
	n := l.cfg.Sampling.Samples
	if set && (!own || above) && n >= 1 && n <= MaxSamples && (&checker{cfg: l.cfg}).any(Ensemble) {
		l.cfg.Ensemble.Samples = l.cfg.Ensemble.Samples.AtMost(n)
	}
}
