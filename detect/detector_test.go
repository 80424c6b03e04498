package detect

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"gonum.org/v1/gonum/stat/distuv"
	"pgregory.net/rapid"
)

// steady is a detector that knows its baseline.
func steady(bound float64) *Detector {
	return &Detector{Baseline: Baseline{Strata: []Stratum{{To: lengthBins, N: 200, Mean: bound, Bound: bound}}}}
}

// runLength is how many values a detector takes until it alarms, at most limit.
func runLength(d *Detector, threshold float64, limit int, next func() float64) int {
	for n := 1; ; n++ {
		d.Take(Value{X: next()}, Hearing{Conversations: threshold, Now: base})
		if !d.Risen.IsZero() || n >= limit {
			return n
		}
	}
}

// meanRun gives the mean of what f gives in so many runs, and its standard error.
func meanRun(runs int, f func(run int) float64) (mean, se float64) {
	sum, squares := 0.0, 0.0
	for run := range runs {
		v := f(run)
		sum += v
		squares += v * v
	}
	n := float64(runs)
	mean = sum / n
	return mean, math.Sqrt((squares/n - mean*mean) / (n - 1))
}

// TestDetectorKeepsItsFalseAlarmPromiseWithCorrelatedTurns holds that the mean
// number of conversations until a false alarm is at least K, at the very bound,
// with an intra-class correlation of up to .3.
func TestDetectorKeepsItsFalseAlarmPromiseWithCorrelatedTurns(t *testing.T) {
	const k, runs = 100, 600
	for _, c := range []struct{ mean, icc float64 }{{0.05, 0.3}, {0.15, 0.1}, {0.3, 0.2}, {0.6, 0.3}} {
		mean, se := meanRun(runs, func(run int) float64 {
			source := newCorrelated(c.mean, c.icc, uint64(run))
			return float64(runLength(steady(c.mean), k, 100*k, source.unitValue))
		})
		t.Logf("mean %v, icc %v: run length %.0f ± %.0f, promised %d", c.mean, c.icc, mean, 1.96*se, k)
		// Four standard errors: one test in 30,000 fails by chance.
		if mean+4*se < k {
			t.Errorf("mean %v, icc %v: run length %.0f ± %.0f is below %d", c.mean, c.icc, mean, 1.96*se, k)
		}
	}
}

func TestBrokenPromiseWouldBeSeen(t *testing.T) {
	// The same simulation with a truth that is a third above the bound.
	const k, runs = 100, 300
	mean, se := meanRun(runs, func(run int) float64 {
		source := newCorrelated(0.2, 0.1, uint64(run))
		return float64(runLength(steady(0.15), k, 100*k, source.unitValue))
	})
	if mean+4*se >= k {
		t.Errorf("run length %.0f ± %.0f with a truth above the bound", mean, 1.96*se)
	}
}

// TestDetectorsTogetherKeepThePromise lets the alarms of four detectors of one
// sidecar be accepted as they come: together at most one per K conversations.
func TestDetectorsTogetherKeepThePromise(t *testing.T) {
	const k, detectors, conversations = 60, 4, 60_000
	sources := make([]correlated, detectors)
	all := make([]*Detector, detectors)
	for i := range all {
		sources[i], all[i] = newCorrelated(0.1+0.1*float64(i), 0.2, uint64(i)), steady(0.1+0.1*float64(i))
	}
	alarms := 0
	for range conversations {
		for i, d := range all {
			d.Take(Value{X: sources[i].unitValue()}, Hearing{Conversations: k, Armed: func() int { return detectors }, Now: base})
			if !d.Risen.IsZero() {
				alarms++
				all[i] = steady(d.Baseline.Strata[0].Bound)
			}
		}
	}
	// Alarms come at most like a Poisson process of that rate.
	most := conversations / float64(k)
	t.Logf("%d false alarms in %d conversations, promised %.0f", alarms, conversations, most)
	if float64(alarms) > most+4*math.Sqrt(most) {
		t.Errorf("%d false alarms in %d conversations, promised at most %.0f", alarms, conversations, most)
	}
	if alarms == 0 {
		t.Error("no alarm at all: the thresholds are out of reach")
	}
}

