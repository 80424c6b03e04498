package monitor

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"hotmess/alerts"
	"hotmess/config"
)

func anyRoute(string) bool { return true }

// firing are routes on which one rule fires.
func firing(routes ...string) map[string][]string {
	all := map[string][]string{}
	for _, r := range routes {
		all[r] = []string{config.RuleDisagreementRising}
	}
	return all
}

// stage is that of the route r, by the API.
func stage(t *testing.T, m *Monitor) string {
	t.Helper()
	m.mu.Lock()
	defer m.mu.Unlock()
	g := m.mitigations["r"]
	if g == nil {
		return "none"
	}
	return g.Stage
}

// votesOf is whether a conversation of the route r votes.
func votesOf(m *Monitor, conversation string) bool {
	votes, steppedBack := m.Mitigating("r", func() string { return conversation })
	return votes && !steppedBack
}

// votesOn is whether anything of a route is mitigated.
func votesOn(m *Monitor, route string) bool {
	votes, steppedBack := m.Mitigating(route, func() string { return "c" })
	return votes || steppedBack
}

func TestRouteVotesFromTheAlertOnAndHalfOfItAfterTheStay(t *testing.T) {
	m, clock := newTest(t)
	if m.Mitigates() || votesOf(m, "c") {
		t.Error("votes without an alert")
	}
	m.Mitigate(firing("r"), anyRoute)
	if !m.Mitigates() || !votesOf(m, "c") || votesOn(m, "s") {
		t.Error("not just the route of the alert votes")
	}
	clock.advance(shortestStay - time.Second)
	m.Mitigate(firing(), anyRoute)
	if got := stage(t, m); got != alerts.StageVoting {
		t.Fatalf("stage %q before the end of the stay", got)
	}
	clock.advance(time.Second)
	m.Mitigate(firing(), anyRoute)
	if got := stage(t, m); got != alerts.StageHalf {
		t.Fatalf("stage %q after the stay", got)
	}
	n := 0
	for i := range 2000 {
		name := fmt.Sprint(i)
		first := votesOf(m, name)
		n += int(boolInt(first))
		if again := votesOf(m, name); again != first {
			t.Fatal("a conversation changes halves")
		}
	}
	if n < 880 || n > 1120 { // 5.4 standard errors of √(2000/4), one in 12 million
		t.Errorf("%d of 2000 conversations vote", n)
	}
	clock.advance(shortestStay)
	m.Mitigate(firing(), anyRoute)
	if m.Mitigates() || stage(t, m) != "" {
		t.Errorf("votes go on, stage %q", stage(t, m))
	}
}

func TestStayLastsAsLongAsTheAlert(t *testing.T) {
	m, clock := newTest(t)
	for range 20 {
		m.Mitigate(firing("r"), anyRoute)
		clock.advance(shortestStay)
	}
	if got := stage(t, m); got != alerts.StageVoting {
		t.Errorf("stage %q while the alert fires", got)
	}
}

func TestEachReturnWithinADayDoublesTheStay(t *testing.T) {
	m, clock := newTest(t)
	// leave runs through the stay and the half, and gives how long the stay was.
	leave := func() (stay time.Duration) {
		m.Mitigate(firing("r"), anyRoute)
		began := clock.now()
		for stage(t, m) == alerts.StageVoting {
			clock.advance(time.Minute)
			m.Mitigate(firing(), anyRoute)
		}
		stay = clock.now().Sub(began)
		for stage(t, m) == alerts.StageHalf {
			clock.advance(time.Minute)
			m.Mitigate(firing(), anyRoute)
		}
		return stay
	}
	for i, want := range []time.Duration{1, 2, 4, 8, 16, 32, 48, 48} { // half-hours, at most a day
		if got := leave(); got != want*shortestStay {
			t.Errorf("stay %d lasts %v, want %v", i, got, want*shortestStay)
		}
	}
	clock.advance(returnWithin)
	if got := leave(); got != shortestStay {
		t.Errorf("the stay lasts %v after a quiet day", got)
	}
}

func TestRouteStopsWhenNoRuleMitigatesItAnyMore(t *testing.T) {
	m, _ := newTest(t)
	m.Mitigate(firing("r", "s", OtherRoute), anyRoute)
	if votesOn(m, OtherRoute) {
		t.Error("pooled routes vote together")
	}
	m.Mitigate(firing("r", "s"), func(route string) bool { return route == "s" })
	if stage(t, m) != "none" || votesOf(m, "c") || !m.Mitigates() {
		t.Error("the votes did not end with their rule, or others did")
	}
}

