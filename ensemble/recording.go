package ensemble

import (
	"errors"
	"io"
)

var (
	// errTooBig: a body is larger than Runner.MaxBody.
	errTooBig = errors.New("reply is larger than limits.body")
	// errMemory: Runner.Hold refused.
	errMemory = errors.New("limits.held is used up")
)

// firstRead is the size of a recording's first buffer, in bytes.
const firstRead = 32 << 10

// A memory is what one recording holds.
type memory struct {
	// limit is the largest body, in bytes.
	limit int64
	// hold takes a number of bytes from a common account; nil: no account.
	hold     func(n int64) (release func(), ok bool)
	releases []func()
}

// readAll reads body to its end. With an error it gives what was read before:
// errTooBig and errMemory leave the rest unread, all other errors are body's.
func (m *memory) readAll(body io.Reader) ([]byte, error) {
	var b []byte
	for {
		if len(b) == cap(b) {
			grown, err := m.grow(b)
			if err != nil {
				return b, err
			}
			b = grown
		}
		n, err := body.Read(b[len(b):cap(b)])
		b = b[:len(b)+n]
		if errors.Is(err, io.EOF) {
			return b, nil
		}
		if err != nil {
			return b, err
		}
	}
}

// grow makes room for more: twice as much, up to one byte over the limit, which
// tells a body of just that size from a larger one.
func (m *memory) grow(b []byte) ([]byte, error) {
	if int64(len(b)) > m.limit {
		return nil, errTooBig
	}
	size := min(max(2*int64(cap(b)), firstRead), m.limit+1)
	if m.hold != nil {
		release, ok := m.hold(size - int64(cap(b)))
		if !ok {
			return nil, errMemory
		}
		m.releases = append(m.releases, release)
	}
	grown := make([]byte, len(b), size)
	copy(grown, b)
	return grown, nil
}

// free gives back what is held. It may be called more than once.
func (m *memory) free() {
	for _, release := range m.releases {
		release()
	}
	m.releases = nil
}
