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

// Close implements io.Closer.
func (r *rest) Close() error {
	err := r.ReadCloser.Close()
	r.stop()
	r.cancel(nil)
	return err
}