// A world is traffic of one route whose disagreement depends on whether its
// conversation votes.
type world struct {
	m     *Monitor
	clock *testClock
	rng   *rand.Rand
	n     int
	// voted and plain are the disagreements of conversations that vote and do not.
	voted, plain float64
}

// minute lets a minute pass in which n conversations of five requests begin and
// end, and tells the monitor whether the alert fires.
func (w *world) minute(n int, fires bool) {
	w.clock.advance(time.Minute)
	for range n {
		w.n++
		c := fmt.Sprintf("c%d", w.n)
		mode, d := "observe", w.plain
		if votesOf(w.m, c) {
			mode, d = "ensemble", w.voted
		}
		for range 5 {
			o := measured(c, w.clock.now(), w.rng.Float64() < d)
			o.Route, o.Mode, o.Mitigated, o.SteppedBack = "r", mode, mode == "ensemble", votesOn(w.m, "r") && mode == "observe"
			w.m.take(o)
		}
	}
	routes := firing()
	if fires {
		routes = firing("r")
	}
	w.m.Mitigate(routes, anyRoute)
}

func newWorld(t *testing.T, seed uint64) *world {
	m, clock := newTest(t)
	return &world{m: m, clock: clock, rng: rand.New(rand.NewPCG(seed, 1)), voted: .1, plain: .5}
}

// TestVotesThatAreStillNeededAreFoundOutByTheHalf is the loop that would oscillate:
// voting ends the alert, and its end would end the voting. For a day of trouble the
// route never stops to vote as a whole, half-hours in which a half of it does not
// grow rare; when the trouble is over, it stops.
func TestVotesThatAreStillNeededAreFoundOutByTheHalf(t *testing.T) {
	w := newWorld(t, 1)
	var stages []string
	entered := func() int {
		n := 0
		for _, s := range stages {
			n += int(boolInt(s == alerts.StageVoting))
		}
		return n
	}
	// A trial in forty calls halves worse that are alike: each half is the same in
	// every run.
	note := func() {
		s := stage(t, w.m)
		if len(stages) > 0 && stages[len(stages)-1] == s {
			return
		}
		stages = append(stages, s)
		if s == alerts.StageHalf {
			w.m.mitigations["r"].Salt = uint64(len(stages))
			w.m.publishMitigated()
		}
	}
	for minute := range 24 * 60 {
		// The alert sees the route as a whole: it fires while nothing votes.
		w.minute(2, minute == 0 || !w.m.Mitigates())
		note()
	}
	for _, s := range stages {
		if s == "" || s == "none" {
			t.Fatalf("the route stopped to vote amid the trouble: %v", stages)
		}
	}
	// The seventh stay begins after 30 + 60 + … + 960 min, more than a day, even
	// if the halves are short; the fifth before twice 30 + … + 240 min, even if
	// they are as long as they may be.
	if n := entered(); n < 5 || n > 6 {
		t.Errorf("voted %d times: %v", n, stages)
	}
	last := w.m.mitigations["r"].Last
	if last == nil || !last.Worse || last.FiredAgain || *last.Difference.Value < .2 || *last.Difference.Value > .6 {
		t.Errorf("the trial came to %+v", last)
	}
	w.plain = w.voted
	for range 3 * 24 * 60 {
		w.minute(2, false)
		note()
	}
	if w.m.Mitigates() {
		t.Errorf("the route votes three days after the trouble, stage %q", stage(t, w.m))
	}
}

func TestAlertThatFiresInTheHalfEndsIt(t *testing.T) {
	w := newWorld(t, 2)
	w.minute(0, true)
	for stage(t, w.m) != alerts.StageHalf {
		w.minute(0, false)
	}
	w.minute(1, true)
	g := w.m.mitigations["r"]
	if g.Stage != alerts.StageVoting || g.Returns != 1 || !g.Last.FiredAgain || g.stay() != 2*shortestStay {
		t.Errorf("%+v, last %+v", g, g.Last)
	}
}

