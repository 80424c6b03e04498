package monitor

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"hotmess/alerts"
	"hotmess/config"
	"hotmess/detect"
)

// learning makes a Monitor with short baselines and a low threshold.
func learning(t testing.TB, dir string, learn, k int) (*Monitor, *testClock) {
	t.Helper()
	clock := &testClock{at: base.Add(5 * time.Minute)}
	m, err := New(Settings{
		Dir: dir, Now: clock.now, BaselineConversations: learn,
		FalseAlarmConversations: func(string) int { return k },
	})
	if err != nil {
		t.Fatal(err)
	}
	return m, clock
}

// converse takes in one conversation of n pairs, and ends it.
func converse(m *Monitor, clock *testClock, id string, n int, edit func(i int, o *Observation)) {
	for i := range n {
		clock.advance(time.Second)
		o := measured(id, clock.now(), false)
		edit(i, &o)
		m.take(o)
	}
	clock.advance(conversationSilence)
	m.sweep()
}

func everyNth(n int) func(int, *Observation) {
	return func(i int, o *Observation) { o.Differ["target"] = i%n == 0 }
}

// readingOf is the one reading of a rule.
func readingOf(t *testing.T, m *Monitor, rule string) alerts.Reading {
	t.Helper()
	var found []alerts.Reading
	for _, r := range m.Readings() {
		if r.Rule == rule && r.Route != OtherRoute {
			found = append(found, r)
		}
	}
	if len(found) != 1 {
		t.Fatalf("%d readings of %s: %+v", len(found), rule, found)
	}
	return found[0]
}

func about(v any, want float64) bool {
	got, ok := v.(float64)
	return ok && math.Abs(got-want) < 1e-9
}

func TestRisingDisagreementIsLearntHeldAndAccepted(t *testing.T) {
	m, clock := learning(t, "", 30, 50)
	for i := range 29 {
		converse(m, clock, fmt.Sprint("a", i), 10, everyNth(10))
	}
	r := readingOf(t, m, config.RuleDisagreementRising)
	if r.State != alerts.StateLearning || r.Detail["learned_conversations"] != 29 || r.Detail["baseline_size"] != 30 {
		t.Fatalf("learning: %+v", r)
	}
	converse(m, clock, "a29", 10, everyNth(10))
	r = readingOf(t, m, config.RuleDisagreementRising)
	if r.State != alerts.StateCleared || !about(r.Detail["baseline"], 0.1) || r.Detail["e_threshold"] != 50. {
		t.Fatalf("learnt: %+v", r)
	}
	for i := range 30 {
		converse(m, clock, fmt.Sprint("b", i), 10, everyNth(2))
	}
	r = readingOf(t, m, config.RuleDisagreementRising)
	if r.State != alerts.StateHolds || r.Kind != "action" || r.Level != "target" || r.Detail["e_value"].(float64) < 50 {
		t.Fatalf("risen: %+v", r)
	}
	if mean := r.Detail["onset_mean"]; !about(mean, 0.5) {
		t.Errorf("mean since the onset %v, the truth .5", mean)
	}
	if _, ok := m.AcceptBaseline("nowhere"); ok {
		t.Error("accepted a route that is not there")
	}
	if n, ok := m.AcceptBaseline("r"); n != 1 || !ok {
		t.Errorf("accepted %d %v", n, ok)
	}
	if r := readingOf(t, m, config.RuleDisagreementRising); r.State != alerts.StateLearning || r.Detail["learned_conversations"] != 0 {
		t.Errorf("accepted: %+v", r)
	}
	for i := range 60 {
		converse(m, clock, fmt.Sprint("c", i), 10, everyNth(2))
	}
	if r := readingOf(t, m, config.RuleDisagreementRising); r.State != alerts.StateCleared || !about(r.Detail["baseline"], 0.5) {
		t.Errorf("learnt anew: %+v", r)
	}
}

