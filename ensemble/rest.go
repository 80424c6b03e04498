package ensemble

import (
	"context"
	"io"
)

// A rest is the unread part of a primary's body. It ends with the client's
// context.
type rest struct {
	io.ReadCloser
	stop   func() bool
	cancel context.CancelCauseFunc
}

// passes is whether the client has the unread part. That of a primary which came to
// its limit after the vote went on without it nobody has.
func (r *Recording) passes() bool {
	if r == nil {
		return false
	}
	_, passes := r.Rest.(*rest)
	return passes
}

// Close implements io.Closer.
func (r *rest) Close() error {
	err := r.ReadCloser.Close()
	r.stop()
	r.cancel(nil)
	return err
}
