package report

import "fmt"

const (
	// rightClass is the class of every right sample, noneClass that of samples
	// without an answer; classes of wrong answers follow.
	rightClass = 0
	noneClass  = 1
	// unknown stands for a length that was not recorded.
	unknown = -1
)

// Bounds of what is kept in memory.
const (
	maxQuestions    = 1 << 20
	maxSamples      = 1 << 22
	maxObservations = 1 << 19
)

// A Key names a group: samples that are reported together.
type Key struct {
	Dataset   string `json:"dataset"`
	Model     string `json:"model"`
	Task      string `json:"task"`
	Condition string `json:"condition"`
}

// A Sample is one run of a question.
type Sample struct {
	// Class numbers the answers of the question: rightClass, noneClass, then
	// the wrong ones in the order in which they came.
	Class int
	// Reward is the score, 0..1; unknown if the run has none but right or wrong.
	Reward float64
	// Length is in the question's unit; unknown if not recorded, as are Actions.
	Length  float64
	Actions float64
}

// Right is whether the sample is correct.
func (s Sample) Right() bool { return s.Class == rightClass }

// A Question is one task with all its samples, in recorded order.
type Question struct {
	Key
	ID string
	// Unit names the length, such as reasoning_chars; empty if none is recorded.
	Unit string
	// Reference is the right answer; Known whether there is a single one.
	Reference string
	Known     bool
	// Runs is whether the samples are outcomes of an agent's runs.
	Runs    bool
	Samples []Sample
	// classes numbers the wrong answers.
	classes map[string]int
}

// classOf gives the class of an answer.
func (q *Question) classOf(answer *string, right bool) int {
	switch {
	case right:
		return rightClass
	case answer == nil:
		return noneClass
	}
	if q.classes == nil {
		q.classes = map[string]int{}
	}
	c, ok := q.classes[*answer]
	if !ok {
		c = noneClass + 1 + len(q.classes)
		q.classes[*answer] = c
	}
	return c
}

// counts gives the number of samples by class, of those that idx picks; of all
// if it is nil.
func (q *Question) counts(idx []int) []int {
	n := make([]int, noneClass+1+len(q.classes))
	if idx == nil {
		for _, s := range q.Samples {
			n[s.Class]++
		}
		return n
	}
	for _, i := range idx {
		n[q.Samples[i].Class]++
	}
	return n
}

// A Broken line was left out.
type Broken struct {
	File   string `json:"file"`
	Line   int    `json:"line"`
	Reason string `json:"reason"`
}

func (b Broken) String() string { return fmt.Sprintf("%s:%d: %s", b.File, b.Line, b.Reason) }

// Data is all that was read.
type Data struct {
	Questions []*Question
	// Observed is what recorded observations say.
	Observed *Observed
	// Lines counts all lines that are not empty, BrokenLines those left out;
	// Broken names the first of them.
	Lines       int
	BrokenLines int
	Broken      []Broken
	// Files are their names as given.
	Files []string

	byID    map[questionKey]origin
	runs    map[runKey]origin
	samples int
	// added counts what Add was given.
	added int
}

// A questionKey names one question of one group.
type questionKey struct {
	Key
	id string
}

// A runKey names one run of one question.
type runKey struct {
	questionKey
	run string
}

// An origin is where a question was read.
type origin struct {
	file string
	line int
	q    *Question
}

func (o origin) String() string { return fmt.Sprintf("%s:%d", o.file, o.line) }
