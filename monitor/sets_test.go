package monitor

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"time"
)

// larger makes a set of five samples of an observation, drawn with .1. Answers
// and lengths follow from the seed.
func larger(o Observation, seed int) Observation {
	rng := rand.New(rand.NewPCG(uint64(seed), 1))
	o.Deep = 0.1
	o.Samples = nil
	for i := range 5 {
		o.Samples = append(o.Samples, sampleOf(o, i, fmt.Sprint(rng.IntN(3)), 50+rng.IntN(1000)))
	}
	o.ExtraTokens = 400
	if seed%3 > 0 {
		o.Replays = []ReplayRecord{{Samples: 3, Winner: rng.IntN(3), ExtraTokens: int64(rng.IntN(200)), AddedSeconds: rng.Float64()}}
	}
	return o
}

// sampleOf is a whole sample with an answer and a length of reasoning; it takes
// as many milliseconds.
func sampleOf(o Observation, number int, answer string, tokens int) SampleRecord {
	return SampleRecord{
		Number: number, Keys: map[string]string{o.Headline: answer},
		Reasoning: known(tokens), Output: known(tokens + 10), Context: known(100), Seconds: float64(tokens) / 1000,
	}
}

// set is an observation of the given answers, each with its length.
func set(answers string, lengths ...int) Observation {
	o := measured("c", base, false)
	o.Deep = 1
	for i, tokens := range lengths {
		o.Samples = append(o.Samples, sampleOf(o, i, answers[i:i+1], tokens))
	}
	o.ExtraTokens = 100 * int64(len(lengths)-1)
	return o
}

func TestGapIsDisagreementAboveLessBelowTheMedianLength(t *testing.T) {
	for name, c := range map[string]struct {
		o    Observation
		want float64
	}{
		"long ones differ":      {set("aabc", 1, 2, 3, 4), 1},
		"short ones differ":     {set("abcc", 1, 2, 3, 4), -1},
		"order does not matter": {set("baca", 3, 1, 4, 2), 1},
		"median is left out":    {set("aaxbc", 1, 2, 3, 4, 5), 1},
		"all agree":             {set("aaaaa", 1, 2, 3, 4, 5), 0},
		"three in a half":       {set("aaabba", 1, 2, 3, 4, 5, 6), 2.0 / 3},
		"one of three and all":  {set("aabxyz", 1, 2, 3, 4, 5, 6), 1 - 2.0/3},
		"sixteen in a half":     {set("aaaaaaaaaaaaaaaabaaaaaaaaaaaaaaa", counting(32)...), 2.0 / 16},
	} {
		g, ok := gapOf(&c.o)
		if !ok || math.Abs(float64(g)/gapUnit-c.want) > 1e-12 {
			t.Errorf("%s: %v %t, want %v", name, float64(g)/gapUnit, ok, c.want)
		}
	}
}

func counting(n int) []int {
	all := make([]int, n)
	for i := range all {
		all[i] = i
	}
	return all
}

func TestGapNeedsFourSamplesOfDifferentLength(t *testing.T) {
	missing := set("aabbc", 1, 2, 3, 4, 5)
	missing.Samples[1].Missing, missing.Samples[2].Missing = ReasonFailed, ReasonTimeout
	three, equal := set("abc", 1, 2, 3), set("abcd", 7, 7, 7, 7)
	unknown := set("abcd", 1, 2, 3, 4)
	unknown.Samples[0].Reasoning, unknown.Samples[3].Output = Length{}, Length{}
	for name, o := range map[string]Observation{"three": three, "two missing": missing, "one length": equal, "unknown": unknown} {
		if g, ok := gapOf(&o); ok {
			t.Errorf("%s: %d", name, g)
		}
	}
	byOutput := set("aabc", 1, 2, 3, 4)
	byOutput.Samples[2].Reasoning = Length{}
	if g, ok := gapOf(&byOutput); !ok || g != gapUnit {
		t.Errorf("by output: %d %t", g, ok)
	}
}

// TestGapIsZeroOnAverageWithoutOverthinking is the reason for halves of one
// size: for odd and even N alike answers that do not go with length show none.
func TestGapIsZeroOnAverageWithoutOverthinking(t *testing.T) {
	const runs = 6000
	rng := rand.New(rand.NewPCG(1, 2))
	for _, n := range []int{4, 5, 7, 8} {
		sum, squares := 0.0, 0.0
		for range runs {
			answers, lengths := make([]byte, n), make([]int, n)
			for i := range n {
				answers[i], lengths[i] = "aaabc"[rng.IntN(5)], rng.IntN(1000)
			}
			o := set(string(answers), lengths...)
			if g, ok := gapOf(&o); ok {
				d := float64(g) / gapUnit
				sum += d
				squares += d * d
			}
		}
		// Four standard errors of the mean.
		if mean, bound := sum/runs, 4*math.Sqrt(squares)/runs; math.Abs(mean) > bound {
			t.Errorf("N = %d: mean gap %.4f, bound %.4f", n, mean, bound)
		}
	}
}

