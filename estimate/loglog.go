package estimate

import "math"

// A Slope is the exponent of a power law with its fit.
type Slope struct {
	Figure
	// R2 is the share of the spread of ln value that the line explains, 0..1;
	// nil where there is none.
	R2 *float64 `json:"r2,omitempty"`
	// Dropped counts the points without a logarithm: 0 or below.
	Dropped int `json:"dropped,omitempty"`
}

// LogLog fits value = c·length^a to points (the paper's figure 2): the
// exponent a by least squares of the logarithms, its interval by t with n−2
// degrees of freedom, n being the points. Points of 0 or below have no
// logarithm; they are dropped and counted. ok is false where there is no
// exponent, below two points or with one length only. From three points on
// there is an interval.
func LogLog(length, value []float64) (s Slope, ok bool) {
	if len(length) != len(value) {
		return Slope{Figure: absent(AbsentInvalid, int64(len(length)), int64(len(length)))}, false
	}
	if !finite(length...) || !finite(value...) {
		return Slope{Figure: absent(AbsentNotFinite, int64(len(length)), int64(len(length)))}, false
	}
	var x, y []float64
	for i := range length {
		if length[i] > 0 && value[i] > 0 {
			x, y = append(x, math.Log(length[i])), append(y, math.Log(value[i]))
		}
	}
	s = line(x, y)
	s.Dropped = len(length) - len(x)
	return s, s.Value != nil
}

// line is the slope of y on x by least squares.
func line(x, y []float64) Slope {
	n := int64(len(x))
	if n == 0 {
		return Slope{Figure: absent(AbsentNone, 0, 0)}
	}
	mx, my := mean(x), mean(y)
	var xx, xy, yy float64
	for i := range x {
		xx += (x[i] - mx) * (x[i] - mx)
		xy += (x[i] - mx) * (y[i] - my)
		yy += (y[i] - my) * (y[i] - my)
	}
	if xx <= noise*noise*(1+mx*mx) {
		return Slope{Figure: absent(AbsentNoSpread, n, n)}
	}
	b := xy / xx
	s := Slope{Figure: figure(b, n, n)}
	if yy > 0 {
		r2 := math.Min(1, xy/xx*xy/yy)
		s.R2 = &r2
	}
	if n < 3 {
		s.Figure = s.unranged(AbsentFew(3))
		return s
	}
	rest := 0.0
	for i := range x {
		d := y[i] - my - b*(x[i]-mx)
		rest += d * d
	}
	half := quantileT(n-2) * math.Sqrt(rest/float64(n-2)/xx)
	s.Figure = s.between(b-half, b+half)
	return s
}
