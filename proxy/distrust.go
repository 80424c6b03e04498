package proxy

import (
	"net/http"
	"sync"
	"time"
)

// trustFor is how long a client that refused our certificate is left alone.
const trustFor = 10 * time.Minute

// maxDistrust bounds the clients that are left alone.
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

// distrust remembers who refused our certificates, and until when.
type distrust struct {
	mu    sync.Mutex
	until map[distruster]time.Time
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
	if d.until == nil || len(d.until) >= maxDistrust {
		d.until = make(map[distruster]time.Time)
	}
	d.until[key] = until
}
