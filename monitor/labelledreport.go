package monitor

import (
	"math"
	"slices"
	"time"

	est "hotmess/estimate"
)

// A LabelledReport is what labels say of one kind of requests of a route over
// one window. Scores are the means over requests that have a label and a
// measured pair, each weighed by the inverse of its inclusion probability, so
// Error = Bias2 + Variance; N counts requests, Clusters conversations.
type LabelledReport struct {
	// Window is 48h or 30d.
	Window string `json:"window"`
	Kind   string `json:"kind"`
	Pinned bool   `json:"pinned"`
	// Scale is answers, where scores run from 0 to 2 (Brier), or tests, where
	// they run from 0 to 1 (coverage error).
	Scale string `json:"scale"`
	// Measured counts the requests of the kind that have a measured pair,
	// LabelledShare the part of them that the scores rest on, 0..1; absent
	// where more are labelled than the window knows of, as after a lost
	// snapshot.
	Measured      int64    `json:"measured"`
	LabelledShare *float64 `json:"labelled_share,omitempty"`
	// Accuracy is the share of labelled replies that were right, of tests that
	// passed, 0..1: of what the client got, measured or not.
	Accuracy est.Figure `json:"accuracy"`
	Error    est.Figure `json:"error"`
	Bias2    est.Figure `json:"bias2"`
	Variance est.Figure `json:"variance"`
	// Wrong counts the requests among them with an error above 0.
	Wrong int64 `json:"wrong"`
	// Incoherence is Σ variance / Σ error, 0..1: the share of the error that a
	// rerun could fix.
	Incoherence est.Figure `json:"incoherence"`
	// The rest takes the right answer, by which every sample is graded.
	//
	// WithinShare is W = 1 − ICC, Lapse how often samples are wrong whose
	// fellows' mode is right, both 0..1.
	WithinShare est.Figure `json:"within_share"`
	Lapse       est.Figure `json:"lapse_rate"`
	// VoteGain is how much more often the mode of 3 samples is right than one,
	// −1..1; ZeroOneBias and ZeroOneVariance add up to the share of wrong
	// samples. All take requests with 3 graded samples or more.
	VoteGain        est.Figure `json:"vote_gain"`
	ZeroOneBias     est.Figure `json:"zero_one_bias"`
	ZeroOneVariance est.Figure `json:"zero_one_variance"`
	// IncoherenceKL is the paper's main form, over requests with 30 graded
	// samples or more.
	IncoherenceKL est.Figure `json:"incoherence_kl"`
	// Curves are the scores against the four lengths; over 30d only.
	Curves []LabelledCurve `json:"curves,omitempty"`
}

// A LabelledCurve is the scores against one length.
type LabelledCurve struct {
	// Length is reasoning_tokens, output_tokens, context_tokens or actions.
	Length string        `json:"length"`
	Bins   []LabelledBin `json:"bins"`
}

// A LabelledBin is the scores of the requests whose length falls into one log2
// bin.
type LabelledBin struct {
	// Low and High are the smallest and largest length of the bin; High is
	// absent in the last one, which is open.
	Low         int64      `json:"low"`
	High        *int64     `json:"high,omitempty"`
	Error       est.Figure `json:"error"`
	Bias2       est.Figure `json:"bias2"`
	Variance    est.Figure `json:"variance"`
	Incoherence est.Figure `json:"incoherence"`
}

// Why a figure of a LabelledReport is absent.
const (
	// AbsentNoLabels: no request of the window has a label that says this.
	AbsentNoLabels = "no_labels"
	// AbsentNeeds3 and AbsentNeeds30: no request has as many graded samples.
	AbsentNeeds3  = "needs_3_graded_samples"
	AbsentNeeds30 = "needs_30_graded_samples"
)

// labelledReport reports on the labelled series of a route, window by window.
func (r *route) labelledReport(now time.Time) []LabelledReport {
	var all []LabelledReport
	for _, key := range r.labelledKeys() {
		s := r.labelled[key]
		for ring := range s.rings {
			total := s.total(ring, now)
			if len(total.Cells) == 0 {
				continue
			}
			rep := total.report(key)
			rep.Window = spans()[curveWindow(ring)].name
			rep.Measured = r.tallied(stratumKey{Kind: key.Kind, Pinned: key.Pinned}, curveWindow(ring), now).Measured
			if rep.Error.N <= rep.Measured {
				rep.LabelledShare = ratio(rep.Error.N, rep.Measured)
			}
			all = append(all, rep)
		}
	}
	return all
}

// report gives the figures of merged sums.
func (b *labelledBucket) report(key labelledKey) LabelledReport {
	rep := LabelledReport{Kind: key.Kind, Pinned: key.Pinned, Scale: key.Scale, Curves: b.curves(key)}
	rep.Accuracy = b.share(cellAccuracy, 1, gradeScale, AbsentNoLabels)
	rep.Error, rep.Bias2, rep.Variance, rep.Incoherence = b.scores(cellScores, key)
	if s := b.Cells[cellScores]; s != nil {
		rep.Wrong = s.Sum[3]
	}
	rep.WithinShare = b.within(rep.Wrong)
	rep.Lapse = b.share(cellLapse, 1, 1, AbsentNeeds3)
	rep.VoteGain = b.ratio(cellVote, AbsentNeeds3, 0, 1).Clip(-1, 1)
	rep.ZeroOneBias = b.share(cellVote, 2, gradeScale, AbsentNeeds3)
	rep.ZeroOneVariance = b.ratio(cellVote, AbsentNeeds3, 0, 0, 0, 1).Clip(-1, 1)
	rep.IncoherenceKL = b.incoherence(cellKL, AbsentNeeds30)
	return rep
}

