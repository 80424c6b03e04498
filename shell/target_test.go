package shell

import (
	"strings"
	"testing"
)

func TestShellCommandsOfOneTargetAreEqual(t *testing.T) {
	for _, same := range [][]string{
		{
			"rm -fr a", "rm -rf a", "rm -r -f a", "rm a -rf", "rm --recursive --force a", "rm -R -f ./a", `rm -rf "a"`,
			"/bin/rm -rf a", "rm -rfv a", "rm -rf a # tidy up", "rm  -rf   a\n", "rm -rf -- a",
		},
		{"git commit -m 'fix the bug'", `git commit -m "repair it"`, "git commit --message 'fix'", "git commit --message=fix"},
		{"ls", "ls -la", "ls -1"},
		{"make test", "make test 2>&1", "make test 2>/dev/null", "make   test"},
		{"grep -rn foo src/", "grep -r 'foo bar' src", "grep -r -e foo src"},
		{"cat > a.txt <<EOF\nhello\nEOF", "cat > a.txt <<'X'\nbye\nX", "cat >./a.txt <<EOF\nEOF"},
		{"cd /srv && make", "cd /srv/ && make", "cd '/srv' &&\nmake"},
		{"bash -c 'rm -rf a'", "bash -lc 'rm -r -f a'"},
	} {
		want := Target(same[0])
		for _, s := range same {
			if got := Target(s); got != want {
				t.Errorf("%q is\n%s\n%q is\n%s", s, got, same[0], want)
			}
		}
	}
}

func TestShellCommandsOfOtherTargetsDiffer(t *testing.T) {
	distinct := []string{
		"rm -rf a", "rm -r a", "rm -rf b", "rm -rf a b", "rm -rf b a", "rm -rf /a", "rm -rf $a", "rm -rf '$a'", "rm -rf *", "rm -rf '*'",
		"rm -rf ~", "! rm -rf a", "rm -rf a &", "sudo rm -rf a", "(rm -rf a)", "{ rm -rf a; }", "rm -rf a; rm -rf b", "rm -rf b; rm -rf a",
		"rm -rf a && rm -rf b", "rm -rf a || rm -rf b", "rm -rf a | rm -rf b", "rm -rf b | rm -rf a", "rm -rf $(find a)", "rm -rf $(find b)",
		"bash -c 'rm -rf a'", "bash -c 'rm -rf b'", "git push", "git push --force", "git push origin main", "git status", "git", "cp a b", "cp b a",
		"echo x > a", "echo x >> a", "echo x > b", "echo x", "X=1 make", "X=2 make", "make", "ssh h 'rm -rf a'", "ssh h 'rm -rf b'",
		"python -c 'print(1)'", "python -c 'print(2) '", "for i in a; do rm $i; done", "for i in b; do rm $i; done", "if", "if then", "", "cat <<EOF\nEOF",
		"chmod -R 777 a", "chmod -R 755 a", "curl https://a.example/x", "curl https://b.example/x",
	}
	seen := map[string]string{}
	for _, s := range distinct {
		key := Target(s)
		if other, ok := seen[key]; ok {
			t.Errorf("%q equals %q: %s", s, other, key)
		}
		seen[key] = s
	}
}

func TestShellScriptsThatDoNotParseAreTheirText(t *testing.T) {
	if a, b := Target("echo 'x"), Target("  echo 'x\n"); a != b {
		t.Errorf("%s is not %s", a, b)
	}
	if a, b := Target("echo 'x"), Target("echo 'y"); a == b {
		t.Errorf("both are %s", a)
	}
}

func TestShellArgvIsTheScriptItRuns(t *testing.T) {
	for _, c := range []struct {
		argv   []string
		script string
	}{
		{[]string{"rm", "-fr", "a"}, "rm -rf a"},
		{[]string{"git", "add", "a b"}, "git add 'a b'"},
	} {
		if got, want := TargetOfWords(c.argv), Target(c.script); got != want {
			t.Errorf("%q is\n%s\n%q is\n%s", c.argv, got, c.script, want)
		}
	}
	a, b := TargetOfWords([]string{"bash", "-lc", "rm -fr a"}), TargetOfWords([]string{"bash", "-lc", "rm -r -f a"})
	if a != b || a == TargetOfWords([]string{"bash", "-lc", "rm -r a"}) {
		t.Errorf("bash -lc is not read: %s, %s", a, b)
	}
}

// TestShellTargetIsBoundedOnHostileScripts runs shapes that nest or repeat as
// much as a script of maxScript can: it must end, in a bounded size.
func TestShellTargetIsBoundedOnHostileScripts(t *testing.T) {
	for _, unit := range []string{"(", "$(", "{ ", "`", "a && ", "a | ", "! ", "sudo ", "a;", "<<E ", "${", "((", "if a; then ", "\"$(", "[[", "( ( "} {
		script := strings.Repeat(unit, maxScript/len(unit)-1) + "a"
		if got := Target(script); len(got) > 64*maxScript {
			t.Errorf("%q repeated gives %d bytes", unit, len(got))
		}
	}
	nested := strings.Repeat("(", 5000) + "a" + strings.Repeat(")", 5000)
	if got := Target(nested); len(got) > 64*len(nested) {
		t.Errorf("nested groups give %d bytes", len(got))
	}
}

func FuzzShellTarget(f *testing.F) {
	for _, s := range []string{"rm -rf a", "cd a && b | c > d", "x=$(y) z", "cat <<E\na\nE", "bash -c 'bash -c \"a\"'", "a 'b", "-", "!", "a=(1 2)"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, script string) {
		if len(script) >= maxScript {
			t.Skip()
		}
		if got, want := Target(" "+script), Target(script); got != want {
			t.Fatalf("a blank before it makes %q\n%s\nof\n%s", script, got, want)
		}
	})
}
