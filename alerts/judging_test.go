package alerts

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"hotmess/config"
)

// scene is a judging without a store, with a clock that tests set.
type scene struct {
	t    *testing.T
	now  time.Time
	j    judging
	told []Event
}

func newScene(t *testing.T, rules ...config.Rule) *scene {
	s := &scene{t: t, now: epoch}
	s.j = newJudging(rules, "test", func(_ *item, e *Event) {
		if e != nil {
			s.told = append(s.told, *e)
		}
	})
	return s
}

// judge judges the readings after a while.
func (s *scene) judge(later time.Duration, readings ...Reading) {
	s.t.Helper()
	s.now = s.now.Add(later)
	if err := s.j.judge(s.now, readings); err != nil {
		s.t.Fatal(err)
	}
}

// alerts are those that were told so far.
func (s *scene) alerts() []Alert {
	s.t.Helper()
	var list []Alert
	for _, e := range s.told {
		a, err := e.alert()
		if err != nil {
			s.t.Fatal(err)
		}
		list = append(list, a)
	}
	return list
}

// story is what was told, as words.
func (s *scene) story() string {
	var words []string
	for _, a := range s.alerts() {
		words = append(words, strings.TrimSpace(string(a.Status)+" "+a.Evidence.ResolvedBy))
	}
	return strings.Join(words, ", ")
}

func state(rule string, st State) Reading { return Reading{Rule: rule, Route: "billing", State: st} }

func TestStateOfMonitorDecides(t *testing.T) {
	for st, want := range map[State]condition{StateHolds: holds, StateCleared: cleared, StateAbsent: absent} {
		reading := state(config.RuleRepeating, st)
		reading.Bound, reading.HasBound = .9, true // that of another rule
		if got := judge(config.Rule{Rule: config.RuleRepeating}, &reading); got != want {
			t.Errorf("state %v: condition %v, want %v", st, got, want)
		}
	}
}

func TestRuleJudgesItsOwnReadingsOnly(t *testing.T) {
	s := newScene(t, config.Alerts{}.All()...)
	s.judge(0, state(config.RuleOverthinking, StateHolds))
	if len(s.told) != 1 || s.alerts()[0].Labels["alertname"] != config.RuleOverthinking {
		t.Errorf("told %v", s.alerts())
	}
}

func TestDisabledRuleSwitchesOffThoseAfterIt(t *testing.T) {
	off := config.Rule{Rule: config.RuleRepeating, Route: "bill*", Enabled: new(false)}
	s := newScene(t, off, config.Rule{Rule: config.RuleRepeating}, config.Rule{Rule: config.RuleRepeating, Severity: "page"})
	other := state(config.RuleRepeating, StateHolds)
	other.Route = "support"
	s.judge(0, state(config.RuleRepeating, StateHolds), other)
	for _, a := range s.alerts() {
		if a.Labels["route"] != "support" {
			t.Errorf("told of %v", a.Labels)
		}
	}
	if len(s.told) != 2 { // warning and page
		t.Errorf("%d alerts of the other route, want 2", len(s.told))
	}
}

func TestDisablingARuleResolvesItsAlert(t *testing.T) {
	s := newScene(t, config.Rule{Rule: config.RuleRepeating})
	s.judge(0, state(config.RuleRepeating, StateHolds))
	s.j.rules = []config.Rule{{Rule: config.RuleRepeating, Enabled: new(false)}}
	s.judge(time.Second, state(config.RuleRepeating, StateHolds))
	if got, want := s.story(), "firing, resolved rule_removed"; got != want {
		t.Errorf("told %q, want %q", got, want)
	}
}

func TestClearedStateResolvesAfterKeep(t *testing.T) {
	s := newScene(t, config.Rule{Rule: config.RuleDisagreementRising})
	s.judge(0, state(config.RuleDisagreementRising, StateHolds))
	s.judge(time.Minute, state(config.RuleDisagreementRising, StateCleared))
	s.judge(14*time.Minute, state(config.RuleDisagreementRising, StateCleared))
	if got := s.story(); got != "firing" {
		t.Errorf("after 14 min clear: %q", got)
	}
	s.judge(time.Minute, state(config.RuleDisagreementRising, StateCleared))
	if got, want := s.story(), "firing, resolved cleared"; got != want {
		t.Errorf("told %q, want %q", got, want)
	}
}

