package monitor

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"pgregory.net/rapid"

	est "hotmess/estimate"
)

// idAt is an id of a request of the given time, the n-th of it.
func idAt(at time.Time, n int) string {
	var u uuid.UUID
	for i, ms := 0, at.UnixMilli(); i < 6; i++ {
		u[i] = byte(ms >> (8 * (5 - i)))
	}
	u[6], u[8] = 0x70, 0x80
	u[14], u[15] = byte(n>>8), byte(n)
	return u.String()
}

// answered is an observation of kind answer with samples of the given keys.
func answered(conversation string, at time.Time, n int, keys ...string) Observation {
	o := measured(conversation, at, false)
	o.ID, o.Kind, o.Headline = idAt(at, n), "answer", "exact"
	for i, key := range keys {
		o.Samples = append(o.Samples, SampleRecord{
			Number: i, Keys: map[string]string{"exact": sealed(key)},
			Reasoning: Length{Tokens: 100, Source: SourceUsage}, Output: Length{Tokens: 200, Source: SourceUsage},
			Context: Length{Tokens: 1000, Source: SourceUsage},
		})
	}
	o.Differ = nil
	if len(keys) > 1 {
		o.Differ = map[string]bool{"exact": keys[0] != keys[1]}
	}
	return o
}

// sealed stands for the HMAC of a key of one letter.
func sealed(key string) string { return fmt.Sprintf("%032x", key) }

// say labels a request and returns what became of it.
func say(t testing.TB, m *Monitor, l Label) LabelResult {
	t.Helper()
	l.V = LabelVersion
	if err := l.check(); err != nil {
		t.Fatal(err)
	}
	return m.Label(t.Context(), []Label{l})[0]
}

func mustCount(t testing.TB, m *Monitor, l Label) {
	t.Helper()
	if r := say(t, m, l); r.Status != LabelCounted {
		t.Fatalf("%+v of %+v", r, l)
	}
}

// month is the labelled report over thirty days of the one series there is.
func month(t testing.TB, m *Monitor) LabelledReport {
	t.Helper()
	var found []LabelledReport
	for _, r := range m.Routes() {
		for _, l := range r.Labelled {
			if l.Window == "30d" {
				found = append(found, l)
			}
		}
	}
	if len(found) != 1 {
		t.Fatalf("%d labelled series", len(found))
	}
	return found[0]
}

// nearFigure compares a figure with a number.
func nearFigure(t testing.TB, name string, f est.Figure, want float64) {
	t.Helper()
	if f.Value == nil || math.Abs(*f.Value-want) > 1e-9 {
		got, _ := json.Marshal(f)
		t.Errorf("%s is %s, want %g", name, got, want)
	}
}

func TestOutcomesOfThePrimaryGiveErrorAndVariance(t *testing.T) {
	m, _ := newTest(t)
	// 40 conversations of one request: 20 fail, of which 10 differ; of the 20
	// that pass 4 differ.
	for i := range 40 {
		keys := []string{"a", "a"}
		if i < 10 || i >= 36 {
			keys[1] = "b"
		}
		o := answered(fmt.Sprint("c", i), base, i, keys...)
		m.take(o)
		outcome := Pass
		if i < 20 {
			outcome = Fail
		}
		mustCount(t, m, Label{Request: o.ID, Outcome: outcome})
	}
	rep := month(t, m)
	nearFigure(t, "accuracy", rep.Accuracy, .5)
	nearFigure(t, "error", rep.Error, 1)         // 2·20/40
	nearFigure(t, "variance", rep.Variance, .35) // 14/40
	nearFigure(t, "bias²", rep.Bias2, .65)       // error − variance
	nearFigure(t, "incoherence", rep.Incoherence, .35)
	if rep.Error.N != 40 || rep.Error.Clusters != 40 || rep.Incoherence.Low == nil {
		t.Errorf("%+v", rep)
	}
	if rep.WithinShare.Absent != AbsentNoLabels || rep.VoteGain.Absent != AbsentNeeds3 || rep.IncoherenceKL.Absent != AbsentNeeds30 {
		t.Errorf("figures that outcomes cannot give: %+v", rep)
	}
}

