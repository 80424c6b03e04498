package wire

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
)

const (
	// maxEvent is the largest event and the longest line of a stream, in
	// bytes. Real ones are below 1 MiB.
	maxEvent = 16 << 20
	// eventBuffer is how much of a stream is read at once, in bytes.
	eventBuffer = 4 << 10
)

// IsEventStream reports whether a Content-Type names server-sent events.
func IsEventStream(contentType string) bool {
	media, _, _ := strings.Cut(contentType, ";")
	return strings.EqualFold(strings.TrimSpace(media), "text/event-stream")
}

// An eventReader reads the data of server-sent events (WHATWG HTML, 9.2).
// Lines may end in LF, CRLF or CR, however the bytes are cut. The event, id and
// retry fields are skipped: the dialects read here carry all in the data.
type eventReader struct {
	r    *bufio.Reader
	line []byte
	data []byte
	// afterCR is whether the last byte was a CR that ended a line: an LF that
	// follows belongs to it.
	afterCR bool
	// begun is whether the first line is behind.
	begun bool
	// unfinished is whether the event that next gave last was not ended by an
	// empty line but by the end of the stream.
	unfinished bool
}

func newEventReader(r io.Reader) *eventReader {
	return &eventReader{r: bufio.NewReaderSize(r, eventBuffer)}
}

// next gives the data of the next event that has any, valid until the next
// call, and io.EOF at the end of the stream. An event that was begun when the
// stream ended is given too: the standard drops it, but clients use it.
func (e *eventReader) next() ([]byte, error) {
	e.data = e.data[:0]
	fields := 0
	for {
		err := e.readLine()
		if err == nil && len(e.line) == 0 {
			if fields > 0 {
				return e.data, nil
			}
			continue
		}
		if value, ok := dataField(e.line); ok {
			if fields++; fields > 1 {
				e.data = append(e.data, '\n')
			}
			e.data = append(e.data, value...)
		}
		switch {
		case len(e.data) > maxEvent:
			return nil, fmt.Errorf("stream event: %w", ErrTooBig)
		case errors.Is(err, io.EOF) && fields > 0:
			e.unfinished = true
			return e.data, nil
		case err != nil:
			return nil, err
		}
	}
}

// dataField gives the value of a data line.
func dataField(line []byte) ([]byte, bool) {
	value, ok := bytes.CutPrefix(line, []byte("data"))
	if !ok {
		return nil, false
	}
	if len(value) == 0 {
		return value, true
	}
	if value[0] != ':' {
		return nil, false
	}
	return bytes.TrimPrefix(value[1:], []byte(" ")), true
}

// readLine puts the next line, without its end, in e.line. With an error the
// line holds what came before it.
func (e *eventReader) readLine() error {
	e.line = e.line[:0]
	for {
		chunk, err := e.buffered()
		if err != nil {
			e.dropBOM()
			return err
		}
		n := lineEnd(chunk)
		ended := n >= 0
		if !ended {
			n = len(chunk)
		}
		if len(e.line)+n > maxEvent {
			return fmt.Errorf("stream line: %w", ErrTooBig)
		}
		e.line = append(e.line, chunk[:n]...)
		if !ended {
			_, _ = e.r.Discard(n)
			continue
		}
		e.afterCR = chunk[n] == '\r'
		_, _ = e.r.Discard(n + 1)
		e.dropBOM()
		return nil
	}
}

// buffered gives what has arrived, at least one byte. It waits for bytes only
// when it has none, so that an event is seen as soon as it is complete.
func (e *eventReader) buffered() ([]byte, error) {
	for {
		if _, err := e.r.Peek(1); err != nil {
			return nil, err
		}
		chunk, _ := e.r.Peek(e.r.Buffered())
		if !e.afterCR {
			return chunk, nil
		}
		e.afterCR = false
		if chunk[0] != '\n' {
			return chunk, nil
		}
		_, _ = e.r.Discard(1)
	}
}

// lineEnd is the position of the first CR or LF, or -1.
func lineEnd(chunk []byte) int {
	lf := bytes.IndexByte(chunk, '\n')
	if lf >= 0 {
		chunk = chunk[:lf]
	}
	if cr := bytes.IndexByte(chunk, '\r'); cr >= 0 {
		return cr
	}
	return lf
}

// dropBOM takes the byte order mark off the first line of the stream.
func (e *eventReader) dropBOM() {
	if !e.begun {
		e.begun = true
		e.line = bytes.TrimPrefix(e.line, []byte("\ufeff"))
	}
}
