package monitor

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"hotmess/alerts"
)

// lineBuffer is how much of recorded lines is read at a time.
const lineBuffer = 64 << 10

// EachLine gives to take the lines of a recording, gzipped or not, without the
// white space around them; empty ones are left out. Of a line of more than
// most bytes nothing is kept, and long is true. An error of take ends the
// reading and is returned; one of reading names the line, and the recording by
// name.
func EachLine(name string, r io.Reader, most int, take func(number int, line []byte, long bool) error) error {
	lines := bufio.NewReaderSize(r, lineBuffer)
	if magic, _ := lines.Peek(2); bytes.Equal(magic, []byte{0x1f, 0x8b}) {
		z, err := gzip.NewReader(lines)
		if err != nil {
			return fmt.Errorf("%s: gzip: %w", name, err)
		}
		defer z.Close()
		lines = bufio.NewReaderSize(z, lineBuffer)
	}
	for number := 1; ; number++ {
		line, long, err := readLine(lines, most)
		if err != nil && !errors.Is(err, io.EOF) {
			return fmt.Errorf("%s:%d: %w", name, number, err)
		}
		if len(line) > 0 || long {
			if err := take(number, line, long); err != nil {
				return err
			}
		}
		if err != nil {
			return nil
		}
	}
}

// readLine reads up to the next line feed. At the end err is io.EOF, with what
// stood there.
func readLine(r *bufio.Reader, most int) (line []byte, long bool, err error) {
	for {
		part, err := r.ReadSlice('\n')
		if len(line)+len(part) > most {
			line, long = nil, true
		}
		if !long {
			line = append(line, part...)
		}
		if !errors.Is(err, bufio.ErrBufferFull) {
			return bytes.TrimSpace(line), long, err
		}
	}
}

// A Head is the part of a recorded line that says what it holds: an observation or
// a label as such, or a CloudEvent.
type Head struct {
	SpecVersion string          `json:"specversion"`
	Type        string          `json:"type"`
	Data        json.RawMessage `json:"data"`
	Route       *string         `json:"route"`
	Request     *string         `json:"request"`
}

// A LineKind is what a recorded line holds.
type LineKind int

// The kinds of lines.
const (
	// LineUnknown: neither an observation nor a label, nor a CloudEvent.
	LineUnknown LineKind = iota
	LineObservation
	LineLabel
	// LineAlert is an event of an alert, LineEvent one that is not ours.
	LineAlert
	LineEvent
)

// Holds says what the line is, and gives the observation or label that it is or
// carries.
func (h Head) Holds(line []byte) (LineKind, []byte) {
	switch {
	case h.SpecVersion == "" && h.Route != nil:
		return LineObservation, line
	case h.SpecVersion == "" && h.Request != nil:
		return LineLabel, line
	case h.SpecVersion == "":
		return LineUnknown, nil
	case h.Type == alerts.ObservationType:
		return LineObservation, h.Data
	case h.Type == alerts.LabelType:
		return LineLabel, h.Data
	case h.Type == alerts.AlertType:
		return LineAlert, nil
	}
	return LineEvent, nil
}
