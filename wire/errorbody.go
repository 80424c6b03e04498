package wire

import (
	"bytes"
	"encoding/json"
	"io"
	"strconv"

	"github.com/tidwall/gjson"
)

const jsonType = "application/json"

// An ownFailure is an error of hotmess itself.
type ownFailure struct {
	status        int
	kind, message string
}

// ErrorBody is the body of an error that hotmess itself answers with, in the
// form of d, so that a client's SDK raises its own error class; an Unknown
// dialect gets OpenAI's form, which most compatible servers share. status is
// the HTTP status sent with it, typ the error type (prefixed hotmess_ by the
// caller), message is for people.
func ErrorBody(d Dialect, status int, typ, message string) (contentType string, body []byte) {
	return jsonType, marshal(speaking(d).failure(ownFailure{status, typ, message}))
}

// StreamError is how d reports an error in a stream whose head has been sent.
// Nothing may follow it.
func StreamError(d Dialect, f Framing, status int, typ, message string) []byte {
	own := ownFailure{status, typ, message}
	if f == Array {
		return marshal([]any{speaking(d).failure(own)})
	}
	name, data := speaking(d).streamFailure(own)
	return event(name, marshal(data))
}

// UpstreamError is how an upstream's own error, the body of a reply, is told in a
// stream whose head has been sent: as it stands, in the form of d's streams. Where
// that body holds no error in the form of d, it is a StreamError of the type typ.
func UpstreamError(d Dialect, f Framing, status int, typ string, body []byte) []byte {
	root, ok := parse(body)
	if ok && root.IsArray() { // Google's streams that are arrays fail in an array
		root = root.Get("0")
	}
	if told, in := toldFailure(d, f, root); ok && in {
		return told
	}
	return StreamError(d, f, status, typ, "the upstream answered with status "+strconv.Itoa(status))
}

// toldFailure is the end of a stream by an error that is in an object; false where
// there is none.
func toldFailure(d Dialect, f Framing, root gjson.Result) ([]byte, bool) {
	said := member(root, "error")
	if !said.IsObject() {
		return nil, false
	}
	name, data := speaking(d).relayFailure(root, said)
	if f == Array {
		return marshal([]any{data}), true
	}
	return event(name, marshal(data)), true
}

// KeepAlive is what may be sent into a stream of d at any time before its first
// piece to show that the connection lives: Anthropic's own ping event, a comment
// to OpenAI's clients, and empty lines to Google's, before events or, behind
// Opening, in an array.
func KeepAlive(d Dialect, f Framing) []byte {
	if f == Array {
		return []byte("\n")
	}
	return speaking(d).ping()
}

// Opening is the first that may be sent into a stream of d to show that the
// connection lives. Of an array it is the bracket, which Opened then takes off
// the stream: Google's own readers of arrays (google-api-core, gax) fail on any
// other first byte.
func Opening(d Dialect, f Framing) []byte {
	if f == Array {
		return []byte("[")
	}
	return KeepAlive(d, f)
}

// Opened is an array without its opening bracket; of what is no array it is the
// whole of instead, an array too.
func Opened(array io.Reader, instead []byte) io.Reader { return &opened{rest: array, instead: instead} }

// opened is what Opened gives.
type opened struct {
	rest    io.Reader
	instead []byte
	begun   bool
}

// Read implements io.Reader.
func (o *opened) Read(p []byte) (int, error) {
	n, err := o.rest.Read(p)
	if o.begun {
		return n, err
	}
	text := bytes.TrimLeft(p[:n], space)
	switch {
	case len(text) == 0:
		return 0, err
	case text[0] == '[':
		o.begun = true
		return copy(p, text[1:]), err
	}
	o.rest = bytes.NewReader(o.instead)
	o.instead = nil
	return 0, nil
}

// StreamType is the Content-Type of a stream.
func StreamType(f Framing) string {
	if f == Events {
		return "text/event-stream"
	}
	return jsonType
}

// speaking is the grammar that clients of d understand.
func speaking(d Dialect) grammar {
	if g := grammars(d); g != nil {
		return g
	}
	return chat{}
}

// comment is a server-sent event that OpenAI's clients skip.
var comment = []byte(": hotmess\n\n")

func event(name string, data []byte) []byte {
	var out []byte
	if name != "" {
		out = append(out, "event: "+name+"\n"...)
	}
	out = append(out, "data: "...)
	out = append(out, data...)
	return append(out, "\n\n"...)
}

// marshal is for the structs of errors: strings and numbers alone cannot fail.
func marshal(v any) []byte {
	body, _ := json.Marshal(v)
	return body
}

// The error form that OpenAI documents.
type (
	openaiError struct {
		Error openaiDetail `json:"error"`
	}
	openaiDetail struct {
		Message string  `json:"message"`
		Type    string  `json:"type"`
		Param   *string `json:"param"`
		Code    string  `json:"code"`
	}
)

func openaiFailure(f ownFailure) openaiError {
	return openaiError{openaiDetail{f.message, f.kind, nil, f.kind}}
}