func TestOverthinkingIsFoundWhereItIsAndNotWhereItIsNot(t *testing.T) {
	for name, c := range map[string]struct {
		effect float64
		found  bool
	}{"planted": {0.3, true}, "none": {0, false}} {
		t.Run(name, func(t *testing.T) {
			rng := rand.New(rand.NewPCG(3, 4))
			m, _ := newTest(t)
			for i := range 400 {
				o := measured(fmt.Sprint(i%100), base.Add(time.Duration(i)*time.Millisecond), false)
				o.Deep = 0.1
				for n := range 5 {
					tokens := 100 + rng.IntN(900)
					answer := "a"
					// Above 550 tokens, the median, answers stray more often.
					if rng.Float64() < 0.15+c.effect*float64(boolInt(tokens > 550)) {
						answer = fmt.Sprint(rng.IntN(1000))
					}
					o.Samples = append(o.Samples, sampleOf(o, n, answer, tokens))
				}
				m.take(o)
			}
			rep := detailOf(t, m, windowTwoDays).Overthinking[0]
			if rep.Set != SetDrawn || rep.Gap.N != 400 || rep.Gap.Clusters != 100 || rep.Tested != 400 {
				t.Fatalf("report %+v", rep)
			}
			if found := *rep.Gap.Low > 0 && *rep.P < 0.01; found != c.found {
				t.Errorf("gap %s, p %v", show(rep.Gap), *rep.P)
			}
		})
	}
}

func TestEscalatedRequestsStandApart(t *testing.T) {
	m, _ := newTest(t)
	long := set("aabc", 1, 2, 3, 4)
	long.Deep, long.Escalated = 0, true
	m.take(long)
	both := set("abcc", 1, 2, 3, 4)
	both.Escalated = true // drawn beforehand, too
	m.take(both)
	d := detailOf(t, m, windowTwoDays)
	drawn, escalated := d.Overthinking[0], d.Overthinking[1]
	if drawn.Gap.N != 1 || *drawn.Gap.Value != -1 || drawn.Tested != 1 {
		t.Errorf("drawn %+v", drawn)
	}
	if escalated.Set != SetEscalated || escalated.Gap.N != 1 || *escalated.Gap.Value != 1 || escalated.Tested != 1 {
		t.Errorf("escalated %+v", escalated)
	}
	if d.Voting[0].Requests != 1 || drawn.Requests != 1 || escalated.Requests != 1 {
		t.Errorf("requests of votes %d, drawn %d, escalated %d", d.Voting[0].Requests, drawn.Requests, escalated.Requests)
	}
	if n := d.Voting[0].Changed.N; n != 1 {
		t.Errorf("%d votes, want that of the drawn request alone", n)
	}
	if e := headline(t, m, windowTwoDays); e.Pairs != 2 {
		t.Errorf("%d pairs in the pooled figure", e.Pairs)
	}
}

func TestGapsAreBoundedAndTheLatestStay(t *testing.T) {
	var g gaps
	for i := range 3 * maxGaps {
		g.add(timedGap{At: int64((i * 7919) % (3 * maxGaps)), Value: 1})
	}
	if len(g.All) != maxGaps || g.All[0].At < maxGaps {
		t.Errorf("%d kept, the oldest of %d", len(g.All), g.All[0].At)
	}
	for i := 1; i < len(g.All); i++ {
		if g.All[i-1].At > g.All[i].At {
			t.Fatal("not in order")
		}
	}
}

func TestVoteIsReplayedFromTheFirstSamples(t *testing.T) {
	for name, c := range map[string]struct {
		o    Observation
		n    int
		want voteValues
	}{
		"agreed at once":         {set("aaa", 100, 200, 300), 3, voteValues{false, 200, 100, false}},
		"outvoted":               {set("abb", 100, 200, 300), 3, voteValues{true, 200, 200, false}},
		"primary wins ties":      {set("abc", 100, 200, 300), 3, voteValues{false, 200, 200, false}},
		"primary is the slowest": {set("abb", 300, 100, 200), 3, voteValues{true, 200, 0, false}},
		"first three of five":    {set("abbaa", 100, 200, 300, 1, 1), 3, voteValues{true, 200, 200, false}},
		"all five":               {set("abbaa", 100, 200, 300, 400, 500), 5, voteValues{false, 400, 400, false}},
		"a tie is the primary's": {set("abcab", 100, 200, 300, 400, 500), 5, voteValues{false, 400, 300, false}},
		"decided by four":        {set("aabaa", 100, 200, 300, 400, 500), 5, voteValues{false, 400, 300, false}},
	} {
		v := voteOf(&c.o, c.n)
		if v == nil || *v != c.want {
			t.Errorf("%s: %+v, want %+v", name, v, c.want)
		}
	}
	lost := set("abb", 1, 2, 3)
	lost.Samples[1].Missing = ReasonFailed
	short := set("ab", 1, 2)
	for name, o := range map[string]Observation{"one lost": lost, "a pair": short} {
		if v := voteOf(&o, 3); v != nil {
			t.Errorf("%s: %+v", name, v)
		}
	}
}

