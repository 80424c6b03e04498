package e2e

import (
	"fmt"
	"strings"
	"sync"
	"testing"
)

const (
	// crowd is how many conversations of a test go on at one time.
	crowd = 10
	// bulk is the size of each prompt, in bytes: more than one window of
	// HTTP/2 takes at once.
	bulk = 100 << 10
)

// TestManyStreamsShareAConnection has agents talk side by side, in HTTP/2 over one
// connection. Nobody's words get into another's.
func TestManyStreamsShareAConnection(t *testing.T) {
	t.Parallel()
	c := newCorporate(t, nil)
	c.front.model(t, "", "--quota", "--steps", "1")
	c.everyPassage(t, c.modes(t), func(t *testing.T, p passage) {
		v := p.visit(t, sdks()[2])
		var talking sync.WaitGroup
		for n := range crowd {
			talk := v.open(t, manner{stream: true, tools: true})
			talking.Go(func() {
				talk.say(strings.Repeat(fmt.Sprint(n, " "), bulk/3))
				done, err := perform(t.Context(), talk, fmt.Sprint("task ", n))
				if err != nil || len(done.calls) != 1 || done.answer == "" {
					t.Errorf("agent %d: %+v, %v", n, done, err)
				}
			})
		}
		talking.Wait()
		v.arrived(t, 0)
		if own, _ := v.calls(); len(own) != 2*crowd {
			t.Errorf("%d calls, want %d", len(own), 2*crowd)
		}
	})
}
