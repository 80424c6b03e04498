package report

import "hotmess/estimate"

const (
	// deals is how often the samples of a question are put into a random order
	// where a rule depends on it.
	deals = 100
	// level is the confidence at which adaptive votes stop (Lead).
	level = 0.95
	// leastVotes is how many answers an adaptive vote hears at the least.
	leastVotes = 2
	// within is by how much an equal accuracy may be lower.
	within = 0.002
)

// The ways to vote.
const (
	methodFixed    = "fixed"
	methodAdaptive = "adaptive"
	methodFirst    = "first_finishers"
)

// Why a rule is absent.
const (
	absentFew3 = "fewer_than_3_samples"
	absentNone = "no_size_reaches_it"
	// A single sample is what gains are over.
	absentSingle = "the_others_are_compared_with_it"
)

// Votes compares rules of voting by what they spend for the same accuracy.
type Votes struct {
	Absent string `json:"absent,omitempty"`
	// Rules are some of each kind.
	Rules []Rule `json:"rules,omitempty"`
	// Equal are the cheapest of each kind that is at most .002 less accurate
	// than the adaptive vote.
	Equal []Rule `json:"equal_accuracy,omitempty"`
	// FirstAbsent says why first finishers are left out.
	FirstAbsent string `json:"first_finishers_absent,omitempty"`
}

// A Rule is one way to vote, with what it gives and takes.
type Rule struct {
	Method string `json:"method"`
	// Launched is the most samples; Counted how many finishers vote.
	Launched int    `json:"launched"`
	Counted  int    `json:"counted,omitempty"`
	Absent   string `json:"absent,omitempty"`
	// Accuracy is 0..1; Gain is over a single sample, paired by question.
	Accuracy estimate.Figure `json:"accuracy"`
	Gain     estimate.Figure `json:"gain"`
	// Samples are those started, on average.
	Samples estimate.Figure `json:"samples"`
	// Spent is the length of all samples, those that first finishers cut short
	// up to there, in single samples. Wait is that of the last sample waited
	// for, all starting at once; adaptive votes wait for one after the other.
	// Both are absent without lengths.
	Spent *float64 `json:"spent,omitempty"`
	Wait  *float64 `json:"wait,omitempty"`
}

// votes compares the rules.
func votes(items []item) Votes {
	if why := votable(items); why != "" {
		return Votes{Absent: why}
	}
	most := fewestOf(items)
	if most < 3 {
		return Votes{Absent: absentFew3}
	}
	var v Votes
	lengths := allLengths(items)
	if !lengths {
		v.FirstAbsent = absentNoLength
	}
	fixed, first := make([]Rule, 0, most), make([]Rule, 0, most)
	for k := 1; k <= most; k++ {
		fixed = append(fixed, runFixed(items, k, lengths))
		if k >= 3 && lengths {
			first = append(first, runFirst(items, k, (k+1)/2))
		}
	}
	adaptive := runAdaptive(items, most, lengths)
	for _, r := range fixed {
		if r.Launched == 1 || r.Launched == 3 || r.Launched == 5 || r.Launched == 10 || r.Launched == most {
			v.Rules = append(v.Rules, r)
		}
	}
	v.Rules = append(v.Rules, adaptive)
	for _, r := range first {
		if r.Launched == 3 || r.Launched == 5 || r.Launched == 10 || r.Launched == most {
			v.Rules = append(v.Rules, r)
		}
	}
	v.Equal = []Rule{cheapest(methodFixed, fixed, adaptive), adaptive}
	if lengths {
		v.Equal = append(v.Equal, cheapest(methodFirst, first, adaptive))
	}
	return v
}

// cheapest is the smallest rule of a kind that is as accurate as another.
func cheapest(method string, rules []Rule, as Rule) Rule {
	for _, r := range rules {
		if r.Accuracy.Value != nil && as.Accuracy.Value != nil && *r.Accuracy.Value >= *as.Accuracy.Value-within {
			return r
		}
	}
	none := absentFigure(absentNone, len(rules))
	return Rule{Method: method, Absent: absentNone, Accuracy: none, Gain: none, Samples: none}
}

// allLengths is whether every sample has a length, in one unit.
func allLengths(items []item) bool {
	if _, why := byLength.unitOf(items); why != "" {
		return false
	}
	for i := range items {
		for _, s := range items[i].q.Samples {
			if s.Length == unknown {
				return false
			}
		}
	}
	return true
}
