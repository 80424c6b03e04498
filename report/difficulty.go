package report

import (
	"cmp"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"hotmess/estimate"
)

// Why models are not compared.
const (
	absentOneModel    = "one_model_only"
	absentFewerShared = "fewer_than_60_questions_that_all_models_answered"
	absentPart        = "part_of_a_group_of_all_tasks"
)

// Difficulty is a group's decomposition by the difficulty of the questions.
// Difficulty is the mean error of all models of the data set on the question,
// so the groups are the same for all of them.
type Difficulty struct {
	Absent string `json:"absent,omitempty"`
	// Groups go from the easiest questions to the hardest.
	Groups []DifficultyPoint `json:"groups,omitempty"`
}

// A DifficultyPoint is one of them.
type DifficultyPoint struct {
	// Reference is the mean error of all models, 0..2.
	Reference float64 `json:"reference_error"`
	Part
}

// A Comparison is what the models of one data set show together.
type Comparison struct {
	Dataset   string
	Condition string
	Absent    string
	Groups    []*Group
	// Large is the largest model and Small the smallest, or, where not every
	// name tells a size, the most and the least accurate.
	Large, Small *Group
	BySize       bool
	// Reference is the mean error of all models in each group of questions,
	// Contrasts are Large less Small there.
	Reference []float64
	Contrasts []*Contrast
	Families  []Family
	// AllModels and AllModelsActions compare the longer half of the samples of a
	// question with the shorter over all models; nil with one model only.
	AllModels, AllModelsActions *Contrast
}

// A Family is three or more sizes of the same model.
type Family struct {
	Name  string
	Sizes []float64
	// Exponents are slopes of log value on log size, by difficulty.
	Exponents []SizeExponents
}

// SizeExponents are those of one group of questions.
type SizeExponents struct {
	Bias2, Variance, Incoherence estimate.Slope
}

// compare groups by data set and condition and compares the models of each.
func compare(groups []*Group) []*Comparison {
	var all []*Comparison
	for _, g := range groups {
		if !g.whole(groups) {
			g.ByDifficulty.Absent = absentPart
			continue
		}
		i := slices.IndexFunc(all, func(c *Comparison) bool { return c.Dataset == g.Dataset && c.Condition == g.Condition })
		if i < 0 {
			i = len(all)
			all = append(all, &Comparison{Dataset: g.Dataset, Condition: g.Condition})
		}
		all[i].Groups = append(all[i].Groups, g)
	}
	for _, c := range all {
		c.fill()
		c.AllModels, c.AllModelsActions = c.overthinking(byLength), c.overthinking(byActions)
	}
	return all
}

// fill computes one comparison, and each group's part in it.
func (c *Comparison) fill() {
	shared, reference := c.shared()
	k := min(curveGroups, len(shared)/estimate.MinQuestions)
	switch {
	case len(c.Groups) < 2:
		c.Absent = absentOneModel
	case k < leastGroups:
		c.Absent = absentFewerShared
	}
	if c.Absent != "" {
		for _, g := range c.Groups {
			g.ByDifficulty.Absent = c.Absent
		}
		return
	}
	c.rank()
	for _, idx := range estimate.Quintiles(reference, k) {
		mean := 0.0
		for _, i := range idx {
			mean += reference[i] / float64(len(idx))
		}
		c.Reference = append(c.Reference, mean)
		names := make([]string, len(idx))
		for j, i := range idx {
			names[j] = shared[i]
		}
		c.point(names, mean)
	}
	c.families()
}

