package config

import (
	"strings"
	"testing"
)

func TestRangesAndExcessesAreWrittenAsTheyAreRead(t *testing.T) {
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
	for _, text := range []string{"", "..", "3..", "..9", "3...9", "3-9", "three", "99999999999999999999"} {
		var r Range
		if err := r.UnmarshalText([]byte(text)); err == nil {
			t.Errorf("%q is %v", text, r)
		}
		var e Excess
		if err := e.UnmarshalText([]byte(text)); err == nil {
			t.Errorf("%q is %v", text, e)
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
		"ensemble.method":               {func(v *Voting) { v.Method = "median" }},
		"ensemble.launch":               {func(v *Voting) { v.Launch = "slowly" }},
		"ensemble.stop.confidence":      {func(v *Voting) { v.Stop.Confidence = .5 }, func(v *Voting) { v.Stop.Confidence = 1 }},
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

func TestVotesTakeMoreSamplesThanAPairFromSampling(t *testing.T) {
	v := Default().Ensemble
	for n, want := range map[int]Range{1: {3, 9}, 2: {3, 9}, 3: {3, 3}, 5: {3, 5}, 20: {3, 20}} {
		if got := v.Of(n); got != want {
			t.Errorf("%d samples are %v in a vote, want %v", n, got, want)
		}
	}
}
