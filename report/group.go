package report

import (
	"cmp"
	"slices"
	"strings"

	"hotmess/estimate"
)

// minSamples is the fewest samples that say anything about variance.
const minSamples = 2

// A Group is what is reported of the samples of one data set, model, task and
// condition. It is one object of the JSON form; figures that cannot be
// computed are null there, and Figures says why.
type Group struct {
	Key
	// Questions have two samples or more; Samples is how many these have
	// together. Of observations they are the labelled requests, and the
	// samples of measured pairs.
	Questions int `json:"questions"`
	Samples   int `json:"samples"`
	// Accuracy is the share of right samples, 0..1. Error = Bias2 + Variance
	// are in Brier units, 0..2; Incoherence is Σ variance / Σ error, 0..1;
	// Disagreement is the probability that two samples differ, 0..1.
	Accuracy        *float64 `json:"accuracy"`
	Error           *float64 `json:"error"`
	Bias2           *float64 `json:"bias2"`
	Variance        *float64 `json:"variance"`
	Incoherence     *float64 `json:"incoherence"`
	IncoherenceLow  *float64 `json:"incoherence_low"`
	IncoherenceHigh *float64 `json:"incoherence_high"`
	Disagreement    *float64 `json:"disagreement"`
	// Tasks is how many tasks are pooled; absent if the group is of one.
	Tasks int `json:"tasks,omitempty"`
	// FewestSamples and MostSamples are those of a question.
	FewestSamples int `json:"fewest_samples"`
	MostSamples   int `json:"most_samples"`
	// Skipped counts questions with a single sample.
	Skipped int `json:"skipped"`
	// Figures are the same with intervals, n and reasons.
	Figures Part `json:"figures"`
	// Forms are the other forms of the decomposition.
	Forms Forms `json:"forms"`
	// ByLength and ByActions are curves over groups of questions.
	ByLength  Curve `json:"by_length"`
	ByActions Curve `json:"by_actions"`
	// Overthinking and OverthinkingActions compare the longer half of the
	// samples of a question with its shorter half.
	Overthinking        Overthinking `json:"overthinking"`
	OverthinkingActions Overthinking `json:"overthinking_actions"`
	// ByDifficulty compares models.
	ByDifficulty Difficulty `json:"by_difficulty"`
	// Effect is that of the condition.
	Effect Effect `json:"condition_effect"`
	// Ensembling and Votes say what averaging and voting do.
	Ensembling Ensembling `json:"ensembling"`
	Votes      Votes      `json:"votes"`
	// Observed is set for recorded observations.
	Observed *Route `json:"observed,omitempty"`

	items []item
	label string
}

// Name is the group's name for people, within its data set: what all groups
// of the set share is left out.
func (g *Group) Name() string {
	switch {
	case g.Observed != nil:
		return g.Task + " · " + g.Condition
	case g.label == "":
		return g.Dataset
	}
	return g.label
}

// label names groups by those parts of their keys that differ within a data
// set, and by the model in any case.
func label(groups []*Group) {
	for _, g := range groups {
		var parts []string
		if g.Model != "" {
			parts = append(parts, g.Model)
		}
		if g.Task != "" && differs(groups, g, func(o *Group) string { return o.Task }) {
			parts = append(parts, g.Task)
		}
		if g.Condition != "" && differs(groups, g, func(o *Group) string { return o.Condition }) {
			parts = append(parts, g.Condition)
		}
		g.label = strings.Join(parts, " · ")
	}
}

// differs is whether a part of the key is not the same in all groups of g's
// data set.
func differs(groups []*Group, g *Group, part func(*Group) string) bool {
	return slices.ContainsFunc(groups, func(o *Group) bool { return o.Dataset == g.Dataset && part(o) != part(g) })
}

// An item is one question with its scores.
type item struct {
	q      *Question
	counts []int
	estimate.Scores
	accuracy float64
	samples  int
	errors   int
}

// A Part is the decomposition over some questions.
type Part struct {
	Questions int `json:"questions"`
	Samples   int `json:"samples"`
	// Errors counts wrong samples.
	Errors      int             `json:"errors"`
	Accuracy    estimate.Figure `json:"accuracy"`
	Error       estimate.Figure `json:"error"`
	Bias2       estimate.Figure `json:"bias2"`
	Variance    estimate.Figure `json:"variance"`
	Incoherence estimate.Figure `json:"incoherence"`
	// Disagreement needs no label: with one-hot answers it is the variance.
	Disagreement estimate.Figure `json:"disagreement"`
}

// score makes the item of a question from those samples that idx picks, all if
// it is nil; ok is false below two samples.
func score(q *Question, idx []int) (it item, ok bool) {
	counts := q.counts(idx)
	for _, n := range counts {
		it.samples += n
	}
	it.q, it.counts, it.errors = q, counts, it.samples-counts[rightClass]
	if it.samples < minSamples {
		return it, false
	}
	it.accuracy = float64(counts[rightClass]) / float64(it.samples)
	if rewards := q.rewards(idx); rewards != nil {
		it.Scores, ok = estimate.Vectors(rewards, 0)
		return it, ok
	}
	it.Scores, ok = estimate.OneHot(counts, rightClass)
	return it, ok
}

