package config

import (
	"fmt"
	"slices"
)

// ensemble checks how all routes vote.
func (k *checker) ensemble() {
	v := k.cfg.Ensemble
	k.voting("ensemble", v.whole())
	all := func(keys ...string) string { return "ensemble." + keys[0] }
	k.stops(v, all)
	k.likeness(v, all)
	if k.holds() {
		v.KeepAlive = defaultVoting().KeepAlive
	}
	if v != defaultVoting() && !k.any(Ensemble) {
		k.warn("ensemble", "no request votes by it: no mode is ensemble")
	}
}

// routeVoting checks how a route votes: the settings that it does not inherit, and
// what comes of them together with those that it does.
func (k *checker) routeVoting(key string, r Route) {
	k.voting(key+".ensemble", r.Ensemble)
	if r.Ensemble == (RouteVoting{}) && r.Sampling.Samples == nil {
		return
	}
	if mode, votes := k.mayVote(r); !votes {
		unused := r.Ensemble
		if k.holds() {
			unused.KeepAlive = nil
		}
		if unused != (RouteVoting{}) {
			k.warn(key+".ensemble", "no request votes by it: the mode of route %s is %s", r.Name, mode)
		}
		return
	}
	v, own := r.Votes(k.cfg.Ensemble), func(keys ...string) string { return r.first(key, keys) }
	k.stops(v, own)
	k.likeness(v, own)
	if e := k.cfg.Embeddings; v.Likeness == LikenessEmbeddings && e.Upstream != "" && !Fits(e.Routes, r.Name) {
		k.warn(key+".ensemble.likeness", "embeddings have no effect: embeddings.routes is %q, which route %s does not fit", e.Routes, r.Name)
	}
	if n, s := r.Sampling.Samples, r.Ensemble.Samples; n != nil && s != nil && *n > 1 && *n != s.Max {
		k.warn(key+".sampling.samples", "%d does not count in votes: ensemble.samples of route %s is %s", *n, r.Name, s)
	}
}

// holds reports whether a guard rule holds replies: their streams are kept alive as
// those of votes are.
func (k *checker) holds() bool { return slices.ContainsFunc(k.cfg.GuardRules(), Guard.Holds) }

// mayVote reports whether requests of a route may vote, and else the mode that
// keeps them from it.
func (k *checker) mayVote(r Route) (Mode, bool) {
	mode := k.cfg.Sampling.Mode
	if r.Sampling.Mode != "" {
		mode = r.Sampling.Mode
	}
	asked := k.clientsAsk("mode")
	return mode, mode == Ensemble || asked || mode == Observe && MitigatesOn(k.cfg.Alerts.Rules, r.Name)
}

// first is the first of the keys of ensemble that a route sets itself, as a path;
// empty: it inherits them all. Samples may come from sampling.
func (r Route) first(path string, keys []string) string {
	e := r.Ensemble
	set := map[string]bool{
		"samples": e.Samples != nil, "likeness": e.Likeness != nil, "method": e.Method != nil, "wait": e.Wait != nil,
		"stop.lead": e.Stop.Lead != nil, "stop.first": e.Stop.First != nil,
	}
	for _, key := range keys {
		switch {
		case set[key]:
			return path + ".ensemble." + key
		case key == "samples" && r.Sampling.Samples != nil:
			return path + ".sampling.samples"
		}
	}
	return ""
}

// voting checks the fields that are set, each by itself.
func (k *checker) voting(key string, r RouteVoting) {
	if w := r.Wait; w != nil {
		k.notNegative(key+".wait", int64(*w), *w)
	}
	if a := r.KeepAlive; a != nil {
		k.positive(key+".keepalive", int64(*a), *a)
	}
	if m := r.Method; m != nil {
		k.word(key+".method", *m, MethodAuto, MethodMajority)
	}
	if l := r.Likeness; l != nil {
		k.word(key+".likeness", *l, LikenessWords, LikenessEmbeddings)
	}
	if l := r.Launch; l != nil {
		k.word(key+".launch", *l, LaunchAtOnce, LaunchStaged, LaunchLeader)
	}
	if s := r.Samples; s != nil && (s.Min < 1 || s.Max > MaxSamples || s.Min > s.Max) {
		k.fail(key+".samples", "%s is not from 1 to %d, the smaller number first", s, MaxSamples)
	}
	if o := r.RedFlag.OutputOver; o != nil && o.Tokens < 0 {
		k.fail(key+".red_flag.output_over", "%s must not be negative", o)
	}
	if c := r.Stop.Confidence; c != nil && !c.Auto && c.Share != 0 && !(c.Share > .5 && c.Share < 1) {
		k.fail(key+".stop.confidence", "%s is not between 0.5 and 1; write auto, 0.95, or 0 for never", *c)
	}
	k.votes(key+".stop.lead", r.Stop.Lead)
	k.votes(key+".stop.first", r.Stop.First)
}

// votes refuses numbers of votes outside 0..MaxSamples.
func (k *checker) votes(key string, n *int) {
	if n != nil && (*n < 0 || *n > MaxSamples) {
		k.fail(key, "%d is not from 0 to %d", *n, MaxSamples)
	}
}

// stops warns of settings of which one keeps the other from its effect. name gives
// the path of the first of some keys of ensemble that is set where v comes from;
// empty: none is, so that it has been told elsewhere.
func (k *checker) stops(v Voting, name func(keys ...string) string) {
	warn := func(key, format string, args ...any) {
		if key != "" {
			k.warn(key, "%s", fmt.Sprintf(format, args...))
		}
	}
	most := v.Samples.Max
	if f := v.Stop.First; f > most {
		warn(name("stop.first", "samples"), "stop.first of %d is never reached: there are %d samples", f, most)
	}
	if l := v.Stop.Lead; l > most {
		warn(name("stop.lead", "samples"), "stop.lead of %d is never reached: there are %d samples", l, most)
	}
}

// likeness checks that embeddings can decide a vote where they are to; name is as
// in stops.
func (k *checker) likeness(v Voting, name func(keys ...string) string) {
	if v.Likeness != LikenessEmbeddings {
		return
	}
	if key := name("likeness"); key != "" && k.cfg.Embeddings.Upstream == "" {
		k.fail(key, "embeddings are not configured; set embeddings.upstream and embeddings.model, or write %s", LikenessWords)
	}
	if key := name("likeness", "method"); key != "" && v.Method == MethodMajority {
		k.warn(key, "embeddings have no effect: by method %s only equal texts agree", MethodMajority)
	}
	if key := name("likeness", "wait"); key != "" && v.Wait == 0 {
		k.warn(key, "embeddings have no effect: a wait of 0 leaves no time for them")
	}
}
