package detect

import (
	"fmt"
	"math"
	"testing"
)

// A cusum is the Bernoulli CUSUM that knows the rate before and after the
// change (Page 1954; Reynolds and Stoumbos 1999):
// S ← max(0, S + x·ln(p1/p0) + (1−x)·ln((1−p1)/(1−p0))), alarm at S ≥ h.
type cusum struct{ one, zero, s float64 }

func newCusum(p0, p1 float64) *cusum {
	return &cusum{one: math.Log(p1 / p0), zero: math.Log((1 - p1) / (1 - p0))}
}

func (c *cusum) take(x float64) float64 {
	c.s = math.Max(0, c.s+x*c.one+(1-x)*c.zero)
	return c.s
}

// A scene is a change from one mean to another. Values are single pairs, or the
// means of 1 to 20 pairs with an intra-class correlation of icc.
type scene struct {
	before, after, icc float64
}

func (s scene) String() string {
	if s.icc == 0 {
		return fmt.Sprintf("%.2f-%.2f/pairs", s.before, s.after)
	}
	return fmt.Sprintf("%.2f-%.2f/icc%.1f", s.before, s.after, s.icc)
}

// values gives the values of one run around a mean.
func (s scene) values(mean float64, seed uint64) func() float64 {
	if s.icc == 0 {
		source := newCorrelated(mean, 0.5, seed)
		return func() float64 { return float64(boolInt(source.rng.Float64() < mean)) }
	}
	return newCorrelated(mean, s.icc, seed).unitValue
}

// calibrated is the threshold at which the CUSUM's mean run length is target:
// the passage times of a grid of thresholds are followed in the same runs. A
// run ends at 8 times the target, which takes e^-8 off the mean.
func (s scene) calibrated(target float64, runs int) (h float64) {
	const step, top = 0.02, 600
	limit := 8 * target
	var passed [top]float64
	for run := range runs {
		c, next, i := newCusum(s.before, s.after), s.values(s.before, 1<<32+uint64(run)), 0
		for n := 1.0; i < top && n < limit; n++ {
			for v := c.take(next()); i < top && v >= step*float64(i); i++ {
				passed[i] += n
			}
		}
		for ; i < top; i++ {
			passed[i] += limit
		}
	}
	for i, total := range passed {
		if total/float64(runs) >= target {
			return step * float64(i)
		}
	}
	return step * top
}

// A delays is what a scene shows.
type delays struct {
	// run is the mean run length of the Detector that knows its baseline.
	run, runSE float64
	// delay is from the change on; cusum that of the CUSUM of the same run
	// length; learnt that of a Detector with a baseline learnt before.
	delay, delaySE, cusum, learnt, learntSE float64
	// early and earlyLearnt are the shares of runs with a false alarm within
	// K conversations.
	early, earlyLearnt float64
}

func (s scene) delays(k float64, lives, runs int) (d delays) {
	early := 0
	d.run, d.runSE = meanRun(lives, func(run int) float64 {
		n := runLength(steady(s.before), k, int(50*k), s.values(s.before, uint64(run)))
		early += int(boolInt(float64(n) <= k))
		return float64(n)
	})
	d.early = float64(early) / float64(lives)
	d.delay, d.delaySE = meanRun(runs, func(run int) float64 {
		return float64(runLength(steady(s.before), k, int(50*k), s.values(s.after, 1<<40+uint64(run))))
	})
	h := s.calibrated(d.run, lives)
	d.cusum, _ = meanRun(runs, func(run int) float64 {
		c, next, n := newCusum(s.before, s.after), s.values(s.after, 1<<40+uint64(run)), 1.0
		for ; c.take(next()) < h; n++ {
		}
		return n
	})
	d.learnt, d.learntSE = meanRun(runs, func(run int) float64 {
		return float64(runLength(s.learnt(run), k, int(50*k), s.values(s.after, 1<<40+uint64(run))))
	})
	early = 0
	for run := range lives {
		n := runLength(s.learnt(run), k, int(k)+1, s.values(s.before, uint64(run)))
		early += int(boolInt(float64(n) <= k))
	}
	d.earlyLearnt = float64(early) / float64(lives)
	return d
}

// learnt is a Detector that has learnt its baseline.
func (s scene) learnt(run int) *Detector {
	d, next := &Detector{}, s.values(s.before, 1<<48+uint64(run))
	for range BaselineConversations {
		d.Take(Value{X: next()}, Hearing{Learn: BaselineConversations, Now: base})
	}
	return d
}

// maxDelayRatio is how much longer a change may take to be seen than with the
// CUSUM that knows both rates.
const maxDelayRatio = 1.5

