package config

import (
	"fmt"
	"math"
	"slices"
)

// pairSize is the fewest samples that can disagree; with fewer than voteSize a
// vote cannot be decided, with fewer than halvesSize no pair is in each half.
const (
	pairSize   = 2
	voteSize   = 3
	halvesSize = 4
)

// sampling checks the defaults of every route.
func (k *checker) sampling() {
	s := k.cfg.Sampling
	k.mode("sampling.mode", s.Mode)
	k.samples("sampling.samples", s.Samples)
	k.rate("sampling.rate", s.Rate)
	k.word("sampling.gone", s.Gone, GoneFinish, GoneStop)
	for i, a := range s.Allow {
		k.word(fmt.Sprintf("sampling.allow[%d]", i), a, AllowSubscription, AllowStored)
	}
	k.positive("sampling.timeout", int64(s.Timeout), s.Timeout)
	k.larger(s)
	k.effect("sampling", s)
	k.majority("ensemble.samples", s, k.cfg.Ensemble)
}

// larger checks the sets of more than two samples.
func (k *checker) larger(s Sampling) {
	if d := s.Deep.Share; !(d >= 0 && d <= 1) {
		k.fail("sampling.deep.share", "%g is not from 0 to 1; write 0.1 for one measured request in ten", d)
	}
	if f := s.Escalate.ReasoningOverMedian; f != 0 && !(f > 1 && !math.IsInf(f, 0)) {
		k.fail("sampling.escalate.reasoning_over_median", "%g is not above 1; write 2 for twice the median, 0 for never", f)
	}
	k.largerSet("sampling.deep.samples", s.Deep.Samples, s.Deep.Share > 0)
	k.largerSet("sampling.escalate.samples", s.Escalate.Samples, s.Escalate.ReasoningOverMedian > 0)
}

// largerSet refuses N outside 2..MaxSamples, and warns of one that is too small
// for what larger sets are for.
func (k *checker) largerSet(key string, n int, used bool) {
	switch {
	case n < pairSize || n > MaxSamples:
		k.fail(key, "%d is not from %d to %d", n, pairSize, MaxSamples)
	case used && n < halvesSize:
		k.warn(key, "overthinking within a request is not seen with fewer than %d samples: each half needs a pair", halvesSize)
	}
}

// mode refuses unknown words.
func (k *checker) mode(key string, m Mode) {
	k.word(key, string(m), string(Off), string(Observe), string(Ensemble))
}

// samples refuses N outside 1..MaxSamples.
func (k *checker) samples(key string, n int) {
	if n < 1 || n > MaxSamples {
		k.fail(key, "%d is not from 1 to %d", n, MaxSamples)
	}
}

// rate refuses shares outside 0..1, and NaN.
func (k *checker) rate(key string, r Rate) {
	if !r.Auto && !(r.Share >= 0 && r.Share <= 1) {
		k.fail(key, "%s is not from 0 to 1; write auto, or 0.1 for one request in ten", r)
	}
}

// effect warns of a mode whose other settings undo it.
func (k *checker) effect(key string, s Sampling) {
	never := s.Rate == Rate{}
	switch {
	case s.Mode == Observe && s.Samples < pairSize:
		k.warn(key+".samples", "observing has no effect with fewer than %d samples: disagreement needs a pair", pairSize)
	case s.Mode == Observe && never:
		k.warn(key+".rate", "observing has no effect at rate 0: no request is measured")
	case s.Mode == Ensemble && s.Samples < pairSize:
		k.warn(key+".samples", "voting has no effect with one sample")
	case s.Mode == Ensemble && never:
		k.warn(key+".rate", "at rate 0 requests vote but none is measured")
	}
}

// majority warns of votes of which every split is a tie. The key is that of their
// number.
func (k *checker) majority(key string, s Sampling, v Voting) {
	if s.Mode == Ensemble && s.Samples >= pairSize && v.Samples.Max < voteSize {
		k.warn(key, "voting has no effect with fewer than %d samples: every split is a tie, and the primary wins ties", voteSize)
	}
}

// clientsAsk reports whether a header of clients counts, by its word.
func (k *checker) clientsAsk(word string) bool { return slices.Contains(k.cfg.ClientHeaders, word) }

// any reports whether a request can get one of the modes.
func (k *checker) any(modes ...Mode) bool {
	if slices.Contains(modes, k.cfg.Sampling.Mode) || k.clientsAsk("mode") {
		return true
	}
	if slices.Contains(modes, Ensemble) && slices.ContainsFunc(k.cfg.Alerts.Rules, Rule.Mitigates) {
		return true
	}
	return slices.ContainsFunc(k.cfg.Routes, func(r Route) bool { return slices.Contains(modes, r.Sampling.Mode) })
}
