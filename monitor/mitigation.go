package monitor

import (
	"crypto/sha256"
	"encoding/binary"
	"maps"
	"math"
	"math/rand/v2"
	"strings"
	"time"

	"hotmess/alerts"
	"hotmess/config"
)

const (
	// shortestStay is how long a route votes at least. Each return within a day
	// doubles it, up to longestStay.
	shortestStay = 30 * time.Minute
	longestStay  = 24 * time.Hour
	// returnWithin is how long after its end a mitigation that begins anew is a
	// return.
	returnWithin = 24 * time.Hour
	// maxMitigations bounds the routes that vote because of alerts.
	maxMitigations = 64
)

// A mitigation is the state of one route that votes because an alert fires there:
//
//	        fires                fires no more, after the stay
//	off ────────────▶ voting ──────────────────────────────────▶ half
//	 ▲                  ▲                                          │ │
//	 │                  └───── fires again, or the half is worse ──┘ │
//	 └───────────────────────── not worse, or not enough to tell ────┘
//
// Voted turns enter the context of those that follow, so that a route whose alert
// is over may need its votes still: it is over because of them. Hence the half.
type mitigation struct {
	// Stage is alerts.StageVoting, alerts.StageHalf, or empty: off, and kept for
	// a day to know a return.
	Stage string `json:"stage,omitempty"`
	// Entered is when the latest stay began, Since the stage.
	Entered time.Time `json:"entered"`
	Since   time.Time `json:"since"`
	// Returns is how often it was left, or failed in the half, and came back
	// within a day; the stay is doubled by each.
	Returns int `json:"returns,omitempty"`
	// Rules are those that fired last, in order.
	Rules []string `json:"rules,omitempty"`
	// Salt draws the half.
	Salt  uint64 `json:"salt,omitempty"`
	Trial *trial `json:"trial,omitempty"`
	// Last is what the latest trial came to; nil before one.
	Last *TrialReport `json:"last,omitempty"`
	// seen are the conversations whose context may hold voted turns.
	seen seenConversations
}

// mitigations are those of all routes, by name. The monitor's lock guards them.
type mitigations map[string]*mitigation

// A half is what the request path knows of a mitigation.
type half struct {
	// of is whether only a half of the conversations votes.
	of   bool
	salt uint64
}

// votes is whether a conversation is in the half that votes.
func (h half) votes(conversation string) bool {
	if !h.of {
		return true
	}
	sum := sha256.Sum256(append(binary.BigEndian.AppendUint64(nil, h.salt), conversation...))
	return sum[0]&1 == 0
}

// Mitigates reports whether any route votes because an alert fires, so that
// requests have to be read before they leave.
func (m *Monitor) Mitigates() bool { return len(*m.mitigated.Load()) > 0 }

// Mitigating reports whether a request of a route in observe mode is to vote
// because an alert fires there, or would but for the half that stepped back.
// conversation is asked only if that depends on it. It takes no lock.
func (m *Monitor) Mitigating(route string, conversation func() string) (votes, steppedBack bool) {
	h, ok := (*m.mitigated.Load())[route]
	if !ok {
		return false, false
	}
	votes = !h.of || h.votes(conversation())
	return votes, !votes
}

// Mitigate implements alerts.Mitigator: routes on which a rule with mitigate fires
// begin to vote, those on which none does any more step back, by the rules of
// mitigation, and those that no such rule is for stop.
func (m *Monitor) Mitigate(firing map[string][]string, may func(route string) bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	now := m.now()
	for name := range firing {
		// What is pooled there has nothing in common.
		if m.mitigations[name] == nil && name != OtherRoute && len(m.mitigations) < maxMitigations {
			m.mitigations[name] = &mitigation{}
		}
	}
	for name, g := range m.mitigations {
		if !may(name) {
			delete(m.mitigations, name)
			continue
		}
		if g.step(now, firing[name]); g.Stage == "" && now.Sub(g.Since) >= returnWithin {
			delete(m.mitigations, name)
		}
	}
	m.publishMitigated()
}

// publishMitigated gives the request path a new table, if it is another one. The
// lock is held.
func (m *Monitor) publishMitigated() {
	table := map[string]half{}
	for name, g := range m.mitigations {
		if g.Stage != "" {
			table[name] = half{g.Stage == alerts.StageHalf, g.Salt}
		}
	}
	if old := m.mitigated.Load(); old == nil || !maps.Equal(*old, table) {
		m.mitigated.Store(&table)
	}
}

// step moves a mitigation on. firing are the rules that fire.
func (g *mitigation) step(now time.Time, firing []string) {
	if len(firing) > 0 {
		g.Rules = firing
	}
	switch g.Stage {
	case "":
		if len(firing) > 0 {
			g.vote(now, !g.Since.IsZero() && now.Sub(g.Since) < returnWithin)
		}
	case alerts.StageVoting:
		if len(firing) == 0 && now.Sub(g.Entered) >= g.stay() {
			g.Stage, g.Since, g.Salt, g.Trial = alerts.StageHalf, now, rand.Uint64(), &trial{}
		}
	case alerts.StageHalf:
		g.try(now, len(firing) > 0)
	}
}