func TestThresholdGrowsWithTheDetectorsOfAllRoutes(t *testing.T) {
	m, clock := learning(t, "", 5, 70)
	for i := range 5 {
		converse(m, clock, fmt.Sprint(i), 3, func(_ int, o *Observation) {
			o.Samples = []SampleRecord{{Reasoning: Length{Tokens: 100 + i, Source: SourceUsage}}}
			if i%2 == 0 {
				o.Route = "r"
			}
		})
	}
	if r := readingOf(t, m, config.RuleDisagreementRising); r.Detail["detectors"] != 2 || r.Detail["e_threshold"] != 140. {
		t.Errorf("one series and its reasoning lengths: %+v", r.Detail)
	}
	for i := range 5 {
		converse(m, clock, fmt.Sprint("other", i), 3, func(_ int, o *Observation) { o.Route = "s" })
	}
	for _, r := range m.Readings() {
		if r.Rule == config.RuleDisagreementRising && r.Detail["e_threshold"] != 210. {
			t.Errorf("route %s: %+v", r.Route, r.Detail)
		}
	}
}

func TestLongerReasoningIsOverthinking(t *testing.T) {
	m, clock := learning(t, "", 40, 50)
	talk := func(id string, tokens int) {
		converse(m, clock, id, 10, func(i int, o *Observation) {
			o.Drawn, o.Differ = false, nil // every reply counts, measured or not
			o.Samples = []SampleRecord{{Reasoning: Length{Tokens: tokens + i, Source: SourceUsage}}}
		})
	}
	for i := range 40 {
		talk(fmt.Sprint("a", i), 1000)
	}
	r := readingOf(t, m, config.RuleOverthinking)
	if r.State != alerts.StateCleared || r.Detail["long_tokens"] != 1008 || !about(r.Detail["baseline"], 0.1) {
		t.Fatalf("learnt: %+v", r)
	}
	for i := range 10 {
		talk(fmt.Sprint("b", i), 2000)
	}
	if r := readingOf(t, m, config.RuleOverthinking); r.State != alerts.StateHolds || r.Detail["onset_mean"] != 1. {
		t.Errorf("twice as long: %+v", r)
	}
	if n, _ := m.AcceptBaseline("r"); n != 1 {
		t.Errorf("accepted %d", n)
	}
	if r := readingOf(t, m, config.RuleOverthinking); r.State != alerts.StateLearning || r.Detail["long_tokens"] != nil {
		t.Errorf("accepted: %+v", r)
	}
}

func TestRouteWithoutReasoningHasNoLengthThatIsLong(t *testing.T) {
	m, clock := learning(t, "", 5, 50)
	for i := range 12 {
		converse(m, clock, fmt.Sprint(i), 3, func(_ int, o *Observation) {
			o.Samples = []SampleRecord{{Reasoning: Length{Source: SourceUsage}}}
		})
	}
	for _, d := range m.Routes()[0].Detection.Detectors {
		if d.Rule == config.RuleOverthinking && (d.Absent != AbsentNoReasoning || d.LongTokens != nil) {
			t.Errorf("%+v", d)
		}
	}
	m.take(Observation{ID: "x", Route: "s", Kind: "text", Samples: []SampleRecord{{}}})
	if n := len(m.routes["s"].detection.overlong.Pending); n != 0 {
		t.Errorf("%d spells of replies without a length", n)
	}
}

// TestLengthPromiseHoldsWithALearntQuantile learns quantile and baseline from
// the same 200 conversations, whose lengths are alike within each, and counts
// how often the truth is above the bound.
func TestLengthPromiseHoldsWithALearntQuantile(t *testing.T) {
	const runs = 300
	missed := 0
	for run := range runs {
		source := newCorrelated(0.5, 0.3, uint64(run))
		talk := func() spell {
			var s spell
			mean := 1000 * source.beta.Rand()
			for range 1 + source.rng.IntN(maxSpell) {
				s.Reasoning = append(s.Reasoning, int32(1+mean*source.rng.ExpFloat64()))
			}
			return s
		}
		var o overlong
		for range detect.BaselineConversations {
			o.take(talk(), detect.Hearing{Learn: detect.BaselineConversations, Conversations: 1e9, Now: base})
		}
		truth := 0.0
		for range 2000 {
			s := talk()
			truth += s.value(o.Limit).X / 2000
		}
		missed += int(boolInt(o.Detector.Baseline.Overall().Bound < truth))
	}
	got := float64(missed) / runs
	t.Logf("bound below the truth in %.3f", got)
	if got > 1-detect.BaselineConfidence+binomialTolerance(1-detect.BaselineConfidence, runs) {
		t.Errorf("bound below the truth in %.3f of the runs", got)
	}
}

