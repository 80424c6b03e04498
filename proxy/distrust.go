package proxy

import (
	"net/http"
	"sync"
	"time"
)

// trustFor is how long a client that refused our certificate is left alone.
const trustFor = 10 * time.Minute

// maxDistrust bounds the clients in each table.
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

// distrust remembers who does not take our certificates.
type distrust struct {
	mu sync.Mutex
	// until is how long a client that has refused is left alone, heard when one
	// last called behind a certificate, silent when one first left without a
	// word, unless it has called.
	until, heard, silent table
}

// A table is bounded: when it is full it forgets all that it holds.
type table map[distruster]time.Time

func (t *table) note(key distruster, at time.Time) {
	if _, known := (*t)[key]; *t == nil || !known && len(*t) >= maxDistrust {
		*t = make(table)
	}
	(*t)[key] = at
}

// has reports whether a client is left alone.
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

// add leaves a client alone.
func (d *distrust) add(key distruster, until time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.until.note(key, until)
}

// hear notes that a client calls.
func (d *distrust) hear(key distruster, now time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.heard.note(key, now)
	delete(d.silent, key)
}

// leave notes that a client has left without a word, unless it has called lately.
func (d *distrust) leave(key distruster, now time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if at, ok := d.heard[key]; ok && now.Sub(at) < trustFor {
		return
	}
	if _, ok := d.silent[key]; !ok {
		d.silent.note(key, now)
	}
}

// left reports, once, whether a client has left without a word by then and not
// called since.
func (d *distrust) left(key distruster, then time.Time) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	at, ok := d.silent[key]
	if !ok || at.After(then) {
		return false
	}
	delete(d.silent, key)
	return true
}