// vote has the whole route vote.
func (g *mitigation) vote(now time.Time, again bool) {
	if again {
		g.Returns = min(g.Returns+1, maxReturns)
	} else {
		g.Returns = 0
	}
	g.Stage, g.Entered, g.Since, g.Trial = alerts.StageVoting, now, now, nil
	if g.seen == nil {
		g.seen = seenConversations{}
	}
}

// try ends the half once it has told enough, or is over.
func (g *mitigation) try(now time.Time, firing bool) {
	over := now.Sub(g.Since) >= g.stay()
	if !firing && !over && !g.Trial.enough() {
		return
	}
	r := g.Trial.report(now)
	r.FiredAgain = firing
	g.Last = &r
	if firing || r.Worse {
		g.vote(now, true)
		return
	}
	g.Stage, g.Since, g.Trial, g.seen = "", now, nil, nil
}

// stay is how long the whole route votes at least, and how long the half lasts at
// most.
func (g *mitigation) stay() time.Duration {
	stay := shortestStay
	for range g.Returns {
		stay = min(2*stay, longestStay)
	}
	return stay
}

// take takes in a request of a route: into the trial, if its conversation began
// with it, so that no turn of the stay is in its context.
func (s mitigations) take(route string, o *Observation) {
	g := s[route]
	if g == nil || g.Stage == "" || o.Conversation == "" {
		return
	}
	if g.seen == nil { // restored
		g.seen = seenConversations{}
	}
	if g.Stage == alerts.StageVoting {
		g.seen.add(o.Conversation)
		return
	}
	g.Trial.take(o, half{true, g.Salt}, g.seen)
}

// judge takes in the label of a request, see trial.judge.
func (s mitigations) judge(route string, o *Observation, before, now *judgedRequest) {
	if g := s[route]; g != nil && g.Stage == alerts.StageHalf {
		g.Trial.judge(o, before, now)
	}
}

// readings says of each route that votes in which stage it is.
func (s mitigations) readings(now time.Time) []alerts.Reading {
	var all []alerts.Reading
	for name, g := range s {
		if g.Stage == "" {
			continue
		}
		all = append(all, alerts.Reading{
			Rule: config.RuleMitigation, Route: name, State: alerts.StateHolds, Stratum: g.Stage, Updated: now,
			Detail: map[string]any{
				"stage": g.Stage, "rules": strings.Join(g.Rules, ", "), "entered": g.Entered.UTC(),
				"stay_seconds": g.stay().Seconds(), "returns": g.Returns,
			},
		})
	}
	return all
}

// A mitigationsState is the snapshot of mitigations.
type mitigationsState map[string]mitigation

func (s mitigations) state() mitigationsState {
	if len(s) == 0 {
		return nil
	}
	st := mitigationsState{}
	for name, g := range s {
		kept := *g
		kept.Trial, kept.seen = g.Trial.copied(), nil
		st[name] = kept
	}
	return st
}

// restore takes over a snapshot. Which conversations were seen is forgotten: some
// that began before the half may enter a trial, which can only blur it.
func (s mitigations) restore(st mitigationsState, now time.Time) {
	for name, g := range st {
		known := g.Stage == "" || g.Stage == alerts.StageVoting || g.Stage == alerts.StageHalf
		if !known || len(s) >= maxMitigations {
			continue
		}
		g.sane(now)
		s[name] = &g
	}
}

// maxReturns is beyond what doubles the stay.
const maxReturns = 16

// sane puts right what a damaged snapshot may hold, or one of a clock that was
// ahead: a stay would not end before that time has come.
func (g *mitigation) sane(now time.Time) {
	g.Returns = min(max(0, g.Returns), maxReturns)
	for _, at := range []*time.Time{&g.Entered, &g.Since} {
		if at.After(now) {
			*at = now
		}
	}
	if g.Stage != alerts.StageHalf {
		g.Trial = nil
		return
	}
	if g.Trial == nil {
		g.Trial = &trial{}
	}
	maps.DeleteFunc(g.Trial.Conversations, func(_ string, p trialPart) bool {
		return p.X < 0 || p.X > p.N || p.N > unitPairs ||
			p.Wrong < 0 || p.Labelled > math.MaxInt32 || p.Wrong > p.Labelled*gradeScale
	})
}

// A MitigationReport is where a route's votes because of alerts stand.
type MitigationReport struct {
	// Stage is voting, half, or empty: none votes for that any more.
	Stage string `json:"stage"`
	// Rules are those that fired last.
	Rules []string `json:"rules"`
	// Entered is when the stay began, Since the stage; the whole route votes for
	// StaySeconds at least.
	Entered     time.Time `json:"entered"`
	Since       time.Time `json:"since"`
	StaySeconds float64   `json:"stay_seconds"`
	Returns     int       `json:"returns"`
	// Trial is what the latest comparison of the halves came to; nil before one.
	Trial *TrialReport `json:"trial,omitempty"`
}

func (g *mitigation) report() *MitigationReport {
	if g == nil {
		return nil
	}
	return &MitigationReport{
		Stage: g.Stage, Rules: g.Rules, Entered: g.Entered, Since: g.Since,
		StaySeconds: g.stay().Seconds(), Returns: g.Returns, Trial: g.Last,
	}
}