func TestRepeatedCallFlagsTheConversationUntilItIsOver(t *testing.T) {
	m, clock := learning(t, "", 30, 50)
	request := func(repeated int) {
		o := measured("c", clock.now(), false)
		o.Drawn, o.Differ = false, nil
		o.Signals = &SignalRecord{Repeated: repeated, Call: "hmac"}
		m.take(o)
	}
	request(2)
	for _, r := range m.Readings() {
		if r.Rule == config.RuleRepeating {
			t.Fatalf("flagged at twice: %+v", r)
		}
	}
	request(3)
	since := clock.now()
	clock.advance(20 * time.Minute)
	request(5)
	r := readingOf(t, m, config.RuleRepeating)
	if r.State != alerts.StateHolds || r.Of != "c" || r.Detail["repeated"] != 5 || r.Detail["call"] != "hmac" || !r.Detail["since"].(time.Time).Equal(since) {
		t.Errorf("%+v", r)
	}
	clock.advance(conversationSilence)
	if r := readingOf(t, m, config.RuleRepeating); r.State != alerts.StateCleared {
		t.Errorf("over: %+v", r)
	}
	clock.advance(conversationSilence)
	m.sweep()
	if n := len(m.routes["r"].detection.flags); n != 0 {
		t.Errorf("%d flags of conversations long over", n)
	}
}

func TestFlagsAreBounded(t *testing.T) {
	var all flags
	for i := range 3 * maxFlags {
		all.raise(flag{Rule: config.RuleRepeating, Of: fmt.Sprint(i), Seen: base.Add(time.Duration(i) * time.Second)})
	}
	if len(all) != maxFlags || all[0].Of != fmt.Sprint(2*maxFlags) {
		t.Errorf("%d flags, the first of %s", len(all), all[0].Of)
	}
}

func TestIncoherentConversationHasAReadingOfItsOwn(t *testing.T) {
	m, clock := learning(t, "", 30, 50)
	for i := range detect.RankPrior + detect.MinReference {
		converse(m, clock, fmt.Sprint("a", i), 5, everyNth(5))
	}
	for range 10 {
		clock.advance(time.Second)
		m.take(measured("bad", clock.now(), true))
	}
	r := readingOf(t, m, config.RuleConversationIncoherent)
	if r.Of != "bad" || r.State != alerts.StateHolds || r.Kind != "action" || r.Detail["reference_conversations"] != detect.MinReference || r.Detail["rank"] != 0.01 {
		t.Errorf("%+v", r)
	}
	m.AcceptBaseline("r")
	for _, r := range m.Readings() {
		if r.Rule == config.RuleConversationIncoherent {
			t.Errorf("flagged after the baseline was accepted: %+v", r)
		}
	}
}

func TestModelChangedHoldsForAnHour(t *testing.T) {
	m, clock := learning(t, "", 30, 50)
	for i := range 200 {
		o := measured("c", clock.now(), false)
		o.ServedModel = "m-05"
		if i >= 100 {
			o.ServedModel = "m-08"
		}
		m.take(o)
	}
	r := readingOf(t, m, config.RuleModelChanged)
	if r.State != alerts.StateHolds || r.Detail["from"] != "m-05" || r.Detail["to"] != "m-08" || len(r.Changes) != 1 {
		t.Errorf("%+v", r)
	}
	if r := readingOf(t, m, config.RuleDisagreementRising); len(r.Changes) != 1 {
		t.Errorf("a change that other readings do not tell: %+v", r)
	}
	clock.advance(changeHolds)
	if r := readingOf(t, m, config.RuleModelChanged); r.State != alerts.StateCleared || len(r.Changes) != 1 {
		t.Errorf("an hour later: %+v", r)
	}
}