// shared lists the questions that all models answered, and their mean errors.
func (c *Comparison) shared() (names []string, reference []float64) {
	sum, n := map[string]float64{}, map[string]int{}
	for _, g := range c.Groups {
		for i := range g.items {
			name := g.items[i].q.name()
			sum[name] += g.items[i].Error / float64(len(c.Groups))
			n[name]++
		}
	}
	for name, k := range n {
		if k == len(c.Groups) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	for _, name := range names {
		reference = append(reference, sum[name])
	}
	return names, reference
}

// name identifies a question within a data set.
func (q *Question) name() string { return q.Task + "\x00" + q.ID }

// point adds one group of questions to all models.
func (c *Comparison) point(names []string, reference float64) {
	for _, g := range c.Groups {
		items := g.named(names)
		g.ByDifficulty.Groups = append(g.ByDifficulty.Groups, DifficultyPoint{Reference: reference, Part: summarise(items)})
	}
	c.Contrasts = append(c.Contrasts, contrast(pairUp(c.Large.named(names), c.Small.named(names))))
}

// named gives the items of those questions, in that order.
func (g *Group) named(names []string) []item {
	at := map[string]int{}
	for i := range g.items {
		at[g.items[i].q.name()] = i
	}
	var out []item
	for _, name := range names {
		if i, ok := at[name]; ok {
			out = append(out, g.items[i])
		}
	}
	return out
}

// pairUp pairs items of the same questions in the same order.
func pairUp(above, below []item) []split {
	out := make([]split, len(above))
	for i := range above {
		out[i] = split{above: above[i], below: below[i], question: above[i].q.name()}
	}
	return out
}

// rank finds the two models that are set against each other.
func (c *Comparison) rank() {
	c.BySize = !slices.ContainsFunc(c.Groups, func(g *Group) bool {
		_, _, ok := size(g.Model)
		return !ok
	})
	order := func(a, b *Group) int {
		if c.BySize {
			_, x, _ := size(a.Model)
			_, y, _ := size(b.Model)
			return cmp.Compare(x, y)
		}
		return cmp.Compare(*a.Accuracy, *b.Accuracy)
	}
	c.Small, c.Large = slices.MinFunc(c.Groups, order), slices.MaxFunc(c.Groups, order)
}

// sizeIn finds the billions of parameters in a model's name, such as 0.5B.
var sizeIn = regexp.MustCompile(`(?i)(?:^|[-_ /:])(\d+(?:\.\d+)?)b(?:$|[-_ /:])`)

// size reads family and size, in parameters, off a model's name.
func size(model string) (family string, parameters float64, ok bool) {
	at := sizeIn.FindStringSubmatchIndex(model)
	if at == nil {
		return "", 0, false
	}
	billions, err := strconv.ParseFloat(model[at[2]:at[3]], 64)
	if err != nil || billions <= 0 {
		return "", 0, false
	}
	return strings.TrimRight(model[:at[2]], "-_ /:"), billions * 1e9, true
}

// families fits power laws of the size where a family has three sizes.
func (c *Comparison) families() {
	members := map[string][]*Group{}
	var names []string
	for _, g := range c.Groups {
		family, _, ok := size(g.Model)
		if !ok {
			continue
		}
		if members[family] == nil {
			names = append(names, family)
		}
		members[family] = append(members[family], g)
	}
	for _, name := range names {
		if len(members[name]) >= leastGroups {
			c.Families = append(c.Families, newFamily(name, members[name]))
		}
	}
}

// newFamily fits a family.
func newFamily(name string, groups []*Group) Family {
	f := Family{Name: name}
	for _, g := range groups {
		_, parameters, _ := size(g.Model)
		f.Sizes = append(f.Sizes, parameters)
	}
	for d := range groups[0].ByDifficulty.Groups {
		fitted := func(of func(Part) estimate.Figure) estimate.Slope {
			var x, y []float64
			for i, g := range groups {
				if v := of(g.ByDifficulty.Groups[d].Part).Value; v != nil && *v > negligible {
					x, y = append(x, f.Sizes[i]), append(y, *v)
				}
			}
			s, ok := estimate.LogLog(x, y)
			if !ok || len(x)-s.Dropped < leastGroups {
				return estimate.Slope{Figure: absentFigure(absentPoints, len(x))}
			}
			return s
		}
		f.Exponents = append(f.Exponents, SizeExponents{
			Bias2:       fitted(func(p Part) estimate.Figure { return p.Bias2 }),
			Variance:    fitted(func(p Part) estimate.Figure { return p.Variance }),
			Incoherence: fitted(func(p Part) estimate.Figure { return p.Incoherence }),
		})
	}
	return f
}

// members gives the groups of a family, in the order of its sizes.
func (c *Comparison) members(f Family) []*Group {
	var out []*Group
	for _, g := range c.Groups {
		if name, _, ok := size(g.Model); ok && name == f.Name {
			out = append(out, g)
		}
	}
	slices.SortStableFunc(out, func(a, b *Group) int {
		_, x, _ := size(a.Model)
		_, y, _ := size(b.Model)
		return cmp.Compare(x, y)
	})
	return out
}
