package sim

import "net/http"

// The dialects, as Request.Dialect and Truth.Dialect name them.
const (
	DialectChat      = "openai-chat"
	DialectResponses = "openai-responses"
	DialectMessages  = "anthropic-messages"
	DialectGemini    = "gemini-generate"
)

// A provider is the manner that all replies of one provider share, whatever
// they answer.
type provider interface {
	// failure is an error in the provider's form.
	failure(f *failure, id string) (status int, body any)
	// mark tells the request's id in a header.
	mark(h http.Header, id string)
	// quota tells, in headers, rate limits with plenty left.
	quota(h http.Header, left quota)
}

// A form is how the answer to one request is to be written: its dialect and
// what the request says of it.
type form interface {
	// whole is the JSON text of a reply that is not streamed.
	whole(t *turn) string
	// stream is a reply that is.
	stream(t *turn) stream
	// breakdown is what ends a stream in which the model fails, after the
	// given number of its parts.
	breakdown(t *turn, sent int) []part
}

// A keeper is a form whose answers leave something behind on the server.
type keeper interface {
	// keep is called when the answer is drawn and about to be sent; not for
	// answers that are errors instead.
	keep(t *turn)
	// release is called at the end, in any case.
	release()
}

// A stream is a streamed reply.
type stream struct {
	contentType string
	parts       []part
}

// A part is what is sent of a stream at once: a JSON text and what frames it.
type part struct{ before, data, after string }

// event is a server-sent event; name is empty for those that have none.
func event(name string, data any) part {
	before := "data: "
	if name != "" {
		before = "event: " + name + "\ndata: "
	}
	return part{before: before, data: encode(data), after: "\n\n"}
}

const eventStream = "text/event-stream; charset=utf-8"

// A reader decodes and checks the requests of one dialect.
type reader func(s *Server, x *exchange) (*prompt, *failure)
