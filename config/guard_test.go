package config

import (
	"slices"
	"strings"
	"testing"
	"time"
)

func TestARuleOfTheFileReplacesTheBuiltInOnesOfItsName(t *testing.T) {
	c := Default()
	built := len(c.GuardRules())
	same := 0
	for _, g := range c.GuardRules() {
		if g.Name == "delete-tree" {
			same++
		}
		if g.Holds() {
			t.Errorf("built-in rule %s holds", g.Name)
		}
	}
	c.Guard = []Guard{{Name: "delete-tree", Tool: "bash", Action: GuardHold}, {Name: "mine", Tool: "x"}}
	if got := len(c.GuardRules()); got != built-same+2 {
		t.Errorf("%d rules, want %d", got, built-same+2)
	}
	if first := c.GuardRules()[0]; !first.Holds() {
		t.Errorf("the first rule is %+v, want that of the file", first)
	}
	c.Guard[0].Enabled = new(bool)
	if slices.ContainsFunc(c.GuardRules(), func(g Guard) bool { return g.Name == "delete-tree" }) {
		t.Error("a disabled rule still holds, or the built-in one in its place")
	}
}

func TestBuiltInGuardRulesAreValid(t *testing.T) {
	c := Default()
	c.Guard = c.GuardRules()
	if err := c.Validate(); err != nil {
		t.Error(err)
	}
}

func TestWhatAGuardRuleLeavesOutHasADefault(t *testing.T) {
	var g Guard
	if g.Holds() || g.Level() != RiskMedium || g.Split() != HeldRefuse || g.Failure() != HeldRelease || g.Patience() != 30*time.Second {
		t.Errorf("alert, high, refuse, release, 30s wanted; got %v %s %s %s %s", g.Holds(), g.Level(), g.Split(), g.Failure(), g.Patience())
	}
}

func TestBadGuardRulesAreNamedByRuleAndKey(t *testing.T) {
	c := Default()
	second := Duration(-time.Second)
	c.Guard = []Guard{
		{Tool: "x"},
		{Name: "empty"},
		{Name: "pattern", Argument: map[string]string{"path": "regexp:("}},
		{Name: "words", Tool: "a||b", SQL: []string{"select"}, Action: "stop", Risk: "none", OnSplit: "ask", OnFailure: "replace", Wait: &second},
		{Name: "program", Command: &GuardCommand{Flags: []string{"force"}}},
		{Name: "regexps", Tool: "regexp:^rm", Command: &GuardCommand{Program: "regexp:r.", Subcommand: "regexp:p", Paths: []string{"/a", "regexp:^/"}}},
	}
	err := c.Validate()
	if err == nil {
		t.Fatal("all of it was taken")
	}
	for _, key := range []string{
		"guard[0].name:", "guard[1]: rule empty", "guard[2].argument.path: does not compile", "guard[3].tool:", "guard[3].sql[0]:",
		"guard[3].action:", "guard[3].risk:", "guard[3].on_split:", "guard[3].on_failure:", "guard[3].wait:",
		"guard[4].command.program:", "guard[4].command.flags[0]:",
		"guard[5].tool:", "guard[5].command.program:", "guard[5].command.subcommand:", "guard[5].command.paths[1]:",
	} {
		if !strings.Contains(err.Error(), key) {
			t.Errorf("no problem begins with %q in\n%s", key, err)
		}
	}
}
