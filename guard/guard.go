package guard

import (
	"cmp"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"hotmess/config"
	"hotmess/ensemble"
	"hotmess/shell"
	"hotmess/wire"
)

// A Guard is a list of rules, ready for use. It is immutable.
type Guard struct {
	rules []rule
	// programs are the names of all that rules are for or that say where others
	// work, dotted those that are patterns with a dot, patterns those without.
	programs         map[string]bool
	patterns, dotted globs
}

// New makes a guard of the rules of a validated configuration. Patterns that do
// not compile fit nothing.
func New(rules []config.Guard) *Guard {
	g := &Guard{programs: map[string]bool{}}
	for _, program := range slices.Concat(placing(), clients()) {
		g.programs[program] = true
	}
	for _, r := range rules {
		g.rules = append(g.rules, newRule(r))
		if r.Command != nil {
			g.want(cmp.Or(r.Command.Program, "*"))
		}
	}
	return g
}

func (g *Guard) want(pattern string) {
	for _, p := range newGlobs(pattern) {
		switch {
		case !strings.Contains(p, "*"):
			g.programs[p] = true
		case strings.Contains(p, "."):
			g.dotted = append(g.dotted, p)
		default:
			g.patterns = append(g.patterns, p)
		}
	}
}

// wants is whether a program, in lower case, matters to any rule.
func (g *Guard) wants(program string) bool {
	return g.programs[program] || len(g.patterns) > 0 && g.patterns.fits(program) ||
		len(g.dotted) > 0 && strings.Contains(program, ".") && g.dotted.fits(program)
}

// MayHold reports whether a reply to a request may have to be held: by the tools
// that it offers, or brings without showing them.
func (g *Guard) MayHold(v wire.View) bool {
	return slices.ContainsFunc(g.rules, func(r rule) bool { return r.Holds() && r.mayConcern(v) })
}

// mayConcern is whether a reply to a request may call a tool that the rule is for.
func (r rule) mayConcern(v wire.View) bool {
	return v.HiddenTools || slices.ContainsFunc(v.Tools, func(t wire.Tool) bool { return r.fitsTool(t.Name) })
}

// Holds reports whether any rule holds replies.
func (g *Guard) Holds() bool {
	return slices.ContainsFunc(g.rules, func(r rule) bool { return r.Holds() })
}

// Strictest is the rule that may hold replies to a request, of several one that
// refuses without a quorum; refuses is whether it does.
func (g *Guard) Strictest(v wire.View) (rule config.Guard, refuses bool) {
	for _, r := range g.rules {
		if !r.Holds() || !r.mayConcern(v) {
			continue
		}
		if rule = r.Guard; r.Failure() == config.HeldRefuse {
			return rule, true
		}
	}
	return rule, false
}

// A Proposal is what a reply proposes that is guarded.
type Proposal struct {
	// Rule is the one by which it is judged.
	Rule config.Guard
	// Call is the first call that the rule matches, Calls are all that any rule does,
	// in order.
	Call  wire.Call
	Calls []wire.Call
	// Unread is whether something that may be guarded is too long to be read. Then
	// Rule is one that may be for it, and the actions are not all.
	Unread bool
	// actions identify all that the reply proposes that is guarded, each once.
	actions []string
}

// Propose finds what is guarded among the calls of a reply; ok is false if
// nothing is. Of several rules the strictest one judges: one that holds before
// one that alerts, then the higher risk, then the one that is tried first.
func (g *Guard) Propose(calls []wire.Call, c ensemble.Comparer) (p Proposal, ok bool) {
	left := shell.Work
	for _, call := range calls {
		read, guarded := g.readCall(call, &left), false
		for _, r := range g.rules {
			action, fits := r.match(read, c)
			if !fits {
				if !read.unread() || !r.mayFit(read) {
					continue
				}
				action, p.Unread = join([]string{"unread", call.Name}), true
			}
			p.actions, guarded = append(p.actions, action), true
			if !ok || stricter(r.Guard, p.Rule) {
				p.Rule, p.Call, ok = r.Guard, call, true
			}
		}
		if guarded {
			p.Calls = append(p.Calls, call)
		}
	}
	slices.Sort(p.actions)
	p.actions = slices.Compact(p.actions)
	return p, ok
}

