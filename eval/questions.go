package eval

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"hotmess/monitor"
)

// Limits of a data set.
const (
	maxLine      = 4 << 20 // bytes
	maxQuestions = 1 << 20
)

// A Question is one line of a data set. Lines of recorded data sets have more,
// which is ignored: their models and samples are not what is asked for here.
type Question struct {
	Dataset string `json:"dataset"`
	Task    string `json:"task"`
	ID      string `json:"question_id"`
	Text    string `json:"question"`
	// Reference is the right answer; a number may stand there as one.
	Reference reference `json:"reference"`

	line int
}

// id is what tells questions of one file from each other.
func (q Question) id() questionID { return questionID{q.Dataset, q.Task, q.ID} }

// A questionID is a question's dataset, task and id.
type questionID struct{ dataset, task, id string }

// String is the id for people.
func (q questionID) String() string {
	if q.task == "" {
		return q.dataset + "/" + q.id
	}
	return q.dataset + "/" + q.task + "/" + q.id
}

// A reference is a JSON string, or a number as it is written.
type reference string

// UnmarshalJSON implements json.Unmarshaler.
func (r *reference) UnmarshalJSON(data []byte) error {
	var text string
	if json.Unmarshal(data, &text) == nil {
		*r = reference(text)
		return nil
	}
	var number json.Number
	if err := json.Unmarshal(data, &number); err != nil {
		return errors.New("reference is neither a string nor a number")
	}
	*r = reference(number)
	return nil
}

// A lineError is a line of the data set that is not used.
type lineError struct {
	Line int
	Err  error
}

// Error names the line.
func (p lineError) Error() string { return fmt.Sprintf("line %d: %v", p.Line, p.Err) }

// Unwrap gives what is wrong with it.
func (p lineError) Unwrap() error { return p.Err }

// errNoQuestion is what becomes of a data set without a usable line.
var errNoQuestion = errors.New("no line holds a question that can be asked: write one JSON object on each, with dataset, question_id, question and reference")

// loadQuestions reads the questions of a file, see readQuestions.
func loadQuestions(file string) ([]Question, []lineError, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, nil, fmt.Errorf("open data set: %w", err)
	}
	defer f.Close()
	return readQuestions(file, f)
}

// readQuestions reads JSON lines, gzipped or not,
//
//	{"dataset", "question_id", "question", "reference", "task"?}
//
// in their order. A question that stands there again word for word, as for
// every model of a recorded data set, counts once. Lines that cannot be used
// are problems; the error is for a file that cannot be read, or holds nothing
// that can be used, and leads with its name.
func readQuestions(name string, r io.Reader) ([]Question, []lineError, error) {
	var questions []Question
	var problems []lineError
	seen := map[questionID]Question{}
	err := monitor.EachLine(name, r, maxLine, func(n int, line []byte, long bool) error {
		if long {
			problems = append(problems, lineError{n, fmt.Errorf("longer than %d bytes", maxLine)})
			return nil
		}
		q, err := parseQuestion(line)
		q.line = n
		first, again := seen[q.id()]
		switch {
		case err != nil:
		case again && (first.Text != q.Text || first.Reference != q.Reference):
			err = fmt.Errorf("question_id %q stands in line %d with another question or reference", q.ID, first.line)
		case !again && len(questions) >= maxQuestions:
			return fmt.Errorf("%s:%d: more than %d questions", name, n, maxQuestions)
		case !again:
			seen[q.id()] = q
			questions = append(questions, q)
		}
		if err != nil {
			problems = append(problems, lineError{n, err})
		}
		return nil
	})
	switch {
	case err != nil:
		return nil, nil, err
	case len(questions) == 0:
		return nil, nil, fmt.Errorf("%s: %w", name, errors.Join(errNoQuestion, first(problems)))
	}
	return questions, problems, nil
}

// first is the first problem, or nil.
func first(problems []lineError) error {
	if len(problems) == 0 {
		return nil
	}
	return problems[0]
}

// parseQuestion reads one line.
func parseQuestion(line []byte) (Question, error) {
	var q Question
	if err := json.Unmarshal(line, &q); err != nil {
		return q, err
	}
	switch {
	case q.Dataset == "":
		return q, errors.New("dataset is missing")
	case q.ID == "":
		return q, errors.New("question_id is missing")
	case strings.TrimSpace(q.Text) == "":
		return q, errors.New("question is missing")
	case strings.TrimSpace(string(q.Reference)) == "":
		return q, errors.New("reference is missing: without the right answer there is nothing to compare with")
	}
	return q, nil
}
