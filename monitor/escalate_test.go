package monitor

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"time"
)

// TestEscalationDoesNotTiltTheEstimate has long reasoning disagree more, and
// measures all of the long and a tenth of the rest: the plain share of pairs
// that differ is far off, the weighed one is not.
func TestEscalationDoesNotTiltTheEstimate(t *testing.T) {
	const requests, rate, short, long = 6000, 0.1, 0.1, 0.6
	rng := rand.New(rand.NewPCG(21, 22))
	m, clock := newTest(t)
	truth, escalated, added := 0.0, 0, 0
	for i := range requests {
		clock.advance(30 * time.Second)
		tokens, d := 100+rng.IntN(50), short
		if rng.IntN(5) == 0 {
			tokens, d = 1000+rng.IntN(500), long
		}
		truth += d / requests
		o := sized(fmt.Sprint(i/10), clock.now(), rng.Float64() < d, pairLengths{tokens, 10, 100, -1})
		o.Drawn, o.Inclusion = rng.Float64() < rate, rate
		if m.Escalate("r", o.Samples[0].Reasoning, 2) {
			o.Added = !o.Drawn
			o.Drawn, o.Inclusion, o.Escalated = true, 1, true
			escalated++
			added += int(boolInt(o.Added))
		}
		if !o.Drawn {
			o.Differ = nil
			o.Samples = o.Samples[:1]
		}
		m.take(o)
	}
	e := headline(t, m, windowMonth)
	half := (*e.High - *e.Low) / 2
	plain := float64(differing(m, windowMonth)) / float64(e.Pairs)
	t.Logf("D is %.3f ± %.3f, the truth %.3f, the plain share %.3f; %d escalated of %d", *e.Value, half, truth, plain, escalated, requests)
	if math.Abs(*e.Value-truth) > 2*half { // four standard errors
		t.Errorf("D is %.3f ± %.3f, the truth %.3f", *e.Value, half, truth)
	}
	if plain < truth+2*half {
		t.Errorf("the plain share is %.3f: escalation does not tilt, so this test shows nothing", plain)
	}
	if hours := requests / 120; escalated > (hours+1)*escalationsPerHour || added == 0 {
		t.Errorf("%d escalated in %d hours, %d added", escalated, hours, added)
	}
}

func TestAddedPairsDoNotCountInTheValueOfAConversation(t *testing.T) {
	m, _ := newTest(t)
	for i := range 4 {
		o := measured("c", base.Add(time.Duration(i)*time.Second), i < 2)
		o.Escalated, o.Added = i < 2, i == 0
		m.take(o)
	}
	u := m.live.order.Front().Value.(*conversation).track(seriesKey{Kind: "action", Level: "target"}, true).Unit
	if u.X != 1 || u.N != 3 {
		t.Errorf("%d of %d pairs differ, want 1 of 3", u.X, u.N)
	}
	if e := headline(t, m, windowHour); e.Pairs != 4 {
		t.Errorf("%d pairs in D", e.Pairs)
	}
}
