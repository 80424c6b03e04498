package shell

import (
	"slices"
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// The tags that keys begin with.
const (
	tagRaw      = "raw"      // a script that does not parse, trimmed
	tagScript   = "script"   // statements in order
	tagStmt     = "stmt"     // marks, command, redirections
	tagChain    = "chain"    // commands joined by && and ||, in order
	tagPipe     = "pipe"     // commands joined by | and |&, in order
	tagGroup    = "group"    // ( … ) or { … }
	tagCode     = "code"     // anything else, as printed
	tagRun      = "run"      // one program
	tagWrap     = "wrap"     // a program that runs another
	tagFlags    = "flags"    // its flags, as a set
	tagOperands = "operands" // its operands, in order
	tagAssign   = "assign"
	tagRedirect = "redirect"
)

const (
	// maxScript bounds the scripts that are parsed, in bytes, and
	// maxParentheses the "((" in them: the parser goes back over each to see
	// whether it is arithmetic, so that its time grows with their square.
	maxScript      = 32 << 10
	maxParentheses = 256
	// maxNesting bounds groups within groups and scripts within scripts.
	maxNesting = 16
)

// Target is the key of what a shell command is pointed at: the programs that it
// runs, in order, each with the flags, operands and redirections that matter. It
// reads Bash; what does not parse, or is longer than 32 KiB or beyond the other
// bounds, is one value, the trimmed text.
//
//   - Blanks, quoting and comments do not matter.
//   - Lists, && || chains and pipelines keep their order; loops, conditions and
//     the like are compared as printed code.
//   - Flags are a set, operands keep their order (see commandTarget), so
//     rm -fr a, rm -r -f a and rm a -rf are one.
//   - Of redirections, those to /dev/null or to another descriptor are left
//     out, and the text of a here-document is free text, unless it is a patch.
func Target(script string) string { return scriptTarget(script, 0) }

func scriptTarget(script string, depth int) string {
	if len(script) > maxScript || depth > maxNesting || strings.Count(script, "((") > maxParentheses {
		return Key(tagRaw, strings.TrimSpace(script))
	}
	parser := syntax.NewParser(syntax.Variant(syntax.LangBash))
	file, err := parser.Parse(strings.NewReader(script), "")
	if err != nil {
		return Key(tagRaw, strings.TrimSpace(script))
	}
	return Key(tagScript, statements(file.Stmts, depth)...)
}

func statements(stmts []*syntax.Stmt, depth int) []string {
	keys := make([]string, len(stmts))
	for i, s := range stmts {
		keys[i] = statement(s, depth)
	}
	return keys
}

func statement(s *syntax.Stmt, depth int) string {
	marks := ""
	if s.Negated {
		marks += "!"
	}
	if s.Background {
		marks += "&"
	}
	return Key(tagStmt, append([]string{marks, command(s.Cmd, depth)}, redirections(s.Redirs)...)...)
}

func command(c syntax.Command, depth int) string {
	if depth > maxNesting {
		return printed(c)
	}
	switch c := c.(type) {
	case nil:
		return ""
	case *syntax.CallExpr:
		return call(c, depth)
	case *syntax.BinaryCmd:
		return joined(c, depth)
	case *syntax.Subshell:
		return Key(tagGroup, append([]string{"("}, statements(c.Stmts, depth+1)...)...)
	case *syntax.Block:
		return Key(tagGroup, append([]string{"{"}, statements(c.Stmts, depth+1)...)...)
	default:
		return Key(tagCode, printed(c))
	}
}

// joined flattens commands joined by operators of one precedence.
func joined(c *syntax.BinaryCmd, depth int) string {
	tag := tagOf(c.Op)
	return Key(tag, spine(tag, c, depth, nil)...)
}

// spine appends the operands and operators of c in order, without recursing
// into its left side, which is as long as the script makes it.
func spine(tag string, c *syntax.BinaryCmd, depth int, items []string) []string {
	var right []*syntax.BinaryCmd
	for {
		right = append(right, c)
		left, ok := c.X.Cmd.(*syntax.BinaryCmd)
		if !ok || tagOf(left.Op) != tag || len(c.X.Redirs) > 0 || c.X.Negated {
			break
		}
		c = left
	}
	items = append(items, statement(c.X, depth+1))
	for _, r := range slices.Backward(right) {
		items = append(items, r.Op.String(), statement(r.Y, depth+1))
	}
	return items
}

func tagOf(op syntax.BinCmdOperator) string {
	if op == syntax.AndStmt || op == syntax.OrStmt {
		return tagChain
	}
	return tagPipe
}

func call(c *syntax.CallExpr, depth int) string {
	var assigns []string
	for _, a := range c.Assigns {
		assigns = append(assigns, Key(tagAssign, printed(a)))
	}
	if len(c.Args) == 0 {
		return Key(tagRun, assigns...)
	}
	words := make([]word, len(c.Args))
	for i, w := range c.Args {
		words[i] = readWord(w)
	}
	return Key(tagRun, append(assigns, commandTarget(words, depth))...)
}

func redirections(redirs []*syntax.Redirect) []string {
	var keys []string
	for _, r := range redirs {
		if key, ok := redirection(r); ok {
			keys = append(keys, key)
		}
	}
	return keys
}

func redirection(r *syntax.Redirect) (string, bool) {
	descriptor := ""
	if r.N != nil {
		descriptor = r.N.Value
	}
	switch r.Op {
	case syntax.DplOut, syntax.DplIn:
		return "", false
	case syntax.Hdoc, syntax.DashHdoc, syntax.WordHdoc:
		files, _ := PatchTarget(literalText(r.Hdoc))
		return Key(tagRedirect, descriptor, "<<", files), true
	}
	target := readWord(r.Word)
	if target.literal && target.text == "/dev/null" {
		return "", false
	}
	return Key(tagRedirect, descriptor, r.Op.String(), target.key()), true
}

// TargetOfWords is Target for a command given as its words, without a shell
// between; a shell with a script among them is that script. Beyond the bounds of
// Target the words are one value as they are.
func TargetOfWords(argv []string) string {
	size := 0
	for _, s := range argv {
		size += len(s) + 1
	}
	if len(argv) == 0 || size > maxScript {
		return Key(tagRaw, argv...)
	}
	words := make([]word, len(argv))
	for i, s := range argv {
		words[i] = word{text: s, literal: true}
	}
	if habitOf(programName(words[0])).shell {
		if script, ok := innerScript(words[1:]); ok {
			return scriptTarget(script, 1)
		}
	}
	return Key(tagScript, Key(tagStmt, "", Key(tagRun, commandTarget(words, 1))))
}