func TestNewBaselineEndsWhatRestedOnTheOld(t *testing.T) {
	s := newScene(t, config.Rule{Rule: config.RuleOverthinking})
	s.judge(0, state(config.RuleOverthinking, StateLearning))
	s.judge(time.Second, state(config.RuleOverthinking, StateHolds))
	s.judge(time.Second, state(config.RuleOverthinking, StateLearning))
	s.judge(time.Second, state(config.RuleOverthinking, StateLearning))
	if got, want := s.story(), "firing, resolved baseline_restarted"; got != want {
		t.Errorf("told %q, want %q", got, want)
	}
}

func inConversation(n int) Reading {
	r := state(config.RuleRepeating, StateHolds)
	r.Of = fmt.Sprintf("hmac-%d", n)
	return r
}

func TestAlertOfAConversationEndsWithIt(t *testing.T) {
	s := newScene(t, config.Rule{Rule: config.RuleRepeating}, config.Rule{Rule: config.RuleOverthinking})
	s.judge(0, inConversation(1), state(config.RuleOverthinking, StateHolds))
	s.judge(conversationEnd - time.Second)
	if got := s.story(); got != "firing, firing" {
		t.Fatalf("just before the end: %q", got)
	}
	s.judge(time.Second)
	if got, want := s.story(), "firing, firing, resolved conversation_ended"; got != want {
		t.Fatalf("told %q, want %q", got, want)
	}
	last := s.alerts()[2]
	if last.Labels["conversation"] != "hmac-1" || !strings.HasPrefix(last.Annotations["summary"], "over, as the conversation is") {
		t.Errorf("resolved %v: %s", last.Labels, last.Annotations["summary"])
	}
}

func TestClearedConversationHasEnded(t *testing.T) {
	s := newScene(t, config.Rule{Rule: config.RuleRepeating})
	s.judge(0, inConversation(1))
	over := inConversation(1)
	over.State = StateCleared
	s.judge(time.Second, over)
	if got, want := s.story(), "firing, resolved conversation_ended"; got != want {
		t.Errorf("told %q, want %q", got, want)
	}
}

func TestPendingAlertOfAnEndedConversationIsForgotten(t *testing.T) {
	s := newScene(t, config.Rule{Rule: config.RuleRepeating, For: new(config.Duration(time.Hour))})
	s.judge(0, inConversation(1))
	s.judge(conversationEnd)
	if len(s.j.active()) != 0 || s.story() != "pending" {
		t.Errorf("%d active, told %q", len(s.j.active()), s.story())
	}
}

func TestAlertsAreBoundedAndCounted(t *testing.T) {
	s := newScene(t, config.Alerts{}.All()...)
	var readings []Reading
	for n := range maxConversationItems + 7 {
		readings = append(readings, inConversation(n))
	}
	readings = append(readings, state(config.RuleOverthinking, StateHolds))
	s.judge(0, readings...)
	if got := len(s.j.items); got != maxConversationItems+1 || s.j.refused != 7 {
		t.Errorf("%d items and %d refused, want %d and 7: conversations must leave room for routes", got, s.j.refused, maxConversationItems+1)
	}
	for n := range maxItems {
		r := state(config.RuleOverthinking, StateHolds)
		r.Route = fmt.Sprint(n)
		readings = append(readings, r)
	}
	s.judge(time.Second, readings...)
	if got := len(s.j.items); got != maxItems {
		t.Errorf("%d items, want %d", got, maxItems)
	}
}

func TestStrataHaveAlertsOfTheirOwn(t *testing.T) {
	s := newScene(t, config.Alerts{}.All()...)
	short, long := state(config.RuleDisagreementRising, StateHolds), state(config.RuleDisagreementRising, StateHolds)
	short.Stratum, long.Stratum = "context<4096", "context>=4096"
	s.judge(0, short, long)
	list := s.alerts()
	if len(list) != 2 || list[0].Fingerprint == list[1].Fingerprint || list[0].Labels["stratum"] != short.Stratum {
		t.Errorf("told %v", list)
	}
}

func TestDetailHoldsOnlyWhatCanBeWritten(t *testing.T) {
	var unknown *float64
	r := state(config.RuleDisagreementRising, StateHolds)
	r.Detail = map[string]any{"e_value": math.Inf(1), "baseline": .2, "delay": unknown, "since": epoch}
	e := evidenceOf(config.Rule{Rule: config.RuleDisagreementRising}, &r)
	if _, err := json.Marshal(e); err != nil {
		t.Fatal(err)
	}
	if len(e.Detail) != 2 || e.Absent["e_value"] == "" || e.Absent["delay"] == "" {
		t.Errorf("detail %v, absent %v", e.Detail, e.Absent)
	}
}