func TestLabelledShareIsOfWhatWasMeasured(t *testing.T) {
	m, _ := newTest(t)
	for i := range 4 {
		o := answered("c", base, i, "a", "b")
		m.take(o)
		if i == 0 {
			mustCount(t, m, Label{Request: o.ID, Outcome: Pass})
		}
	}
	if rep := month(t, m); rep.Measured != 4 || rep.LabelledShare == nil || *rep.LabelledShare != .25 {
		t.Errorf("%d measured, share %v", rep.Measured, rep.LabelledShare)
	}
	elsewhere, _ := newTest(t)
	o := answered("c", base, 1, "a", "b")
	elsewhere.labelling.Archive = func(context.Context, []string) (map[string]Observation, error) {
		return map[string]Observation{o.ID: o}, nil
	}
	mustCount(t, elsewhere, Label{Request: o.ID, Outcome: Pass})
	if rep := month(t, elsewhere); rep.Measured != 0 || rep.LabelledShare != nil {
		t.Errorf("%d measured, share %v", rep.Measured, rep.LabelledShare)
	}
}

func TestRightAnswersGradeEverySample(t *testing.T) {
	m, _ := newTest(t)
	votes := [][]string{{"a", "a", "b"}, {"b", "b", "a"}, {"a", "a", "a"}, {"c", "b", "a"}}
	var questions []est.Counts
	var scores []est.Scores
	var gains []float64
	for i := range 40 {
		keys := votes[i%4]
		o := answered(fmt.Sprint("c", i), base, i, keys...)
		m.take(o)
		mustCount(t, m, Label{Request: o.ID, Key: sealed("a")})
		c := est.Counts{N: make([]int, 3)}
		for _, k := range keys {
			c.N[k[0]-'a']++
		}
		questions = append(questions, c)
		s, _ := est.OneHot(c.N, 0)
		scores = append(scores, s)
		vote, _ := est.MajorityRight(c, 3)
		single, _ := est.MajorityRight(c, 1)
		gains = append(gains, vote-single)
	}
	rep := month(t, m)
	sum := est.Scores{}
	for _, s := range scores {
		sum.Error += s.Error / 40
		sum.Variance += s.Variance / 40
	}
	nearFigure(t, "error", rep.Error, sum.Error)
	nearFigure(t, "variance", rep.Variance, sum.Variance)
	nearFigure(t, "bias²", rep.Bias2, sum.Error-sum.Variance)
	nearFigure(t, "accuracy", rep.Accuracy, .5)
	for _, c := range []struct {
		name      string
		live, all est.Figure
	}{
		{"incoherence", rep.Incoherence, est.Incoherence(scores, 60)},
		{"within", rep.WithinShare, est.WithinShare(questions)},
		{"lapse", rep.Lapse, est.Lapse(questions)},
		{"vote gain", rep.VoteGain, est.MeanOf(gains)},
	} {
		nearFigure(t, c.name, c.live, *c.all.Value)
		nearFigure(t, c.name+" low", est.Figure{Value: c.live.Low}, *c.all.Low)
		nearFigure(t, c.name+" high", est.Figure{Value: c.live.High}, *c.all.High)
	}
	nearFigure(t, "0/1 bias", rep.ZeroOneBias, (0+1+0+2./3)/4)
}

func TestTestsAreACoverageError(t *testing.T) {
	m, _ := newTest(t)
	one := 1
	for i := range 30 {
		o := answered(fmt.Sprint("c", i), base, i, "a", "b")
		m.take(o)
		mustCount(t, m, Label{Request: o.ID, Tests: []bool{true, i%2 == 0, false}})
		mustCount(t, m, Label{Request: o.ID, Tests: []bool{true, false, false}, Sample: &one})
	}
	rep := month(t, m)
	s1, _ := est.Outcomes([][]bool{{true, true, false}, {true, false, false}})
	s2, _ := est.Outcomes([][]bool{{true, false, false}, {true, false, false}})
	if rep.Scale != "tests" {
		t.Errorf("scale %s", rep.Scale)
	}
	nearFigure(t, "error", rep.Error, (s1.Error+s2.Error)/2)
	nearFigure(t, "variance", rep.Variance, (s1.Variance+s2.Variance)/2)
	nearFigure(t, "accuracy", rep.Accuracy, .5)
}

