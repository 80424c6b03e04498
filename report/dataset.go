package report

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
)

// A questionLine is one line of a data set.
type questionLine struct {
	Dataset     string       `json:"dataset"`
	Model       string       `json:"model"`
	Task        string       `json:"task"`
	Condition   string       `json:"condition"`
	QuestionID  string       `json:"question_id"`
	Reference   *string      `json:"reference"`
	LengthField *string      `json:"length_field"`
	Samples     []sampleLine `json:"samples"`
}

// A sampleLine is one sample of it.
type sampleLine struct {
	Answer          *string  `json:"answer"`
	Correct         *bool    `json:"correct"`
	Reward          *float64 `json:"reward"`
	ReasoningTokens *float64 `json:"reasoning_tokens"`
	OutputTokens    *float64 `json:"output_tokens"`
	ContextTokens   *float64 `json:"context_tokens"`
	ReasoningChars  *float64 `json:"reasoning_chars"`
	OutputChars     *float64 `json:"output_chars"`
	Actions         *float64 `json:"actions"`
	DurationS       *float64 `json:"duration_s"`
}

// lengthFields are the names that length_field may have.
func lengthFields() []string {
	return []string{"reasoning_tokens", "output_tokens", "context_tokens", "reasoning_chars", "output_chars", "actions", "duration_s"}
}

// length gives the length of that name; nil if the sample has none.
func (s *sampleLine) length(field string) *float64 {
	values := []*float64{s.ReasoningTokens, s.OutputTokens, s.ContextTokens, s.ReasoningChars, s.OutputChars, s.Actions, s.DurationS}
	if i := slices.Index(lengthFields(), field); i >= 0 {
		return values[i]
	}
	return nil
}

// dataset takes one question of a data set.
func (d *Data) dataset(at origin, line []byte) error {
	var l questionLine
	if err := json.Unmarshal(line, &l); err != nil {
		return explain(err)
	}
	q, err := l.question()
	if err != nil {
		return err
	}
	key := questionKey{Key: q.Key, id: q.ID}
	if old, ok := d.byID[key]; ok {
		return fmt.Errorf("question_id %q of this dataset, model, task and condition was read before, at %s", q.ID, old)
	}
	return d.add(at, key, q)
}

// add keeps a question that is new.
func (d *Data) add(at origin, key questionKey, q *Question) error {
	if len(d.Questions) >= maxQuestions || d.samples+len(q.Samples) > maxSamples {
		return fmt.Errorf("%w: more than %d questions or %d samples; report on fewer files at a time", errFull, maxQuestions, maxSamples)
	}
	d.samples += len(q.Samples)
	at.q = q
	d.byID[key] = at
	d.Questions = append(d.Questions, q)
	return nil
}

// question checks a line and turns it into a Question.
func (l *questionLine) question() (*Question, error) {
	q := &Question{Key: Key{Dataset: l.Dataset, Model: l.Model, Task: l.Task, Condition: l.Condition}, ID: l.QuestionID}
	if l.QuestionID == "" {
		return nil, errors.New("question_id is empty")
	}
	if len(l.Samples) == 0 {
		return nil, errors.New("samples is missing or empty")
	}
	if l.Reference != nil {
		q.Reference, q.Known = *l.Reference, true
	}
	if l.LengthField != nil {
		if !slices.Contains(lengthFields(), *l.LengthField) {
			return nil, fmt.Errorf("length_field is %q; known are %s", *l.LengthField, strings.Join(lengthFields(), ", "))
		}
		q.Unit = *l.LengthField
	}
	q.Samples = make([]Sample, 0, len(l.Samples))
	for i := range l.Samples {
		s, err := q.sample(&l.Samples[i])
		if err != nil {
			return nil, fmt.Errorf("samples[%d]: %w", i, err)
		}
		q.Samples = append(q.Samples, s)
	}
	return q, nil
}

// sample checks one sample. Where correct is not given, the answer is compared
// with the reference.
func (q *Question) sample(l *sampleLine) (Sample, error) {
	s := Sample{Reward: unknown, Length: unknown, Actions: unknown}
	right := l.Answer != nil && q.Known && *l.Answer == q.Reference
	switch {
	case l.Correct != nil:
		right = *l.Correct
	case !q.Known:
		return s, errors.New("correct is missing, and there is no reference to compare with")
	}
	s.Class = q.classOf(l.Answer, right)
	for _, f := range lengthFields() {
		if v := l.length(f); v != nil && !(*v >= 0 && *v <= math.MaxInt64) {
			return s, fmt.Errorf("%s is %g, which is no length", f, *v)
		}
	}
	if v := l.length(q.Unit); v != nil {
		s.Length = *v
	}
	if l.Actions != nil {
		s.Actions = *l.Actions
	}
	return s, nil
}
