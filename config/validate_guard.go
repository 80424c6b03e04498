package config

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"
)

// maxGuardWait is the longest that a rule may hold a reply: clients give up.
const maxGuardWait = 10 * time.Minute

// RegexpPattern is how a pattern begins that is a regular expression.
const RegexpPattern = "regexp:"

// guards checks the guard rules.
func (k *checker) guards() {
	for i, g := range k.cfg.Guard {
		key := fmt.Sprintf("guard[%d]", i)
		k.guard(key, g)
		k.guardActions(key, g)
	}
	switch {
	case len(k.cfg.Guard) > 0 && !k.any(Observe, Ensemble):
		k.warn("guard", "has no effect: every mode is off, so no reply is read")
	case k.holds():
		k.unguarded()
	}
}

// unguarded warns of routes where rules that hold do nothing, and of clients that may
// switch them off.
func (k *checker) unguarded() {
	const nothing = "is off, and guard rules hold nothing there; observe, with rate: 0, sends no extras either but those of guards"
	if k.cfg.Sampling.Mode == Off {
		k.warn("sampling.mode", nothing)
	}
	for i, r := range k.cfg.Routes {
		if r.Sampling.Mode == Off {
			k.warn(fmt.Sprintf("routes[%d].sampling.mode", i), nothing)
		}
	}
	if i := slices.Index(k.cfg.ClientHeaders, "mode"); i >= 0 {
		k.warn(fmt.Sprintf("client_headers[%d]", i), "lets a client leave guard rules that hold: X-Hotmess-Mode: off")
	}
}

// guard checks what a rule matches.
func (k *checker) guard(key string, g Guard) {
	k.name(key+".name", g.Name, "is missing; decisions and alerts call the rule by it")
	if !g.On() {
		return
	}
	if g.Tool == "" && len(g.Argument) == 0 && g.Command == nil && len(g.SQL) == 0 {
		k.fail(key, "rule %s matches nothing: set tool, argument, command or sql", g.Name)
	}
	k.alternatives(key+".tool", g.Tool)
	for _, path := range slices.Sorted(maps.Keys(g.Argument)) {
		k.guardPattern(key+".argument."+path, g.Argument[path])
	}
	for i, s := range g.SQL {
		k.word(fmt.Sprintf("%s.sql[%d]", key, i), s, SQLDrop, SQLTruncate, SQLDelete, SQLUpdate)
	}
	if g.Command != nil {
		k.guardCommand(key+".command", *g.Command)
	}
}

// guardCommand checks what a rule matches of a shell command.
func (k *checker) guardCommand(key string, c GuardCommand) {
	if c.Program == "" {
		k.fail(key+".program", "is missing; write the name of a program, as in rm")
	}
	k.alternatives(key+".program", c.Program)
	k.alternatives(key+".subcommand", c.Subcommand)
	for i, f := range c.Flags {
		if len(f) < 2 || f[0] != '-' || strings.ContainsAny(f, " =") {
			k.fail(fmt.Sprintf("%s.flags[%d]", key, i), "%q is no flag; write it with its dashes and without a value, as in -f or --force", f)
		}
	}
	for i, p := range c.Paths {
		k.noRegexp(fmt.Sprintf("%s.paths[%d]", key, i), p)
	}
}

// noRegexp refuses regular expressions where they would be read as globs, which
// fit nothing.
func (k *checker) noRegexp(key, pattern string) {
	if strings.HasPrefix(pattern, RegexpPattern) {
		k.fail(key, "%q is a regular expression, which only argument takes; * stands for anything here", pattern)
	}
}

// alternatives refuses patterns with an empty alternative, which would fit all.
func (k *checker) alternatives(key, pattern string) {
	k.noRegexp(key, pattern)
	if pattern != "" && slices.Contains(strings.Split(pattern, "|"), "") {
		k.fail(key, "%q has an empty alternative, which would fit anything", pattern)
	}
}

// guardPattern refuses regular expressions that do not compile.
func (k *checker) guardPattern(key, pattern string) {
	if pattern == "" {
		k.fail(key, "is empty; write *, which fits any value")
	}
	expr, ok := strings.CutPrefix(pattern, RegexpPattern)
	if !ok {
		return
	}
	if _, err := regexp.Compile(expr); err != nil {
		k.fail(key, "does not compile: %s", err)
	}
}

// guardActions checks what a rule does.
func (k *checker) guardActions(key string, g Guard) {
	optional := func(name, got string, allowed ...string) {
		if got != "" {
			k.word(key+"."+name, got, allowed...)
		}
	}
	optional("action", g.Action, GuardAlert, GuardHold)
	optional("risk", g.Risk, RiskLow, RiskMedium, RiskHigh)
	optional("on_split", g.OnSplit, HeldRelease, HeldRefuse, HeldReplace)
	optional("on_failure", g.OnFailure, HeldRelease, HeldRefuse)
	if w := g.Patience(); w <= 0 || w > maxGuardWait {
		k.fail(key+".wait", "%s is not above 0 and at most %s", Duration(w), Duration(maxGuardWait))
	}
	if !g.Holds() && (g.OnSplit != "" || g.OnFailure != "" || g.Wait != nil) {
		k.warn(key, "on_split, on_failure and wait of rule %s have no effect: its action is not hold", g.Name)
	}
}
