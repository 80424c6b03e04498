package ensemble

import (
	"context"
	"io"

	"hotmess/monitor"
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

// beyond is whether hotmess itself, not the upstream, is why a sample is missing.
// Such a primary may well be right.
func beyond(r monitor.Reason) bool {
	switch r {
	case monitor.ReasonTooBig, monitor.ReasonMemory, monitor.ReasonEncoding, monitor.ReasonPanic:
		return true
	default:
		return false
	}
}

// abandon answers with a primary that hotmess cannot judge, and cancels the
// extras: without it there is nothing to measure either.
func (b *ballot) abandon(ctx context.Context) Outcome {
	for _, cancel := range b.cancel[1:] {
		cancel(errDecided)
	}
	o := b.fallBack()
	if o.Winner != nil && o.Winner.Rest != nil {
		cancel := b.cancel[0]
		stop := context.AfterFunc(ctx, func() { cancel(context.Cause(ctx)) })
		o.Winner.Rest = &rest{ReadCloser: o.Winner.Rest, stop: stop, cancel: cancel}
	}
	return o
}
