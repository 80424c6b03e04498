package wire

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// maxReply bounds a unary body and, in a stream, what is kept of all its
// events together, in bytes. It is a second line: the reader's own cap (see
// Decode) comes first.
const maxReply = 64 << 20

// Fold reads one decoded reply to the end of r and folds it. stream is whether
// it is server-sent events (see IsEventStream).
//
// started, if not nil, is called once: at the first content, reasoning,
// refusal or tool token, at the latest when the first choice finishes. For a
// unary reply that is its end. It is not called for a reply that holds only an
// error.
//
// A reply is whole if r ended without an error and, in a stream, an end mark
// was seen: [DONE], the finish reason of the first choice (compatible servers
// leave [DONE] out) or an error event. Any reading error, even after the end
// mark, makes it Truncated, with a nil error here. The error wraps
// ErrNotDialect for bytes that are no reply of d and ErrTooBig beyond the
// limits; r is then not read to its end.
func Fold(d Dialect, stream bool, r io.Reader, started func()) (Reply, error) {
	if !d.Readable() {
		return Reply{}, fmt.Errorf("read %s reply: %w", d.name(), ErrNotDialect)
	}
	f := newChatFold(started)
	read := f.unary
	if stream {
		read = f.stream
	}
	whole, err := read(r)
	if err != nil {
		return Reply{}, fmt.Errorf("read %s reply: %w", d, err)
	}
	return f.result(whole), nil
}

// stream reads events to the end of r and reports whether it came there
// without an error.
func (f *chatFold) stream(r io.Reader) (whole bool, err error) {
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
func (f *chatFold) unary(r io.Reader) (whole bool, err error) {
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