func TestVotedRepliesCountAsAccuracyAlone(t *testing.T) {
	m, _ := newTest(t)
	o := answered("c", base, 1, "a", "b", "b")
	o.Vote = &VoteRecord{Winner: 1}
	m.take(o)
	mustCount(t, m, Label{Request: o.ID, Outcome: Pass})
	rep := month(t, m)
	nearFigure(t, "accuracy", rep.Accuracy, 1)
	if rep.Error.Absent != AbsentNoLabels {
		t.Errorf("the winner of a vote counts as a random sample: %+v", rep.Error)
	}
	mustCount(t, m, Label{Request: o.ID, Outcome: Fail, Sample: new(0)})
	nearFigure(t, "error of the pair", month(t, m).Error, 1)
	nearFigure(t, "accuracy still", month(t, m).Accuracy, 1)
}

// TestWinnersCountAsAccuracyAloneByNumberToo labels the winners of votes by their
// number. They are right more often than single samples, so error must not rest on
// them.
func TestWinnersCountAsAccuracyAloneByNumberToo(t *testing.T) {
	m, _ := newTest(t)
	for n, winner := range []int{0, 1, 2} {
		o := answered(fmt.Sprint("c", n), base, n, "a", "a", "a")
		o.Vote = &VoteRecord{Winner: winner}
		m.take(o)
		mustCount(t, m, Label{Request: o.ID, Outcome: Pass, Sample: new(winner)})
		other := 0
		if winner == 0 {
			other = 2
		}
		mustCount(t, m, Label{Request: o.ID, Outcome: Fail, Sample: new(other)})
	}
	rep := month(t, m)
	nearFigure(t, "accuracy of the winners", rep.Accuracy, 1)
	if rep.Accuracy.N != 3 || rep.Error.N != 1 {
		t.Errorf("accuracy of %d, error of %d; want 3, and the one whose samples 0 and 1 have labels", rep.Accuracy.N, rep.Error.N)
	}
}

func TestEscalatedRequestsCountTheirPairAlone(t *testing.T) {
	m, _ := newTest(t)
	o := answered("c", base, 1, "a", "b", "b", "b")
	o.Escalated = true
	m.take(o)
	mustCount(t, m, Label{Request: o.ID, Key: sealed("a")})
	nearFigure(t, "error", month(t, m).Error, 1)
	nearFigure(t, "variance", month(t, m).Variance, 1)
}

func TestLargerSetsWeighByTheirOwnProbability(t *testing.T) {
	m, _ := newTest(t)
	for i, deep := range []float64{1, .1} { // the second stands for ten
		keys := [][]string{{"a", "a", "a"}, {"a", "a", "b"}}[i]
		o := answered(fmt.Sprint("c", i), base, i, keys...)
		o.Deep, o.Escalated = deep, true
		m.take(o)
		mustCount(t, m, Label{Request: o.ID, Key: sealed("a")})
	}
	rep := month(t, m)
	nearFigure(t, "error", rep.Error, 1./3) // (0 + 2/3)/2: drawn with the same probability
	nearFigure(t, "vote gain", rep.VoteGain, 10*(1./3)/11)
	if rep.VoteGain.N != 2 {
		t.Errorf("%d requests", rep.VoteGain.N)
	}
}

func TestAddedRequestsAreInNoPlainMean(t *testing.T) {
	m, clock := newTest(t)
	o := answered("c", base, 1, "a", "b")
	o.Added, o.Escalated = true, true
	m.take(o)
	mustCount(t, m, Label{Request: o.ID, Outcome: Fail})
	clock.advance(conversationSilence)
	m.sweep()
	if m.judged.get(conversationKey{"r", "c"}).Settled {
		t.Error("its score goes to the detectors")
	}
	nearFigure(t, "error", month(t, m).Error, 2)
}