func TestStarvedSamplingNamesItsReasons(t *testing.T) {
	m, clock := learning(t, "", 30, 50)
	request := func(n int, reason Reason) {
		for i := range n {
			o := measured(fmt.Sprint(reason, i), clock.now(), false)
			if o.Reason = reason; reason != "" {
				o.Differ = nil
				o.Drawn = reason != ReasonNotDrawn
			}
			m.take(o)
		}
	}
	request(5, "")
	request(6, ReasonQueue)
	request(8, ReasonBudget)
	request(300, ReasonNotDrawn)
	if r := readingOf(t, m, config.RuleSamplingStarved); r.State != alerts.StateAbsent {
		t.Errorf("19 drawn: %+v", r)
	}
	request(1, ReasonTimeout)
	if r := readingOf(t, m, config.RuleSamplingStarved); r.State != alerts.StateHolds || r.Detail["reasons"] != "budget 8, queue 6, timeout 1" || r.MeasuredShare != 0.25 {
		t.Errorf("5 of 20: %+v", r)
	}
	request(10, "")
	if r := readingOf(t, m, config.RuleSamplingStarved); r.State != alerts.StateCleared {
		t.Errorf("15 of 30: %+v", r)
	}
	clock.advance(2 * time.Hour)
	if r := readingOf(t, m, config.RuleSamplingStarved); r.State != alerts.StateAbsent {
		t.Errorf("two hours later: %+v", r)
	}
}

func TestFailingUpstreamIsSeenWithinFiveMinutes(t *testing.T) {
	m, clock := learning(t, "", 30, 50)
	request := func(n int, outcome Outcome) {
		for range n {
			// It began long before: what counts is when it ended.
			o := Observation{ID: "x", Route: "r", Time: clock.now().Add(-20 * time.Minute), Outcome: outcome}
			m.take(o)
		}
	}
	request(15, OutcomeOK)
	request(4, OutcomeUnreachable)
	if r := readingOf(t, m, config.RuleUpstreamFailing); r.State != alerts.StateAbsent {
		t.Errorf("4 of 19: %+v", r)
	}
	request(1, OutcomeGone)
	if r := readingOf(t, m, config.RuleUpstreamFailing); r.State != alerts.StateHolds || r.Detail["failed"] != 4 || r.Detail["requests"] != 20 {
		t.Errorf("4 of 20: %+v", r)
	}
	clock.advance(5 * time.Minute)
	if r := readingOf(t, m, config.RuleUpstreamFailing); r.State != alerts.StateAbsent {
		t.Errorf("nothing for five minutes: %+v", r)
	}
	request(1, OutcomeOK)
	if r := readingOf(t, m, config.RuleUpstreamFailing); r.State != alerts.StateCleared {
		t.Errorf("good again: %+v", r)
	}
}

func TestLabelledErrorSaysWhichTermRose(t *testing.T) {
	for _, c := range []struct {
		name          string
		err, variance float64
		want          string
	}{{"variance", 0.9, 0.6, termVariance}, {"bias", 0.9, 0.1, termBias}} {
		m, _ := learning(t, "", 30, 50)
		m.take(measured("c", base, false))
		give := func(err, variance float64) {
			m.labelledUnit("r", labelledKey{Kind: "action", Scale: scaleAnswers}, err/2, variance)
		}
		for i := range 60 {
			give(0.2+0.01*float64(i%2), 0.1)
		}
		if r := readingOf(t, m, config.RuleErrorRising); r.State != alerts.StateCleared || r.Detail["onset_term"] != nil {
			t.Fatalf("%s: %+v", c.name, r)
		}
		for range 30 {
			give(c.err, c.variance)
		}
		r := readingOf(t, m, config.RuleErrorRising)
		if r.State != alerts.StateHolds || r.Detail["onset_term"] != c.want || r.Detail["onset_mean"].(float64) < 0.85 {
			t.Errorf("%s: %+v", c.name, r)
		}
		if holds := readingOf(t, m, config.RuleVarianceHigh).State == alerts.StateHolds; holds != (c.want == termVariance) {
			t.Errorf("%s: variance_high holds %v", c.name, holds)
		}
	}
}

