package main

import (
	"context"
	"errors"
	"io"
)

// errInterrupted is what a command ends with that was interrupted.
var errInterrupted = errors.New("interrupted")

// interruptible gives what r gives until ctx ends, which a read of a terminal or a
// pipe would not notice. The goroutine that reads ends with r or the process.
func interruptible(ctx context.Context, r io.Reader) io.Reader {
	out, in := io.Pipe()
	go func() {
		_, err := io.Copy(in, r)
		in.CloseWithError(err)
	}()
	context.AfterFunc(ctx, func() { in.CloseWithError(errInterrupted) })
	return out
}
