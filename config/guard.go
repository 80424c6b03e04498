package config

import (
	"cmp"
	"slices"
	"time"
)

// What a guard rule does with a reply that proposes what it guards.
const (
	// GuardAlert delivers the reply and asks for a quorum beside it.
	GuardAlert = "alert"
	// GuardHold delivers it only once there is a quorum.
	GuardHold = "hold"
)

// How many samples must propose an action for a quorum; docs/guard.md has what
// each lets through.
const (
	// RiskLow: three more propose it than do not.
	RiskLow = "low"
	// RiskMedium: with a probability of 95 % most samples would propose it.
	RiskMedium = "medium"
	// RiskHigh: all of four propose it.
	RiskHigh = "high"
)

// What becomes of a held reply without a quorum.
const (
	// HeldRelease delivers it as it is.
	HeldRelease = "release"
	// HeldRefuse delivers a message in its place that says why.
	HeldRefuse = "refuse"
	// HeldReplace delivers the sample that most others agree with among those
	// that do not propose the action: of replies that are not streamed.
	HeldReplace = "replace"
)

// The statements of SQL that a guard rule can match.
const (
	// SQLDrop is DROP of anything; SQLTruncate is TRUNCATE.
	SQLDrop     = "drop"
	SQLTruncate = "truncate"
	// SQLDelete and SQLUpdate are those without WHERE.
	SQLDelete = "delete"
	SQLUpdate = "update"
)

// DefaultGuardWait is how long a held reply waits for its quorum.
const DefaultGuardWait = 30 * time.Second

// A Guard is one rule of what needs a quorum. All that it sets must fit a call.
// What is left out has the default that the methods give.
type Guard struct {
	// Name is what decisions and alerts call the rule. One of a built-in rule
	// replaces that.
	Name string `yaml:"name"`
	// Enabled is whether the rule holds; nil: it does.
	Enabled *bool `yaml:"enabled"`
	// Tool is a pattern over tool names, alternatives set apart by |; empty:
	// any tool.
	Tool string `yaml:"tool"`
	// except is a pattern over names of tools that Tool fits and that the rule is not
	// for all the same: of built-in rules alone.
	except string `yaml:"-"`
	// Argument maps paths of arguments, dots between keys, to patterns over
	// their values: globs, or regexp:EXPR where nothing better is known.
	Argument map[string]string `yaml:"argument"`
	// Command matches a program that the arguments have a shell run.
	Command *GuardCommand `yaml:"command"`
	// SQL lists statements, of which one must stand in an argument or in the
	// command line of a database's client.
	SQL []string `yaml:"sql"`
	// Action is GuardAlert or GuardHold; empty: GuardAlert.
	Action string `yaml:"action"`
	// Risk is RiskLow, RiskMedium or RiskHigh; empty: RiskMedium.
	Risk string `yaml:"risk"`
	// OnSplit is HeldRelease, HeldRefuse or HeldReplace; empty: HeldRefuse.
	OnSplit string `yaml:"on_split"`
	// OnFailure is what is done where no quorum could be asked for: HeldRelease
	// or HeldRefuse; empty: HeldRelease.
	OnFailure string `yaml:"on_failure"`
	// Wait bounds how long a held reply waits; nil: DefaultGuardWait.
	Wait *Duration `yaml:"wait"`
}

// A GuardCommand matches one program of a shell command. All that is set must
// fit.
type GuardCommand struct {
	// Program is a pattern over its name, without the directory, alternatives
	// set apart by |.
	Program string `yaml:"program"`
	// Subcommand is a pattern over either of its first two operands, of which
	// the first may be the value of a flag; alternatives set apart by |.
	Subcommand string `yaml:"subcommand"`
	// Recursive is whether it must be told to work on whole trees.
	Recursive bool `yaml:"recursive"`
	// Flags has it given at least one of these, each as -f or --force.
	Flags []string `yaml:"flags"`
	// Paths has at least one operand fit one of these patterns.
	Paths []string `yaml:"paths"`
}

// Except is a pattern over names of tools that the rule is not for, though Tool fits
// them; empty: none. Only built-in rules have one.
func (g Guard) Except() string { return g.except }

// On reports whether the rule holds.
func (g Guard) On() bool { return g.Enabled == nil || *g.Enabled }

// Holds reports whether the rule delays replies.
func (g Guard) Holds() bool { return g.Action == GuardHold }

// Level is Risk or its default.
func (g Guard) Level() string { return cmp.Or(g.Risk, RiskMedium) }

// Split is OnSplit or its default.
func (g Guard) Split() string { return cmp.Or(g.OnSplit, HeldRefuse) }

// Failure is OnFailure or its default.
func (g Guard) Failure() string { return cmp.Or(g.OnFailure, HeldRelease) }

// Patience is Wait or its default.
func (g Guard) Patience() time.Duration { return orElse(g.Wait, DefaultGuardWait) }

// GuardRules lists the rules that hold, in the order in which they are tried:
// those of Guard, then the built-in ones whose name none of them has.
func (c Config) GuardRules() []Guard {
	var rules []Guard
	for _, g := range c.Guard {
		if g.On() {
			rules = append(rules, g)
		}
	}
	for _, built := range builtInGuards() {
		if !slices.ContainsFunc(c.Guard, func(g Guard) bool { return g.Name == built.Name }) {
			rules = append(rules, built)
		}
	}
	return rules
}

// builtInNames lists the names of the built-in rules.
func builtInNames() []string {
	var names []string
	for _, g := range builtInGuards() {
		if !slices.Contains(names, g.Name) {
			names = append(names, g.Name)
		}
	}
	return names
}