// Action identifies what is proposed. It holds content and stays in the process.
func (p Proposal) Action() string { return strings.Join(p.actions, "\x00") }

// ProposedBy reports whether the calls of another sample propose all of it, and
// nothing guarded beyond.
func (p Proposal) ProposedBy(g *Guard, calls []wire.Call, c ensemble.Comparer) bool {
	other, ok := g.Propose(calls, c)
	return ok && p.Same(other)
}

// Same is ProposedBy for what another sample is known to propose.
func (p Proposal) Same(other Proposal) bool { return slices.Equal(p.actions, other.actions) }

// stricter is whether a judges before b, which was found before it.
func stricter(a, b config.Guard) bool {
	if a.Holds() != b.Holds() {
		return a.Holds()
	}
	return rank(a) > rank(b)
}

func rank(g config.Guard) int {
	return slices.Index([]string{config.RiskLow, config.RiskMedium, config.RiskHigh}, g.Level())
}

// A rule is one of the configuration with its patterns made ready.
type rule struct {
	config.Guard
	tool, except        globs
	arguments           map[string]pattern
	program, subcommand globs
}

func newRule(g config.Guard) rule {
	r := rule{Guard: g, tool: newGlobs(g.Tool), except: newGlobs(g.Except()), arguments: map[string]pattern{}}
	for path, p := range g.Argument {
		r.arguments[path] = newPattern(p)
	}
	if g.Command != nil {
		r.program, r.subcommand = newGlobs(g.Command.Program), newGlobs(g.Command.Subcommand)
	}
	return r
}

// match reports whether a call fits all that the rule sets, and what identifies
// the action: the programs or statements that fit and where they work, else the
// tool with its identifying arguments.
func (r rule) match(call *reading, c ensemble.Comparer) (action string, ok bool) {
	if !r.fitsTool(call.Name) || !r.fitsArguments(call) {
		return "", false
	}
	var parts []string
	if r.Command != nil {
		found := call.programs(r)
		if len(found) == 0 {
			return "", false
		}
		parts = append(parts, found...)
	}
	if len(r.SQL) > 0 {
		found := call.statements(r.SQL)
		if len(found) == 0 {
			return "", false
		}
		parts = append(parts, found...)
	}
	if len(parts) == 0 {
		return c.CallTarget(call.Call), true
	}
	return join(append(call.place(), parts...)), true
}

// fitsTool is whether the rule is for a tool, by its name as it is or in snake_case:
// delete_* is for deleteFile and API-delete-file too.
func (r rule) fitsTool(name string) bool {
	words := snake(name)
	return (r.tool.fits(name) || r.tool.fits(words)) && (r.except == nil || !r.except.fits(words))
}

// snake is a name with _ between its words.
func snake(name string) string {
	var b strings.Builder
	lower := false
	for _, c := range name {
		switch {
		case strings.ContainsRune("-.:/ ", c):
			c = '_'
		case unicode.IsUpper(c) && lower:
			b.WriteByte('_')
		}
		lower = unicode.IsLower(c)
		b.WriteRune(c)
	}
	return b.String()
}

func (r rule) fitsArguments(call *reading) bool {
	for path, p := range r.arguments {
		if !slices.ContainsFunc(call.values(path), p.fits) {
			return false
		}
	}
	return true
}

// mayFit is whether a call that could not be read to its end may fit.
func (r rule) mayFit(call *reading) bool {
	return (r.Command != nil || len(r.SQL) > 0 || len(r.arguments) > 0) && r.fitsTool(call.Name) &&
		(call.arguments == nil || r.fitsArguments(call))
}

