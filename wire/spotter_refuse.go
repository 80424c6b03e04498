package wire

import (
	"bytes"
	"encoding/json"
	"net/http"

	"github.com/tidwall/gjson"
)

// Refuse is how the stream ends with a text in place of what is held, or, where
// that has no place for a text, with an error of hotmess's own of this type.
func (s *CallSpotter) Refuse(typ, text string) []byte {
	const status = http.StatusBadGateway
	switch {
	case s.array == nil:
		closing, err := RefuseStream(s.dialect, s.buf, text)
		if err != nil {
			closing = StreamError(s.dialect, Events, status, typ, text)
		}
		return s.InKind(closing)
	case s.array.opened:
		return s.array.refuse(s.buf, typ, text)
	}
	body, err := RefuseBody(s.dialect, s.buf, text)
	if err != nil {
		_, body = ErrorBody(s.dialect, status, typ, text)
	}
	return body
}

// Fail is how the stream ends with the error that what is held ends with, and without
// the calls before that; where it is none, with one of hotmess's own of this type.
func (s *CallSpotter) Fail(typ, text string) []byte {
	const status = http.StatusBadGateway
	switch {
	case s.array == nil:
		told, ok := toldFailure(s.dialect, Events, failureIn(lastEvent(s.buf)))
		if !ok {
			told = StreamError(s.dialect, Events, status, typ, text)
		}
		return s.InKind(told)
	case s.array.opened:
		return s.array.fail(s.buf, typ, text)
	}
	_, body := ErrorBody(s.dialect, status, typ, text)
	return body
}

// lastEvent is what the last event of a stream says.
func lastEvent(stream []byte) (last gjson.Result) {
	reader := newEventReader(bytes.NewReader(stream))
	for {
		data, err := reader.next()
		if err != nil {
			return last
		}
		if root, ok := parse(bytes.Clone(data)); ok {
			last = root
		}
	}
}

// failureIn is where an event of any dialect has its error as a member: OpenAI's
// Responses have events that are one, and responses that hold one.
func failureIn(root gjson.Result) gjson.Result {
	switch {
	case root.Get("response").IsObject():
		return root.Get("response")
	case root.Get("type").Str == "error" && !root.Get("error").IsObject():
		return gjson.ParseBytes(marshal(members{"error": json.RawMessage(root.Raw)}))
	}
	return root
}