func TestDelayIsCloseToThatOfACusumThatKnowsBothRates(t *testing.T) {
	for _, s := range []scene{{0.15, 0.3, 0}, {0.05, 0.15, 0.1}, {0.3, 0.5, 0.3}} {
		d := s.delays(100, 400, 400)
		t.Logf("%v: run length %.0f ± %.0f, delay %.1f ± %.1f, CUSUM %.1f, learnt %.1f", s, d.run, 1.96*d.runSE, d.delay, 1.96*d.delaySE, d.cusum, d.learnt)
		if ratio := d.delay / d.cusum; ratio > maxDelayRatio {
			t.Errorf("%v: delay %.1f is %.2f times that of the CUSUM", s, d.delay, ratio)
		}
	}
}

// BenchmarkDetection prints, at K = 1,000, what docs/detection.md quotes.
func BenchmarkDetection(b *testing.B) {
	const k = FalseAlarmConversations
	for _, s := range []scene{
		{0.05, 0.1, 0},
		{0.05, 0.15, 0},
		{0.15, 0.25, 0},
		{0.15, 0.3, 0},
		{0.3, 0.45, 0},
		{0.05, 0.15, 0.1},
		{0.15, 0.3, 0.1},
		{0.3, 0.45, 0.1},
		{0.15, 0.5, 0.1},
		{0.05, 0.15, 0.3},
		{0.15, 0.3, 0.3},
		{0.3, 0.45, 0.3},
		{0.15, 0.5, 0.3},
	} {
		b.Run(s.String(), func(b *testing.B) {
			var d delays
			for b.Loop() {
				d = s.delays(k, 1000, 1000)
			}
			b.ReportMetric(0, "ns/op")
			b.ReportMetric(d.run, "run-length")
			b.ReportMetric(1.96*d.runSE, "±run-length")
			b.ReportMetric(d.delay, "delay")
			b.ReportMetric(1.96*d.delaySE, "±delay")
			b.ReportMetric(d.cusum, "cusum-delay")
			b.ReportMetric(d.delay/d.cusum, "ratio")
			b.ReportMetric(d.learnt, "learnt-delay")
			b.ReportMetric(d.learnt/d.cusum, "learnt-ratio")
			b.ReportMetric(100*d.early, "%early")
			b.ReportMetric(100*d.earlyLearnt, "%early-learnt")
		})
	}
}

// A household is a sidecar of some detectors that have learnt their baselines,
// of means .05, .15, .25 … in steady traffic.
type household struct {
	detectors int
	icc       float64
}

// alarms is how many false alarms it raises in so many conversations after
// learning. An alarm that has ended may come again.
func (h household) alarms(k float64, conversations int, seed uint64) (n int) {
	for i := range h.detectors {
		s := scene{before: 0.05 + 0.1*float64(i), icc: h.icc}
		d, next := s.learnt(int(seed)*100+i), s.values(s.before, seed*100+uint64(i))
		for range conversations {
			before := d.Risen
			d.Take(Value{X: next()}, Hearing{Conversations: k, Armed: func() int { return h.detectors }, Now: base})
			n += int(boolInt(before.IsZero() && !d.Risen.IsZero()))
		}
	}
	return n
}

// rate is the mean number of false alarms per K conversations over many such
// sidecars, its standard error, and the share of sidecars above 1.
func (h household) rate(k float64, conversations, sidecars int) (mean, se, above float64) {
	budget, over := float64(conversations)/k, 0
	mean, se = meanRun(sidecars, func(run int) float64 {
		rate := float64(h.alarms(k, conversations, uint64(run))) / budget
		over += int(boolInt(rate > 1))
		return rate
	})
	return mean, se, float64(over) / float64(sidecars)
}

// TestPromiseHoldsOnAverageOverLearntBaselines holds that the baselines whose
// bound is below the truth do not use up what the others save.
func TestPromiseHoldsOnAverageOverLearntBaselines(t *testing.T) {
	for _, h := range []household{{1, 0}, {4, 0.1}} {
		mean, se, above := h.rate(100, 3000, 80)
		t.Logf("%+v: %.2f ± %.2f false alarms per K conversations, %.2f of the sidecars above 1", h, mean, 1.96*se, above)
		if mean-4*se > 1 {
			t.Errorf("%+v: %.2f ± %.2f false alarms per K conversations", h, mean, 1.96*se)
		}
	}
}

// BenchmarkLearntDetection prints the same at K = 1,000.
func BenchmarkLearntDetection(b *testing.B) {
	for _, h := range []household{{1, 0}, {1, 0.1}, {1, 0.3}, {4, 0}, {4, 0.1}, {4, 0.3}} {
		b.Run(fmt.Sprintf("%d/icc%.1f", h.detectors, h.icc), func(b *testing.B) {
			var mean, se, above float64
			for b.Loop() {
				mean, se, above = h.rate(FalseAlarmConversations, 10*FalseAlarmConversations, 150)
			}
			b.ReportMetric(0, "ns/op")
			b.ReportMetric(mean, "alarms/K")
			b.ReportMetric(1.96*se, "±alarms/K")
			b.ReportMetric(100*above, "%above")
		})
	}
}
