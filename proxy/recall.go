package proxy

import "sync"

// A recall remembers the latest values by key, up to a limit; the key that came
// first is forgotten first. The zero recall with a limit is ready for use and
// safe for concurrent use.
type recall[V any] struct {
	limit int

	mu sync.Mutex
	of map[string]V
	// ring holds the keys in the order of their arrival, next being the oldest
	// once it is full.
	ring []string
	next int
}

// update replaces the value of a key by what f makes of it; known is whether
// there was one. f must not call the recall.
func (r *recall[V]) update(key string, f func(old V, known bool) V) {
	r.mu.Lock()
	defer r.mu.Unlock()
	old, known := r.of[key]
	value := f(old, known)
	if !known {
		r.enter(key)
	}
	r.of[key] = value
}

// enter makes room for a new key.
func (r *recall[V]) enter(key string) {
	if r.of == nil {
		r.of = make(map[string]V)
	}
	if len(r.ring) < r.limit {
		r.ring = append(r.ring, key)
		return
	}
	delete(r.of, r.ring[r.next])
	r.ring[r.next] = key
	r.next = (r.next + 1) % r.limit
}
