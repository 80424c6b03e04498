package ensemble

import (
	"bytes"
	"errors"
	"io"
	"net/http"

	"hotmess/monitor"
	"hotmess/wire"
)

// Read decodes and folds the body of a successful reply and says why it is no
// answer, if it is none. It is the one judgement of replies: of primaries as they
// pass, of recorded samples, of quorums. body is read to its end; an error of its
// own is how it broke off. The decoded body may have limit bytes. started is that of
// wire.Fold.
//
// What could be read of a reply that is no answer is in it all the same, for its
// lengths.
func Read(d wire.Dialect, header http.Header, body io.Reader, limit int64, started func()) (wire.Reply, monitor.Reason) {
	decoded, err := wire.Decode(body, wire.Encoding(header), limit)
	if err != nil {
		return wire.Reply{}, monitor.ReasonEncoding
	}
	defer decoded.Close()
	reply, err := wire.Fold(d, wire.IsEventStream(header.Get("Content-Type")), decoded, started)
	switch {
	case errors.Is(err, wire.ErrTooBig):
		return reply, monitor.ReasonTooBig
	case err != nil:
		return reply, monitor.ReasonUnreadable
	case reply.Failure != nil:
		return reply, monitor.ReasonFailed
	case reply.Truncated:
		return reply, monitor.ReasonTruncated
	case reply.Choices == 0:
		return reply, monitor.ReasonUnreadable
	}
	return reply, ""
}

// reader reads a recorded body again: it ends as the body did.
func (r *Recording) reader() io.Reader {
	if r.Err == nil {
		return bytes.NewReader(r.Body)
	}
	return io.MultiReader(bytes.NewReader(r.Body), broken{r.Err})
}

// broken is the end of a body that broke off.
type broken struct{ err error }

// Read implements io.Reader.
func (b broken) Read([]byte) (int, error) { return 0, b.err }
