package config

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// loaded is the configuration of a file.
func loaded(t *testing.T, text string) (Config, []Warning, error) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "c.yaml")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return Load(home(), Overrides{Config: &file})
}

// onRoute is a route whose settings are given as one line of YAML.
func onRoute(settings string) string {
	return "routes: [{name: billing, match: {model: m}, " + settings + "}]\n"
}

// embedding configures embeddings for all routes.
const embedding = "embeddings: {upstream: openai, model: e}\n"

func TestARouteOverridesTheVoteKeyByKey(t *testing.T) {
	inherited := Default().Ensemble
	for settings, set := range map[string]func(*Voting){
		"samples: 4..6":                func(v *Voting) { v.Samples = Range{4, 6} },
		"likeness: embeddings":         func(v *Voting) { v.Likeness = LikenessEmbeddings },
		"method: majority":             func(v *Voting) { v.Method = MethodMajority },
		"launch: leader":               func(v *Voting) { v.Launch = LaunchLeader },
		"stop: {confidence: 0.9}":      func(v *Voting) { v.Stop.Confidence = Confidence{Share: .9} },
		"stop: {confidence: 0}":        func(v *Voting) { v.Stop.Confidence = Confidence{} },
		"stop: {lead: 3}":              func(v *Voting) { v.Stop.Lead = 3 },
		"stop: {first: 2}":             func(v *Voting) { v.Stop.First = 2 },
		"red_flag: {output_over: p99}": func(v *Voting) { v.RedFlag.OutputOver = Excess{P99: true} },
		"red_flag: {malformed: true}":  func(v *Voting) { v.RedFlag.Malformed = true },
		"wait: 3s":                     func(v *Voting) { v.Wait = Duration(3 * time.Second) },
		"keepalive: 2s":                func(v *Voting) { v.KeepAlive = Duration(2 * time.Second) },
	} {
		c, warnings, err := loaded(t, embedding+onRoute("sampling: {mode: ensemble}, ensemble: {"+settings+"}"))
		if err != nil || len(warnings) > 0 {
			t.Errorf("%s: %v, warnings %v", settings, err, warnings)
			continue
		}
		want := inherited
		set(&want)
		if diff := cmp.Diff(want, c.Routes[0].Votes(c.Ensemble)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", settings, diff)
		}
	}
}

// TestEverySettingOfAVoteCanBeSetByRoute: a setting that is added to Voting alone
// would be one that routes cannot have.
func TestEverySettingOfAVoteCanBeSetByRoute(t *testing.T) {
	keys := func(of reflect.Type) (keys []string) {
		walk(of, func(f reflect.StructField) { keys = append(keys, f.Tag.Get("yaml")) })
		return keys
	}
	if diff := cmp.Diff(keys(reflect.TypeFor[Voting]()), keys(reflect.TypeFor[RouteVoting]())); diff != "" {
		t.Errorf("(-all +route):\n%s", diff)
	}
	v := Default().Ensemble
	v.Samples, v.RedFlag.Malformed = Range{2, 7}, true
	if diff := cmp.Diff(v, Route{Ensemble: v.whole()}.Votes(Voting{})); diff != "" {
		t.Errorf("a route that sets all does not get all:\n%s", diff)
	}
}

func TestTheNearestNumberOfSamplesCountsInTheVotesOfARoute(t *testing.T) {
	for settings, want := range map[string]Range{
		"sampling: {mode: ensemble}":                                     {3, 9},
		"sampling: {mode: ensemble, samples: 5}":                         {3, 5},
		"sampling: {mode: ensemble}, ensemble: {samples: 4..6}":          {4, 6},
		"sampling: {mode: ensemble, samples: 5}, ensemble: {samples: 7}": {7, 7},
	} {
		c, _, err := loaded(t, onRoute(settings))
		if err != nil || c.Routes[0].Votes(c.Ensemble).Samples != want {
			t.Errorf("%s: %v, %v", settings, c.Routes[0].Votes(c.Ensemble).Samples, err)
		}
	}
}

func TestBadVotesOfARouteNameTheirKey(t *testing.T) {
	for settings, want := range map[string]string{
		"samples: 0..3":                "routes[0].ensemble.samples: 0..3 is not from 1 to 32",
		"samples: many":                `routes[0].ensemble.samples: "many" is not a range`,
		"method: median":               `routes[0].ensemble.method: "median" is unknown; write auto or majority`,
		"likeness: letters":            `routes[0].ensemble.likeness: "letters" is unknown; write words or embeddings`,
		"likeness: embeddings":         "routes[0].ensemble.likeness: embeddings are not configured; set embeddings.upstream",
		"launch: staggered":            `routes[0].ensemble.launch: "staggered" is unknown`,
		"stop: {confidence: 1}":        "routes[0].ensemble.stop.confidence: 1 is not between 0.5 and 1",
		"stop: {lead: -1}":             "routes[0].ensemble.stop.lead: -1 is not from 0 to 32",
		"stop: {first: 33}":            "routes[0].ensemble.stop.first: 33 is not from 0 to 32",
		"stop: {second: 2}":            "routes[0].ensemble.stop.second: unknown key",
		"red_flag: {output_over: -5}":  "routes[0].ensemble.red_flag.output_over: -5 must not be negative",
		"red_flag: {malformed: maybe}": "routes[0].ensemble.red_flag.malformed: ",
		"wait: -1s":                    "routes[0].ensemble.wait: -1s must not be negative",
		"keepalive: 0s":                "routes[0].ensemble.keepalive: 0s must be more than 0",
		"keep_alive: 1s":               "routes[0].ensemble.keep_alive: unknown key; did you mean keepalive?",
	} {
		_, _, err := loaded(t, onRoute("sampling: {mode: ensemble}, ensemble: {"+settings+"}"))
		if err == nil || !strings.Contains(err.Error(), want) || strings.Count(err.Error(), "routes[0]") != 1 {
			t.Errorf("%s: %v; want %s", settings, err, want)
		}
	}
}

