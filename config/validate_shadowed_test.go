package config

import (
	"strings"
	"testing"
)

func TestRoutesThatNothingReachesAreWarnedOf(t *testing.T) {
	for name, c := range map[string]struct {
		first, second Match
		never         bool
	}{
		"the same":               {Match{Model: "gpt-5*"}, Match{Model: "gpt-5*"}, true},
		"a part of it":           {Match{Model: "gpt-*"}, Match{Model: "gpt-5-mini", Client: "a"}, true},
		"any":                    {Match{Client: "*"}, Match{Model: "m"}, true},
		"the same header":        {Match{Header: map[string]string{"X-Agent": "*"}}, Match{Model: "m", Header: map[string]string{"x-agent": "a*"}}, true},
		"more":                   {Match{Model: "gpt-5"}, Match{Model: "gpt-*"}, false},
		"all":                    {Match{Model: "gpt-5"}, Match{Client: "a"}, false},
		"other":                  {Match{Model: "gpt-5", Client: "a"}, Match{Model: "gpt-5", Client: "b"}, false},
		"crosswise":              {Match{Model: "a*"}, Match{Model: "*a"}, false},
		"a header may be absent": {Match{Header: map[string]string{"X-Agent": "*"}}, Match{Model: "m"}, false},
	} {
		cfg := Default()
		cfg.Routes = []Route{{Name: "one", Match: c.first}, {Name: "two", Match: c.second}}
		for _, told := range []struct {
			honoured []string
			want     string
		}{{nil, "two is never used"}, {[]string{"route"}, "two is used only where a client names it"}} {
			cfg.ClientHeaders = told.honoured
			w := cfg.Warnings()
			if c.never != (len(w) == 1 && w[0].Key == "routes[1]" && strings.Contains(w[0].String(), told.want)) || !c.never && len(w) > 0 {
				t.Errorf("%s: %v, want %q: %v", name, w, told.want, c.never)
			}
		}
	}
}

func TestGuardRulesThatContradictAreWarnedOf(t *testing.T) {
	off := false
	rm := func() *GuardCommand { return &GuardCommand{Program: "rm", Flags: []string{"-f"}} }
	for name, c := range map[string]struct {
		rules []Guard
		want  string // in the one warning; empty: none
	}{
		"twice":          {[]Guard{{Name: "a", Command: rm()}, {Name: "b", Command: rm(), Action: GuardHold}}, "guard[1]: b matches the same calls as guard[0] (a)"},
		"two programs":   {[]Guard{{Name: "a", Command: rm()}, {Name: "a", Command: &GuardCommand{Program: "rd"}}}, ""},
		"one of two off": {[]Guard{{Name: "delete-tool", Tool: "x", Enabled: &off}, {Name: "b", Tool: "x"}}, ""},
		"off, misspelt":  {[]Guard{{Name: "delete-tre", Enabled: &off}}, "guard[0]: switches nothing off: no built-in rule is called delete-tre; did you mean delete-tree?"},
		"off":            {[]Guard{{Name: "delete-tree", Enabled: &off}}, ""},
	} {
		cfg := Default()
		cfg.Guard = c.rules
		w := cfg.Warnings()
		if (c.want == "") != (len(w) == 0) || len(w) > 0 && !strings.Contains(w[0].String(), c.want) {
			t.Errorf("%s: %v, want %q", name, w, c.want)
		}
	}
}

// TestWhereRulesThatHoldDoNothingIsWarnedOf: in mode off, which a client may be allowed
// to ask for.
func TestWhereRulesThatHoldDoNothingIsWarnedOf(t *testing.T) {
	for _, holds := range []bool{true, false} {
		cfg := Default()
		cfg.Sampling.Mode = Off
		cfg.Routes = []Route{{Name: "on", Sampling: RouteSampling{Mode: Observe}}, {Name: "off", Match: Match{Model: "m"}, Sampling: RouteSampling{Mode: Off}}}
		cfg.ClientHeaders = []string{"route", "mode"}
		if holds {
			cfg.Guard = []Guard{{Name: "mine", Tool: "x", Action: GuardHold}}
		}
		var keys []string
		for _, w := range cfg.Warnings() {
			if strings.Contains(w.String(), "guard rules") {
				keys = append(keys, w.Key)
			}
		}
		got, want := strings.Join(keys, " "), ""
		if holds {
			want = "sampling.mode routes[1].sampling.mode client_headers[1]"
		}
		if got != want {
			t.Errorf("a rule holds: %v, warned of %q, want %q", holds, got, want)
		}
	}
}
