package monitor

import (
	"math"

	"hotmess/estimate"
)

// gradeScale is the unit of fractions in labelled sums: 5,040 is a multiple of
// k(k−1) for every k up to 10, so scores of up to 10 samples are exact, and
// beyond are rounded by a ten-thousandth at most.
const gradeScale = 5040

const (
	// minMode is the fewest graded samples of a request that say anything of
	// lapses, votes and the mode.
	minMode = 3
	// minKL is the fewest for the paper's KL form, which is biased below.
	minKL = 30
)

// A gradeCell is a place for the sums of labelled requests: one of the figures, or
// one bin of the curve over one length.
type gradeCell uint16

// The cells of the figures and what their vectors hold; fractions are in
// gradeScale, times the request's weight.
const (
	cellAccuracy gradeCell = iota // 1, right (0..1); unweighted
	cellScores                    // weight, error, variance, 1 if any is wrong
	cellWithin                    // weight, accuracy p, p(1−p)
	cellLapse                     // samples whose fellows' mode is right, those of them that are wrong
	cellVote                      // weight, gain of a vote of 3, 0/1 bias, 0/1 variance
	cellKL                        // weight, error, variance
	cellCurves                    // the first of 4·lengthBins; each like cellScores
)

// curveCell is the cell of a bin of one of the four lengths.
func curveCell(length, bin int) gradeCell { return cellCurves + gradeCell(length*lengthBins+bin) }

// A part is what one labelled request adds to one cell.
type part struct {
	Cell gradeCell `json:"c"`
	Z    []int64   `json:"z"`
}

// A grader turns one observation and its labels into parts.
type grader struct {
	o      *Observation
	v      verdicts
	weight int64
	parts  []part
}

// grade gives the parts of a labelled request.
func grade(o *Observation, v verdicts) []part {
	g := grader{o: o, v: v, weight: weightOf(o.Inclusion)}
	switch {
	case v.Key != "":
		g.answer()
	case len(v.Tests) > 0:
		g.tests()
	default:
		g.outcomes()
	}
	return g.parts
}

func (g *grader) add(c gradeCell, z ...int64) { g.parts = append(g.parts, part{Cell: c, Z: z}) }

// fixed is a fraction in gradeScale; weighed is the same times the weight.
func fixed(fraction float64) int64               { return int64(math.Round(fraction * gradeScale)) }
func (g *grader) weighed(fraction float64) int64 { return g.weight * fixed(fraction) }

// accuracy counts the reply that the client got, 0..1.
func (g *grader) accuracy(right float64) { g.add(cellAccuracy, 1, fixed(right)) }

// scores counts error and variance, and puts them on the curves.
func (g *grader) scores(s estimate.Scores) {
	z := []int64{g.weight, g.weighed(s.Error), g.weighed(s.Variance), boolInt(s.Error > 0)}
	g.add(cellScores, z...)
	for length, tokens := range PairLengths(g.o) {
		if tokens >= 0 {
			g.add(curveCell(length, lengthBin(tokens)), z...)
		}
	}
}

// set lists the samples that scores may rest on: a measured pair, or all samples
// where their number was fixed beforehand and none is missing. A vote stops when
// it is decided, and an escalation starts because of the primary, so there the
// pair alone counts, unless the request was drawn for all of its samples. nil:
// nothing was measured.
func (g *grader) set() []*SampleRecord {
	a, b := g.o.sample(0), g.o.sample(1)
	if !g.o.Drawn || g.o.Differ == nil || a == nil || b == nil || a.Missing != "" || b.Missing != "" {
		return nil
	}
	pair := []*SampleRecord{a, b}
	if g.o.Deep == 0 && (g.o.Vote != nil || g.o.Escalated) {
		return pair
	}
	all := make([]*SampleRecord, len(g.o.Samples))
	for i := range g.o.Samples {
		if all[i] = &g.o.Samples[i]; all[i].Missing != "" {
			return pair
		}
	}
	return all
}

// client is the sample that the client got; nil if it is not among them.
func (g *grader) client() *SampleRecord {
	if g.o.Vote != nil {
		return g.o.sample(g.o.Vote.Winner)
	}
	return g.o.sample(0)
}

