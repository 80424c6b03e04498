package wire

import (
	"bufio"
	"errors"
	"fmt"
	"io"
)

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
		c, err := a.r.ReadByte()
		if err != nil || !isSpace(c) {
			return c, err
		}
	}
}

// object reads up to the bracket that closes what has just been opened.
func (a *arrayReader) object() ([]byte, error) {
	a.piece = append(a.piece[:0], '{')
	quoted, escaped := false, false
	for depth := 1; depth > 0; {
		c, err := a.r.ReadByte()
		switch {
		case errors.Is(err, io.EOF):
			return nil, io.ErrUnexpectedEOF
		case err != nil:
			return nil, err
		case len(a.piece) == maxEvent:
			return nil, fmt.Errorf("element of a streamed array: %w", ErrTooBig)
		case escaped:
			escaped = false
		case quoted:
			quoted, escaped = c != '"', c == '\\'
		case c == '"':
			quoted = true
		case c == '{' || c == '[':
			depth++
		case c == '}' || c == ']':
			depth--
		}
		a.piece = append(a.piece, c)
	}
	return a.piece, nil
}

// isSpace reports whether JSON takes c for white space.
func isSpace(c byte) bool { return c == ' ' || c == '\t' || c == '\r' || c == '\n' }