func TestIncoherenceIsAbsentBelowItsMinima(t *testing.T) {
	m, _ := newTest(t)
	for i := range 25 {
		o := answered(fmt.Sprint("c", i), base, i, "a", "b")
		m.take(o)
		outcome := Pass
		if i < 9 {
			outcome = Fail
		}
		mustCount(t, m, Label{Request: o.ID, Outcome: outcome})
		rep := month(t, m)
		switch {
		case i < 9 && rep.Error.AbsentRange != AbsentFewConversations:
			t.Errorf("%d conversations: %+v", i+1, rep.Error)
		case i < 19 && rep.Incoherence.Absent != AbsentFewRequests && rep.Incoherence.Absent != est.AbsentZero:
			t.Errorf("%d requests: %+v", i+1, rep.Incoherence)
		case i >= 19 && rep.Incoherence.Absent != est.AbsentFewErrors:
			t.Errorf("9 errors: %+v", rep.Incoherence)
		}
	}
}

func TestWithinShareIsAbsentBelowTenErrors(t *testing.T) {
	m, _ := newTest(t)
	for i := range 30 {
		second := "a"
		if i < 10 {
			second = "b" // the wrong one
		}
		o := answered(fmt.Sprint("c", i), base, i, "a", second)
		m.take(o)
		mustCount(t, m, Label{Request: o.ID, Key: sealed("a")})
		w := month(t, m).WithinShare
		if i < 9 != (w.Absent == est.AbsentFewErrors) || i >= 9 != (w.Value != nil) {
			t.Errorf("%d errors: %+v", i+1, w)
		}
	}
}

func TestKLIncoherenceIsAbsentBelowTenErrors(t *testing.T) {
	for _, wrong := range []int{9, 10} {
		m, _ := newTest(t)
		for i := range 25 {
			keys := slices.Repeat([]string{"a"}, 30)
			if i < wrong {
				keys[29] = "b"
			}
			o := answered(fmt.Sprint("c", i), base, i, keys...)
			o.Deep = 1
			m.take(o)
			mustCount(t, m, Label{Request: o.ID, Key: sealed("a")})
		}
		if f := month(t, m).IncoherenceKL; f.N != 25 || (wrong < 10) != (f.Absent == est.AbsentFewErrors) || (wrong < 10) != (f.Value == nil) {
			t.Errorf("%d errors: %+v", wrong, f)
		}
	}
}

// TestWindowsOfLabelsAreThoseCountedAnew labels, relabels and lets time pass at
// random, and compares each window with sums made from nothing.
func TestWindowsOfLabelsAreThoseCountedAnew(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		m, clock := newTest(t)
		var all []Observation
		last := map[string]string{}
		keys := []string{"a", "b", "c"}
		for range rapid.IntRange(1, 40).Draw(rt, "steps") {
			switch rapid.IntRange(0, 3).Draw(rt, "step") {
			case 0, 1:
				back := time.Duration(rapid.IntRange(0, 100).Draw(rt, "hours back")) * time.Hour
				at := clock.now().Add(-back)
				o := answered(rapid.SampledFrom([]string{"x", "y", "z"}).Draw(rt, "conversation"), at, len(all),
					rapid.SampledFrom(keys).Draw(rt, "0"), rapid.SampledFrom(keys).Draw(rt, "1"))
				o.Inclusion = rapid.SampledFrom([]float64{1, .5, .1}).Draw(rt, "inclusion")
				m.take(o)
				all = append(all, o)
			case 2:
				if len(all) > 0 {
					o := all[rapid.IntRange(0, len(all)-1).Draw(rt, "labelled")]
					key := rapid.SampledFrom(keys).Draw(rt, "right")
					m.Label(t.Context(), []Label{{Request: o.ID, Key: sealed(key)}})
					last[o.ID] = key
				}
			case 3:
				clock.advance(time.Duration(rapid.IntRange(0, 50).Draw(rt, "hours")) * time.Hour)
			}
		}
		for ring := range curveRings {
			want := anew(all, last, ring, clock.now())
			var got labelledBucket
			if s := m.route("r").labelled[labelledKey{Kind: "answer", Scale: scaleAnswers}]; s != nil {
				got = s.total(ring, clock.now())
			}
			for c, s := range got.Cells {
				if s.Requests == 0 && s.G == 0 {
					delete(got.Cells, c)
				}
			}
			if len(got.Cells) == 0 {
				got.Cells = nil
			}
			if diff := cmp.Diff(want.Cells, got.Cells, cmp.AllowUnexported(int128{})); diff != "" {
				rt.Fatalf("ring %d (-want +got):\n%s", ring, diff)
			}
		}
	})
}

