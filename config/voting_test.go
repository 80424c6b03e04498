package config

import (
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestValuesOfVotesAreWrittenAsTheyAreRead(t *testing.T) {
	for text, want := range map[string]Range{"5": {5, 5}, "3..9": {3, 9}, "1..32": {1, 32}} {
		var r Range
		if err := r.UnmarshalText([]byte(text)); err != nil || r != want || r.String() != text {
			t.Errorf("%s: %v, %v", text, r, err)
		}
	}
	for text, want := range map[string]Excess{"p99": {P99: true}, "0": {}, "4096": {Tokens: 4096}} {
		var e Excess
		if err := e.UnmarshalText([]byte(text)); err != nil || e != want || e.String() != text {
			t.Errorf("%s: %v, %v", text, e, err)
		}
	}
	for text, want := range map[string]Confidence{"auto": {Auto: true}, "0": {}, "0.95": {Share: .95}} {
		var c Confidence
		if err := c.UnmarshalText([]byte(text)); err != nil || c != want || c.String() != text {
			t.Errorf("%s: %v, %v", text, c, err)
		}
	}
	for _, text := range []string{"", "..", "3..", "..9", "3...9", "3-9", "three", "99999999999999999999"} {
		var r Range
		if err := r.UnmarshalText([]byte(text)); err == nil {
			t.Errorf("%q is %v", text, r)
		}
		var e Excess
		if err := e.UnmarshalText([]byte(text)); err == nil {
			t.Errorf("%q is %v", text, e)
		}
		var c Confidence
		if err := c.UnmarshalText([]byte(text)); err == nil && text != "99999999999999999999" {
			t.Errorf("%q is %v", text, c)
		}
	}
}

// TestConfidenceThatIsNotSetFitsTheLaunch: where calls come in stages it is less.
func TestConfidenceThatIsNotSetFitsTheLaunch(t *testing.T) {
	for launch, want := range map[string]float64{LaunchAtOnce: .95, LaunchLeader: .95, LaunchStaged: .9} {
		if got := Default().Ensemble.Stop.Confidence.By(launch); got != want {
			t.Errorf("%s: %g, want %g", launch, got, want)
		}
		if got := (Confidence{Share: .8}).By(launch); got != .8 {
			t.Errorf("%s: what was set is %g", launch, got)
		}
	}
}

func TestVotesThatCannotBeAreRefused(t *testing.T) {
	for key, sets := range map[string][]func(*Voting){
		"ensemble.samples": {
			func(v *Voting) { v.Samples = Range{0, 3} },
			func(v *Voting) { v.Samples = Range{5, 3} },
			func(v *Voting) { v.Samples = Range{3, MaxSamples + 1} },
		},
		"ensemble.method": {func(v *Voting) { v.Method = "median" }},
		"ensemble.launch": {func(v *Voting) { v.Launch = "slowly" }},
		"ensemble.stop.confidence": {
			func(v *Voting) { v.Stop.Confidence = Confidence{Share: .5} },
			func(v *Voting) { v.Stop.Confidence = Confidence{Share: 1} },
			func(v *Voting) { v.Stop.Confidence = Confidence{Share: math.NaN()} },
		},
		"ensemble.stop.lead":            {func(v *Voting) { v.Stop.Lead = -1 }},
		"ensemble.stop.first":           {func(v *Voting) { v.Stop.First = -1 }},
		"ensemble.red_flag.output_over": {func(v *Voting) { v.RedFlag.OutputOver.Tokens = -1 }},
	} {
		for i, set := range sets {
			c := Default()
			c.Sampling.Mode = Ensemble
			set(&c.Ensemble)
			if err := c.Validate(); err == nil || !strings.HasPrefix(err.Error(), key+": ") {
				t.Errorf("%s, case %d: %v", key, i, err)
			}
		}
	}
}

func TestVotesTakeTheSamplesThatWereSetLast(t *testing.T) {
	for name, c := range map[string]struct {
		file, variable string
		flag           int
		want           Range
	}{
		"nothing":                      {"sampling: {mode: ensemble}", "", 0, Range{3, 9}},
		"of votes":                     {"sampling: {mode: ensemble}\nensemble: {samples: 4..6}", "", 0, Range{4, 6}},
		"of all":                       {"sampling: {mode: ensemble, samples: 5}", "", 0, Range{3, 5}},
		"two of all":                   {"sampling: {mode: ensemble, samples: 2}", "", 0, Range{2, 2}},
		"of votes beside all":          {"sampling: {mode: ensemble, samples: 2}\nensemble: {samples: 4..6}", "", 0, Range{4, 6}},
		"a flag above the file":        {"sampling: {mode: ensemble}\nensemble: {samples: 4..6}", "", 3, Range{3, 3}},
		"a variable above the file":    {"sampling: {mode: ensemble}\nensemble: {samples: 4..6}", "5", 0, Range{4, 5}},
		"nobody votes, so as it stood": {"sampling: {mode: observe}", "", 5, Range{3, 9}},
	} {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "c.yaml")
			if err := os.WriteFile(file, []byte(c.file), 0o600); err != nil {
				t.Fatal(err)
			}
			flags := Overrides{Config: &file}
			if c.flag > 0 {
				flags.Samples = &c.flag
			}
			var env []string
			if c.variable != "" {
				env = append(env, "HOTMESS_SAMPLES="+c.variable)
			}
			cfg, _, err := Load(home(env...), flags)
			if err != nil || cfg.Ensemble.Samples != c.want {
				t.Errorf("%v, %v; want %v", cfg.Ensemble.Samples, err, c.want)
			}
		})
	}
}
