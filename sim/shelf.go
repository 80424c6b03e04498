package sim

import (
	"container/list"
	"sync"
)

// Bounds of each shelf of what is remembered between requests, besides
// maxPrompts.
const (
	maxShelved    = 1 << 14
	maxShelfBytes = 256 << 20
)

// A memory is the state that requests leave behind for later ones. Its zero
// value is empty.
type memory struct {
	mu            sync.Mutex
	responses     shelf[*storedResponse]
	conversations shelf[*conversation]
	threads       shelf[*thread]
	prefixes      shelf[struct{}]
}

// A shelf keeps the newest values by id: at most maxShelved, of maxShelfBytes
// in all. Beyond that the oldest are forgotten, so that a client that comes
// back late is told that they were never there.
type shelf[T any] struct {
	byID map[string]*list.Element
	// age holds every shelved[T], the oldest first.
	age   list.List
	bytes int
}

type shelved[T any] struct {
	id    string
	value T
	bytes int
}

// put keeps a value of a size in bytes, instead of that of the same id.
func (s *shelf[T]) put(id string, value T, bytes int) {
	s.remove(id)
	if s.byID == nil {
		s.byID = map[string]*list.Element{}
	}
	s.byID[id] = s.age.PushBack(shelved[T]{id: id, value: value, bytes: bytes})
	s.bytes += bytes
	for s.age.Len() > maxShelved || (s.bytes > maxShelfBytes && s.age.Len() > 1) {
		s.drop(s.age.Front())
	}
}

func (s *shelf[T]) get(id string) (value T, ok bool) {
	if at := s.byID[id]; at != nil {
		return at.Value.(shelved[T]).value, true
	}
	return value, false
}

// remove reports whether there was one.
func (s *shelf[T]) remove(id string) bool {
	at := s.byID[id]
	if at != nil {
		s.drop(at)
	}
	return at != nil
}

func (s *shelf[T]) drop(at *list.Element) {
	one := s.age.Remove(at).(shelved[T])
	delete(s.byID, one.id)
	s.bytes -= one.bytes
}
