package proxy

import (
	"net/http"
	"sync"
	"time"
)

// trustFor is how long a client that refused our certificate is left alone.
const trustFor = 10 * time.Minute

// maxDistrust bounds the clients that are left alone, and those that are known to
// trust us.
const maxDistrust = 1000

// A distruster is a client and the host whose TLS it does not want opened. Of a
// client its address counts, the name that it was given and its User-Agent: what
// a named command starts has its name, but not its roots, and many have neither.
type distruster struct{ address, name, agent, host string }

func distrusterOf(a address, r *http.Request) distruster {
	return distruster{address: hostOf(r.RemoteAddr), name: a.client, agent: clientName(r.Header), host: a.host}
}

// client is what the distruster is called.
func (d distruster) client() string {
	if d.name != "" {
		return d.name
	}
	return d.agent
}

// distrust remembers who refused our certificates, and until when, and who has
// called behind one, and when last.
type distrust struct {
	mu           sync.Mutex
	until, heard map[distruster]time.Time
}

func (d *distrust) empty() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return len(d.until) == 0
}

func (d *distrust) has(key distruster, now time.Time) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	until, ok := d.until[key]
	if ok && !now.Before(until) {
		delete(d.until, key)
		return false
	}
	return ok
}

func (d *distrust) add(key distruster, until time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	note(&d.until, key, until)
}

// hear notes that a client has called.
func (d *distrust) hear(key distruster, now time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	note(&d.heard, key, now)
}

// heardSince reports whether a client has called since then.
func (d *distrust) heardSince(key distruster, then time.Time) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	at, ok := d.heard[key]
	return ok && at.After(then)
}

// note forgets all that a full table holds.
func note(table *map[distruster]time.Time, key distruster, at time.Time) {
	if _, known := (*table)[key]; *table == nil || !known && len(*table) >= maxDistrust {
		*table = make(map[distruster]time.Time)
	}
	(*table)[key] = at
}