// anew sums up the labelled requests of a window conversation by conversation.
func anew(all []Observation, last map[string]string, ring int, now time.Time) labelledBucket {
	s := spans()[curveWindow(ring)]
	byConversation := map[string]map[gradeCell][]int64{}
	var want labelledBucket
	for _, o := range all {
		key, ok := last[o.ID]
		if !ok || s.bucket(o.Time) <= s.bucket(now)-s.buckets {
			continue
		}
		cells := byConversation[o.Conversation]
		if cells == nil {
			cells = map[gradeCell][]int64{}
			byConversation[o.Conversation] = cells
		}
		for _, p := range grade(&o, verdicts{Key: sealed(key)}) {
			if p.Cell >= cellCurves && curveWindow(ring) != windowMonth {
				continue
			}
			sums := want.cell(p.Cell, len(p.Z))
			sums.Requests++
			if cells[p.Cell] == nil {
				cells[p.Cell] = make([]int64, len(p.Z))
			}
			for i, z := range p.Z {
				sums.Sum[i] += z
				cells[p.Cell][i] += z
			}
		}
	}
	for _, cells := range byConversation {
		for c, x := range cells {
			want.Cells[c].G++
			want.Cells[c].square(x, 1)
		}
	}
	return want
}

func TestLabelledMemoryOutlastsTheProcess(t *testing.T) {
	dir := t.TempDir()
	m, clock := newTestIn(t, dir)
	var first Observation
	for i := range 30 {
		o := answered(fmt.Sprint("c", i/2), base.Add(-time.Duration(i)*time.Hour), i, "a", "b", "a")
		if m.take(o); i == 0 {
			first = o
		}
		mustCount(t, m, Label{Request: o.ID, Key: sealed("a")})
	}
	m.save()
	again, err := New(Settings{Dir: dir, Now: clock.now})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(m.Routes(), again.Routes()); diff != "" {
		t.Error(diff)
	}
	again.take(first)
	if r := say(t, again, Label{Request: first.ID, Key: sealed("a")}); r.Status != LabelRepeated {
		t.Errorf("%+v after a restart", r)
	}
	if r := say(t, again, Label{Request: first.ID, Key: sealed("b")}); r.Status != LabelReplaced {
		t.Errorf("%+v after a restart", r)
	}
	nearFigure(t, "accuracy", month(t, again).Accuracy, 29./30)
}

func TestDamagedLabelledSumsAreLeftOut(t *testing.T) {
	for name, b := range map[string]labelledBucket{
		"no such cell": {Cells: map[gradeCell]*labelledSums{9999: {}}},
		"null":         {Cells: map[gradeCell]*labelledSums{cellScores: nil}},
		"short":        {Cells: map[gradeCell]*labelledSums{cellScores: {Sum: []int64{1}, Cross: []int128{{}}}}},
	} {
		if b.sound() {
			t.Errorf("%s is taken for sound", name)
		}
	}
	if soundParts([]part{{Cell: cellScores, Z: []int64{1}}}) {
		t.Error("a short part is taken for sound")
	}
}