// answer grades every sample by the right answer.
func (g *grader) answer() {
	level := g.o.Headline
	if s := g.client(); s != nil && s.Keys[level] != "" {
		g.accuracy(float64(boolInt(s.Keys[level] == g.v.Key)))
	}
	set := g.set()
	c := estimate.Counts{Right: -1}
	classes := map[string]int{}
	for _, s := range set {
		key := s.Keys[level]
		if key == "" {
			return
		}
		i, known := classes[key]
		if !known {
			i = len(c.N)
			classes[key], c.N = i, append(c.N, 0)
			if key == g.v.Key {
				c.Right = i
			}
		}
		c.N[i]++
	}
	if s, ok := estimate.OneHot(c.N, c.Right); ok {
		g.scores(s)
		g.forms(c, len(set))
	}
}

// forms counts what takes the class of every sample: k are graded.
func (g *grader) forms(c estimate.Counts, k int) {
	if p, spread, ok := c.Within(); ok {
		g.add(cellWithin, g.weight, g.weighed(p), g.weighed(spread))
	}
	if k < minMode {
		return
	}
	if g.o.Deep > 0 { // it was drawn with another probability than a pair
		g.weight = weightOf(g.o.Deep)
	}
	if wrong, of, ok := c.Lapses(); ok && of > 0 {
		g.add(cellLapse, g.weighed(of), g.weighed(wrong))
	}
	single, _ := c.Accuracy()
	majority, _ := estimate.MajorityRight(c, minMode)
	bias, variance, _ := estimate.ZeroOne(c.N, c.Right)
	g.add(cellVote, g.weight, g.weighed(majority-single), g.weighed(bias), g.weighed(variance))
	if err, _, variance, ok := estimate.KL(c.N, c.Right); ok && k >= minKL {
		g.add(cellKL, g.weight, g.weighed(err), g.weighed(variance))
	}
}

// got lists the names under which labels speak of what the client got: delivered,
// or the number of that sample.
func (g *grader) got() [2]int {
	if g.o.Vote != nil {
		return [2]int{delivered, g.o.Vote.Winner}
	}
	return [2]int{delivered, 0}
}

// passed is the outcome of a sample, by whichever name it was labelled.
func (g *grader) passed(number int) (pass, ok bool) {
	if pass, ok = g.v.Outcomes[number]; !ok && g.o.Vote != nil && number == g.o.Vote.Winner {
		pass, ok = g.v.Outcomes[delivered]
	}
	return pass, ok
}

// outcomes grades by pass and fail: of a single sample Err = 2·1{wrong} is
// unbiased, and so is D for the variance, exactly with one right form and else
// from above. What a vote delivered is no random sample and counts as accuracy
// alone, by whatever name: there scores take labels of the whole pair.
func (g *grader) outcomes() {
	for _, number := range g.got() {
		if pass, ok := g.v.Outcomes[number]; ok {
			g.accuracy(float64(boolInt(pass)))
			break
		}
	}
	set := g.set()
	differ, ok := g.o.Differ[g.o.Headline]
	if set == nil || !ok {
		return
	}
	var graded, wrong int
	for _, s := range set {
		if pass, ok := g.passed(s.Number); ok {
			graded++
			wrong += int(boolInt(!pass))
		}
	}
	if graded == 0 || g.o.Vote != nil && graded < len(set) {
		return
	}
	err := 2 * float64(wrong) / float64(graded)
	first, _ := g.passed(0)
	second, _ := g.passed(1)
	forms := first && second // of a right answer
	variance := float64(boolInt(differ && !forms))
	g.scores(estimate.Scores{Error: err, Bias2: err - variance, Variance: variance})
}

// tests grades by the outcomes of tests, in coverage error.
func (g *grader) tests() {
	for _, number := range g.got() {
		if says, ok := g.v.Tests[number]; ok {
			g.accuracy(testShare(says))
			break
		}
	}
	var runs [][]bool
	for _, s := range g.set() {
		if says, ok := g.v.Tests[s.Number]; ok {
			runs = append(runs, testRun(says))
		}
	}
	if s, ok := estimate.Outcomes(runs); ok {
		g.scores(s)
	}
}

// testRun is the inverse of Label.says for tests.
func testRun(says string) []bool {
	all := make([]bool, len(says))
	for i := range says {
		all[i] = says[i] == '1'
	}
	return all
}

// testShare is the share of tests that pass.
func testShare(says string) float64 {
	var n float64
	for _, pass := range testRun(says) {
		n += float64(boolInt(pass))
	}
	return n / float64(len(says))
}
