package monitor

import (
	"time"

	est "hotmess/estimate"
)

// A SeriesDetail is what more is known of a series over a window.
type SeriesDetail struct {
	// EffectiveAnswers is 1/(1−D): how many equally likely answers would
	// disagree as much; 1 or more.
	EffectiveAnswers est.Figure `json:"effective_answers"`
	// Curves are D against each of the four lengths, and Slopes D per doubling
	// of two of them: of headline series that are not pinned, over two days
	// and thirty.
	Curves []CurveReport `json:"curves,omitempty"`
	Slopes *SlopeReport  `json:"slopes,omitempty"`
}

// detail reports on one series beyond its disagreement.
func (r *route) detail(window int, k seriesKey, now time.Time) SeriesDetail {
	d := SeriesDetail{EffectiveAnswers: est.Effective(r.series[k].total(window, now).figure())}
	if c := r.curves[k].total(window, now); c != nil {
		slopes := c.Moments.slopes()
		d.Curves, d.Slopes = c.report(), &slopes
	}
	return d
}