// TestVotesGoByTheirReplayWhereThereIsOne: by equal answers alone the primary would
// win ties.
func TestVotesGoByTheirReplayWhereThereIsOne(t *testing.T) {
	with := func(r ReplayRecord) Observation {
		o := set("abc", 100, 200, 300)
		o.Replays = []ReplayRecord{{Samples: 5, Winner: 2}, r}
		return o
	}
	tie := voteValues{false, 200, 200, false}
	for name, c := range map[string]struct {
		o    Observation
		want voteValues
	}{
		"replayed":          {with(ReplayRecord{Samples: 3, Winner: 2, ExtraTokens: 70, AddedSeconds: 1.5}), voteValues{true, 70, 1500, true}},
		"the primary wins":  {with(ReplayRecord{Samples: 3, Winner: 0, ExtraTokens: 70}), voteValues{false, 70, 0, true}},
		"of another size":   {with(ReplayRecord{Samples: 4, Winner: 2}), tie},
		"no such sample":    {with(ReplayRecord{Samples: 3, Winner: 3}), tie},
		"below all samples": {with(ReplayRecord{Samples: 3, Winner: -1}), tie},
		"tokens given back": {with(ReplayRecord{Samples: 3, Winner: 2, ExtraTokens: -1}), tie},
		"time given back":   {with(ReplayRecord{Samples: 3, Winner: 2, AddedSeconds: -1}), voteValues{true, 0, 0, true}},
		"longer than a day": {with(ReplayRecord{Samples: 3, Winner: 2, AddedSeconds: 1e300}), voteValues{true, 0, 86400000, true}},
		"recorded without":  {set("abc", 100, 200, 300), tie},
	} {
		if v := voteOf(&c.o, 3); v == nil || *v != c.want {
			t.Errorf("%s: %+v, want %+v", name, v, c.want)
		}
	}
	lost := with(ReplayRecord{Samples: 3, Winner: 2})
	lost.Samples[1].Missing = ReasonFailed
	if v := voteOf(&lost, 3); v != nil {
		t.Errorf("one lost: %+v", v)
	}
}

// TestReportsTellHowManyVotesWereReplayed mixes replays with records of a version
// that had none.
func TestReportsTellHowManyVotesWereReplayed(t *testing.T) {
	m, _ := newTest(t)
	for i := range 40 {
		o := set("abcab", 100, 200, 300, 400, 500)
		o.ID, o.Conversation, o.Deep = fmt.Sprint(i), fmt.Sprint(i/2), 0.5
		if i%4 == 0 {
			o.Replays = []ReplayRecord{{Samples: 3, Winner: 1, ExtraTokens: 80, AddedSeconds: .1}}
		}
		m.take(o)
	}
	all := detailOf(t, m, windowMonth).Voting
	if v := all[0]; v.Replayed != 10 || v.Changed.N != 40 || math.Abs(*v.Changed.Value-.25) > 1e-9 || *v.ExtraTokens.Value != 200*.75+80*.25 {
		t.Errorf("of three: %d replayed of %d, changed %s, %v tokens", v.Replayed, v.Changed.N, show(v.Changed), *v.ExtraTokens.Value)
	}
	if v := all[1]; v.Replayed != 0 || v.Changed.N != 40 || *v.Changed.Value != 0 {
		t.Errorf("of five: %d replayed of %d, changed %s", v.Replayed, v.Changed.N, show(v.Changed))
	}
}

// TestVotingReportsWhatVotesWouldDo draws primaries that stray with .3 from an
// answer that all others give: a vote of three changes just those.
func TestVotingReportsWhatVotesWouldDo(t *testing.T) {
	rng := rand.New(rand.NewPCG(8, 9))
	m, _ := newTest(t)
	const requests, stray = 600, 0.3
	for i := range requests {
		answers := "aaaaa"
		if rng.Float64() < stray {
			answers = "baaaa"
		}
		o := set(answers, 100, 200, 300, 400, 500)
		o.ID, o.Conversation, o.Deep = fmt.Sprint(i), fmt.Sprint(i/3), 0.05
		m.take(o)
	}
	all := detailOf(t, m, windowMonth).Voting
	for i, want := range []VotingReport{{Samples: 3}, {Samples: 5}} {
		v := all[i]
		if v.Samples != want.Samples || v.Changed.N != requests || v.Changed.Clusters != requests/3 {
			t.Fatalf("%+v", v)
		}
		if !(*v.Changed.Low <= stray && stray <= *v.Changed.High) {
			t.Errorf("N = %d: changed %s, truth %v", v.Samples, show(v.Changed), stray)
		}
		if tokens := 100 * float64(v.Samples-1); *v.ExtraTokens.Value != tokens {
			t.Errorf("N = %d: %v extra tokens, want %v", v.Samples, *v.ExtraTokens.Value, tokens)
		}
	}
	// Three: agreed after two (.2 s) or outvoted after three (.3 s), the primary
	// being done after .1 s.
	share := *all[0].Changed.Value
	if got, want := *all[0].AddedSeconds.Value, 0.1*(1-share)+0.2*share; math.Abs(got-want) > 1e-9 {
		t.Errorf("%v s added, want %v", got, want)
	}
}
