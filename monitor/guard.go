package monitor

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"hotmess/config"
)

// What a quorum came to.
const (
	// GuardAgreed: enough samples propose the same action.
	GuardAgreed = "agreed"
	// GuardSplit: too many do not.
	GuardSplit = "split"
	// GuardBlind: not enough samples could be asked for.
	GuardBlind = "blind"
)

// What became of a reply that proposed what is guarded.
const (
	// GuardDelivered: it was not held.
	GuardDelivered = "delivered"
	// GuardReleased: it was held, and left as it was.
	GuardReleased = "released"
	// GuardRefused: a message of hotmess left in its place.
	GuardRefused = "refused"
	// GuardReplaced: another sample left in its place.
	GuardReplaced = "replaced"
	// GuardGone: the client left first.
	GuardGone = "gone"
)

// maxGuardActions bounds the actions that are told apart in one record.
const maxGuardActions = 16

// A GuardRecord is the quorum on one guarded action.
type GuardRecord struct {
	// Rule is the name of the guard rule, Risk its level.
	Rule string `json:"rule"`
	Risk string `json:"risk"`
	// Tool is the tool that was to be called, if the request lists it.
	Tool string `json:"tool,omitempty"`
	// Decision is GuardAgreed, GuardSplit or GuardBlind; Reason says why it is
	// blind.
	Decision string `json:"decision"`
	Reason   Reason `json:"reason,omitempty"`
	// Outcome says what became of the reply: see GuardDelivered.
	Outcome string `json:"outcome"`
	// Votes is how many samples were counted, the reply included; Agreed how
	// many of them propose the action.
	Votes  int `json:"votes"`
	Agreed int `json:"agreed"`
	// Argument is the one that differs most often between the action and what
	// other samples propose, as tool.argument; empty if they call no such tool.
	Argument string `json:"argument,omitempty"`
	// Action is the HMAC of the action, Actions of all that the samples
	// propose, with how many do; no_action counts those that propose nothing
	// that is guarded.
	Action  string         `json:"action"`
	Actions map[string]int `json:"actions,omitempty"`
	// Tokens is the weight of what its samples cost, as in Bill.Tokens; it is in
	// the observation's ExtraTokens.
	Tokens int64 `json:"tokens"`
	// TokensEstimated is whether any part of that is not from usage, as of a
	// sample that was cancelled.
	TokensEstimated bool `json:"tokens_estimated,omitempty"`
	// Seconds from the proposal to the decision; HeldSeconds how long a held
	// reply was delayed.
	Seconds     float64 `json:"seconds"`
	HeldSeconds float64 `json:"held_seconds,omitempty"`
}

// GuardCounts counts the decisions of guards over requests.
type GuardCounts struct {
	// Agreed, Split and Blind are what quorums came to.
	Agreed int64 `json:"agreed"`
	Split  int64 `json:"split"`
	Blind  int64 `json:"blind"`
	// Stopped counts replies in whose place the client got something else.
	Stopped int64 `json:"stopped"`
}

func (c *GuardCounts) count(g *GuardRecord) {
	if g == nil {
		return
	}
	c.Agreed += boolInt(g.Decision == GuardAgreed)
	c.Split += boolInt(g.Decision == GuardSplit)
	c.Blind += boolInt(g.Decision == GuardBlind)
	c.Stopped += boolInt(g.Outcome == GuardRefused || g.Outcome == GuardReplaced)
}

func (c *GuardCounts) add(o GuardCounts) {
	c.Agreed += o.Agreed
	c.Split += o.Split
	c.Blind += o.Blind
	c.Stopped += o.Stopped
}

// tokens is what the quorum cost; nil: there was none.
func (g *GuardRecord) tokens() int64 {
	if g == nil {
		return 0
	}
	return g.Tokens
}

// unreadConversation stands for the conversations of a route's requests that could
// not be read: which these are is not known.
const unreadConversation = "unread"

// A guardFlag is what is told of the latest guarded action of a conversation.
type guardFlag struct {
	Name     string `json:"name,omitempty"`
	Risk     string `json:"risk,omitempty"`
	Tool     string `json:"tool,omitempty"`
	Argument string `json:"argument,omitempty"`
	Action   string `json:"action,omitempty"`
	Actions  string `json:"actions,omitempty"`
	Votes    int    `json:"votes,omitempty"`
	Agreed   int    `json:"agreed,omitempty"`
	Outcome  string `json:"outcome,omitempty"`
	Reason   Reason `json:"reason,omitempty"`
	Request  string `json:"request,omitempty"`
}

// guarded raises the flag of a quorum that is none. Whose client or sidecar has
// left before there could be one, of that nothing is told: nobody acts on it.
func (all *flags) guarded(o *Observation, of string, now time.Time) {
	g := o.Guard
	if g == nil || g.Decision == GuardAgreed || g.Outcome == GuardGone || g.Reason == ReasonGone {
		return
	}
	rule := config.RuleSplitDecision
	if g.Decision == GuardBlind {
		rule = config.RuleGuardBlind
	}
	all.raise(flag{Rule: rule, Of: of, Since: now, Seen: now, Guard: guardFlag{
		Name: g.Rule, Risk: g.Risk, Tool: g.Tool, Argument: g.Argument, Action: g.Action, Actions: toldActions(g.Actions),
		Votes: g.Votes, Agreed: g.Agreed, Outcome: g.Outcome, Reason: g.Reason, Request: o.ID,
	}})
}

// toldActions writes HMACs with their counts, the commonest first.
func toldActions(actions map[string]int) string {
	names := slices.SortedFunc(maps.Keys(actions), func(a, b string) int {
		if actions[a] != actions[b] {
			return actions[b] - actions[a]
		}
		return strings.Compare(a, b)
	})
	var parts []string
	for _, name := range names[:min(len(names), maxGuardActions)] {
		parts = append(parts, fmt.Sprintf("%s: %d", name, actions[name]))
	}
	return strings.Join(parts, ", ")
}

// detail fills in a reading; what is empty is left out.
func (g guardFlag) detail(d map[string]any) {
	d["votes"], d["agreed"] = g.Votes, g.Agreed
	for name, text := range map[string]string{
		"guard": g.Name, "risk": g.Risk, "tool": g.Tool, "argument": g.Argument, "action": g.Action, "actions": g.Actions,
		"outcome": g.Outcome, "reason": string(g.Reason), "request": g.Request,
	} {
		if text != "" {
			d[name] = text
		}
	}
}
