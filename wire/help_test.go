package wire

import (
	"bytes"
	"errors"
	"io"
)

// inTwo gives body in two reads, cut at i.
func inTwo(body []byte, i int) io.Reader {
	return io.MultiReader(bytes.NewReader(body[:i]), bytes.NewReader(body[i:]))
}

var errBroken = errors.New("connection reset")

// broken gives body and then fails.
func broken(body string) io.Reader {
	return io.MultiReader(bytes.NewReader([]byte(body)), failing{})
}

type failing struct{}

func (failing) Read([]byte) (int, error) { return 0, errBroken }

// endless repeats text for ever.
func endless(text string) io.Reader { return &repeated{text: text} }

type repeated struct {
	text string
	at   int
}

func (r *repeated) Read(p []byte) (int, error) {
	n := copy(p, r.text[r.at:])
	r.at = (r.at + n) % len(r.text)
	return n, nil
}
