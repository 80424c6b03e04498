package alerts

import (
	"math"
	"strings"
	"testing"
	"time"

	"hotmess/config"
)

func rule(change func(*config.Rule)) config.Rule {
	r := config.Rule{Rule: config.RuleDisagreementHigh, Threshold: 0.3}
	if change != nil {
		change(&r)
	}
	return r
}

func TestCheckRuleNamesTheKey(t *testing.T) {
	tests := map[string]struct {
		change func(*config.Rule)
		want   string // a part of the error; empty: none
	}{
		"a threshold is enough": {nil, ""},
		"everything set": {func(r *config.Rule) {
			r.Route, r.Severity, r.For, r.RepeatInterval = "a*", "page", new(config.Duration(time.Minute)), new(config.Duration(time.Hour))
		}, ""},
		"no rule":            {func(r *config.Rule) { r.Rule = "" }, "rule: is missing"},
		"unknown rule":       {func(r *config.Rule) { r.Rule = "disagreement" }, `rule: "disagreement" is unknown`},
		"no threshold":       {func(r *config.Rule) { r.Threshold = 0 }, "threshold: is missing or 0"},
		"threshold 1":        {func(r *config.Rule) { r.Threshold = 1 }, "threshold: 1"},
		"threshold percent":  {func(r *config.Rule) { r.Threshold = 30 }, "threshold: 30"},
		"threshold NaN":      {func(r *config.Rule) { r.Threshold = math.NaN() }, "threshold: NaN"},
		"negative for":       {func(r *config.Rule) { r.For = new(config.Duration(-1)) }, "for: -1ns"},
		"negative keep":      {func(r *config.Rule) { r.KeepFiringFor = new(config.Duration(-1)) }, "keep_firing_for: -1ns"},
		"repeat every blink": {func(r *config.Rule) { r.RepeatInterval = new(config.Duration(time.Second)) }, "repeat_interval: 1s is below 1m0s"},
		"foreign key":        {func(r *config.Rule) { r.Conversations = 100 }, "conversations: is not read by disagreement_high"},
		"long severity":      {func(r *config.Rule) { r.Severity = strings.Repeat("x", 65) }, "severity: is longer"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			err := CheckRule(rule(tt.change))
			if tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
				t.Errorf("CheckRule = %v, want %q", err, tt.want)
			}
		})
	}
}

func TestCheckRuleReportsAllProblems(t *testing.T) {
	err := CheckRule(rule(func(r *config.Rule) { r.Route, r.Threshold, r.For = "[a]", 2, new(config.Duration(-1)) }))
	for _, want := range []string{"route:", "threshold:", "for:"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("CheckRule = %v, want %s as well", err, want)
		}
	}
}

func TestJudgeNeedsABoundAboveTheThreshold(t *testing.T) {
	tests := map[string]struct {
		reading *Reading
		want    condition
	}{
		"no reading":       {nil, absent},
		"no bound":         {&Reading{Bound: 0.9, Value: 0.9, HasValue: true}, absent},
		"not a number":     {&Reading{Bound: math.NaN(), HasBound: true}, absent},
		"above":            {&Reading{Bound: 0.31, HasBound: true}, holds},
		"at the threshold": {&Reading{Bound: 0.3, HasBound: true}, cleared},
		"mean above only":  {&Reading{Bound: 0.2, HasBound: true, Value: 0.9, HasValue: true}, cleared},
		"pinned and above": {&Reading{Bound: 0.31, HasBound: true, Pinned: true}, holds},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := judge(rule(nil), tt.reading); got != tt.want {
				t.Errorf("judge = %v, want %v", got, tt.want)
			}
		})
	}
}