// TestTrialTellsWorseFromNotWorse has 200 trials of each kind. Where the halves are
// alike, 2.5 % are to be called worse: at most 12 of 200, which chance exceeds in
// fewer than 1 of 500 runs.
func TestTrialTellsWorseFromNotWorse(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 7))
	worse := func(voting, back float64) (n int) {
		for range 200 {
			trial := trial{Conversations: map[string]trialPart{}}
			for i := range 2 * trialConversations {
				p := trialPart{Voting: i%2 == 0, N: 10}
				d := back
				if p.Voting {
					d = voting
				}
				for range p.N {
					p.X += boolInt(rng.Float64() < d)
				}
				trial.Conversations[fmt.Sprint(i)] = p
			}
			n += int(boolInt(trial.report(base).Worse))
		}
		return n
	}
	if n := worse(.3, .3); n > 12 {
		t.Errorf("%d of 200 trials without a difference call the half worse", n)
	}
	if n := worse(.5, .2); n != 0 {
		t.Errorf("%d of 200 trials call a better half worse", n)
	}
	if n := worse(.2, .35); n < 180 { // without correlation the standard error is .036
		t.Errorf("%d of 200 trials find that a half is worse", n)
	}
}

// TestUnequalHalvesAreNotCalledWorse has few conversations in the half that votes,
// of very unequal numbers of pairs, as where votes are often not allowed: of 400
// trials of halves that are alike at most 2.5 % may be called worse, and chance
// exceeds 20 in fewer than 1 of 500 runs.
func TestUnequalHalvesAreNotCalledWorse(t *testing.T) {
	rng := rand.New(rand.NewPCG(8, 8))
	worse := 0
	for range 400 {
		trial := trial{Conversations: map[string]trialPart{}}
		for i := range 70 {
			p := trialPart{Voting: i < 10, N: 1}
			if rng.IntN(10) == 0 {
				p.N = unitPairs
			}
			for range p.N {
				p.X += boolInt(rng.Float64() < .1)
			}
			trial.Conversations[fmt.Sprint(i)] = p
		}
		worse += int(boolInt(trial.report(base).Worse))
	}
	if worse > 20 {
		t.Errorf("%d of 400", worse)
	}
}

func TestTrialWithoutNoiseOrWithoutDataIsReported(t *testing.T) {
	full := trial{Conversations: map[string]trialPart{}}
	for i := range 40 {
		full.Conversations[fmt.Sprint(i)] = trialPart{Voting: i%2 == 0, N: 5, X: 5 * int64(i%2)}
	}
	if r := full.report(base); !r.Worse || *r.P > .001 || *r.Voting.Value != 0 || *r.Back.Value != 1 {
		t.Errorf("all against none: %+v", r)
	}
	empty := trial{}
	if r := empty.report(base); r.Worse || r.Difference.Absent == "" || r.Voting.Absent == "" {
		t.Errorf("nothing: %+v", r)
	}
	few := trial{Conversations: map[string]trialPart{"a": {N: 5, X: 5}, "b": {N: 5, Voting: true}}}
	if r := few.report(base); r.Worse || r.P != nil {
		t.Errorf("two conversations: %+v", r)
	}
	for i := range 50 {
		few.Conversations[fmt.Sprint(i)] = trialPart{N: 5, X: 5, Voting: false}
	}
	for i := range 8 {
		few.Conversations[fmt.Sprint("v", i)] = trialPart{N: 5, Voting: true}
	}
	if r := few.report(base); r.Worse || r.P != nil {
		t.Errorf("nine conversations that vote: %+v", r)
	}
	few.Conversations["tenth"] = trialPart{N: 5, Voting: true}
	if r := few.report(base); !r.Worse {
		t.Errorf("ten conversations that vote: %+v", r)
	}
}

// TestOnlyConversationsThatBeganInTheHalfAreCompared: the context of others holds
// voted turns.
func TestOnlyConversationsThatBeganInTheHalfAreCompared(t *testing.T) {
	w := newWorld(t, 3)
	w.minute(1, true) // c1 begins before anything votes, but is taken in before, too
	w.minute(3, true) // c2 to c4 begin in the stay
	for stage(t, w.m) != alerts.StageHalf {
		w.minute(0, false)
	}
	w.n = 1
	w.minute(5, false) // c2 to c4 again, c5 and c6
	got := w.m.mitigations["r"].Trial.Conversations
	if len(got) != 2 || got["c5"].N != 5 || got["c6"].N != 5 {
		t.Errorf("%+v", got)
	}
	o := measured("c7", w.clock.now(), true)
	o.Route, o.Mode = "r", "observe"
	for i := range 20 {
		o.Conversation = fmt.Sprint("cannot vote", i)
		w.m.take(o)
	}
	o.Conversation, o.Mode = "of the other half", "ensemble"
	o.Mitigated, o.SteppedBack = !votesOf(w.m, o.Conversation), votesOf(w.m, o.Conversation)
	w.m.take(o)
	if got := w.m.mitigations["r"].Trial.Conversations; len(got) != 2 {
		t.Errorf("requests that could not vote, or of the other half, are in the trial: %+v", got)
	}
}

