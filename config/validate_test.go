package config

import (
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestDefaultsAreValidWithoutWarnings(t *testing.T) {
	if err := Default().Validate(); err != nil {
		t.Error(err)
	}
	if w := Default().Warnings(); len(w) > 0 {
		t.Errorf("warnings: %v", w)
	}
}

func TestValidateLeadsWithTheKey(t *testing.T) {
	c := Default()
	c.Sampling.Samples, c.Sampling.Mode, c.Limits.Body = MaxSamples+1, "", -1
	want := []string{"sampling.mode", "sampling.samples", "limits.body"}
	var got []string
	for line := range strings.SplitSeq(c.Validate().Error(), "\n") {
		key, _, _ := strings.Cut(line, ": ")
		got = append(got, key)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if _, ok := errors.AsType[*Problem](c.Validate()); !ok {
		t.Error("no *Problem among the errors")
	}
}

func TestLargerSetsHaveBounds(t *testing.T) {
	for key, sets := range map[string][]func(*Sampling){
		"sampling.deep.share": {
			func(s *Sampling) { s.Deep.Share = -0.1 }, func(s *Sampling) { s.Deep.Share = 1.1 },
			func(s *Sampling) { s.Deep.Share = math.NaN() },
		},
		"sampling.deep.samples": {
			func(s *Sampling) { s.Deep.Samples = 1 }, func(s *Sampling) { s.Deep.Samples = MaxSamples + 1 },
		},
		"sampling.escalate.reasoning_over_median": {
			func(s *Sampling) { s.Escalate.ReasoningOverMedian = 1 }, func(s *Sampling) { s.Escalate.ReasoningOverMedian = -2 },
			func(s *Sampling) { s.Escalate.ReasoningOverMedian = math.Inf(1) },
		},
		"sampling.escalate.samples": {
			func(s *Sampling) { s.Escalate.Samples = 0 }, func(s *Sampling) { s.Escalate.Samples = MaxSamples + 1 },
		},
	} {
		for i, set := range sets {
			c := Default()
			set(&c.Sampling)
			err := c.Validate()
			if err == nil || !strings.HasPrefix(err.Error(), key+": ") || strings.Contains(err.Error(), "\n") {
				t.Errorf("%s, case %d: %v", key, i, err)
			}
		}
	}
}

func TestTokenIsRequiredOffLoopback(t *testing.T) {
	for address, required := range map[string]bool{
		"127.0.0.1:1": false, "127.8.8.8:1": false, "[::1]:1": false, "localhost:1": false,
		":1": true, "0.0.0.0:1": true, "[::]:1": true, "10.0.0.1:1": true, "host.example:1": true,
	} {
		c := Default()
		c.Admin.Listen = address
		if got := c.Validate() != nil; got != required {
			t.Errorf("%s: required = %t, want %t", address, got, required)
		}
		c.Admin.Token = "0123456789abcdef"
		if err := c.Validate(); err != nil {
			t.Errorf("%s with token: %v", address, err)
		}
	}
}

func TestBoundsThemselvesAreAllowed(t *testing.T) {
	one := 1
	for name, set := range map[string]func(*Config){
		"samples 1":        func(c *Config) { c.Sampling.Samples = 1 },
		"samples 32":       func(c *Config) { c.Sampling.Samples = MaxSamples },
		"rate 0":           func(c *Config) { c.Sampling.Rate = Rate{} },
		"rate 1":           func(c *Config) { c.Sampling.Rate = Rate{Share: 1} },
		"no budget":        func(c *Config) { c.Budget = Budget{} },
		"no wait":          func(c *Config) { c.Ensemble.Wait = 0 },
		"any ports":        func(c *Config) { c.Listen, c.Admin.Listen = "127.0.0.1:0", "127.0.0.1:0" },
		"held equals body": func(c *Config) { c.Limits.Held = c.Limits.Body },
		"built-in again":   func(c *Config) { c.Upstreams = []Upstream{{Name: "openai", URL: "http://host"}} },
		"route": func(c *Config) {
			c.Routes = []Route{{Name: "a", Match: Match{Client: "*"}, Sampling: RouteSampling{Samples: &one}}}
		},
		"extract": func(c *Config) { c.Routes = []Route{{Name: "a", Match: Match{Model: "m"}, Extract: `regexp:^(\d+)$`}} },
	} {
		c := Default()
		set(&c)
		if err := c.Validate(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestSettingsWithoutEffectAreWarnedOf(t *testing.T) {
	one := 1
	for name, tc := range map[string]struct {
		set  func(*Config)
		want []string
	}{
		"observing one sample": {func(c *Config) { c.Sampling.Samples = 1 }, []string{"sampling.samples"}},
		"shallow deep sets":    {func(c *Config) { c.Sampling.Deep.Samples = 3 }, []string{"sampling.deep.samples"}},
		"no deep sets":         {func(c *Config) { c.Sampling.Deep = Deep{Samples: 2} }, nil},
		"shallow escalation":   {func(c *Config) { c.Sampling.Escalate.Samples = 2 }, []string{"sampling.escalate.samples"}},
		"no escalation":        {func(c *Config) { c.Sampling.Escalate = Escalate{Samples: 2} }, nil},
		"observing nothing":    {func(c *Config) { c.Sampling.Rate = Rate{} }, []string{"sampling.rate"}},
		"voting":               {func(c *Config) { c.Sampling.Mode = Ensemble }, nil},
		"voting alone":         {func(c *Config) { c.Sampling.Mode, c.Sampling.Samples = Ensemble, 1 }, []string{"sampling.samples"}},
		"voting on a pair": {func(c *Config) {
			c.Sampling.Mode, c.Ensemble.Samples = Ensemble, Range{2, 2}
		}, []string{"ensemble.samples"}},
		"first of too few": {func(c *Config) {
			c.Sampling.Mode, c.Ensemble.Stop.First = Ensemble, 10
		}, []string{"ensemble.stop.first"}},
		"a lead of too many": {func(c *Config) {
			c.Sampling.Mode, c.Ensemble.Stop.Lead = Ensemble, 10
		}, []string{"ensemble.stop.lead"}},
		"off with no samples":        {func(c *Config) { c.Sampling.Mode, c.Sampling.Samples = Off, 1 }, nil},
		"vote without mode":          {func(c *Config) { c.Ensemble.Wait = 1 }, []string{"ensemble"}},
		"keep-alives without a vote": {func(c *Config) { c.Ensemble.KeepAlive = 1 }, []string{"ensemble"}},
		"keep-alives of what is held": {func(c *Config) {
			c.Ensemble.KeepAlive, c.Guard = 1, []Guard{{Name: "a", Tool: "x", Action: GuardHold}}
			c.Routes = []Route{{Name: "a", Match: Match{Model: "m"}, Ensemble: RouteVoting{KeepAlive: new(Duration(1))}}}
		}, nil},
		"no budget":          {func(c *Config) { c.Budget.ExtraTokensPerHour = 0 }, []string{"budget.extra_tokens_per_hour"}},
		"no budget when off": {func(c *Config) { c.Sampling.Mode, c.Budget = Off, Budget{} }, nil},
		"rules when off": {func(c *Config) {
			c.Sampling.Mode = Off
			c.Alerts.Rules = []Rule{{Rule: RuleDisagreementHigh, Threshold: 0.5}}
		}, []string{"alerts.rules"}},
		"route of one sample": {func(c *Config) {
			c.Routes = []Route{{Name: "a", Match: Match{Model: "m"}, Sampling: RouteSampling{Samples: &one}}}
		}, []string{"routes[0].sampling.samples"}},
		"list behind one upstream": {func(c *Config) {
			c.Upstream, c.Upstreams = "http://a", []Upstream{{Name: "b", URL: "http://b"}}
		}, []string{"upstreams"}},
		"key in a URL":   {func(c *Config) { c.Upstream = "http://ada:hunter2@a" }, []string{"upstream"}},
		"open to others": {func(c *Config) { c.Listen = ":4141" }, []string{"listen"}},
		"short token":    {func(c *Config) { c.Admin.Token = "x" }, []string{"admin.token"}},
		"word twice":     {func(c *Config) { c.ClientHeaders = []string{"route", "route"} }, []string{"client_headers[1]"}},
	} {
		c := Default()
		tc.set(&c)
		var got []string
		for _, w := range c.Warnings() {
			got = append(got, w.Key)
			if strings.Contains(w.String(), "hunter2") {
				t.Errorf("%s: %s", name, w)
			}
		}
		if diff := cmp.Diff(tc.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestWarningsSayWhereTheyComeFrom(t *testing.T) {
	_, warnings, err := Load(home("HOTMESS_SAMPLES=1"), Overrides{})
	if err != nil || len(warnings) != 1 || !strings.HasPrefix(warnings[0].String(), "HOTMESS_SAMPLES: sampling.samples: ") {
		t.Errorf("warnings = %v, %v", warnings, err)
	}
}
