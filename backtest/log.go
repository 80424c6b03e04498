package backtest

import (
	"bufio"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"hotmess/alerts"
	"hotmess/monitor"
)

const (
	// maxObservations bounds what is held; at about 1 kB each some 2 GB.
	maxObservations = 2_000_000
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
	left         Left
}

// Left says what of a log was not used.
type Left struct {
	// Broken counts lines that are no observation; Named are the first of
	// them, each with file, line and reason.
	Broken int      `json:"broken"`
	Named  []string `json:"named,omitempty"`
	// Others counts events of other types; Old what is older than Since;
	// Doubled observations that were read before.
	Others  int `json:"others"`
	Old     int `json:"old"`
	Doubled int `json:"doubled"`
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

// Read adds the lines of a file: observations, or CloudEvents with one, as
// hotmess watch -o observations --json prints them. Lines that are neither are
// counted and left out. The error is one of reading.
func (l *Log) Read(name string, r io.Reader) error {
	lines := bufio.NewReaderSize(r, 64<<10)
	for number := 1; ; number++ {
		line, long, err := readLine(lines)
		if err != nil && !errors.Is(err, io.EOF) {
			return fmt.Errorf("read %s: %w", name, err)
		}
		where := fmt.Sprintf("%s:%d", name, number)
		switch {
		case long:
			l.broken(where, fmt.Errorf("is longer than %d bytes", maxLine))
		case len(line) > 0:
			if err := l.Add(where, line); err != nil {
				return err
			}
		}
		if err != nil {
			return nil
		}
	}
}

// readLine reads up to the next line feed, white space around it left out; of a
// line longer than maxLine nothing is kept.
func readLine(r *bufio.Reader) (line []byte, long bool, err error) {
	for {
		part, err := r.ReadSlice('\n')
		if !long {
			line = append(line, part...)
		}
		if len(line) > maxLine {
			line, long = nil, true
		}
		if !errors.Is(err, bufio.ErrBufferFull) {
			return trimmed(line), long, err
		}
	}
}

func trimmed(line []byte) []byte {
	for len(line) > 0 && line[len(line)-1] <= ' ' {
		line = line[:len(line)-1]
	}
	return line
}

// Add adds one observation, or an event with one; where names its place in
// messages. The error says that the log is full.
func (l *Log) Add(where string, line []byte) error {
	o, ok, err := parse(line)
	switch {
	case err != nil:
		l.broken(where, err)
	case !ok:
		l.left.Others++
	case o.Time.Before(l.Since):
		l.left.Old++
	case len(l.observations) >= maxObservations:
		return errTooMany
	default:
		l.observations = append(l.observations, o)
	}
	return nil
}

func (l *Log) broken(where string, err error) {
	l.left.Broken++
	if len(l.left.Named) < maxNamed {
		l.left.Named = append(l.left.Named, fmt.Sprintf("%s: %v", where, err))
	}
}

// parse reads one line; ok is false for an event of another type.
func parse(line []byte) (o monitor.Observation, ok bool, err error) {
	var event alerts.Event
	if err := json.Unmarshal(line, &event); err != nil && !typed(err) {
		return o, false, fmt.Errorf("is not JSON: %w", err)
	}
	if event.SpecVersion != "" {
		if event.Type != alerts.ObservationType {
			return o, false, nil
		}
		line = event.Data
	}
	if err := json.Unmarshal(line, &o); err != nil {
		return o, false, fmt.Errorf("is no observation: %w", err)
	}
	switch {
	case o.V != monitor.SchemaVersion:
		return o, false, fmt.Errorf("is no observation of version %d", monitor.SchemaVersion)
	case o.ID == "" || o.Time.IsZero():
		return o, false, errors.New("is no observation: id or time is missing")
	}
	return o, true, nil
}

// typed reports whether JSON failed only by the type of a field, which an
// observation may have otherwise than an event.
func typed(err error) bool {
	_, is := errors.AsType[*json.UnmarshalTypeError](err)
	return is
}

// sorted are the observations in order of time, each id once.
func (l *Log) sorted() []monitor.Observation {
	slices.SortStableFunc(l.observations, func(a, b monitor.Observation) int {
		return cmp.Or(a.Time.Compare(b.Time), cmp.Compare(a.ID, b.ID))
	})
	seen := make(map[string]bool, len(l.observations))
	before := len(l.observations)
	l.observations = slices.DeleteFunc(l.observations, func(o monitor.Observation) bool {
		again := seen[o.ID]
		seen[o.ID] = true
		return again
	})
	l.left.Doubled += before - len(l.observations)
	return l.observations
}
