package report

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"hotmess/monitor"
)

const (
	// maxLine bounds one line; a longer one is broken, and the rest is read.
	maxLine = 64 << 20
	// maxBroken is how many broken lines are named.
	maxBroken = 20
)

// errFull is wrapped when more comes than is kept.
var errFull = errors.New("too much for one report")

// Stdin is the name of the standard input among files.
const Stdin = "-"

// Read reads files, and label files beside them. It fails where a file cannot
// be read at all, or more comes than memory is bounded to; a line that is
// broken is left out, counted and named.
func Read(files, labels []string, stdin io.Reader) (*Data, error) {
	d := &Data{
		Files: files, Observed: newObserved(),
		byID: map[questionKey]origin{}, runs: map[runKey]origin{},
	}
	for _, name := range labels {
		if err := d.readFile(name, stdin); err != nil {
			return nil, fmt.Errorf("--labels: %w", err)
		}
	}
	for _, name := range files {
		if err := d.readFile(name, stdin); err != nil {
			return nil, err
		}
	}
	return d, nil
}

// readFile reads one file, gzipped or not.
func (d *Data) readFile(name string, stdin io.Reader) error {
	if name == Stdin {
		return d.readFrom("stdin", stdin)
	}
	f, err := os.Open(name)
	if err != nil {
		return fmt.Errorf("read report's input: %w", err)
	}
	defer f.Close()
	return d.readFrom(name, f)
}

// readFrom reads lines until the end.
func (d *Data) readFrom(name string, r io.Reader) error {
	return monitor.EachLine(name, r, maxLine, func(number int, line []byte, long bool) error {
		return d.line(origin{file: name, line: number}, line, long)
	})
}

// Add takes one line, or event, that was read from elsewhere. A broken one is
// counted and named by source and number; only too much is an error.
func (d *Data) Add(source string, line []byte) error {
	if d.added == 0 {
		d.Files = append(d.Files, source)
	}
	d.added++
	return d.line(origin{file: source, line: d.added}, line, len(line) > maxLine)
}

// line takes one line. Only errFull comes back; everything else makes the line
// a broken one.
func (d *Data) line(at origin, line []byte, long bool) error {
	line = bytes.TrimSpace(line)
	if len(line) == 0 && !long {
		return nil
	}
	d.Lines++
	err := errors.New("longer than 64 MiB")
	if !long {
		err = d.parse(at, line)
	}
	if errors.Is(err, errFull) {
		return fmt.Errorf("%s: %w", at, err)
	}
	if err != nil {
		d.BrokenLines++
		if len(d.Broken) < maxBroken {
			d.Broken = append(d.Broken, Broken{File: at.file, Line: at.line, Reason: err.Error()})
		}
	}
	return nil
}

// A shape is the part of a line that says what it is.
type shape struct {
	monitor.Head
	QuestionID *string `json:"question_id"`
	TaskID     *string `json:"task_id"`
}

// parse finds out what a line is and takes it.
func (d *Data) parse(at origin, line []byte) error {
	var s shape
	if err := json.Unmarshal(line, &s); err != nil {
		return explain(err)
	}
	switch {
	case s.SpecVersion != "":
	case s.QuestionID != nil:
		return d.dataset(at, line)
	case s.TaskID != nil:
		return d.trajectory(at, line)
	}
	switch kind, held := s.Holds(line); kind {
	case monitor.LineObservation:
		return d.Observed.observation(held)
	case monitor.LineLabel:
		return d.Observed.label(held)
	case monitor.LineAlert:
		return nil // recorded in the same place, and nothing is measured by it
	case monitor.LineEvent:
		return fmt.Errorf("%s: an event of type %q is neither an observation nor a label", at, s.Type)
	}
	return errors.New("neither a question (question_id, samples), a run (task_id, reward or passed), an observation (route) nor a label (request)")
}

// explain says what is wrong with JSON in the words of its writer.
func explain(err error) error {
	if wrong, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		return fmt.Errorf("%s is a JSON %s, which is not what belongs there", wrong.Field, wrong.Value)
	}
	return fmt.Errorf("not JSON: %w", err)
}
