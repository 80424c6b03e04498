package monitor

// settleLabelled makes a conversation give its value to the detectors of
// labelled error and variance, once: the means over its scored requests.
// Relabels after that change the windows alone.
func (m *Monitor) settleLabelled(c *judgedConversation) {
	if c.Settled {
		return
	}
	c.Settled = true
	type sum struct{ error, variance, n float64 }
	sums := map[labelledKey]sum{}
	for _, j := range c.Requests {
		for _, p := range j.Parts {
			if p.Cell != cellScores {
				continue
			}
			s, unit := sums[j.Key], float64(p.Z[0])*gradeScale
			s.error += float64(p.Z[1]) / unit / j.Key.most()
			s.variance += float64(p.Z[2]) / unit
			s.n++
			sums[j.Key] = s
		}
	}
	for key, s := range sums {
		m.labelledUnit(c.Key.Route, key, s.error/s.n, s.variance/s.n)
	}
}

// most is the greatest error in the unit of the scale.
func (k labelledKey) most() float64 {
	if k.Scale == scaleTests {
		return 1
	}
	return 2
}

// labelledUnit gives the value of one conversation to the detectors of
// error_rising and variance_high: its error and variance as shares of what they
// can be at most, 0..1.
func (m *Monitor) labelledUnit(route string, key labelledKey, err, variance float64) {
	if r := m.routes[route]; r != nil {
		r.detection.takeLabelled(key, err, variance, m.now())
	}
}
