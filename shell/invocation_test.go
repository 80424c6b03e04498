package shell

import (
	"slices"
	"strings"
	"testing"
)

// Invocations are all programs of a script.
func Invocations(script string) []Invocation {
	left := Work
	r := NewReader(func(string) bool { return true }, &left)
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
		"timeout -k 5 10 rm -rf x", "timeout --signal KILL 10 rm -rf x", "timeout --foreground 10 rm -rf x", "xargs -I{} rm -rf x", "xargs --max-args 1 rm -rf x",
		"ssh -oA=b -l root host rm -rf x", "sudo --user root rm -rf x", "sudo -nu root rm -rf x", "sudo -u root -- rm -rf x", "chroot /mnt rm -rf x", "flock /tmp/lock rm -rf x",
		"docker compose -f a.yml exec app rm -rf x", "docker run --rm -v /:/x image rm -rf x", "kubectl -n a exec pod -- rm -rf x", "uv run rm -rf x", "npx -y rm -rf x",
		"strace -f -o out rm -rf x", "nice rm -rf x", "env -u A B=1 rm -rf x", "watch -n 5 rm -rf x", "python -m rm -rf x", "fd -e o -x rm -rf x",
		"ssh host -p 22 rm -rf x", "ssh $OPTS host rm -rf x", "sudo $FLAGS rm -rf x", "flock /tmp/lock -c 'rm -rf x'", "command -p rm -rf x", "podman unshare rm -rf x",
		"docker create image rm -rf x", "xargs -0I{} rm -rf x", "systemd-run --user --scope rm -rf x", "chroot --userspec u /mnt rm -rf x", "timeout -s9 5s rm -rf x",
	} {
		if got := invoked(script); !slices.Contains(got, "rm -rf x") {
			t.Errorf("%q: %q", script, got)
		}
	}
}

func TestWhatIsOnlyTalkedOfIsNotRun(t *testing.T) {
	for _, script := range []string{
		"echo 'rm -rf x'", "# rm -rf x", "grep 'rm -rf x' log", "git commit -m 'rm -rf x'", "cat <<EOF\nrm -rf x\nEOF", "printf 'rm -rf x'", "",
		"sudo grep rm x", "sudo -n grep rm x", "xargs grep rm", "xargs -n 1 echo rm", "timeout 5 grep rm x", "ssh -p 22 host grep rm x", "watch -n 5 ls rm", "docker logs rm",
		"docker volume rm x", "kubectl get pods rm", "poetry add rm", "nice -n 5 ls rm", "npx tsc rm", "command -v rm",
	} {
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

// TestAnHTTPMethodIsTheFirstOperand: however it is given, as HTTPie has it.
func TestAnHTTPMethodIsTheFirstOperand(t *testing.T) {
	keys := map[string]bool{}
	for _, command := range []string{
		"curl -s -X DELETE u", "curl -s -XDELETE u", "curl -sX DELETE u", "curl -sXDELETE u", "curl -s --request DELETE u", "curl -s --request=delete u", "curl -s u -X DELETE",
	} {
		inv := Invocations(command)[0]
		if !slices.Equal(inv.Operands, []string{"DELETE", "u"}) {
			t.Errorf("%s: operands %q", command, inv.Operands)
		}
		keys[inv.Key()] = true
	}
	if len(keys) != 1 {
		t.Errorf("%d actions: %v", len(keys), keys)
	}
	for command, want := range map[string][]string{
		"curl -HX-A:b u": {"u"}, "curl -X": {}, "gh api -X DELETE p": {"DELETE", "api", "p"}, "gh -R a/b api p --method=DELETE": {"DELETE", "api", "p"},
		"wget --method DELETE u": {"DELETE", "u"}, "tar -X DELETE u": {"DELETE", "u"}, "irm -Method Delete u": {"DELETE", "u"},
	} {
		if got := Invocations(command)[0].Operands; !slices.Equal(got, want) {
			t.Errorf("%s: operands %q, want %q", command, got, want)
		}
	}
}

func TestBehindItsSignalKillIsGivenProcesses(t *testing.T) {
	for command, want := range map[string][]string{"kill -9 -1": {"-1"}, "kill -1 7": {"7"}, "kill -s 9 -1": {"9", "-1"}, "kill -- -1": {"-1"}, "kill -TERM 7": {"7"}} {
		if got := Invocations(command)[0].Operands; !slices.Equal(got, want) {
			t.Errorf("%s: operands %q, want %q", command, got, want)
		}
	}
}

// TestWhatIsRunForEachOfAListIsMarked: its own operands do not show how much it works on.
func TestWhatIsRunForEachOfAListIsMarked(t *testing.T) {
	for command, want := range map[string]bool{
		"ls | xargs rm": true, "ls | xargs sudo rm": true, "find . -exec rm {} +": true, "find . -exec sh -c 'rm $1' _ {} +": true, "parallel rm": true, "fd x -X rm": true,
		"rm x": false, "sudo rm x": false, "ls | xargs echo; rm x": false,
	} {
		i := slices.IndexFunc(Invocations(command), func(inv Invocation) bool { return inv.Program == "rm" })
		if i < 0 || Invocations(command)[i].Each != want {
			t.Errorf("%s: at %d, want %v", command, i, want)
		}
	}
}

func TestFilesThatAPatchDeletesAreOperands(t *testing.T) {
	const a, b = "*** Delete File: a", "*** Delete File: b/c"
	for patch, want := range map[string][]string{
		"*** Begin Patch\n*** Delete File: a\n*** Update File: d\n*** Delete File: ./b/c\n*** End Patch":        {a, b},
		"*** Begin Patch\r\n*** Delete File: a\r\n*** End Patch":                                                {a},
		"diff --git a/a b/a\ndeleted file mode 100644\nindex 1..0\n--- a/a\n+++ /dev/null\n@@ -1 +0,0 @@\n-x\n": {a},
		"diff --git a/b/c b/b/c\ndeleted file mode 100644\nBinary files a/b/c and /dev/null differ\n":           {b},
		"--- a/a\t2026-01-01\n+++ /dev/null\n":                                                                  {a},
		"--- a/a\n+++ b/a\n@@ -1 +1 @@\n-x\n+*** Delete File: a\n":                                              nil,
		"*** Begin Patch\n*** Add File: a\n+*** Delete File: a\n*** End Patch\n":                                nil,
	} {
		if got := deletedFiles(patch); !slices.Equal(got, want) {
			t.Errorf("%q: %q, want %q", patch, got, want)
		}
		found := Invocations("apply_patch <<'E'\n" + patch + "\nE")
		if want != nil && (len(found) != 1 || !slices.Equal(found[0].Operands, want)) || want == nil && len(found) > 0 {
			t.Errorf("%q: %+v", patch, found)
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
