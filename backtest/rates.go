package backtest

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"

	"hotmess/estimate"
)

// A Placebo says how often rules fire on the same traffic in another order.
type Placebo struct {
	Runs int    `json:"runs"`
	Seed uint64 `json:"seed"`
	// Conversations is how many each run has.
	Conversations int        `json:"conversations"`
	Rules         []RuleRate `json:"rules"`
}

// A RuleRate is how often one rule fires in placebos.
type RuleRate struct {
	Rule string `json:"rule"`
	// Judged counts the runs in which the rule had something to judge, Fired
	// those of them in which it fired, Alerts how often it did in all.
	Judged int `json:"judged_runs"`
	Fired  int `json:"fired_runs"`
	Alerts int `json:"alerts"`
	// Share is Fired / Judged, 0..1, with the 95 % interval of Wilson.
	Share *float64 `json:"share,omitempty"`
	Low   *float64 `json:"low,omitempty"`
	High  *float64 `json:"high,omitempty"`
	// PerThousand is Alerts per 1,000 conversations of the judged runs.
	PerThousand *float64 `json:"per_thousand_conversations,omitempty"`
	// Absent says why the shares are not there.
	Absent string `json:"absent,omitempty"`
}

// neverJudged is RuleRate.Absent of a rule that had nothing to judge.
const neverJudged = "never judged: no baseline was learnt, or nothing recorded that it rests on"

// summarise counts over runs, for each statistical rule that is judged.
func summarise(s Settings, runs []placebo, conversations int) Placebo {
	p := Placebo{Runs: len(runs), Seed: s.Seed, Conversations: conversations, Rules: []RuleRate{}}
	if len(runs) == 0 {
		return p
	}
	seen := map[string]bool{}
	for _, r := range s.Alerts.All() {
		if !statistical(r.Rule) || !r.On() || seen[r.Rule] {
			continue
		}
		seen[r.Rule] = true
		rate := rateOf(r.Rule, runs, conversations)
		p.Rules = append(p.Rules, rate)
	}
	slices.SortFunc(p.Rules, func(a, b RuleRate) int { return cmp.Compare(a.Rule, b.Rule) })
	return p
}

func rateOf(rule string, runs []placebo, conversations int) RuleRate {
	rate := RuleRate{Rule: rule}
	for _, run := range runs {
		rate.Alerts += run.fired[rule]
		rate.Judged += boolInt(run.judged[rule])
		rate.Fired += boolInt(run.fired[rule] > 0)
	}
	interval, ok := estimate.Wilson(rate.Fired, rate.Judged)
	if !ok {
		rate.Absent = neverJudged
		return rate
	}
	rate.Share, rate.Low, rate.High = new(float64(rate.Fired)/float64(rate.Judged)), &interval.Low, &interval.High
	rate.PerThousand = new(1000 * float64(rate.Alerts) / (float64(rate.Judged) * float64(conversations)))
	return rate
}

func boolInt(b bool) int {
	if b {
		return 1
	}
	return 0
}

// A Threshold is one that disagreement_high would have exceeded in no more
// placebos than allowed. An empty Route stands for a rule for all routes.
type Threshold struct {
	Route  string `json:"route,omitempty"`
	Kind   string `json:"kind,omitempty"`
	Level  string `json:"level,omitempty"`
	Pinned bool   `json:"pinned,omitempty"`
	// Threshold is absent where Absent says why.
	Threshold *float64 `json:"threshold,omitempty"`
	Absent    string   `json:"absent,omitempty"`
	// FalseAlarms is the allowed share of placebos, Runs how many it rests on.
	FalseAlarms float64 `json:"false_alarms"`
	Runs        int     `json:"runs"`
}

// leastThreshold is the least that the bound can tell from nothing; the grid of
// the bound begins there.
const leastThreshold = 0.01

// neverBound is why a series has no threshold: any would do there, most often
// for want of conversations, and the least would be taken for advice.
const neverBound = "no lower bound in any placebo"

// propose gives thresholds for a rule of all routes and for each series. Where
// the next stretch of traffic is like one more placebo, its highest bound is
// above the k-th smallest of R with probability at most 1 − k/(R+1), whatever
// the distribution: so k = ⌈(1−α)(R+1)⌉.
func propose(falseAlarms float64, runs []placebo) []Threshold {
	if len(runs) == 0 {
		return []Threshold{}
	}
	k := int(math.Ceil((1-falseAlarms)*float64(len(runs)+1) - 1e-9)) // .95·20 is 19, not a little more
	found := map[series]bool{}
	for _, run := range runs {
		for s := range run.highest {
			found[s] = true
		}
	}
	list := []series{{}}
	list = append(list, slices.SortedFunc(maps.Keys(found), func(a, b series) int {
		return cmp.Or(cmp.Compare(a.route, b.route), cmp.Compare(a.kind, b.kind), cmp.Compare(a.level, b.level), cmp.Compare(boolInt(a.pinned), boolInt(b.pinned)))
	})...)
	var all []Threshold
	for _, s := range list {
		t := Threshold{Route: s.route, Kind: s.kind, Level: s.level, Pinned: s.pinned, FalseAlarms: falseAlarms, Runs: len(runs)}
		tops := highest(runs, s)
		switch {
		case k > len(runs):
			t.Absent = fmt.Sprintf("needs at least %d placebos", int(math.Ceil(1/falseAlarms-1e-9))-1)
		case tops[len(tops)-1] == 0:
			t.Absent = neverBound
		default:
			t.Threshold = new(max(leastThreshold, tops[k-1]))
		}
		all = append(all, t)
	}
	return all
}

// highest are the highest bounds of a series in each run, ascending; of all
// series together for the zero series.
func highest(runs []placebo, s series) []float64 {
	tops := make([]float64, len(runs))
	for i, run := range runs {
		tops[i] = run.highest[s]
		if s == (series{}) {
			tops[i] = 0
			for _, top := range run.highest {
				tops[i] = max(tops[i], top)
			}
		}
	}
	slices.Sort(tops)
	return tops
}