// scores are the figures of a cell like cellScores.
func (b *labelledBucket) scores(c gradeCell, key labelledKey) (err, bias2, variance, incoherence est.Figure) {
	most := key.most()
	err = b.share(c, 1, gradeScale*most, AbsentNoLabels).Scale(most)
	bias2 = b.ratio(c, AbsentNoLabels, 0, 1, -1).Clip(0, most)
	variance = b.share(c, 2, gradeScale, AbsentNoLabels)
	return err, bias2, variance, b.incoherence(c, AbsentNoLabels)
}

// sums are the sufficient statistics of the ratio of two weighed sums of a
// cell's values, and the number of requests; nil: the cell is empty.
func (s *labelledSums) sums(num, den []float64) est.Sums {
	return est.Sums{
		X: s.linear(num), N: s.linear(den), G: s.G,
		XX: s.quadratic(num, num), XN: s.quadratic(num, den), NN: s.quadratic(den, den),
	}
}

func (s *labelledSums) linear(a []float64) (sum float64) {
	for i, f := range a {
		sum += f * float64(s.Sum[i])
	}
	return sum
}

func (s *labelledSums) quadratic(a, b []float64) (sum float64) {
	for i, f := range a {
		for j, g := range b {
			if f != 0 && g != 0 {
				sum += f * g * s.Cross[packedIndex(min(i, j), max(i, j), len(s.Sum))].float()
			}
		}
	}
	return sum
}

// share is value i of a cell over its first one, as a share of most.
func (b *labelledBucket) share(c gradeCell, i int, most float64, why string) est.Figure {
	s := b.Cells[c]
	if s == nil {
		return est.Figure{Absent: why, AbsentRange: why}
	}
	num := make([]float64, i+1)
	num[i] = 1
	f := est.ShareFromSums(s.sums(num, []float64{most}), est.MinClusters)
	f.N = s.Requests
	return ofConversations(f)
}

// ratio is a weighed sum of a cell's fractions over its first value.
func (b *labelledBucket) ratio(c gradeCell, why string, weights ...float64) est.Figure {
	s := b.Cells[c]
	if s == nil {
		return est.Figure{Absent: why, AbsentRange: why}
	}
	f := est.RatioFromSums(s.sums(weights, []float64{gradeScale}), est.MinClusters)
	f.N = s.Requests
	return ofConversations(f)
}

// incoherence is variance over error of a cell that holds weight, error and
// variance; one that does not count the requests with an error takes those of all
// scores.
func (b *labelledBucket) incoherence(c gradeCell, why string) est.Figure {
	s := b.Cells[c]
	if s == nil {
		return est.Figure{Absent: why, AbsentRange: why}
	}
	wrong := s.Requests
	if len(s.Sum) > 3 {
		wrong = s.Sum[3]
	} else if all := b.Cells[cellScores]; all != nil {
		wrong = min(wrong, all.Sum[3])
	}
	return ofConversations(est.IncoherenceFromSums(s.sums([]float64{0, 0, 1}, []float64{0, 1}), s.Requests, wrong))
}

// within is W. Below estimate.MinErrors requests with an error it would be a guess
// from a handful, like incoherence.
func (b *labelledBucket) within(wrong int64) est.Figure {
	s := b.Cells[cellWithin]
	if s == nil {
		return est.Figure{Absent: AbsentNoLabels, AbsentRange: AbsentNoLabels}
	}
	if wrong > 0 && wrong < est.MinErrors {
		return est.Figure{Absent: est.AbsentFewErrors, AbsentRange: est.AbsentFewErrors, N: s.Requests, Clusters: s.G}
	}
	n, p, v := []float64{gradeScale}, []float64{0, 1}, []float64{0, 0, 1}
	f := est.WithinShareFromSums(est.WithinSums{
		N: s.linear(n), P: s.linear(p), V: s.linear(v), G: s.G,
		NN: s.quadratic(n, n), NP: s.quadratic(n, p), NV: s.quadratic(n, v),
		PP: s.quadratic(p, p), PV: s.quadratic(p, v), VV: s.quadratic(v, v),
	}, est.MinClusters)
	f.N = s.Requests
	return ofConversations(f)
}

// curves are the scores against the four lengths; nil if no curve is kept.
func (b *labelledBucket) curves(key labelledKey) []LabelledCurve {
	var curves []LabelledCurve
	for length, name := range LengthNames() {
		curve := LabelledCurve{Length: name, Bins: []LabelledBin{}}
		for bin := range lengthBins {
			if b.Cells[curveCell(length, bin)] != nil {
				curve.Bins = append(curve.Bins, b.bin(length, bin, key))
			}
		}
		curves = append(curves, curve)
	}
	if !slices.ContainsFunc(curves, func(c LabelledCurve) bool { return len(c.Bins) > 0 }) {
		return nil
	}
	return curves
}

func (b *labelledBucket) bin(length, bin int, key labelledKey) LabelledBin {
	var rep LabelledBin
	low, high := binEdges(bin)
	if rep.Low = low; high != math.MaxInt64 {
		rep.High = &high
	}
	rep.Error, rep.Bias2, rep.Variance, rep.Incoherence = b.scores(curveCell(length, bin), key)
	return rep
}
