package wire

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
)

// space is what JSON takes for white space.
const space = " \t\r\n"

// An arrayReader reads the elements of a JSON array one by one, each as soon as
// it is complete. They must be objects; whether those are valid JSON is for who
// takes them to check.
type arrayReader struct {
	r     *bufio.Reader // behind the opening bracket
	piece []byte
	// begun is whether an element is behind.
	begun bool
}

// next gives the next element, valid until the next call. At the end of the
// array it reads on to the end of r and gives io.EOF; io.ErrUnexpectedEOF is an
// array that broke off.
func (a *arrayReader) next() ([]byte, error) {
	c, err := a.token()
	comma := err == nil && a.begun && c == ','
	if comma {
		c, err = a.token()
	}
	switch {
	case errors.Is(err, io.EOF):
		return nil, io.ErrUnexpectedEOF
	case err != nil:
		return nil, err
	case c == ']' && !comma:
		return nil, a.end()
	case c == '{' && comma == a.begun:
		a.begun = true
		return a.object()
	}
	return nil, fmt.Errorf("element of a streamed array: %w", ErrNotDialect)
}

// end reads what follows the array, which may be white space.
func (a *arrayReader) end() error {
	_, err := a.token()
	if err == nil {
		return fmt.Errorf("behind a streamed array: %w", ErrNotDialect)
	}
	return err
}

// token is the next byte that is no white space.
func (a *arrayReader) token() (byte, error) {
	for {
		read, err := a.buffered()
		if err != nil {
			return 0, err
		}
		if rest := bytes.TrimLeft(read, space); len(rest) > 0 {
			c := rest[0]
			a.discard(len(read) - len(rest) + 1)
			return c, nil
		}
		a.discard(len(read))
	}
}

// object reads up to the bracket that closes what has just been opened.
func (a *arrayReader) object() ([]byte, error) {
	a.piece = append(a.piece[:0], '{')
	for b := (brackets{depth: 1}); b.depth > 0; {
		read, err := a.buffered()
		switch {
		case errors.Is(err, io.EOF):
			return nil, io.ErrUnexpectedEOF
		case err != nil:
			return nil, err
		}
		n := b.close(read)
		if len(a.piece)+n > maxEvent {
			return nil, fmt.Errorf("element of a streamed array: %w", ErrTooBig)
		}
		a.piece = append(a.piece, read[:n]...)
		a.discard(n)
	}
	return a.piece, nil
}

// buffered waits for more to read and gives what has arrived, which stays to be
// discarded.
func (a *arrayReader) buffered() ([]byte, error) {
	if _, err := a.r.Peek(1); err != nil {
		return nil, err
	}
	return a.r.Peek(a.r.Buffered())
}

// discard cannot fail for what buffered gave.
func (a *arrayReader) discard(n int) { _, _ = a.r.Discard(n) }

// brackets counts those of JSON that are open.
type brackets struct {
	depth           int
	quoted, escaped bool
}

// close reads on until none is open and gives the number of bytes read.
func (b *brackets) close(text []byte) int {
	for i, c := range text {
		switch {
		case b.escaped:
			b.escaped = false
		case b.quoted:
			b.quoted, b.escaped = c != '"', c == '\\'
		case c == '"':
			b.quoted = true
		case c == '{' || c == '[':
			b.depth++
		case c == '}' || c == ']':
			b.depth--
		}
		if b.depth == 0 {
			return i + 1
		}
	}
	return len(text)
}
