package main

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"
)

func TestInterruptionBreaksOffAReadThatWaits(t *testing.T) {
	terminal, _ := io.Pipe() // nobody types
	defer terminal.Close()
	ctx, interrupt := context.WithCancel(t.Context())
	in := interruptible(ctx, io.MultiReader(strings.NewReader("typed"), terminal))
	typed := make([]byte, 5)
	if _, err := io.ReadFull(in, typed); err != nil || string(typed) != "typed" {
		t.Fatalf("%q, %v", typed, err)
	}
	interrupt()
	if n, err := in.Read(typed); n != 0 || !errors.Is(err, errInterrupted) {
		t.Errorf("%d bytes, %v", n, err)
	}
}

func TestInterruptibleInputIsTheInput(t *testing.T) {
	broken := errors.New("broken")
	in := interruptible(t.Context(), io.MultiReader(strings.NewReader("all"), iotest.ErrReader(broken)))
	if b, err := io.ReadAll(in); string(b) != "all" || !errors.Is(err, broken) {
		t.Errorf("%q, %v", b, err)
	}
	if b, err := io.ReadAll(interruptible(t.Context(), strings.NewReader("all"))); string(b) != "all" || err != nil {
		t.Errorf("%q, %v", b, err)
	}
}