// rewards gives the scores of runs as probabilities of having passed and not,
// which for rewards of 0 and 1 is the one-hot form; nil unless all have one.
func (q *Question) rewards(idx []int) [][]float64 {
	if !q.Runs {
		return nil
	}
	var all [][]float64
	take := func(s Sample) bool {
		all = append(all, []float64{s.Reward, 1 - s.Reward})
		return s.Reward != unknown
	}
	if idx == nil {
		for _, s := range q.Samples {
			if !take(s) {
				return nil
			}
		}
		return all
	}
	for _, i := range idx {
		if !take(q.Samples[i]) {
			return nil
		}
	}
	return all
}

// summarise is the decomposition over items; questions are the clusters.
func summarise(items []item) Part {
	p := Part{Questions: len(items)}
	var acc, err, bias2, variance, disagreement []float64
	scores := make([]estimate.Scores, 0, len(items))
	for i := range items {
		it := &items[i]
		p.Samples += it.samples
		p.Errors += it.errors
		acc = append(acc, it.accuracy)
		err = append(err, it.Error)
		bias2 = append(bias2, it.Bias2)
		variance = append(variance, it.Variance)
		scores = append(scores, it.Scores)
		if d, ok := estimate.Disagreement(it.counts); ok {
			disagreement = append(disagreement, d)
		}
	}
	p.Accuracy = estimate.MeanOf(acc).Clip(0, 1)
	p.Error = estimate.MeanOf(err).Clip(0, 2)
	p.Bias2 = estimate.MeanOf(bias2)
	p.Variance = estimate.MeanOf(variance).Clip(0, 2)
	p.Incoherence = estimate.Incoherence(scores, p.Errors)
	p.Disagreement = estimate.MeanOf(disagreement).Clip(0, 1)
	return p
}

// gather sorts questions into groups, by name; where a model has several tasks
// in a data set, a group of all of them goes before.
func gather(questions []*Question) []*Group {
	byKey, tasks := map[Key]*Group{}, map[Key]map[string]bool{}
	take := func(k Key, q *Question) {
		g := byKey[k]
		if g == nil {
			g = &Group{Key: k}
			byKey[k] = g
		}
		g.take(q)
	}
	for _, q := range questions {
		all := q.Key
		all.Task = ""
		if tasks[all] == nil {
			tasks[all] = map[string]bool{}
		}
		tasks[all][q.Task] = true
	}
	for _, q := range questions {
		all := q.Key
		all.Task = ""
		take(q.Key, q)
		if n := len(tasks[all]); n > 1 && q.Task != "" {
			take(all, q)
		}
	}
	groups := make([]*Group, 0, len(byKey))
	for k, g := range byKey {
		if n := len(tasks[k]); k.Task == "" && n > 1 {
			g.Tasks = n
		}
		groups = append(groups, g)
	}
	slices.SortFunc(groups, func(a, b *Group) int {
		return cmp.Or(natural(a.Dataset, b.Dataset), natural(a.Model, b.Model),
			natural(a.Condition, b.Condition), natural(a.Task, b.Task))
	})
	return groups
}

// take adds a question to a group.
func (g *Group) take(q *Question) {
	it, ok := score(q, nil)
	if !ok {
		g.Skipped++
		return
	}
	if len(g.items) == 0 || it.samples < g.FewestSamples {
		g.FewestSamples = it.samples
	}
	g.MostSamples = max(g.MostSamples, it.samples)
	g.items = append(g.items, it)
}

// whole is whether the group is that of all tasks of its model, or of the only
// one: the groups that sections beyond the first show.
func (g *Group) whole(groups []*Group) bool {
	if g.Task == "" || g.Observed != nil {
		return true
	}
	return !slices.ContainsFunc(groups, func(o *Group) bool {
		return o.Task == "" && o.Dataset == g.Dataset && o.Model == g.Model && o.Condition == g.Condition
	})
}

// measure fills in the group's own figures.
func (g *Group) measure() {
	p := summarise(g.items)
	g.Questions, g.Samples, g.Figures = p.Questions, p.Samples, p
	g.Accuracy, g.Error, g.Bias2, g.Variance = p.Accuracy.Value, p.Error.Value, p.Bias2.Value, p.Variance.Value
	g.Incoherence, g.IncoherenceLow, g.IncoherenceHigh = p.Incoherence.Value, p.Incoherence.Low, p.Incoherence.High
	g.Disagreement = p.Disagreement.Value
	g.Forms = forms(g.items)
	g.ByLength = curve(g.items, byLength)
	g.ByActions = curve(g.items, byActions)
	g.Overthinking = overthinking(g.items, byLength)
	g.OverthinkingActions = overthinking(g.items, byActions)
	g.Ensembling = ensembling(g.items)
	g.Votes = votes(g.items)
}
