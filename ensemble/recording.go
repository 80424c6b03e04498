package ensemble

import (
	"errors"
	"io"
	"math"
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

// A recorder keeps what is read of a body.
type recorder struct {
	memory *memory
	from   io.Reader
	kept   []byte
	// err is how reading ended: errTooBig and errMemory leave the rest unread, all
	// others are the body's, io.EOF among them.
	err error
}

// Read implements io.Reader.
func (r *recorder) Read(p []byte) (int, error) {
	return copy(p, r.more(len(p))), r.err
}

// all reads to the end.
func (r *recorder) all() {
	for r.err == nil {
		r.more(math.MaxInt)
	}
}

// more reads at most so many bytes.
func (r *recorder) more(most int) []byte {
	if r.err != nil {
		return nil
	}
	if len(r.kept) == cap(r.kept) {
		grown, err := r.memory.grow(r.kept)
		if err != nil {
			r.err = err
			return nil
		}
		r.kept = grown
	}
	room := r.kept[len(r.kept):cap(r.kept)]
	var n int
	n, r.err = r.from.Read(room[:min(most, len(room))])
	r.kept = r.kept[:len(r.kept)+n]
	return room[:n]
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
