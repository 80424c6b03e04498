package config

import "fmt"

// ensemble checks how all routes vote.
func (k *checker) ensemble() {
	v := k.cfg.Ensemble
	k.voting("ensemble", v.whole())
	k.stops(v, func(keys ...string) string { return "ensemble." + keys[0] })
	if v != defaultVoting() && !k.any(Ensemble) {
		k.warn("ensemble", "has no effect: no mode is ensemble")
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
		if r.Ensemble != (RouteVoting{}) {
			k.warn(key+".ensemble", "has no effect: the mode of route %s is %s", r.Name, mode)
		}
		return
	}
	k.stops(r.Votes(k.cfg.Ensemble), func(keys ...string) string { return r.first(key, keys) })
	if n, own := r.Sampling.Samples, r.Ensemble.Samples; n != nil && own != nil && *n > 1 && *n != own.Max {
		k.warn(key+".sampling.samples", "%d does not count in votes: ensemble.samples of route %s is %s", *n, r.Name, own)
	}
}

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
		"samples": e.Samples != nil, "launch": e.Launch != nil,
		"stop.confidence": e.Stop.Confidence != nil, "stop.lead": e.Stop.Lead != nil, "stop.first": e.Stop.First != nil,
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
		k.fail(key+".stop.confidence", "%s is not between 0.5 and 1; write auto, 0.95, or 0 for never", c)
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
