package wire

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
)

// maxReply bounds a body, unary or a streamed array, and, in a stream of events,
// what is kept of all of them together, in bytes. It is a second line: the
// reader's own cap (see Decode) comes first.
const maxReply = 64 << 20

// Fold reads one decoded reply to the end of r and folds it. events is whether
// it is server-sent events (see IsEventStream); a body of Gemini's may be a
// streamed array.
//
// started, if not nil, is called once: at the first content, reasoning,
// refusal or tool token, at the latest when the first choice finishes. For a
// unary reply that is its end. It is not called for a reply that holds only an
// error.
//
// A reply is whole if r ended without an error and, in a stream, an end mark of
// its dialect was seen, or an error event. Any reading error makes it Truncated,
// with a nil error here, unless an end mark came before that nothing follows:
// [DONE], message_stop, a response's final state. Clients hang up there, whatever
// the upstream has still to do. The error wraps ErrNotDialect for bytes that are
// no reply of d and ErrTooBig beyond the limits; r is then not read to its end.
func Fold(d Dialect, events bool, r io.Reader, started func()) (Reply, error) {
	g := grammars(d)
	if g == nil {
		return Reply{}, fmt.Errorf("read %s reply: %w", d.name(), ErrNotDialect)
	}
	if started == nil {
		started = func() {}
	}
	f := g.fold(started)
	read := unary
	switch {
	case events:
		read = stream
	case d == GeminiGenerate:
		read = unaryOrArray
	}
	whole, err := read(f, r)
	if err != nil {
		return Reply{}, fmt.Errorf("read %s reply: %w", d, err)
	}
	return f.result(whole), nil
}

// stream reads events to the end of r and reports whether it came there
// without an error.
func stream(f folder, r io.Reader) (whole bool, err error) {
	events := newEventReader(r)
	for {
		data, err := events.next()
		switch {
		case errors.Is(err, io.EOF):
			return true, nil
		case errors.Is(err, ErrTooBig):
			return false, err
		case err != nil:
			return false, nil
		}
		if err := f.event(data); err != nil {
			if events.unfinished && errors.Is(err, ErrNotDialect) {
				return false, nil
			}
			return false, err
		}
	}
}

// unary reads a whole body.
func unary(f folder, r io.Reader) (whole bool, err error) {
	body, err := io.ReadAll(&capped{r: r, left: maxReply})
	if errors.Is(err, ErrTooBig) {
		return false, err
	}
	if err != nil {
		return false, nil
	}
	if err := f.body(body); err != nil {
		if cutShort(body) {
			return false, nil
		}
		return false, err
	}
	return true, nil
}

// cutShort reports whether data is the beginning of a JSON value.
func cutShort(data []byte) bool {
	var v json.RawMessage
	err := json.NewDecoder(bytes.NewReader(data)).Decode(&v)
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
}

// unaryOrArray reads a body that may be an array of pieces.
func unaryOrArray(f folder, r io.Reader) (whole bool, err error) {
	body := bufio.NewReader(&capped{r: r, left: maxReply})
	if !isArray(body) {
		return unary(f, body)
	}
	pieces := arrayReader{r: body}
	for {
		piece, err := pieces.next()
		switch {
		case errors.Is(err, io.EOF):
			return true, nil
		case errors.Is(err, ErrTooBig), errors.Is(err, ErrNotDialect):
			return false, err
		case err != nil:
			return false, nil
		}
		if err := f.event(piece); err != nil {
			return false, err
		}
	}
}

// isArray reads the first byte that is no white space, and takes it if it opens
// an array.
func isArray(body *bufio.Reader) bool {
	for {
		c, err := body.ReadByte()
		switch {
		case err != nil:
			return false
		case strings.IndexByte(space, c) >= 0:
			continue
		case c == '[':
			return true
		}
		_ = body.UnreadByte() // one byte was just read
		return false
	}
}