// eventful is a Monitor that has learnt, alarmed and flagged.
func eventful(t *testing.T, dir string) (*Monitor, *testClock) {
	t.Helper()
	m, clock := learning(t, dir, 20, 30)
	for i := range 200 {
		converse(m, clock, fmt.Sprint(i), 4, func(j int, o *Observation) {
			o.Differ["target"] = j%(2+10*int(boolInt(i < 100))) == 0 && j > 0
			o.ServedModel = fmt.Sprint(i / 100)
			o.Samples = []SampleRecord{{Reasoning: Length{Tokens: 100*j + i, Source: SourceUsage}, Context: Length{Tokens: 1 << (i % 8), Source: SourceUsage}}}
		})
	}
	m.labelledUnit("r", labelledKey{Kind: "action", Scale: scaleAnswers}, 1, 1)
	for i := range 5 {
		o := measured("open", clock.now(), i%2 == 0)
		o.Signals = &SignalRecord{Repeated: 4, Call: "x"}
		o.Samples = []SampleRecord{{Reasoning: Length{Tokens: i, Source: SourceUsage}}}
		m.take(o)
	}
	return m, clock
}

func TestDetectionOutlastsARestart(t *testing.T) {
	dir := t.TempDir()
	m, clock := eventful(t, dir)
	if r := readingOf(t, m, config.RuleDisagreementRising); r.State != alerts.StateHolds {
		t.Fatalf("no alarm to keep: %+v", r)
	}
	m.save()
	again, err := New(Settings{Dir: dir, Now: clock.now, BaselineConversations: 20, FalseAlarmConversations: func(string) int { return 30 }})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(m.Routes(), again.Routes()); diff != "" {
		t.Error(diff)
	}
	clock.advance(5 * time.Minute) // failures of the last minutes are forgotten
	if diff := cmp.Diff(m.Readings(), again.Readings()); diff != "" {
		t.Error(diff)
	}
	before, _ := json.Marshal(m.snapshot())
	after, _ := json.Marshal(again.snapshot())
	if !bytes.Equal(before, after) {
		t.Error("the snapshot of the restored differs from the one it was restored from")
	}
	for _, m := range []*Monitor{m, again} {
		for i := range 30 {
			converse(m, clock, fmt.Sprint("later", i), 4, everyNth(3))
		}
	}
	if diff := cmp.Diff(m.Routes()[0].Detection, again.Routes()[0].Detection); diff != "" {
		t.Error("it goes on in another way: ", diff)
	}
}

func TestSnapshotOfADetectionIsADeepCopy(t *testing.T) {
	m, clock := eventful(t, "")
	s := m.snapshot()
	before, _ := json.Marshal(s)
	for i := range 30 {
		converse(m, clock, fmt.Sprint("later", i), 4, everyNth(2))
	}
	o := measured("open", clock.now(), true)
	o.Samples = []SampleRecord{{Reasoning: Length{Tokens: 7, Source: SourceUsage}}}
	m.take(o)
	m.AcceptBaseline("r")
	converse(m, clock, "last", 4, everyNth(2))
	if after, _ := json.Marshal(s); !bytes.Equal(before, after) {
		t.Error("a snapshot changed with the memory it was taken of")
	}
}

func TestDetectionIsInTheMetrics(t *testing.T) {
	m, _ := eventful(t, "")
	var b strings.Builder
	m.WriteMetrics(&b)
	for _, want := range []string{
		`hotmess_detector_risen{route="r",rule="disagreement_rising",kind="action",level="target",pinned="false",scale=""} 1`,
		`hotmess_detector_evidence{route="r",rule="disagreement_rising",kind="action",level="target",pinned="false",scale=""} `,
		`hotmess_detector_threshold{route="r",rule="disagreement_rising",kind="action",level="target",pinned="false",scale=""} 60`,
		`hotmess_detector_baseline{route="r",rule="overthinking",kind="",level="",pinned="false",scale=""} `,
		`hotmess_flagged_conversations{route="r",rule="repeating"} 1`,
		"# TYPE hotmess_detector_baseline_high gauge",
	} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("%s is not in\n%s", want, detectorLines(b.String()))
		}
	}
}

func detectorLines(all string) string {
	var kept []string
	for line := range strings.Lines(all) {
		if strings.Contains(line, "hotmess_detector") || strings.Contains(line, "hotmess_flagged") {
			kept = append(kept, line)
		}
	}
	return strings.Join(kept, "")
}
