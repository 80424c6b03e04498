package config

import (
	"strings"
	"testing"
)

func TestVariablesStandForTheirValues(t *testing.T) {
	env := map[string]string{"A": "x", "EMPTY": "", "YAML": "a: [b, ${A}]"}
	for text, want := range map[string]string{
		"plain":            "plain",
		"$A costs $5":      "$A costs $5",
		"${A}":             "x",
		"<${A}${A}>":       "<xx>",
		"${EMPTY}":         "",
		"${EMPTY:-d}":      "d",
		"${NONE:-d}":       "d",
		"${NONE:-}":        "",
		"${NONE:-a:-b}":    "a:-b",
		"${A:-d}":          "x",
		"$${A}":            "${A}",
		"regexp:^a$${2}":   "regexp:^a${2}",
		"${YAML}":          "a: [b, ${A}]",
		"${NONE:-$5} ${A}": "$5 x",
	} {
		got, err := expand(text, env, map[string]bool{})
		if err != nil || got != want {
			t.Errorf("%s = %q, %v; want %q", text, got, err, want)
		}
	}
	for _, text := range []string{"${NONE}", "${}", "${A", "${1A}", "${A-d}", "${A B}", "x ${A} ${NONE} y"} {
		if got, err := expand(text, env, map[string]bool{}); err == nil {
			t.Errorf("%s accepted as %q", text, got)
		}
	}
}

func TestVariableCanHoldANumber(t *testing.T) {
	flags := file(t, "sampling:\n  samples: ${N}\n  rate: ${R:-0.5}\nlimits: {body: \"${B}\"}\n")
	c := load(t, home("N=5", "B=1MiB"), flags)
	if c.Sampling.Samples != 5 || c.Sampling.Rate != (Rate{Share: 0.5}) || c.Limits.Body != 1<<20 {
		t.Errorf("sampling = %+v, limits = %+v", c.Sampling, c.Limits)
	}
}

func TestVariableIsNeverYAML(t *testing.T) {
	c := load(t, home("X=/d\nlisten: 0.0.0.0:1"), file(t, "data_dir: ${X}\n"))
	if c.Listen != Default().Listen || !strings.HasPrefix(c.DataDir, "/d\n") {
		t.Errorf("listen = %s, data_dir = %q", c.Listen, c.DataDir)
	}
}

func TestFileMayReferToItsOwnVariables(t *testing.T) {
	load(t, home("HOTMESS_WORKSPACE=/d"), file(t, "data_dir: ${HOTMESS_WORKSPACE}"))
	if got := refused(t, home("HOTMESS_WORKSPACE=/d"), Overrides{}); got != "HOTMESS_WORKSPACE: unknown variable" {
		t.Error(got)
	}
}

func TestWrappedHotmessIgnoresWhatWrapsIt(t *testing.T) {
	load(t, home(URLVariable+"=http://127.0.0.1:4141"), Overrides{})
}
