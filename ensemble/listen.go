package ensemble

import (
	"io"
	"net/http"

	"hotmess/wire"
)

// listened is the body of a reply. If a.begun is set and the reply streams, it is
// folded beside as it is read, until the first token: then a.begun is closed.
// Other replies have no token before their end. heard ends the listening.
func (a attempt) listened(resp *http.Response) (body io.Reader, heard func()) {
	events := wire.IsEventStream(resp.Header.Get("Content-Type"))
	if a.begun == nil || resp.StatusCode != http.StatusOK || !events && !a.call.View.Streams() {
		return resp.Body, func() {}
	}
	read, write := io.Pipe()
	done := make(chan struct{})
	go func() {
		defer close(done)
		a.listen(read, wire.Encoding(resp.Header), events)
	}()
	return io.TeeReader(resp.Body, deaf{write}), func() {
		_ = write.Close()
		<-done
	}
}

// listen folds a copy of a reply until its first token. Whatever goes wrong in
// that costs nothing but time: then the reply's end is awaited.
func (a attempt) listen(from *io.PipeReader, encoding string, events bool) {
	defer from.Close()
	defer func() { _ = recover() }()
	body, err := wire.Decode(from, encoding, a.runner.MaxBody)
	if err != nil {
		return
	}
	defer body.Close()
	_, _ = wire.Fold(a.call.View.Dialect, events, body, func() {
		close(a.begun)
		_ = from.Close() // ends the fold, and writes to it
	})
}

// deaf is a writer that goes on as if nothing were wrong with the one behind it.
type deaf struct{ io.Writer }

// Write implements io.Writer.
func (d deaf) Write(p []byte) (int, error) {
	_, _ = d.Writer.Write(p)
	return len(p), nil
}
