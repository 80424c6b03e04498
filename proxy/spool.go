package proxy

import (
	"errors"
	"io"
	"sync"
	"sync/atomic"

	"hotmess/monitor"
)

// errSpoolDropped ends the reading of a spool that was given up: the body is
// over a limit. The reason is in the spool.
var errSpoolDropped = errors.New("copy of the body was dropped")

// firstGrowth bounds what a spool allocates on the word of a Content-Length.
const firstGrowth = 1 << 20

// A ledger accounts for the bytes that are held at one time, over all spools.
type ledger struct {
	limit int64
	held  atomic.Int64
}

// take accounts for n more bytes; it reports false, taking nothing, if that
// would pass the limit.
func (l *ledger) take(n int64) bool {
	if l.held.Add(n) > l.limit {
		l.held.Add(-n)
		return false
	}
	return true
}

// give returns n bytes.
func (l *ledger) give(n int64) { l.held.Add(-n) }

// grow moves b to a buffer of the given size, accounted for in place of the
// held bytes of the one before. Without room it changes nothing; ok is false.
func (l *ledger) grow(b []byte, held *int64, size int64) (grown []byte, ok bool) {
	if !l.take(size - *held) {
		return b, false
	}
	*held = size
	return append(make([]byte, 0, size), b...), true
}

// fill reads to the end of r, into a first buffer of the given size, and accounts
// in held for the memory of what it returns. At a limit it stops with the reason.
// err is how r broke off.
func (l *ledger) fill(r io.Reader, held *int64, size, limit int64) (b []byte, why monitor.Reason, err error) {
	for err == nil {
		if len(b) == cap(b) {
			if int64(len(b)) > limit {
				return b, monitor.ReasonTooBig, nil
			}
			size = min(max(size, 2*int64(cap(b))), limit+1)
			var ok bool
			if b, ok = l.grow(b, held, size); !ok {
				return b, monitor.ReasonMemory, nil
			}
		}
		var n int
		n, err = r.Read(b[len(b):cap(b)])
		b = b[:len(b)+n]
	}
	if err == io.EOF {
		err = nil
	}
	return b, "", err
}

// Hold accounts for n bytes until release is called; ok is false if there is
// no room.
func (l *ledger) Hold(n int64) (release func(), ok bool) {
	if !l.take(n) {
		return nil, false
	}
	return sync.OnceFunc(func() { l.give(n) }), true
}

// A spool is a bounded copy of one body. One goroutine writes it while the
// body passes and never waits; another reads it. Over a limit the copy is
// given up, the body is not.
type spool struct {
	ledger *ledger
	limit  int64
	// announced is the size that the body is to have; below 1: unknown.
	announced int64

	mu     sync.Mutex
	grown  sync.Cond
	buf    []byte
	taken  int64
	read   int
	done   bool
	err    error // how the body ended, nil: whole
	reason monitor.Reason
}

// newSpool makes a spool for a body of the announced size; -1: unknown.
func newSpool(l *ledger, limit, announced int64) *spool {
	s := &spool{ledger: l, limit: limit, announced: announced}
	s.grown.L = &s.mu
	switch {
	case announced > limit:
		s.reason = monitor.ReasonTooBig
	case announced > 0:
		s.reserve(min(announced, firstGrowth))
	}
	return s
}

// reserve makes room for n bytes in all, or gives the copy up. The caller
// holds s.mu or is alone.
func (s *spool) reserve(n int64) bool {
	if n <= int64(cap(s.buf)) {
		return true
	}
	if n > s.limit {
		s.giveUp(monitor.ReasonTooBig)
		return false
	}
	size := min(max(n, 2*int64(cap(s.buf)), 512), s.limit)
	var ok bool
	if s.buf, ok = s.ledger.grow(s.buf, &s.taken, size); !ok {
		s.giveUp(monitor.ReasonMemory)
	}
	return ok
}

// giveUp drops the copy. The caller holds s.mu or is alone.
func (s *spool) giveUp(why monitor.Reason) {
	s.reason = why
	s.buf = nil
	s.ledger.give(s.taken)
	s.taken = 0
}

// write copies p. It never waits for the reader and never fails. A body that has
// its announced size is whole: its sender need not look for the end.
func (s *spool) write(p []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.done || s.reason != "" {
		return
	}
	if s.reserve(int64(len(s.buf) + len(p))) {
		s.buf = append(s.buf, p...)
		s.done = s.announced > 0 && int64(len(s.buf)) >= s.announced
	}
	s.grown.Broadcast()
}

// end says that the body ended; err is nil if it is whole. Only the first call
// counts.
func (s *spool) end(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.done {
		return
	}
	s.done, s.err = true, err
	s.grown.Broadcast()
}

// Read implements io.Reader: it waits for more of the body, and ends as the
// body ended.
func (s *spool) Read(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for s.read >= len(s.buf) && !s.done && s.reason == "" {
		s.grown.Wait()
	}
	switch {
	case s.reason != "":
		return 0, errSpoolDropped
	case s.read < len(s.buf):
		n := copy(p, s.buf[s.read:])
		s.read += n
		return n, nil
	case s.err != nil:
		return 0, s.err
	}
	return 0, io.EOF
}

// wait waits for the end and returns the whole body, which stays the spool's
// until free. err says how a body that is not whole ended.
func (s *spool) wait() (body []byte, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for !s.done && s.reason == "" {
		s.grown.Wait()
	}
	if s.reason != "" {
		return nil, errSpoolDropped
	}
	return s.buf, s.err
}

// dropped says why the copy was given up, or is empty.
func (s *spool) dropped() monitor.Reason {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.reason
}

// free returns the memory. The spool takes nothing more.
func (s *spool) free() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.done = true
	s.buf = nil
	s.ledger.give(s.taken)
	s.taken = 0
	s.grown.Broadcast()
}

// A tee copies a body into a spool while it is read.
type tee struct {
	io.ReadCloser
	spool *spool
}

// Read implements io.Reader.
func (t *tee) Read(p []byte) (int, error) {
	n, err := t.ReadCloser.Read(p)
	if n > 0 {
		t.spool.write(p[:n])
	}
	switch {
	case err == io.EOF:
		t.spool.end(nil)
	case err != nil:
		t.spool.end(err)
	}
	return n, err
}

// Close implements io.Closer. A body that is closed before its end broke off.
func (t *tee) Close() error {
	t.spool.end(io.ErrUnexpectedEOF)
	return t.ReadCloser.Close()
}