func TestTableOfLabelledRequestsIsBounded(t *testing.T) {
	table := newJudgements(3, 1<<20)
	key := func(i int) conversationKey { return conversationKey{"r", fmt.Sprint(i)} }
	var gone []*judgedConversation
	for i := range 5 {
		c := table.enter(key(i), base, true)
		gone = append(gone, table.put(c, &judgedRequest{ID: fmt.Sprint(i)})...)
	}
	if table.requests != 3 || len(gone) != 2 || gone[0].Key != key(0) || table.get(key(0)) != nil {
		t.Errorf("%d kept, %d gone", table.requests, len(gone))
	}
	c := table.enter(key(4), base, true)
	for i := range maxJudgedRequests {
		c.Requests = append(c.Requests, &judgedRequest{ID: fmt.Sprint("more", i)})
	}
	if table.enter(key(4), base, true) == c {
		t.Error("a full conversation goes on")
	}
}

func TestLargeLabelledRequestsLeaveByTheirBytes(t *testing.T) {
	table := newJudgements(1000, 10_000)
	for i := range 10 {
		c := table.enter(conversationKey{"r", fmt.Sprint(i)}, base, true)
		table.put(c, &judgedRequest{ID: fmt.Sprint(i), Verdicts: verdicts{Tests: map[int]string{0: string(make([]byte, 4000))}}})
	}
	if table.requests != 2 || table.bytes > 10_000 {
		t.Errorf("%d requests of %d bytes", table.requests, table.bytes)
	}
}

// TestIncoherenceFromOutcomesCoversTheTruth simulates conversations whose
// requests have a known p of being right and known other answers, labels the
// primary alone, and asks how often the 95 % interval covers Σ V / Σ Err.
//
// 200 runs have a standard error of √(.95·.05/200) = .015; four of those below
// .95, and 2 points for the small-sample undercoverage of a linearised interval
// at 60 conversations, is .87.
func TestIncoherenceFromOutcomesCoversTheTruth(t *testing.T) {
	const runs, conversations, turns = 200, 60, 4
	rng := rand.New(rand.NewPCG(5, 8))
	covered := 0
	// A conversation is easy or hard: right with .9 or .4, else one of two
	// wrong answers, "b" twice as often as "c".
	probability := func(hard bool) [3]float64 {
		if hard {
			return [3]float64{.4, .4, .2}
		}
		return [3]float64{.9, .2 / 3, .1 / 3}
	}
	var v, e float64
	for _, hard := range []bool{false, true} {
		p := probability(hard)
		v += 1 - p[0]*p[0] - p[1]*p[1] - p[2]*p[2]
		e += 2 * (1 - p[0])
	}
	truth := v / e
	for range runs {
		m, _ := newTest(t)
		n := 0
		for c := range conversations {
			p := probability(rng.IntN(2) == 0)
			draw := func() string {
				u := rng.Float64()
				switch {
				case u < p[0]:
					return "a"
				case u < p[0]+p[1]:
					return "b"
				}
				return "c"
			}
			for range turns {
				n++
				o := answered(fmt.Sprint(c), base, n, draw(), draw())
				m.take(o)
				outcome := Pass
				if o.Samples[0].Keys["exact"] != sealed("a") {
					outcome = Fail
				}
				mustCount(t, m, Label{Request: o.ID, Outcome: outcome})
			}
		}
		f := month(t, m).Incoherence
		if f.Low == nil {
			t.Fatalf("no interval: %+v", f)
		}
		if *f.Low <= truth && truth <= *f.High {
			covered++
		}
	}
	if share := float64(covered) / runs; share < .87 {
		t.Errorf("the interval covers the true %.3f in %.3f of runs", truth, share)
	}
}

// BenchmarkLabel counts labels of requests in memory, in conversations of the
// given length.
func BenchmarkLabel(b *testing.B) {
	for _, turns := range []int{1, 20, maxJudgedRequests} {
		b.Run(fmt.Sprint("conversations of ", turns), func(b *testing.B) {
			m, _ := newTest(b)
			labels := make([]Label, b.N)
			for i := range labels {
				o := answered(fmt.Sprint(i/turns), base.Add(-time.Duration(i%turns)*time.Minute), i%60000, "a", "b")
				m.take(o)
				labels[i] = Label{V: 1, Request: o.ID, Key: sealed("a")}
			}
			b.ResetTimer()
			for _, l := range labels {
				m.Label(b.Context(), []Label{l})
			}
		})
	}
}