func TestContradictionsOfARouteAreTold(t *testing.T) {
	for name, c := range map[string]struct{ before, settings, want string }{
		"nobody votes":               {"", "ensemble: {wait: 3s}", "routes[0].ensemble: no request votes by it: the mode of route billing is observe"},
		"off although all vote":      {"sampling: {mode: ensemble}\n", "sampling: {mode: off}, ensemble: {wait: 3s}", "routes[0].ensemble: no request votes by it: the mode of route billing is off"},
		"clients may ask for votes":  {"client_headers: [mode]\n", "ensemble: {wait: 3s}", ""},
		"an alert may bring votes":   {"alerts: {rules: [{rule: disagreement_rising, mitigate: ensemble}]}\n", "ensemble: {wait: 3s}", ""},
		"of another route":           {"alerts: {rules: [{rule: disagreement_rising, route: other, mitigate: ensemble}]}\n", "ensemble: {wait: 3s}", "routes[0].ensemble: no request votes by it: the mode of route billing is observe"},
		"a pair":                     {"", "sampling: {mode: ensemble}, ensemble: {samples: 2}", "routes[0].ensemble.samples: voting has no effect with fewer than 3 samples"},
		"a pair of all samples":      {"", "sampling: {mode: ensemble, samples: 2}", "routes[0].sampling.samples: voting has no effect with fewer than 3 samples"},
		"an inherited pair":          {"ensemble: {samples: 2}\n", "sampling: {mode: ensemble}", "ensemble.samples: voting has no effect with fewer than 3 samples"},
		"two numbers":                {"", "sampling: {mode: ensemble, samples: 5}, ensemble: {samples: 3..9}", "routes[0].sampling.samples: 5 does not count in votes: ensemble.samples of route billing is 3..9"},
		"first of too few":           {"", "sampling: {mode: ensemble}, ensemble: {samples: 3..5, stop: {first: 6}}", "routes[0].ensemble.stop.first: stop.first of 6 is never reached: there are 5 samples"},
		"first inherited":            {"ensemble: {stop: {first: 6}}\n", "sampling: {mode: ensemble, samples: 5}", "routes[0].sampling.samples: stop.first of 6 is never reached: there are 5 samples"},
		"a lead of too many":         {"", "sampling: {mode: ensemble}, ensemble: {stop: {lead: 10}}", "routes[0].ensemble.stop.lead: stop.lead of 10 is never reached: there are 9 samples"},
		"a lead inherited":           {"ensemble: {stop: {lead: 6}}\n", "sampling: {mode: ensemble}, ensemble: {samples: 5}", "routes[0].ensemble.samples: stop.lead of 6 is never reached: there are 5 samples"},
		"embeddings elsewhere":       {"embeddings: {upstream: openai, model: e, routes: \"chat*\"}\n", "sampling: {mode: ensemble}, ensemble: {likeness: embeddings}", `routes[0].ensemble.likeness: embeddings have no effect: embeddings.routes is "chat*"`},
		"embeddings of no vote":      {embedding, "sampling: {mode: ensemble}, ensemble: {likeness: embeddings, method: majority}", "routes[0].ensemble.likeness: embeddings have no effect: by method majority"},
		"embeddings inherited":       {embedding + "ensemble: {likeness: embeddings}\n", "sampling: {mode: ensemble}, ensemble: {method: majority}", "routes[0].ensemble.method: embeddings have no effect"},
		"no time for them":           {embedding, "sampling: {mode: ensemble}, ensemble: {likeness: embeddings, wait: 0s}", "routes[0].ensemble.likeness: embeddings have no effect: a wait of 0"},
		"all is well":                {"", "sampling: {mode: ensemble}, ensemble: {samples: 4..9, launch: staged}", ""},
		"told of all, not once more": {"ensemble: {stop: {lead: 10}}\nsampling: {mode: ensemble}\n", "ensemble: {wait: 3s}", "ensemble.stop.lead: stop.lead of 10 is never reached: there are 9 samples"},
	} {
		_, warnings, err := loaded(t, c.before+onRoute(c.settings))
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		var got []string
		for _, w := range warnings {
			_, text, _ := strings.Cut(w.String(), ": ") // the place in the file
			got = append(got, text)
		}
		if c.want == "" && len(got) > 0 || c.want != "" && (len(got) != 1 || !strings.HasPrefix(got[0], c.want)) {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}
