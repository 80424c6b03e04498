package monitor

import (
	"encoding/json"
	"fmt"
	"io"
	"testing"
	"time"
)

func BenchmarkObserve(b *testing.B) {
	m, _ := newTest(b)
	start(b, m)
	all := make([]Observation, 1024)
	for i := range all {
		all[i] = measured(fmt.Sprint(i%64), base.Add(time.Duration(i)*time.Millisecond), i%5 == 0)
		all[i].Samples = []SampleRecord{{Output: Length{Tokens: i, Source: SourceUsage}}, {Number: 1}}
	}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		m.Observe(all[i%len(all)])
		if i%1024 == 1023 {
			if err := m.Sync(b.Context()); err != nil {
				b.Fatal(err)
			}
		}
	}
	if err := m.Sync(b.Context()); err != nil {
		b.Fatal(err)
	}
	if n := m.Totals().Dropped; n > 0 {
		b.Fatalf("%d dropped", n)
	}
}

// busy has so many routes, each with conversations in every minute of the hour.
func busy(b *testing.B, routes int) *Monitor {
	m, _ := newTest(b)
	for r := range routes {
		for i := range 120 {
			o := measured(fmt.Sprint(r, "-", i), base.Add(-time.Duration(i)*30*time.Second), i%4 == 0)
			o.Route = fmt.Sprint("route", r)
			m.take(o)
		}
	}
	return m
}

func BenchmarkReadings200Routes(b *testing.B) {
	m := busy(b, 200)
	for b.Loop() {
		if n := len(m.Readings()); n < 200 {
			b.Fatal(n)
		}
	}
}

func BenchmarkWriteMetrics200Routes(b *testing.B) {
	m := busy(b, 200)
	for b.Loop() {
		m.WriteMetrics(io.Discard)
	}
}

func BenchmarkSnapshot200Routes(b *testing.B) {
	m := busy(b, 200)
	for b.Loop() {
		m.snapshot()
	}
}

func BenchmarkPassed(b *testing.B) {
	m, _ := newTest(b)
	b.ReportAllocs()
	for b.Loop() {
		m.Passed(Unobserved{Dialect: "openai-chat", Mode: "off", Outcome: OutcomeOK, Overhead: 50 * time.Microsecond, Total: time.Second, Reason: ReasonOff})
	}
}

// curvy has a route with all that can be known of it: full rings of curves,
// sketches and larger sets.
func curvy(b *testing.B) *Monitor {
	m, clock := newTest(b)
	start := clock.now()
	for hour := range 30 * 24 {
		clock.advance(time.Hour)
		for i := range 20 {
			n := hour*20 + i
			o := sized(fmt.Sprint(n/5), start.Add(time.Duration(hour+1)*time.Hour), n%4 == 0, pairLengths{n * 37 % 9000, n * 17 % 3000, n * 53 % 100_000, n % 40})
			if i%10 == 0 {
				o = larger(o, n)
			}
			m.take(o)
		}
	}
	return m
}

func BenchmarkTakeWithCurves(b *testing.B) {
	m, _ := newTest(b)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		m.take(sized(fmt.Sprint(i/10%2000), base, i%4 == 0, pairLengths{i * 37 % 9000, i * 17 % 3000, i * 53 % 100_000, i % 40}))
	}
}

func BenchmarkRoutesWithFullCurves(b *testing.B) {
	m := curvy(b)
	b.ReportAllocs()
	for b.Loop() {
		m.Routes()
	}
}

func BenchmarkFiguresWithFullCurves(b *testing.B) {
	m := curvy(b)
	for b.Loop() {
		m.figures()
	}
}

func BenchmarkSnapshotWithFullCurves(b *testing.B) {
	m := curvy(b)
	for b.Loop() {
		s := m.snapshot()
		if text, err := json.Marshal(s.Routes); err == nil {
			b.ReportMetric(float64(len(text)), "bytes")
		}
	}
}
