package ensemble

import (
	"math"
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"
)

// TestLiveAndSimulatedVotesGoAlike runs random votes by random rules through a
// Runner in virtual time and through the simulation that the tables rest on. Which
// extra of a stage gets which reply is left to chance in the former, so launch
// numbers are not compared. No two replies end at one time.
func TestLiveAndSimulatedVotesGoAlike(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	stops := map[Stop]int{}
	for range 300 {
		n := 3 + r.IntN(8)
		rules := Rules{Level: LevelExact, Min: 2 + r.IntN(n-1), Max: n}
		rules.Launch = []Launch{LaunchAtOnce, LaunchStaged, LaunchLeader}[r.IntN(3)]
		switch r.IntN(4) {
		case 0:
			rules.Confidence = []float64{.9, .95}[r.IntN(2)]
		case 1:
			rules.Lead = 1 + r.IntN(3)
		case 2:
			rules.First = 1 + r.IntN(n)
		}
		var q question
		// Odd parts of a stage cannot add up to even ones of another.
		for i, at := range r.Perm(n) {
			q.takes = append(q.takes, take{key: string(rune('a' + r.IntN(3))), length: float64(2*at+1) + float64(i)/100})
		}
		synctest.Test(t, func(t *testing.T) { sameCourse(t, rules, q, stops) })
	}
	for _, stop := range []Stop{StopAll, StopSettled, StopConfidence, StopLead, StopFirst} {
		if stops[stop] == 0 {
			t.Errorf("no vote ended by %s", stop)
		}
	}
}

func sameCourse(t *testing.T, rules Rules, q question, stops map[Stop]int) {
	t.Helper()
	half := func(i int) time.Duration { return time.Duration(q.takes[i].length * float64(time.Second) / 2) }
	s := &script{primary: says(q.takes[0].key, half(0))}
	for i := 1; i < len(q.takes); i++ {
		s.extras = append(s.extras, says(q.takes[i].key, half(i)))
	}
	p := Policy{Rules: rules, Wait: time.Hour}
	began := time.Now()
	o, finish := newRunner(s, &turnstile{}).Vote(t.Context(), newCall(t), p)
	took := time.Since(began).Seconds()
	launched := len(finish())
	c := q.simulate(rules, math.Inf(1), false)
	stops[o.Stop]++
	if o.Stop != c.stop || launched != c.launched || math.Abs(took-c.took) > 1e-3 ||
		o.Vote.Votes != c.vote.Votes || o.Vote.Agreed != c.vote.Agreed || o.Vote.Rival != c.vote.Rival {
		t.Errorf("%+v of %+v:\nlive      %s after %.3f s, %d launched, %+v\nsimulated %s after %.3f s, %d launched, %+v",
			rules, q.takes, o.Stop, took, launched, o.Vote, c.stop, c.took, c.launched, c.vote)
	}
}