func TestMitigationOutlastsARestart(t *testing.T) {
	dir := t.TempDir()
	m, clock := newTestIn(t, dir)
	w := &world{m: m, clock: clock, rng: rand.New(rand.NewPCG(4, 4)), voted: .1, plain: .5}
	for _, want := range []string{alerts.StageVoting, alerts.StageHalf} {
		for w.minute(2, stage(t, w.m) == "none"); stage(t, w.m) != want; {
			w.minute(2, false)
		}
		w.minute(3, false)
		w.m.save()
		again, err := New(Settings{Dir: dir, Now: clock.now})
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(w.m.mitigations, again.mitigations, cmp.AllowUnexported(mitigation{}),
			cmpopts.IgnoreFields(mitigation{}, "seen")); diff != "" {
			t.Errorf("%s: %s", want, diff)
		}
		for i := range 20 {
			if name := fmt.Sprint(i); votesOf(w.m, name) != votesOf(again, name) {
				t.Errorf("%s: conversation %s changed halves", want, name)
			}
		}
	}
}

func TestMitigationIsReadAndReported(t *testing.T) {
	m, clock := newTest(t)
	m.take(measured("c", clock.now(), false))
	if rep := m.Routes()[0]; rep.Mitigation != nil {
		t.Errorf("%+v", rep.Mitigation)
	}
	route := m.Routes()[0].Route
	m.Mitigate(map[string][]string{route: {config.RuleOverthinking, config.RuleDisagreementRising}}, anyRoute)
	rep := m.Routes()[0].Mitigation
	if rep == nil || rep.Stage != alerts.StageVoting || rep.StaySeconds != 1800 || !rep.Entered.Equal(clock.now()) || len(rep.Rules) != 2 {
		t.Errorf("report %+v", rep)
	}
	var got []alerts.Reading
	for _, r := range m.Readings() {
		if r.Rule == config.RuleMitigation {
			got = append(got, r)
		}
	}
	if len(got) != 1 || got[0].Stratum != alerts.StageVoting || got[0].State != alerts.StateHolds || got[0].Detail["rules"] != "overthinking, disagreement_rising" {
		t.Errorf("readings %+v", got)
	}
}

func TestMitigationsAreBounded(t *testing.T) {
	m, clock := newTest(t)
	var routes []string
	for i := range 2 * maxMitigations {
		routes = append(routes, fmt.Sprint(i))
	}
	m.Mitigate(firing(routes...), anyRoute)
	if n := len(m.mitigations); n != maxMitigations {
		t.Errorf("%d routes vote", n)
	}
	m.Mitigate(firing("r"), func(route string) bool { return route == "r" }) // room again from the next round on
	m.Mitigate(firing("r"), anyRoute)
	for i := range 2 * maxSeen {
		m.mitigations.take("r", &Observation{Conversation: fmt.Sprint("s", i), Mode: "ensemble", Mitigated: true})
	}
	clock.advance(shortestStay)
	m.Mitigate(firing(), anyRoute)
	for i := range 4 * maxTrial {
		o := Observation{Conversation: fmt.Sprint("t", i), Mode: "observe", SteppedBack: true}
		m.mitigations.take("r", &o)
	}
	g := m.mitigations["r"]
	if len(g.seen) > maxSeen || len(g.Trial.Conversations) != maxTrial {
		t.Errorf("%d seen, %d in the trial", len(g.seen), len(g.Trial.Conversations))
	}
}