func TestDetectorFindsARiseAndItsEnd(t *testing.T) {
	d, now := steady(0.15), base
	source, risen := newCorrelated(0.12, 0.1, 1), newCorrelated(0.4, 0.1, 2)
	take := func(next func() float64, n int, until func() bool) int {
		for i := range n {
			if until() {
				return i
			}
			now = now.Add(time.Minute)
			d.Take(Value{X: next()}, Hearing{Conversations: FalseAlarmConversations, Now: now})
		}
		return n
	}
	if take(source.unitValue, 300, func() bool { return !d.Risen.IsZero() }) != 300 {
		t.Fatal("alarm in quiet")
	}
	change := now
	if n := take(risen.unitValue, 100, func() bool { return !d.Risen.IsZero() }); n > 40 {
		t.Fatalf("no alarm within %d conversations", n)
	}
	if gap := d.Onset.At.Sub(change).Abs(); gap > 10*time.Minute {
		t.Errorf("onset %v from the change", gap)
	}
	if mean, ok := d.Onset.Mean(); !ok || mean < 0.3 || mean > 0.65 {
		t.Errorf("mean since the onset %v %v, the truth .4", mean, ok)
	}
	if take(risen.unitValue, 1000, func() bool { return d.Risen.IsZero() }) != 1000 {
		t.Fatal("alarm ended though nothing is back")
	}
	if n := take(source.unitValue, 200, func() bool { return d.Risen.IsZero() }); n > 100 {
		t.Errorf("alarm still there %d conversations after the rise", n)
	}
	if take(source.unitValue, 300, func() bool { return !d.Risen.IsZero() }) != 300 {
		t.Error("alarm again in quiet")
	}
}

func TestAlarmEndsFalselyAsSeldomAsPromised(t *testing.T) {
	const runs = 300
	mean, se := meanRun(runs, func(run int) float64 {
		d, source := steady(0.15), newCorrelated(recovered(0.15), 0.2, uint64(run))
		d.Risen = base
		n := 0
		for ; !d.Risen.IsZero() && n < 50*RecoveryThreshold; n++ {
			d.Take(Value{X: source.unitValue()}, Hearing{Conversations: math.Inf(1), Now: base})
		}
		return float64(n)
	})
	t.Logf("at the margin an alarm ends after %.0f ± %.0f conversations", mean, 1.96*se)
	if mean+4*se < RecoveryThreshold {
		t.Errorf("at the margin an alarm ends after %.0f ± %.0f conversations, promised %d", mean, 1.96*se, RecoveryThreshold)
	}
}

func TestDetectorBetsAgainstTheStratumOfTheConversation(t *testing.T) {
	d := &Detector{Baseline: Baseline{Strata: []Stratum{{To: 10, N: 100, Bound: 0.05}, {To: 12, N: 100, Bound: 0.5}}}}
	far := *d
	d.Take(Value{X: 0.5, Bin: 12}, Hearing{Conversations: 1e9, Now: base})
	far.Take(Value{X: 0.5, Bin: 3}, Hearing{Conversations: 1e9, Now: base})
	if d.Rise.Evidence() != 1 {
		t.Errorf("evidence %v of a value at its Bound, want 1", d.Rise.Evidence())
	}
	if far.Rise.Evidence() < 4 {
		t.Errorf("evidence %v of a value at ten times its bound", far.Rise.Evidence())
	}
	if s := d.Baseline.of(lengthBins - 1); s.To != 12 {
		t.Errorf("a context beyond all strata belongs to that up to bin %d", s.To)
	}
}

// TestBaselineBoundCoversTheTruth holds that the bound is below the truth in
// at most 10 % of baselines, few disagreements included.
func TestBaselineBoundCoversTheTruth(t *testing.T) {
	const runs = 4000
	for _, c := range []struct {
		mean, icc float64 // icc 0: single pairs
		n         int
	}{{0.02, 0, 200}, {0.05, 0, 200}, {0.05, 0, 50}, {0.3, 0, 200}, {0.02, 0.3, 50}, {0.15, 0.1, 200}, {0.3, 0.3, 200}} {
		missed, source := 0, newCorrelated(c.mean, max(c.icc, .1), 11)
		ones := distuv.Binomial{N: float64(c.n), P: c.mean, Src: source.rng}
		for range runs {
			var m cohort
			if c.icc == 0 { // single pairs need no more than their number
				x := ones.Rand()
				m = cohort{n: ones.N, x: x, xx: x}
			}
			for m.n < ones.N {
				m.add(Value{X: source.unitValue()})
			}
			missed += int(boolInt(m.stratum().Bound < c.mean))
		}
		got := float64(missed) / runs
		t.Logf("mean %v, icc %v, %d conversations: bound below the truth in %.4f", c.mean, c.icc, c.n, got)
		if got > 1-BaselineConfidence+binomialTolerance(1-BaselineConfidence, runs) {
			t.Errorf("mean %v, icc %v, %d conversations: bound below the truth in %.4f", c.mean, c.icc, c.n, got)
		}
	}
}