// fitsCommand is whether a program that the rule is for is given what the rule wants.
func (r rule) fitsCommand(inv shell.Invocation) bool {
	c := r.Command
	switch {
	case c.Subcommand != "" && (len(inv.Operands) == 0 || !slices.ContainsFunc(inv.Operands[:min(2, len(inv.Operands))], r.subcommand.fits)):
		return false
	case c.Recursive && !recursive(inv):
		return false
	case len(c.Flags) > 0 && !slices.ContainsFunc(c.Flags, inv.Has):
		return false
	}
	return len(c.Paths) == 0 || slices.ContainsFunc(inv.Operands, func(operand string) bool {
		return slices.ContainsFunc(c.Paths, func(p string) bool { return config.Fits(p, operand) })
	})
}

// harmless is whether a program is only asked what it would do, or how it is
// used.
func harmless(inv shell.Invocation) bool {
	switch inv.Program {
	case "git":
		switch {
		case inv.Has("-n") && (slices.Contains(inv.Operands, "clean") || slices.Contains(inv.Operands, "push")):
			return true
		case slices.Contains(inv.Operands, "restore") && (inv.Has("-S") || inv.Has("--staged")) && !inv.Has("-W") && !inv.Has("--worktree"):
			return true // files stay as they are
		}
	case "rsync", "cargo":
		if inv.Has("-n") {
			return true
		}
	case "shutdown": // takes back a former one, or only warns
		if inv.Has("-c") || inv.Has("-k") {
			return true
		}
	case "fdisk", "parted":
		if slices.Contains(inv.Flags, "-l") {
			return true
		}
	}
	return slices.ContainsFunc(inv.Flags, func(flag string) bool {
		switch strings.ToLower(flag) {
		case "--version": // of what else it is given, it has a value
			return len(inv.Operands) == 0
		case "--help", "--dry-run", "--dry-run=client", "--dry-run=server", "--dryrun", "-whatif":
			return true
		}
		return false
	})
}

// recursive is whether a program is told to work on whole trees, or is run for each of
// a list that may be one. Commands of
// Windows take /s, of its shell any begin of -Recurse.
func recursive(inv shell.Invocation) bool {
	if inv.Each || slices.ContainsFunc([]string{"-r", "-R", "--recursive"}, inv.Has) {
		return true
	}
	switch inv.Program {
	case "del", "erase", "rd", "rmdir":
		if slices.ContainsFunc(inv.Operands, func(o string) bool {
			return strings.HasPrefix(o, "/") && slices.Contains(strings.Split(strings.ToLower(o), "/"), "s")
		}) {
			return true
		}
		fallthrough
	case "remove-item", "ri", "rm":
		return slices.ContainsFunc(inv.Flags, func(flag string) bool {
			return len(flag) > 1 && strings.HasPrefix("-recurse", strings.ToLower(flag))
		})
	}
	return false
}

// globs are alternatives, in lower case; none fits all.
type globs []string

func newGlobs(pattern string) globs {
	if pattern == "" {
		return nil
	}
	return strings.Split(strings.ToLower(pattern), "|")
}

func (g globs) fits(s string) bool {
	s = strings.ToLower(s)
	return len(g) == 0 || slices.ContainsFunc(g, func(p string) bool { return config.Fits(p, s) })
}

// A pattern is a glob or a regular expression over the value of an argument.
type pattern struct {
	glob string
	expr *regexp.Regexp
}

func newPattern(p string) pattern {
	expr, ok := strings.CutPrefix(p, config.RegexpPattern)
	if !ok {
		return pattern{glob: p}
	}
	compiled, err := regexp.Compile(expr)
	if err != nil { // configurations that are not validated
		compiled = regexp.MustCompile(`[^\s\S]`)
	}
	return pattern{expr: compiled}
}

func (p pattern) fits(s string) bool {
	if p.expr != nil {
		return p.expr.MatchString(s)
	}
	return config.Fits(p.glob, s)
}
