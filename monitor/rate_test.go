package monitor

import (
	"math"
	"testing"
	"time"

	"hotmess/config"
)

func TestAutoRateAimsAtThirtyAnHour(t *testing.T) {
	m, clock := newTest(t)
	auto := config.Rate{Auto: true}
	for _, c := range []struct {
		more int
		want float64
	}{{0, 1}, {30, 1}, {30, 0.5}, {240, 0.1}} {
		for range c.more {
			m.Arrived("r")
		}
		if got := m.Rate("r", auto); math.Abs(got-c.want) > 1e-12 {
			t.Errorf("rate %v, want %v", got, c.want)
		}
	}
	if got := m.Rate("quiet", auto); got != 1 {
		t.Errorf("rate of another route %v", got)
	}
	clock.advance(59 * time.Minute)
	if got := m.Rate("r", auto); got != 0.1 {
		t.Errorf("rate within the hour %v", got)
	}
	clock.advance(time.Minute)
	if got := m.Rate("r", auto); got != 1 {
		t.Errorf("rate after the hour %v", got)
	}
}

func TestRateRecoversFromAClockThatWasAhead(t *testing.T) {
	a := newArrivals()
	a.add("r", base.Add(1000*time.Hour))
	a.add("r", base)
	a.add("r", base.Add(-time.Minute)) // a small step back is no reason to forget
	if got := a.lastHour("r", base); got != 2 {
		t.Errorf("%d requests in the hour, want 2", got)
	}
}

func TestFixedRateIsClipped(t *testing.T) {
	m, _ := newTest(t)
	for share, want := range map[float64]float64{0.25: 0.25, -1: 0, 3: 1} {
		if got := m.Rate("r", config.Rate{Share: share}); got != want {
			t.Errorf("share %v gives rate %v", share, got)
		}
	}
}

func TestHourCountIsASlidingSum(t *testing.T) {
	a := newArrivals()
	at := base
	var times []time.Time
	for i := range 400 {
		at = at.Add(time.Duration(i%7) * 41 * time.Second)
		a.add("r", at)
		times = append(times, at)
		want := int64(0)
		for _, past := range times {
			want += boolInt(minute(past) > minute(at)-60)
		}
		if got := a.lastHour("r", at); got != want {
			t.Fatalf("event %d: %d in the hour, want %d", i, got, want)
		}
	}
	if got := a.lastHour("r", at.Add(1000*time.Hour)); got != 0 {
		t.Errorf("%d after a long silence", got)
	}
}

func TestRatioIsLearntPerModel(t *testing.T) {
	m, _ := newTest(t)
	if got := m.EstimateTokens("a", 4001); got != 1001 {
		t.Errorf("before learning: %d tokens", got)
	}
	for range 1000 {
		m.Learn("a", 2000, 1000)
	}
	if got := m.EstimateTokens("a", 20_000); got < 9990 || got > 10_000 {
		t.Errorf("2 bytes a token: 20,000 bytes are %d tokens", got)
	}
	if got := m.EstimateTokens("b", 4000); got != 1000 {
		t.Errorf("another model: %d tokens", got)
	}
	m.Learn("a", -5, 10)
	m.Learn("a", 10, 0)
	for range 1000 {
		m.Learn("odd", 1_000_000, 1)
	}
	if got := m.EstimateTokens("odd", 1600); got != 100 {
		t.Errorf("ratio is not bounded: %d tokens", got)
	}
}

func TestRatioFollowsAChangeOfTokenizer(t *testing.T) {
	r := newRatios()
	for range 100 {
		r.learn("a", 1<<22, 1<<20)
	}
	for range 200 {
		r.learn("a", 1<<21, 1<<20)
	}
	if got := r.models["a"].ratio(); math.Abs(got-2) > 0.01 {
		t.Errorf("ratio %v long after it changed from 4 to 2", got)
	}
}

func TestModelsBeyondTheBoundShareOneRatio(t *testing.T) {
	r := newRatios()
	for i := range maxModels * 3 {
		r.learn(string(rune('A'+i)), 300, 100)
	}
	if len(r.models) > maxModels+1 {
		t.Errorf("%d models", len(r.models))
	}
}