func TestNumbersOfOtherRulesAreNotGivenAsZero(t *testing.T) {
	r := state(config.RuleModelChanged, StateHolds)
	text, err := json.Marshal(evidenceOf(config.Rule{Rule: config.RuleModelChanged}, &r))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"pairs", "conversations", "threshold", "bound"} {
		if bytes.Contains(text, []byte(`"`+name)) {
			t.Errorf("evidence of model_changed has %s: %s", name, text)
		}
	}
}

// examples are made-up readings, one for each rule, with all that its evidence
// can have.
func examples() map[string]Reading {
	series := reading("billing", .41)
	series.State, series.Stratum = StateHolds, "context<4096"
	series.Changes = []Change{
		{Time: epoch.Add(-time.Hour), What: "served_model", From: "sim-1", To: "sim-2"},
		{Time: epoch.Add(-2 * time.Hour), What: "system", From: "9f2c", To: "77ab"},
	}
	detector := func(base, high, onset float64) map[string]any {
		return map[string]any{
			"baseline": base, "baseline_high": high, "baseline_conversations": 200, "baseline_until": epoch.Add(-72 * time.Hour),
			"strata": 2, "detectors": 2, "conversations_since": 148, "e_value": 3120.5, "e_threshold": 2000.0,
			"false_alarm_conversations": 1000, "risen_at": epoch, "recovery_e_value": 0.0, "recovery_e_threshold": 20.0,
			"onset_at": epoch.Add(-time.Hour), "onset_conversations": 11, "onset_mean": onset,
		}
	}
	list := map[string]Reading{}
	add := func(rule string, detail map[string]any, change func(*Reading)) {
		r := Reading{Route: "billing", State: StateHolds, Changes: series.Changes}
		if change != nil {
			change(&r)
		}
		r.Rule, r.Detail = rule, detail
		list[rule] = r
	}
	labelled := detector(.1, .14, .5)
	labelled["onset_term"], labelled["onset_variance"], labelled["baseline_variance"] = "bias2", .08, .06
	series.Detail = nil
	add(config.RuleDisagreementHigh, nil, func(r *Reading) { *r = series; r.Stratum = "" })
	add(config.RuleDisagreementRising, detector(.21, .26, .52), func(r *Reading) { *r = series; r.Stratum = "" })
	add(config.RuleConversationIncoherent, map[string]any{
		"rank": .005, "rank_level": .01, "reference_conversations": 200, "shrunk_disagreement": .71,
		"conversation_pairs": 12, "conversation_differ": 11, "since": epoch,
	}, func(r *Reading) { r.Of, r.Kind, r.Level, r.Updated = "c0ffee", "action", "target", epoch })
	overlong := detector(.1, .13, .4)
	overlong["long_tokens"] = 2048
	add(config.RuleOverthinking, overlong, nil)
	add(config.RuleRepeating, map[string]any{"repeated": 4, "repeated_threshold": 3, "call": "77ab", "since": epoch},
		func(r *Reading) { r.Of, r.Updated = "c0ffee", epoch })
	conversation := func(r *Reading) { r.Of, r.Updated = "c0ffee", epoch }
	add(config.RuleSplitDecision, map[string]any{
		"guard": "delete-tree", "risk": "high", "tool": "bash", "votes": 4, "agreed": 3, "argument": "bash.command", "action": "77ab",
		"actions": "77ab: 3, no_action: 1", "outcome": "refused", "request": "01932a54-0000-7000-8000-000000000001", "since": epoch,
	}, conversation)
	add(config.RuleGuardBlind, map[string]any{
		"guard": "delete-tree", "risk": "high", "tool": "bash", "votes": 1, "agreed": 1, "action": "77ab", "reason": "budget",
		"outcome": "released", "request": "01932a54-0000-7000-8000-000000000001", "since": epoch,
	}, conversation)
	add(config.RuleErrorRising, labelled, nil)
	add(config.RuleVarianceHigh, detector(.1, .14, .5), nil)
	add(config.RuleModelChanged, map[string]any{
		"what": "served_model", "from": "sim-1", "to": "sim-2", "since": epoch.Add(-time.Hour), "noticed_at": epoch,
	}, nil)
	add(config.RuleSamplingStarved, map[string]any{"drawn": 47, "measured": 10, "reasons": "budget 31, rate_limited 4"},
		func(r *Reading) { r.MeasuredShare, r.HasShare = .21, true })
	add(config.RuleUpstreamFailing, map[string]any{"failed": 9, "requests": 30, "failed_share": .3}, nil)
	add(config.RuleMitigation, map[string]any{
		"stage": StageVoting, "rules": "disagreement_rising", "entered": epoch, "stay_seconds": 3600, "returns": 1,
	}, func(r *Reading) { r.Stratum = StageVoting })
	return list
}

