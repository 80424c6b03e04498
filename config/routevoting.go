package config

// RouteVoting is Voting with every field optional: what is nil is inherited.
type RouteVoting struct {
	Samples   *Range       `yaml:"samples"`
	Method    *string      `yaml:"method"`
	Likeness  *string      `yaml:"likeness"`
	Launch    *string      `yaml:"launch"`
	Stop      RouteStop    `yaml:"stop"`
	RedFlag   RouteRedFlag `yaml:"red_flag"`
	Wait      *Duration    `yaml:"wait"`
	KeepAlive *Duration    `yaml:"keepalive"`
}

// RouteStop is Stop with every field optional.
type RouteStop struct {
	Confidence *Confidence `yaml:"confidence"`
	Lead       *int        `yaml:"lead"`
	First      *int        `yaml:"first"`
}

// RouteRedFlag is RedFlag with every field optional.
type RouteRedFlag struct {
	OutputOver *Excess `yaml:"output_over"`
	Malformed  *bool   `yaml:"malformed"`
}

// Votes is how requests of the route vote where all others do as v says. The
// route's sampling.samples stand for the most samples where its ensemble.samples
// is not set.
func (r Route) Votes(v Voting) Voting {
	if n := r.Sampling.Samples; n != nil {
		v.Samples = v.Samples.AtMost(*n)
	}
	e := r.Ensemble
	replace(&v.Samples, e.Samples)
	replace(&v.Method, e.Method)
	replace(&v.Likeness, e.Likeness)
	replace(&v.Launch, e.Launch)
	replace(&v.Stop.Confidence, e.Stop.Confidence)
	replace(&v.Stop.Lead, e.Stop.Lead)
	replace(&v.Stop.First, e.Stop.First)
	replace(&v.RedFlag.OutputOver, e.RedFlag.OutputOver)
	replace(&v.RedFlag.Malformed, e.RedFlag.Malformed)
	replace(&v.Wait, e.Wait)
	replace(&v.KeepAlive, e.KeepAlive)
	return v
}

// replace sets one setting if there is another for it.
func replace[T any](dst, value *T) {
	if value != nil {
		*dst = *value
	}
}

// whole is v with every field set.
func (v Voting) whole() RouteVoting {
	return RouteVoting{
		Samples: &v.Samples, Method: &v.Method, Likeness: &v.Likeness, Launch: &v.Launch,
		Stop:    RouteStop{Confidence: &v.Stop.Confidence, Lead: &v.Stop.Lead, First: &v.Stop.First},
		RedFlag: RouteRedFlag{OutputOver: &v.RedFlag.OutputOver, Malformed: &v.RedFlag.Malformed},
		Wait:    &v.Wait, KeepAlive: &v.KeepAlive,
	}
}
