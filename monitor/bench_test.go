package monitor

import (
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
		m.Passed("r", "openai-chat", "off", OutcomeOK, 50*time.Microsecond, time.Second, ReasonOff)
	}
}

func BenchmarkBoundTake(b *testing.B) {
	bound := newBound()
	for b.Loop() {
		bound.take(0.1)
	}
}
