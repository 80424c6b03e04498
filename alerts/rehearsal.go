package alerts

import (
	"time"

	"hotmess/config"
)

// A Rehearsal judges readings by rules as an Engine does, with the same
// lifecycle, but stores and publishes nothing: it is for backtests. Not safe
// for concurrent use.
type Rehearsal struct{ j judging }

// NewRehearsal makes a Rehearsal. Each event that an Engine would publish is
// passed to told, as the alert in it. The error is that of New for bad rules.
func NewRehearsal(rules []config.Rule, instance string, told func(Alert)) (*Rehearsal, error) {
	if err := checkRules(rules); err != nil {
		return nil, err
	}
	r := &Rehearsal{}
	r.j = newJudging(rules, instance, func(it *item, e *Event) {
		if e != nil {
			told(it.snapshot())
		}
	})
	return r, nil
}

// Judge judges all readings of one moment; moments are to come in order.
func (r *Rehearsal) Judge(now time.Time, readings []Reading) error {
	return r.j.judge(now.UTC(), readings)
}

// Idle reports whether nothing is pending or firing, so that time alone
// changes nothing.
func (r *Rehearsal) Idle() bool { return len(r.j.active()) == 0 }
