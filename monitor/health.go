package monitor

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

const (
	// minDrawn is the fewest requests drawn in an hour, starvedShare the
	// share of them below which too few are measured.
	minDrawn     = 20
	starvedShare = 0.5
	// minRequests is the fewest requests of the last five minutes, and
	// failingShare the share of failed ones from which the upstream fails.
	minRequests  = 20
	failingShare = 0.2
)

// failureSpan are five minutes, by the time at which a request ended: one
// that hung for ten minutes and failed then counts now.
func failureSpan() span { return span{name: "5m", width: time.Minute, buckets: 5} }

// failures counts the requests that ended in one minute.
type failures struct {
	Requests, Failed int64
}

func (f *failures) count(o *Observation) {
	f.Requests++
	f.Failed += boolInt(failed(o.Outcome))
}

// failed is whether the client got an error or a broken reply.
func failed(o Outcome) bool { return o != OutcomeOK && o != OutcomeGone }

// recentFailures merges the last five minutes.
func (d *detection) recentFailures(now time.Time) failures {
	var all failures
	d.failures.each(now, func(_ int64, f *failures) {
		all.Requests += f.Requests
		all.Failed += f.Failed
	})
	return all
}

// A sampling is how the measuring of one route went over the last hour.
type sampling struct {
	drawn, measured int64
	reasons         map[Reason]int64
}

func (r *route) sampling(now time.Time) sampling {
	var s sampling
	for key := range r.strata {
		t := r.tallied(key, windowHour, now)
		s.drawn += t.Drawn
		s.measured += t.Measured
	}
	var t traffic
	r.traffic.rings[windowHour].each(now, func(_ int64, v *traffic) { t.add(v) })
	s.reasons = t.Unmeasured.byName()
	return s
}

// told lists the reasons that keep drawn requests from being measured, the
// commonest first: "budget 31, queue 4".
func (s sampling) told() string {
	var names []Reason
	for r := range s.reasons {
		if starves(r) {
			names = append(names, r)
		}
	}
	slices.SortFunc(names, func(a, b Reason) int {
		if d := s.reasons[b] - s.reasons[a]; d != 0 {
			return int(d)
		}
		return strings.Compare(string(a), string(b))
	})
	parts := make([]string, len(names))
	for i, r := range names {
		parts[i] = fmt.Sprintf("%s %d", r, s.reasons[r])
	}
	return strings.Join(parts, ", ")
}

// starves is whether a reason is one of drawn requests: the others were never
// asked to be measured.
func starves(r Reason) bool {
	return r != ReasonNotDrawn && Eligible(&Observation{Kind: "any", Reason: r})
}
