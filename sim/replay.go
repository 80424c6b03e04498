package sim

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
)

// Limits of recorded data.
const (
	maxReplayLine      = 4 << 20
	maxReplayQuestions = 1 << 20
	maxReplaySamples   = 10_000
)

// None is the answer of a recorded sample that holds no answer.
const None = "NONE"

// A Replay holds recorded samples of real models: for each model and question
// several. It is not changed after LoadReplay.
type Replay struct {
	records []*record
	models  map[string]*index
	// seen holds the records by data set, model and question id.
	seen map[[3]string]bool
}

// A Question is one recorded question of one model.
type Question struct {
	Dataset, Model, Task, ID string
	// Text is the question as recorded, which may be cut. It stands in the
	// user message of a request that is to be answered.
	Text string
	// Reference is the right answer; empty if there is no single one.
	Reference string
	// Samples is how many answers are recorded.
	Samples int
}

// A record is one line of a data set.
type record struct {
	Dataset   string     `json:"dataset"`
	Model     string     `json:"model"`
	Task      string     `json:"task"`
	ID        string     `json:"question_id"`
	Question  string     `json:"question"`
	Reference string     `json:"reference"`
	Samples   []recorded `json:"samples"`
}

// A recorded sample.
type recorded struct {
	Answer         *string `json:"answer"`
	Correct        bool    `json:"correct"`
	ReasoningChars int     `json:"reasoning_chars"`
	OutputTokens   int     `json:"output_tokens"`
	Text           string  `json:"text"`
}

// LoadReplay reads recorded samples: JSON lines, one per model and question,
//
//	{"dataset", "model", "question_id", "question", "samples": [{"answer", "correct"}, …]}
//
// with, optionally, task and reference (string or null) and, per sample,
// reasoning_chars, output_tokens and text. An answer that is null is none. The
// error names the line that is wrong.
func LoadReplay(r io.Reader) (*Replay, error) {
	p := &Replay{models: map[string]*index{}, seen: map[[3]string]bool{}}
	lines := bufio.NewScanner(r)
	lines.Buffer(make([]byte, 0, 64<<10), maxReplayLine)
	n := 0
	for lines.Scan() {
		n++
		if strings.TrimSpace(lines.Text()) == "" {
			continue
		}
		if err := p.add(lines.Bytes()); err != nil {
			return nil, fmt.Errorf("read recorded samples: line %d: %w", n, err)
		}
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("read recorded samples: line %d: %w", n+1, err)
	}
	if len(p.records) == 0 {
		return nil, errors.New("read recorded samples: no questions")
	}
	return p, nil
}

// add reads one line.
func (p *Replay) add(line []byte) error {
	rec := &record{}
	if err := json.Unmarshal(line, rec); err != nil {
		return err
	}
	if err := rec.check(); err != nil {
		return err
	}
	if len(p.records) >= maxReplayQuestions {
		return fmt.Errorf("more than %d questions", maxReplayQuestions)
	}
	id := [3]string{rec.Dataset, rec.Model, rec.ID}
	if p.seen[id] {
		return fmt.Errorf("question_id %q stands there twice for this dataset and model", rec.ID)
	}
	p.seen[id] = true
	of := p.models[rec.Model]
	if of == nil {
		of = newIndex()
		p.models[rec.Model] = of
	}
	p.records = append(p.records, rec)
	of.add(rec)
	return nil
}

func (r *record) check() error {
	switch {
	case r.Dataset == "":
		return errors.New("dataset is missing")
	case r.Model == "":
		return errors.New("model is missing")
	case r.ID == "":
		return errors.New("question_id is missing")
	case r.Question == "":
		return errors.New("question is missing")
	case len(r.Samples) == 0:
		return errors.New("samples is empty")
	case len(r.Samples) > maxReplaySamples:
		return fmt.Errorf("more than %d samples", maxReplaySamples)
	}
	for i, s := range r.Samples {
		if s.ReasoningChars < 0 || s.OutputTokens < 0 {
			return fmt.Errorf("samples[%d] has a negative length", i)
		}
	}
	return nil
}

// Models is the recorded models, sorted.
func (p *Replay) Models() []string { return slices.Sorted(maps.Keys(p.models)) }

// Questions is all questions of all models, in recorded order.
func (p *Replay) Questions() []Question {
	list := make([]Question, 0, len(p.records))
	for _, r := range p.records {
		list = append(list, Question{
			Dataset: r.Dataset, Model: r.Model, Task: r.Task, ID: r.ID,
			Text: r.Question, Reference: r.Reference, Samples: len(r.Samples),
		})
	}
	return list
}

// Disagreement is what the data itself gives for a model on a data set: the
// mean over questions of the share of pairs of different samples whose answers
// differ, 1 − Σ c(c−1) / (n(n−1)) for the counts c of n answers. A sample
// without an answer has the answer None. Questions with one sample are left
// out; with none left, d means nothing and questions is 0.
func (p *Replay) Disagreement(model, dataset string) (d float64, questions int) {
	sum := 0.
	for _, r := range p.records {
		if r.Model != model || r.Dataset != dataset {
			continue
		}
		if one := r.disagreement(); one != nil {
			sum += *one
			questions++
		}
	}
	d, _ = ratio(sum, questions)
	return d, questions
}

// disagreement is 1 − Σ c(c−1) / (n(n−1)), or nil for one sample.
func (r *record) disagreement() *float64 {
	n := len(r.Samples)
	if n < 2 {
		return nil
	}
	counts := map[string]int{}
	for _, s := range r.Samples {
		counts[s.key()]++
	}
	same := 0
	for _, c := range counts {
		same += c * (c - 1)
	}
	return new(1 - float64(same)/float64(n*(n-1)))
}

// accuracy is the share of right samples.
func (r *record) accuracy() float64 {
	right := 0
	for _, s := range r.Samples {
		if s.Correct {
			right++
		}
	}
	return float64(right) / float64(len(r.Samples))
}

func (s recorded) key() string {
	if s.Answer == nil {
		return None
	}
	return *s.Answer
}
