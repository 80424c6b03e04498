package ensemble

import (
	"slices"
	"strings"
	"testing"
)

// Invocations are all programs of a script.
func Invocations(script string) []Invocation {
	left := CommandWork
	r := NewCommandReader(func(string) bool { return true }, &left)
	r.Script(script)
	return r.Found()
}

// invoked lists programs with flags and operands, one per line.
func invoked(script string) []string {
	var lines []string
	for _, inv := range Invocations(script) {
		lines = append(lines, strings.Join(slices.Concat([]string{inv.Program}, inv.Flags, inv.Operands), " "))
	}
	return lines
}

func TestProgramsAreFoundWhereverTheyStand(t *testing.T) {
	for _, script := range []string{
		"rm -rf x", "cd /srv && rm -rf x", "ls | rm -rf x", "if true; then rm -rf x; fi", "for i in a b; do rm -rf x; done",
		"f() { rm -rf x; }; f", "echo $(rm -rf x)", "echo `rm -rf x`", "cat <(rm -rf x)", "(rm -rf x) &", "{ rm -rf x; }",
		"! rm -rf x", "A=1 rm -rf x", "/bin/rm -rf x", `\rm -rf x`, `"rm" -rf x`, `r''m -rf x`, "sudo rm -rf x", "sudo -u root rm -rf x",
		"sudo -E env A=1 nice -n 5 rm -rf x", "doas rm -rf x", "timeout 5 rm -rf x", "xargs -n 1 rm -rf x", "bash -c 'rm -rf x'",
		"bash -lc 'cd /; rm -rf x'", "sudo sh -c 'rm -rf x'", "eval 'rm -rf x'", "eval rm -rf x", "ssh host rm -rf x",
		"ssh -p 22 host 'rm -rf x'", "su root -c 'rm -rf x'", "find . -exec rm -rf x ;", `find . -exec rm -rf x \;`, "bash <<EOF\nrm -rf x\nEOF",
		"bash <<< 'rm -rf x'", "docker exec -it box rm -rf x", "echo $((1 + rm -rf x", "case a in a) rm -rf x;; esac", "true || rm -rf x",
		"bash -c \"bash -c 'rm -rf x'\"", "RM -rf x", "cmd /c rm -rf x",
	} {
		if got := invoked(script); !slices.Contains(got, "rm -rf x") {
			t.Errorf("%q: %q", script, got)
		}
	}
}

func TestWhatIsOnlyTalkedOfIsNotRun(t *testing.T) {
	for _, script := range []string{"echo 'rm -rf x'", "# rm -rf x", "grep 'rm -rf x' log", "git commit -m 'rm -rf x'", "cat <<EOF\nrm -rf x\nEOF", "printf 'rm -rf x'", ""} {
		if got := invoked(script); slices.ContainsFunc(got, func(s string) bool { return strings.HasPrefix(s, "rm") }) {
			t.Errorf("%q: %q", script, got)
		}
	}
}

func TestFlagsAreFoundInEverySpelling(t *testing.T) {
	for _, tt := range []struct {
		command, flag string
		has           bool
	}{
		{"rm -rf x", "-r", true},
		{"rm -fr x", "-r", true},
		{"rm -f x -r", "-r", true},
		{"rm --recursive x", "--recursive", true},
		{"rm --rec x", "--recursive", true},
		{"rm -- -r", "-r", false},
		{"rm --force x", "-r", false},
		{"git push -uf origin", "-f", true},
		{"git push --force-with-lease=main", "--force-with-lease", true},
		{"git push --force-with-lease", "--force", false},
		{"git push --follow-tags", "-f", false},
		{"find . -delete", "-delete", true},
		{"find . -depth", "-d", false},
	} {
		if got := Invocations(tt.command)[0].Has(tt.flag); got != tt.has {
			t.Errorf("%s has %s: %v", tt.command, tt.flag, got)
		}
	}
}

func TestLongScriptsAreReadWithinBounds(t *testing.T) {
	long := strings.Repeat("echo a; ", maxScript/8+10) + "rm -rf x"
	if got := len(Invocations(long)); got > maxInvocations {
		t.Errorf("%d programs", got)
	}
	if got := len(Invocations(strings.Repeat("sudo ", 1000) + "rm -rf x")); got > maxInvocations {
		t.Errorf("%d programs of nested wrappers", got)
	}
}

func FuzzInvocations(f *testing.F) {
	for _, s := range []string{"rm -rf x", "bash -c 'a", "find . -exec", "find . -exec ;", "sudo", "((((", "ssh a 'b", "x <<< $y", "''"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, script string) {
		if got := len(Invocations(script)); got > maxInvocations {
			t.Errorf("%d programs", got)
		}
	})
}
