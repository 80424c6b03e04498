package monitor

import (
	"fmt"
	"testing"
	"time"

	"hotmess/alerts"
)

// judgedMinute is minute with a label for each request of the first so many
// conversations: what clients got is wrong with probability voted or plain.
func (w *world) judgedMinute(t *testing.T, n, labelled int, voted, plain float64) {
	t.Helper()
	w.clock.advance(time.Minute)
	for i := range n {
		w.n++
		c := fmt.Sprintf("c%d", w.n)
		votes := votesOf(w.m, c)
		for k := range 5 {
			o := measured(c, w.clock.now().Add(time.Duration(k)*time.Millisecond), w.rng.Float64() < .3)
			o.Samples = []SampleRecord{{Number: 0}, {Number: 1}}
			o.SteppedBack = !votes
			wrong := plain
			if votes {
				o.Mode, o.Mitigated, o.Vote, wrong = "ensemble", true, &VoteRecord{Winner: 1}, voted
			}
			w.m.take(o)
			if i >= labelled {
				continue
			}
			l := Label{V: 1, Request: o.ID, Outcome: Pass}
			if w.rng.Float64() < wrong {
				l.Outcome = Fail
			}
			if r := w.m.Label(t.Context(), []Label{l})[0]; r.Status != LabelCounted {
				t.Fatalf("label %+v", r)
			}
		}
	}
	w.m.Mitigate(firing(), anyRoute)
}

// TestHalvesAreComparedByLabelsToo: without votes replies disagree as much and are
// wrong more often, or not, or too few are labelled to tell.
func TestHalvesAreComparedByLabelsToo(t *testing.T) {
	for name, c := range map[string]struct {
		labelled     int // of 4 conversations a minute
		voted, plain float64
		worse        bool
	}{
		"wrong more often":            {4, .1, .5, true},
		"wrong as often":              {4, .3, .3, false},
		"wrong less often":            {4, .5, .1, false},
		"wrong more often, few known": {0, .1, .5, false},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, 5)
			w.minute(0, true)
			for stage(t, w.m) != alerts.StageHalf {
				w.minute(0, false)
			}
			// One trial in twenty would call halves worse that are alike: draw the same.
			w.m.mitigations["r"].Salt = 1
			w.m.publishMitigated()
			w.judgedMinute(t, 8, 8, c.voted, c.plain) // four of each half on average
			for stage(t, w.m) == alerts.StageHalf {
				w.judgedMinute(t, 4, c.labelled, c.voted, c.plain)
			}
			g := w.m.mitigations["r"]
			if g.Last.Worse != c.worse || (g.Stage == alerts.StageVoting) != c.worse {
				t.Errorf("stage %q, %+v", g.Stage, g.Last)
			}
			l := g.Last.Labelled
			if l == nil || (l.P != nil) != (c.labelled > 0) || l.Voting.N == 0 {
				t.Fatalf("by labels %+v", l)
			}
			// 150 labels of a half, and more, have a standard error of .04 at most.
			if c.labelled > 0 && (*l.Voting.Value < c.voted-.16 || *l.Voting.Value > c.voted+.16 || *l.Back.Value < c.plain-.16 || *l.Back.Value > c.plain+.16) {
				t.Errorf("errors %v and %v, want %v and %v", *l.Voting.Value, *l.Back.Value, c.voted, c.plain)
			}
		})
	}
}

// TestTheLatestLabelCountsInATrial: it takes the place of the one before, and labels
// of requests that are in no trial count for nothing there.
func TestTheLatestLabelCountsInATrial(t *testing.T) {
	w := newWorld(t, 6)
	before := measured("early", w.clock.now(), true)
	before.Samples = []SampleRecord{{Number: 0}}
	w.m.take(before)
	w.minute(0, true)
	for stage(t, w.m) != alerts.StageHalf {
		w.minute(0, false)
	}
	o := measured("c", w.clock.now(), true)
	o.Samples = []SampleRecord{{Number: 0}, {Number: 1}}
	o.Mitigated = votesOf(w.m, "c")
	o.SteppedBack = !o.Mitigated
	if o.Mitigated {
		o.Mode, o.Vote = "ensemble", &VoteRecord{Winner: 0}
	}
	w.m.take(o)
	part := func() trialPart { return w.m.mitigations["r"].Trial.Conversations["c"] }
	for _, says := range []struct {
		outcome string
		wrong   int64
	}{{Fail, gradeScale}, {Fail, gradeScale}, {Pass, 0}} {
		w.m.Label(t.Context(), []Label{
			{V: 1, Request: o.ID, Outcome: says.outcome}, {V: 1, Request: before.ID, Outcome: Fail},
		})
		if p := part(); p.Labelled != 1 || p.Wrong != says.wrong {
			t.Errorf("after %s %+v", says.outcome, p)
		}
	}
	if n := len(w.m.mitigations["r"].Trial.Conversations); n != 1 {
		t.Errorf("%d conversations in the trial", n)
	}
}