func TestEventOfEveryRuleIsTheGoldenContract(t *testing.T) {
	rules := append([]config.Rule{{Rule: config.RuleDisagreementHigh, Threshold: .3}}, config.Alerts{}.All()...)
	for _, r := range rules {
		t.Run(r.Rule, func(t *testing.T) {
			example, ok := examples()[r.Rule]
			if !ok {
				t.Fatal("no example")
			}
			s := newScene(t, rules...)
			s.judge(0, example)
			if len(s.told) != 1 {
				t.Fatalf("%d events", len(s.told))
			}
			e := s.told[0]
			e.ID = "01932a54-0000-7000-8000-000000000000"
			text, err := json.MarshalIndent(e, "", "  ")
			if err != nil {
				t.Fatal(err)
			}
			golden(t, "alert_"+r.Rule+".json", string(text)+"\n")
		})
	}
}

func TestTextsWithoutLabelsSpeakOfDisagreement(t *testing.T) {
	rules := append([]config.Rule{{Rule: config.RuleDisagreementHigh, Threshold: .3}}, config.Alerts{}.All()...)
	for _, r := range examples() {
		s := newScene(t, rules...)
		s.judge(0, r)
		ended := r
		ended.State, ended.Bound = StateCleared, .1
		s.judge(time.Second, ended)
		s.judge(time.Hour, ended)
		list := s.alerts()
		if got := list[len(list)-1].Status; got != Resolved {
			t.Errorf("%s: last told %s", r.Rule, got)
		}
		for _, a := range list {
			text := a.Annotations["summary"] + " " + a.Annotations["description"]
			if strings.Contains(text, "incoheren") || !strings.Contains(text, "Next: ") || !strings.Contains(a.Annotations["summary"], "conversation") && !strings.Contains(a.Annotations["summary"], "billing") && r.Of == "" {
				t.Errorf("%s, %s: %s", r.Rule, a.Status, text)
			}
		}
	}
}

func TestErrorTextNamesTheTermThatRose(t *testing.T) {
	for _, c := range []struct {
		detail map[string]any
		want   string
	}{
		{map[string]any{"onset_term": "bias2"}, "hacked reward"},
		{map[string]any{"onset_term": "variance"}, "sampling.mode: ensemble"},
		{nil, "label some more"},
	} {
		if got := remedy(Alert{Evidence: Evidence{Detail: c.detail}}); !strings.Contains(got, c.want) {
			t.Errorf("%v: %q, want %q in it", c.detail, got, c.want)
		}
	}
}

// TestABlindGuardIsToldWhatWouldLetItSee: by the reason, and not that something was
// proposed where nobody could see it.
func TestABlindGuardIsToldWhatWouldLetItSee(t *testing.T) {
	for reason, want := range map[string]string{
		"budget": "give guards a budget", "too_big": "limits.body", "memory": "limits.held", "encoding": "cannot read", "unreadable": "cannot read", "background": "without background",
	} {
		for votes, said := range map[float64]string{0: "may have been proposed", 1: "was proposed"} {
			a := Alert{Labels: map[string]string{"route": "r"}, Evidence: Evidence{Detail: map[string]any{"reason": reason, "outcome": "delivered", "votes": votes}}}
			w := blindWording()
			if got := w.next(a); !strings.Contains(got, want) || !strings.Contains(w.holds(a), said) {
				t.Errorf("%s, %g votes: %s; %s", reason, votes, w.holds(a), got)
			}
		}
	}
}

func TestABlindGuardThatRefusedIsNotToldToRefuse(t *testing.T) {
	for outcome, want := range map[string]bool{"released": true, "delivered": true, "refused": false} {
		a := Alert{Evidence: Evidence{Detail: map[string]any{"reason": "budget", "outcome": outcome}}}
		if got := blindWording().next(a); strings.Contains(got, "on_failure: refuse") != want {
			t.Errorf("%s: %s", outcome, got)
		}
	}
}
