package ensemble

import (
	"context"
	"io"
	"maps"
	"net/http"
	"time"

	"hotmess/wire"
)

// drainFor bounds how long what follows the closing mark of a stream is read that
// nobody gets: as a rule its connection ends at once, and can be used again.
const drainFor = time.Second

// toMark reads a stream to its closing mark and reports whether that came. If a.begun
// is set, it is closed at the first token; replies that do not stream have none before
// their end. Whatever goes wrong in that costs nothing but time: then the reply's end
// is awaited.
func (a attempt) toMark(r io.Reader, resp *http.Response) (marked bool) {
	defer func() { _ = recover() }()
	events := wire.IsEventStream(resp.Header.Get("Content-Type"))
	array := a.begun != nil && a.call.View.Streams()
	if resp.StatusCode != http.StatusOK || !events && !array {
		return false
	}
	body, err := wire.Decode(r, wire.Encoding(resp.Header), a.runner.MaxBody)
	if err != nil {
		return false
	}
	defer body.Close()
	started := func() {
		if a.begun != nil {
			close(a.begun)
		}
	}
	if events {
		return wire.ReadToMark(a.call.View.Dialect, body, started)
	}
	_, _ = wire.Fold(a.call.View.Dialect, false, body, started)
	return false
}

// A tail is what follows the closing mark of a recorded stream: as a rule the end of
// its connection, and what else a server sends, which is the client's if the recording
// is.
type tail struct {
	io.ReadCloser
	resp *http.Response
	rec  *Recording
	// cancel ends the call, stop what else would.
	cancel context.CancelCauseFunc
	stop   func()
}

func newTail(resp *http.Response, rec *Recording) *tail {
	if rec.Trailer == nil {
		rec.Trailer = http.Header{} // for those that are not announced
	}
	return &tail{ReadCloser: resp.Body, resp: resp, rec: rec}
}

// owned says how the call is ended, and how what else would end it no longer does.
func (t *tail) owned(cancel context.CancelCauseFunc, stop func()) {
	if t != nil {
		t.cancel, t.stop = cancel, stop
	}
}

// Read implements io.Reader. At the end the trailers are there.
func (t *tail) Read(p []byte) (int, error) {
	n, err := t.ReadCloser.Read(p)
	if err == io.EOF {
		maps.Copy(t.rec.Trailer, t.resp.Trailer)
	}
	return n, err
}

// pass gives the tail to the client whose context is ctx, and ends with it.
func (t *tail) pass(ctx context.Context) {
	t.stop()
	stop := context.AfterFunc(ctx, func() { t.cancel(context.Cause(ctx)) })
	t.rec.Rest = &rest{ReadCloser: t, stop: stop, cancel: t.cancel}
}

// drain reads a tail that nobody gets, beside.
func (t *tail) drain() {
	if t == nil {
		return
	}
	t.stop()
	timer := time.AfterFunc(drainFor, func() { t.cancel(errDecided) })
	go func() {
		defer func() { _ = recover() }()
		defer t.cancel(nil)
		defer timer.Stop()
		defer t.Close()
		_, _ = io.Copy(io.Discard, t.ReadCloser)
	}()
}
