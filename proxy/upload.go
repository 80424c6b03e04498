package proxy

import (
	"errors"
	"io"
	"net/http"
	"sync/atomic"
)

// An upload is the body of a client's request on its way out.
type upload struct {
	io.ReadCloser // nil: there is none
	// whole is whether all of it was read, broke whether the client failed to
	// deliver it.
	whole, broke atomic.Bool
}

// of is r with the upload in place of its body. It is a copy: by the body of its
// own request the server tells whether another one can follow.
func (u *upload) of(r *http.Request) *http.Request {
	own := *r
	if r.Body != nil && r.Body != http.NoBody {
		u.ReadCloser = r.Body
		own.Body = u
	}
	return &own
}

// Read implements io.Reader. Behind the end it leaves the server's body alone: the
// transport asks once more, and the server may have closed it for the reply by
// then, for which the transport would break off that reply.
func (u *upload) Read(p []byte) (int, error) {
	if u.whole.Load() {
		return 0, io.EOF
	}
	n, err := u.ReadCloser.Read(p)
	switch {
	case err == nil, errors.Is(err, http.ErrBodyReadAfterClose):
	case errors.Is(err, io.EOF):
		u.whole.Store(true)
	default:
		u.broke.Store(true)
	}
	return n, err
}

// overtaken lets a reply leave whose request is not whole yet. net/http cuts such
// a stream, unless told otherwise, and then cannot take another request: the
// client is told. HTTP/1.0 has no such mode, HTTP/2 no other. It is called when
// the final head is there.
func (u *upload) overtaken(w http.ResponseWriter, r *http.Request) {
	if u.ReadCloser == nil || u.whole.Load() || r.ProtoMajor != 1 {
		return
	}
	_ = http.NewResponseController(w).EnableFullDuplex()
	w.Header().Set("Connection", "close")
}
