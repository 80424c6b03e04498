package backtest

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"hotmess/monitor"
)

const (
	// maxObservations bounds the observations that are held, and the labels; at
	// about 2.4 kB each (BenchmarkWeek) some 2.4 GB.
	maxObservations = 1_000_000
	// maxLine bounds one line; an observation has at most 64 KiB.
	maxLine = 1 << 20
	// maxNamed bounds the broken lines that are named; all are counted.
	maxNamed = 10
)

// errTooMany is returned when a log has more observations than are held.
var errTooMany = fmt.Errorf("more than %d observations: take a shorter time with --since", maxObservations)

// A Log is what was recorded, as far as it could be read. The zero Log is empty.
type Log struct {
	// Since leaves out what is older; zero: nothing is.
	Since time.Time

	observations []monitor.Observation
	labels       []monitor.Label
	left         Left
}

// Left says what of a log was not used.
type Left struct {
	// Broken counts lines that are neither observation nor label; Named are
	// the first of them, each with file, line and reason.
	Broken int      `json:"broken"`
	Named  []string `json:"named,omitempty"`
	// Others counts events of other types; Old what is older than Since;
	// Doubled observations that were read before.
	Others  int `json:"others"`
	Old     int `json:"old"`
	Doubled int `json:"doubled"`
	// Strays counts labels whose request is not in the log, or that cannot be
	// counted for it.
	Strays int `json:"stray_labels"`
}

// explain adds to an error what was left out.
func (l Left) explain(err error) error {
	if l.Broken+l.Others+l.Old == 0 {
		return err
	}
	text := fmt.Sprintf("left out: %d broken lines, %d other events, %d older observations", l.Broken, l.Others, l.Old)
	if len(l.Named) > 0 {
		text += "; the first: " + l.Named[0]
	}
	return fmt.Errorf("%w (%s)", err, text)
}

// Read adds the lines of a file, gzipped or not: observations, labels, or
// CloudEvents with one, as hotmess watch -o observations --json prints them. Lines
// that are neither are counted and left out. The error is one of reading, or says
// that the log is full.
func (l *Log) Read(name string, r io.Reader) error {
	return monitor.EachLine(name, r, maxLine, func(number int, line []byte, long bool) error {
		where := fmt.Sprintf("%s:%d", name, number)
		if long {
			l.broken(where, fmt.Errorf("is longer than %d bytes", maxLine))
			return nil
		}
		return l.Add(where, line)
	})
}

// Add adds one observation or label, or an event with one; where names its place
// in messages. The error says that the log is full.
func (l *Log) Add(where string, line []byte) error {
	r, err := parse(line)
	switch {
	case err != nil:
		l.broken(where, err)
	case r.label != nil:
		if len(l.labels) >= maxObservations {
			return errTooMany
		}
		l.labels = append(l.labels, *r.label)
	case r.observation == nil:
		l.left.Others++
	case r.observation.Time.Before(l.Since):
		l.left.Old++
	case len(l.observations) >= maxObservations:
		return errTooMany
	default:
		l.observations = append(l.observations, *r.observation)
	}
	return nil
}

func (l *Log) broken(where string, err error) {
	l.left.Broken++
	if len(l.left.Named) < maxNamed {
		l.left.Named = append(l.left.Named, fmt.Sprintf("%s: %v", where, err))
	}
}

// A record is what one line holds: an observation, a label, or neither.
type record struct {
	observation *monitor.Observation
	label       *monitor.Label
}

// parse reads one line.
func parse(line []byte) (record, error) {
	var head monitor.Head
	if err := json.Unmarshal(line, &head); err != nil && !typed(err) {
		return record{}, fmt.Errorf("is not JSON: %w", err)
	}
	switch kind, held := head.Holds(line); kind {
	case monitor.LineAlert, monitor.LineEvent:
		return record{}, nil
	case monitor.LineLabel:
		l, err := monitor.ParseLabel(held)
		if err != nil {
			return record{}, fmt.Errorf("is no label: %w", err)
		}
		return record{label: &l}, nil
	case monitor.LineObservation:
		return parseObservation(held)
	}
	return parseObservation(line) // which says what is missing
}

func parseObservation(data []byte) (record, error) {
	o := &monitor.Observation{}
	if err := json.Unmarshal(data, o); err != nil {
		return record{}, fmt.Errorf("is no observation: %w", err)
	}
	switch {
	case o.V != monitor.SchemaVersion:
		return record{}, fmt.Errorf("is no observation of version %d", monitor.SchemaVersion)
	case o.ID == "" || o.Time.IsZero():
		return record{}, errors.New("is no observation: id or time is missing")
	}
	return record{observation: o}, nil
}

// typed reports whether JSON failed only by the type of a field: then it is read on,
// so that the error is that of an observation.
func typed(err error) bool {
	_, is := errors.AsType[*json.UnmarshalTypeError](err)
	return is
}

// sort puts the observations in order of time, each id once, and leaves out the
// labels of requests that are not among them. A label without a time is taken
// for given with its request.
func (l *Log) sort() {
	slices.SortStableFunc(l.observations, func(a, b monitor.Observation) int {
		return cmp.Or(a.Time.Compare(b.Time), cmp.Compare(a.ID, b.ID))
	})
	seen := make(map[string]time.Time, len(l.observations))
	before := len(l.observations)
	l.observations = slices.DeleteFunc(l.observations, func(o monitor.Observation) bool {
		_, again := seen[o.ID]
		seen[o.ID] = o.Time
		return again
	})
	l.left.Doubled += before - len(l.observations)
	kept := l.labels[:0]
	for _, label := range l.labels {
		at, ok := seen[label.Request]
		if !ok {
			l.left.Strays++
			continue
		}
		if label.Time.Before(at) {
			label.Time = at
		}
		kept = append(kept, label)
	}
	l.labels = kept
}