// TestAHalfEndsOnceBothHalvesAreMeasured and no sooner: the smaller one decides.
func TestAHalfEndsOnceBothHalvesAreMeasured(t *testing.T) {
	w := newWorld(t, 5)
	w.plain = w.voted
	w.minute(0, true)
	for stage(t, w.m) != alerts.StageHalf {
		w.minute(0, false)
	}
	// One trial in forty would call the half worse: draw the same.
	w.m.mitigations["r"].Salt = 1
	w.m.publishMitigated()
	began := w.clock.now()
	for {
		before := w.m.mitigations["r"].Trial
		w.minute(5, false)
		voting, back := before.measured()
		if stage(t, w.m) != alerts.StageHalf {
			if min(voting, back) < trialConversations {
				t.Errorf("ended with %d and %d conversations", voting, back)
			}
			break
		}
		if min(voting, back) >= trialConversations {
			t.Fatalf("goes on with %d and %d conversations", voting, back)
		}
	}
	if took := w.clock.now().Sub(began); took >= shortestStay || stage(t, w.m) != "" {
		t.Errorf("stage %q after %v", stage(t, w.m), took)
	}
}

// TestSnapshotOfATrialIsItsOwn: it is written while the trial goes on.
func TestSnapshotOfATrialIsItsOwn(t *testing.T) {
	w := newWorld(t, 6)
	w.minute(0, true)
	for stage(t, w.m) != alerts.StageHalf {
		w.minute(0, false)
	}
	w.minute(3, false)
	st := w.m.mitigations.state()
	w.minute(3, false)
	if n := len(st["r"].Trial.Conversations); n != 3 {
		t.Errorf("%d conversations in a snapshot of 3", n)
	}
}

func TestAHalfWithoutATrialIsRestored(t *testing.T) {
	restored := mitigations{}
	restored.restore(mitigationsState{"r": {Stage: alerts.StageHalf}, "s": {Stage: "unheard of"}}, time.Now())
	restored.take("r", &Observation{Conversation: "c", Mode: "observe", SteppedBack: true})
	if len(restored) != 1 || restored["r"].Trial == nil {
		t.Errorf("%+v", restored)
	}
}

// TestATrialCountsDrawnPairsUpToABound: what was added because a reply was long is
// no sample of all, and one long conversation does not decide for its half.
func TestATrialCountsDrawnPairsUpToABound(t *testing.T) {
	h := half{of: true, salt: 1}
	pair := func(edit func(*Observation)) Observation {
		o := measured("c", base, true)
		o.Mitigated, o.SteppedBack = h.votes("c"), !h.votes("c")
		edit(&o)
		return o
	}
	for name, c := range map[string]struct {
		edit  func(*Observation)
		pairs int64
	}{
		"drawn":     {func(*Observation) {}, unitPairs},
		"not drawn": {func(o *Observation) { o.Drawn = false }, 0},
		"added":     {func(o *Observation) { o.Added = true }, 0},
		"no pair":   {func(o *Observation) { o.Differ = nil }, 0},
	} {
		var tr trial
		for range 3 * unitPairs {
			o := pair(c.edit)
			tr.take(&o, h, seenConversations{})
		}
		if got := tr.Conversations["c"]; got.N != c.pairs || got.X != c.pairs {
			t.Errorf("%s: %d of %d pairs, want %d", name, got.X, got.N, c.pairs)
		}
	}
}

// TestADamagedMitigationEnds: counting its returns took hours, and its stay ended
// when the clock of then would have said so.
func TestADamagedMitigationEnds(t *testing.T) {
	now := time.Date(2026, 11, 26, 12, 0, 0, 0, time.UTC)
	parts := map[string]trialPart{
		"ok": {X: 1, N: 2}, "more": {X: 3, N: 2}, "less": {X: -1, N: 2}, "none": {N: -1}, "many": {N: 1 << 40},
		"wrong beyond its labels": {Wrong: 2 * gradeScale, Labelled: 1}, "labels below none": {Labelled: -1}, "labels beyond counting": {Labelled: 1 << 60},
	}
	s := mitigations{}
	s.restore(mitigationsState{
		"r": {Stage: alerts.StageVoting, Entered: now.AddDate(1, 0, 0), Since: now.AddDate(1, 0, 0), Returns: 1 << 40},
		"h": {Stage: alerts.StageHalf, Returns: -1, Since: now, Trial: &trial{parts}},
	}, now)
	if got := s["r"].stay(); got != longestStay {
		t.Errorf("the stay is %s", got)
	}
	s["r"].step(now.Add(longestStay), nil)
	if s["r"].Stage != alerts.StageHalf {
		t.Errorf("stage %q after the longest stay", s["r"].Stage)
	}
	if got := s["h"].Trial.Conversations; len(got) != 1 || got["ok"].N != 2 || s["h"].stay() != shortestStay {
		t.Errorf("%+v, stay %s", got, s["h"].stay())
	}
}
