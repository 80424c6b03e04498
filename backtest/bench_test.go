package backtest

import (
	"bytes"
	"runtime"
	"testing"
	"time"

	"hotmess/monitor"
)

// BenchmarkWeek reads and replays a week of traffic of one route, 20,000
// observations, once as recorded and once in another order. It tells the time
// for each of them and the memory that one observation takes while it is held.
func BenchmarkWeek(b *testing.B) {
	g := newTraffic(1)
	for range 3333 {
		g.converse(1, 6, .3)
	}
	for i := range g.all { // as the proxy records them
		g.all[i].Samples = []monitor.SampleRecord{sample(0), sample(1)}
		g.all[i].Conversation += "-0123456789abcdef0123456789abcdef"
	}
	file := g.lines(b).Bytes()
	b.ReportAllocs()
	for b.Loop() {
		before := heap()
		log := &Log{}
		if err := log.Read("week", bytes.NewReader(file)); err != nil {
			b.Fatal(err)
		}
		held := heap() - before
		began := time.Now()
		s := settings(above(.3))
		s.Placebos = 1
		if _, err := Run(b.Context(), s, log); err != nil {
			b.Fatal(err)
		}
		n := float64(len(log.observations))
		b.ReportMetric(float64(held)/n, "B/held")
		b.ReportMetric(float64(time.Since(began).Microseconds())/(2*n), "µs/replayed")
	}
}

func sample(number int) monitor.SampleRecord {
	key := "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
	length := monitor.Length{Tokens: 100, Source: monitor.SourceUsage}
	return monitor.SampleRecord{
		Number: number, Keys: map[string]string{"tool": key + "1", "target": key + "2", "exact": key + "3"},
		Reasoning: length, Output: length, Context: length, Finish: "stop",
	}
}

// heap is what is in use, in bytes.
func heap() int64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}
