package wrap

import (
	"slices"
	"time"
)

const (
	// crashWindow and maxCrashes say when a worker that dies again and again is
	// no longer restarted at once.
	crashWindow = 10 * time.Second
	maxCrashes  = 5
)

// crashes remembers when a worker died lately. The zero value is empty.
type crashes []time.Time

// add notes a crash at now and reports whether it is at least the fifth within
// ten seconds.
func (c *crashes) add(now time.Time) (loop bool) {
	old := func(t time.Time) bool { return now.Sub(t) >= crashWindow }
	*c = append(slices.DeleteFunc(*c, old), now)
	return len(*c) >= maxCrashes
}