func TestBaselineIsSplitWhereContextMatters(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	learn := func(mean func(bin int) float64) *Baseline {
		b := &Baseline{}
		for i := range BaselineConversations {
			bin := 8 + i%8
			b.learn(Value{X: min(1, max(0, mean(bin)+0.05*rng.NormFloat64())), Bin: bin}, BaselineConversations, base)
		}
		return b
	}
	if b := learn(func(int) float64 { return 0.3 }); len(b.Strata) != 1 {
		t.Errorf("%d strata though context makes no difference", len(b.Strata))
	}
	b := learn(func(bin int) float64 { return 0.05 * float64(bin-8) })
	if len(b.Strata) != maxStrata {
		t.Fatalf("%d strata though context makes all the difference", len(b.Strata))
	}
	for i, s := range b.Strata {
		if s.N < stratumConversations || (i > 0 && s.Mean <= b.Strata[i-1].Mean) || s.Bound <= s.Mean {
			t.Errorf("stratum %d: %+v", i, s)
		}
	}
	if all := b.Overall(); all.N != BaselineConversations {
		t.Errorf("%d conversations in all strata", all.N)
	}
}

// TestMixOfContextsIsNoRise learns from short and long contexts alike, and
// then sees only long ones, which have always disagreed more.
func TestMixOfContextsIsNoRise(t *testing.T) {
	short, long := newCorrelated(0.05, 0.1, 3), newCorrelated(0.4, 0.1, 4)
	d, h := &Detector{}, Hearing{Conversations: FalseAlarmConversations, Learn: BaselineConversations, Now: base}
	for i := range BaselineConversations {
		if i%2 == 0 {
			d.Take(Value{X: short.unitValue(), Bin: 10}, h)
		} else {
			d.Take(Value{X: long.unitValue(), Bin: 16}, h)
		}
	}
	pooled := steady(d.Baseline.Overall().Bound)
	for range 200 {
		x := long.unitValue()
		d.Take(Value{X: x, Bin: 16}, h)
		pooled.Take(Value{X: x, Bin: 16}, h)
	}
	if !d.Risen.IsZero() {
		t.Error("a change of the mix alone raised an alarm")
	}
	if pooled.Risen.IsZero() {
		t.Error("without strata there would be no alarm either: this test shows nothing")
	}
}

func TestLearningTakesTheSizeThatIsSet(t *testing.T) {
	for _, size := range []int{1, 7, 200} {
		d := &Detector{}
		for i := range size {
			if d.Armed() {
				t.Fatalf("armed after %d of %d", i, size)
			}
			d.Take(Value{X: 0.5}, Hearing{Learn: size, Conversations: 10, Now: base})
		}
		if !d.Armed() || d.Baseline.Values != nil {
			t.Errorf("not armed after %d", size)
		}
	}
}

func TestDetectorTakesAnyValueAndStaysFinite(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := &Detector{}
		h := Hearing{Learn: rapid.IntRange(1, 60).Draw(t, "learn"), Conversations: 1000, Now: base}
		for _, x := range rapid.SliceOfN(rapid.Float64(), 0, 200).Draw(t, "values") {
			d.Take(Value{X: x, Bin: rapid.IntRange(0, lengthBins-1).Draw(t, "bin")}, h)
		}
		d.Take(Value{X: math.NaN()}, h)
		if !d.Usable() {
			t.Fatalf("%+v", d)
		}
		if d.Armed() {
			all := d.Baseline.Overall()
			capped := all.Bound > maxBaselineBound-1e-9 // a weighted mean of caps is one to rounding
			if !(all.Bound > 0 && all.Bound <= maxBaselineBound+1e-9 && (all.Mean <= all.Bound || capped)) {
				t.Fatalf("baseline %+v", all)
			}
		}
	})
}

func TestDetectorRoundTripsExactlyAndIsCheckedWhenRestored(t *testing.T) {
	d, source := &Detector{}, newCorrelated(0.3, 0.2, 5)
	for i := range 300 {
		d.Take(Value{X: source.unitValue(), Bin: i % 7}, Hearing{Conversations: 1e9, Learn: 200, Now: base})
	}
	b, err := json.Marshal(d)
	if err != nil {
		t.Fatal(err)
	}
	again := &Detector{}
	if err := json.Unmarshal(b, again); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(d, RestoreDetector(again)); diff != "" {
		t.Error(diff)
	}
	for name, spoil := range map[string]func(*Detector){
		"negative wealth": func(d *Detector) { d.Rise[2] = -1 },
		"infinite wealth": func(d *Detector) { d.Fall[0] = math.Inf(1) },
		"no bound":        func(d *Detector) { d.Baseline.Strata[0].Bound = 0 },
		"bound of 1":      func(d *Detector) { d.Baseline.Strata[0].Bound = 1 },
		"value of 2":      func(d *Detector) { d.Baseline.Values = []Value{{X: 2}} },
	} {
		bad := d.Clone()
		bad.Baseline.Strata = append([]Stratum(nil), d.Baseline.Strata...)
		spoil(bad)
		if got := RestoreDetector(bad); got.Armed() || got.Begun() {
			t.Errorf("%s: taken over", name)
		}
	}
}
