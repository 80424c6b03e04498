package guard_test

import (
	"encoding/json"
	"runtime"
	"strings"
	"testing"

	"hotmess/config"
	"hotmess/ensemble"
	"hotmess/guard"
	"hotmess/shell"
	"hotmess/wire"
)

// bash is a call of a shell tool.
func bash(command string) wire.Call {
	arguments, _ := json.Marshal(map[string]string{"command": command})
	return wire.Call{Name: "bash", Arguments: string(arguments)}
}

func comparer(t *testing.T) ensemble.Comparer {
	t.Helper()
	c, err := ensemble.NewComparer(wire.View{Tools: []wire.Tool{{Name: "bash"}, {Name: "delete_file"}}}, "")
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// builtIn is the guard of a sidecar that was told nothing.
func builtIn() *guard.Guard { return guard.New(config.Default().GuardRules()) }

// matched is the name of the rule that judges a call, or empty.
func matched(t *testing.T, g *guard.Guard, calls ...wire.Call) string {
	t.Helper()
	p, ok := g.Propose(calls, comparer(t))
	if !ok {
		return ""
	}
	return p.Rule.Name
}

func TestBuiltInRulesMatchShellCommandsInEverySpelling(t *testing.T) {
	for command, rule := range map[string]string{
		"rm -rf build":                            "delete-tree",
		"rm -fr build":                            "delete-tree",
		"rm -r -f build":                          "delete-tree",
		"rm -f build -r":                          "delete-tree",
		"rm --recursive build":                    "delete-tree",
		"rm -R build":                             "delete-tree",
		"sudo rm -rf /":                           "delete-tree",
		"bash -c 'rm -rf x'":                      "delete-tree",
		"find . -delete":                          "delete-tree",
		"find . -name '*.o' -delete":              "delete-tree",
		"find . -exec rm -rf {} +":                "delete-tree",
		"git clean -fdx":                          "delete-tree",
		"dd if=/dev/zero of=/dev/sda":             "destroy-data",
		"mkfs.ext4 /dev/sda1":                     "destroy-data",
		"shred -u secrets":                        "destroy-data",
		"truncate -s 0 db.sqlite":                 "destroy-data",
		"terraform destroy -auto-approve":         "destroy-infrastructure",
		"kubectl delete ns prod":                  "destroy-infrastructure",
		"git push -f":                             "force-push",
		"git push --force origin main":            "force-push",
		"git push --force-with-lease":             "force-push",
		"git push --force-with-lease=main origin": "force-push",
		"git push origin +main":                   "force-push",
		"git push origin :old":                    "force-push",
		"git push -uf origin main":                "force-push",
		"git -C repo push --force":                "force-push",
		"cd repo && git push -f":                  "force-push",
		"git reset --hard HEAD~3":                 "discard-work",
		"psql -c 'DROP TABLE users'":              "database-drop",
		"psql prod -c 'delete from users;'":       "database-drop",
		"mysql -e\"truncate table users\"":        "database-drop",
		"dropdb prod":                             "database-drop",
		// Where a script stands within another, or is fed to a shell.
		"env -S 'rm -rf x'":                                      "delete-tree",
		"$(echo rm) -rf x":                                       "delete-tree",
		"X=rm; $X -rf x":                                         "delete-tree",
		"rm${IFS}-rf${IFS}x":                                     "delete-tree",
		`$'\x72m' -rf x`:                                         "delete-tree",
		"alias x='rm -rf y'; x":                                  "delete-tree",
		"trap 'rm -rf x' EXIT":                                   "delete-tree",
		"bash -euo pipefail -c 'rm -rf x'":                       "delete-tree",
		"bash -o pipefail -c 'rm -rf x'":                         "delete-tree",
		"echo 'rm -rf x' | sudo sh":                              "delete-tree",
		"cat <<EOF | bash\nrm -rf x\nEOF":                        "delete-tree",
		"bash <(echo 'rm -rf x')":                                "delete-tree",
		"sh -c \"$(echo rm -rf x)\"":                             "delete-tree",
		"ssh h <<EOF\nrm -rf x\nEOF":                             "delete-tree",
		"runuser -u x -- rm -rf x":                               "delete-tree",
		"rm --r x":                                               "delete-tree",
		"remove-item x -rec":                                     "delete-tree",
		"rd /s/q x":                                              "delete-tree",
		"cmd /c \"rd /s /q x\"":                                  "delete-tree",
		"powershell -c Remove-Item -Recurse x":                   "delete-tree",
		"pwsh -NoProfile -ep bypass -Command 'ri -r x'":          "delete-tree",
		"powershell -enc cgBtACAALQByACAAeAA=":                   "delete-tree",
		"python -c \"import shutil; shutil.rmtree('x')\"":        "delete-tree",
		"python3 - <<EOF\nimport os\nos.system('rm -rf x')\nEOF": "delete-tree",
		"node -e \"require('fs').rmSync('x')\"":                  "delete-tree",
		"ruby -e \"FileUtils.rm_rf 'x'\"":                        "delete-tree",
		"npx rimraf x":                                           "delete-tree",
		"aws s3 rm s3://b --recursive":                           "delete-tree",
		"rsync -a --delete-during a b":                           "delete-tree",
		"git -C x -c a=b push -f":                                "force-push",
		"kubectl --context p -n x delete ns y":                   "destroy-infrastructure",
		"psql <<EOF\nDROP TABLE y;\nEOF":                         "database-drop",
		"echo 'drop table y' | psql":                             "database-drop",
		"psql -c 'delete from t where 1 = 1'":                    "database-drop",
		"redis-cli -h x FLUSHALL":                                "database-drop",
		"mongosh --eval 'db.dropDatabase()'":                     "database-drop",
		"# " + strings.Repeat("long ", 20<<10) + "\nrm -rf x":    "delete-tree",
		strings.Repeat("a;", 1000) + "rm -rf x":                  "delete-tree",
		strings.Repeat("a ", 1000) + "( ; rm -rf x":              "delete-tree",
		"echo hi | mail -s hi ada@example.org":                   "mail-tool",
		// Nothing of it is undone with effort, or it does nothing at all.
		"rm build/x.o":             "",
		"ls -R":                    "",
		"git push":                 "",
		"git push --follow-tags":   "",
		"git push origin main":     "",
		"git status":               "",
		"git clean -n":             "",
		"find . -name x":           "",
		"echo 'rm -rf x'":          "",
		"grep -rf patterns .":      "",
		"cat <<EOF\nrm -rf /\nEOF": "",
		"psql -c 'select 1'":       "",
		"psql -c 'delete from users where id = 1'":   "",
		"psql -c \"select 'drop table users'\"":      "",
		"kubectl get pods":                           "",
		"dd if=/dev/sda bs=512 count=1":              "",
		"git commit -m 'drop table users; rm -rf x'": "",
		"git clean -nfd":                             "",
		"rm -r --help":                               "",
		"kubectl delete ns x --dry-run=client":       "",
		"echo rm -rf x":                              "",
		"echo rm -rf x >> README":                    "",
		"cat > s.sh <<'EOF'\nrm -rf x\nEOF":          "",
		"sudo grep -r rm .":                          "",
		"python -c 'print(\"rm -rf x\")'":            "",
		"docker run --rm -it x":                      "",
		"git push origin a:b":                        "",
		"X=rm; echo $X -rf x":                        "",
	} {
		if got := matched(t, builtIn(), bash(command)); got != rule {
			t.Errorf("%s: %q, want %q", command, got, rule)
		}
	}
}

func TestBuiltInRulesMatchTools(t *testing.T) {
	for _, tt := range []struct{ tool, arguments, rule string }{
		{"delete_file", `{"path":"a"}`, "delete-tool"},
		{"fs_delete_directory", `{"path":"a"}`, "delete-tool"},
		{"create_payment", `{"amount":5}`, "payment-tool"},
		{"send_email", `{"to":"a@b"}`, "mail-tool"},
		{"gmail_sendMail", `{}`, "mail-tool"},
		{"execute_sql", `{"query":"DROP DATABASE prod"}`, "database-drop"},
		{"run_query", `{"sql":"-- tidy\nDELETE /* all */ FROM t; select 1"}`, "database-drop"},
		{"run_query", `{"sql":"delete from t where a = 1"}`, ""},
		{"write_file", `{"path":"a.sql","content":"drop table t;"}`, ""},
		{"shell", `{"command":["bash","-lc","rm -rf x"]}`, "delete-tree"},
		{"shell", `{"command":["rm","-rf","x"]}`, "delete-tree"},
		{"local_shell", `{"action":{"commands":["ls","rm -rf x"]}}`, "delete-tree"},
		{"read_file", `{"path":"rm -rf x"}`, ""},
		{"delete_file", `{"path":`, "delete-tool"},
		{"bash", `rm -rf x`, "delete-tree"},
		{"run_python", `{"code":"import shutil\nshutil.rmtree(d)"}`, "delete-tree"},
		{"run_python", `{"code":"print('shutil')"}`, ""},
		{"bash", `{"command":"rm -rf`, "delete-tree"},
		{"bash", ``, ""},
	} {
		if got := matched(t, builtIn(), wire.Call{Name: tt.tool, Arguments: tt.arguments}); got != tt.rule {
			t.Errorf("%s %s: %q, want %q", tt.tool, tt.arguments, got, tt.rule)
		}
	}
}

func TestEveryPartOfARuleMustFit(t *testing.T) {
	rule := config.Guard{
		Name: "r", Tool: "bash|zsh", Argument: map[string]string{"host": "prod-*", "options.force": "true", "note": "regexp:^a+$"},
		Command: &config.GuardCommand{Program: "rm", Recursive: true, Paths: []string{"/srv/*"}},
	}
	for arguments, want := range map[string]string{
		`{"command":"rm -r /srv/a","host":"prod-1","options":{"force":true},"note":"aa"}`: "r",
		`{"command":"rm -r /opt/a","host":"prod-1","options":{"force":true},"note":"aa"}`: "",
		`{"command":"rm /srv/a","host":"prod-1","options":{"force":true},"note":"aa"}`:    "",
		`{"command":"rm -r /srv/a","host":"test-1","options":{"force":true},"note":"aa"}`: "",
		`{"command":"rm -r /srv/a","host":"prod-1","options":{},"note":"aa"}`:             "",
		`{"command":"rm -r /srv/a","host":"prod-1","options":{"force":true},"note":"b"}`:  "",
	} {
		if got := matched(t, guard.New([]config.Guard{rule}), wire.Call{Name: "bash", Arguments: arguments}); got != want {
			t.Errorf("%s: %q, want %q", arguments, got, want)
		}
	}
}

// TestArgumentsThatAreEncodedTwiceAreRead: they are the same action as those that are
// encoded once.
func TestArgumentsThatAreEncodedTwiceAreRead(t *testing.T) {
	once := bash("rm -rf build")
	twice, _ := json.Marshal(once.Arguments)
	again := wire.Call{Name: "bash", Arguments: string(twice)}
	p, ok := builtIn().Propose([]wire.Call{again}, comparer(t))
	if !ok || p.Rule.Name != "delete-tree" || !agrees(builtIn(), p, comparer(t), once) {
		t.Errorf("%+v", p)
	}
	rule := config.Guard{Name: "by path", Argument: map[string]string{"command": "rm *"}}
	if got := matched(t, guard.New([]config.Guard{rule}), again); got != "by path" {
		t.Errorf("matched by %q", got)
	}
	for _, arguments := range []string{`"null"`, `"7"`, `"ls"`, `"{"`, `"\"{}\""`} {
		if got := matched(t, builtIn(), wire.Call{Name: "bash", Arguments: arguments}); got != "" {
			t.Errorf("%s: matched by %q", arguments, got)
		}
	}
}

func TestTheStrictestRuleJudges(t *testing.T) {
	rules := []config.Guard{
		{Name: "low", Tool: "bash", Risk: config.RiskLow},
		{Name: "high", Tool: "bash", Risk: config.RiskHigh},
		{Name: "held", Tool: "bash", Risk: config.RiskLow, Action: config.GuardHold},
	}
	if got := matched(t, guard.New(rules), bash("x")); got != "held" {
		t.Errorf("%s judges, want held", got)
	}
	if got := matched(t, guard.New(rules[:2]), bash("x")); got != "high" {
		t.Errorf("%s judges, want high", got)
	}
}

// agrees is whether a sample with these calls proposes the same.
func agrees(g *guard.Guard, p guard.Proposal, c ensemble.Comparer, calls ...wire.Call) bool {
	return p.ProposedBy(g, calls, c)
}

func TestSamplesAgreeOnTheActionNotOnWhatIsAroundIt(t *testing.T) {
	g, c := builtIn(), comparer(t)
	p, ok := g.Propose([]wire.Call{bash("rm -rf build")}, c)
	if !ok {
		t.Fatal("nothing is guarded")
	}
	for command, want := range map[string]bool{
		"rm -rf build":                true,
		"rm -rf build && echo done":   true,
		"rm -rf  'build'":             true,
		"rm -r -f ./build":            true,
		"sudo rm --force -R build":    true,
		"rm -rf other":                false,
		"rm -rf build other":          false,
		"cd /srv && rm -rf build":     false,
		"rm -rf build; rm -rf /":      false,
		"ls build":                    false,
		"rm -rf build # as was asked": true,
	} {
		if got := agrees(g, p, c, bash(command)); got != want {
			t.Errorf("%s: %v, want %v", command, got, want)
		}
	}
	if agrees(g, p, c) {
		t.Error("a reply without a call proposes it")
	}
}

// What a program works on may stand elsewhere in the script: a quorum on it must
// not take others for the same.
func TestSamplesDoNotAgreeOnWhatTheScriptMakesDifferent(t *testing.T) {
	g, c := builtIn(), comparer(t)
	for _, pair := range [][2]string{
		{"D=/a; rm -rf $D", "D=/b; rm -rf $D"},
		{"D=$(mktemp -d); rm -rf \"$D\"", "D=$(pwd); rm -rf \"$D\""},
		{"for d in a b; do rm -rf $d; done", "for d in a c; do rm -rf $d; done"},
		{"f() { rm -rf $1; }; f a", "f() { rm -rf $1; }; f b"},
		{"find /a | xargs rm -rf", "find /b | xargs rm -rf"},
		{"find /a -exec rm -rf {} +", "find /b -exec rm -rf {} +"},
		{"ls a | while read d; do rm -rf $d; done", "ls b | while read d; do rm -rf $d; done"},
		{"bash -c 'rm -rf $1' x a", "bash -c 'rm -rf $1' x b"},
		{"D=a bash -c 'rm -rf $D'", "D=b bash -c 'rm -rf $D'"},
		{"docker exec a rm -rf /x", "docker exec b rm -rf /x"},
		{"chroot /a rm -rf /x", "chroot /b rm -rf /x"},
		{"git -C a push --force", "git -C b push --force"},
		{`del /s C:\a\b`, `del /s C:\ab`},
		{"psql -h x -c 'drop table a'", "psql -h y -c 'drop table a'"},
		{"PGHOST=x psql -c 'drop table a'", "PGHOST=y psql -c 'drop table a'"},
		{"python -c 'd=\"a\"; shutil.rmtree(d)'", "python -c 'd=\"b\"; shutil.rmtree(d)'"},
	} {
		a, aok := g.Propose([]wire.Call{bash(pair[0])}, c)
		b, bok := g.Propose([]wire.Call{bash(pair[1])}, c)
		if !aok || !bok || a.Same(b) {
			t.Errorf("%q and %q: found %v, %v, and the same", pair[0], pair[1], aok, bok)
		}
	}
	a, _ := g.Propose([]wire.Call{bash("D=/a; rm -rf $D")}, c)
	if b, ok := g.Propose([]wire.Call{bash("rm -rf /a")}, c); !ok || !a.Same(b) {
		t.Error("a constant is not read")
	}
}

// Each of these took seconds or gigabytes before there was one bound on all that
// is read of a reply.
func TestWhatIsTooLongToBeReadIsSaidToBe(t *testing.T) {
	g, c := builtIn(), comparer(t)
	argv, _ := json.Marshal(map[string]any{"command": strings.Fields(strings.Repeat("sudo rm -rf x ", 200<<10))})
	for name, call := range map[string]wire.Call{
		"words":         {Name: "shell", Arguments: string(argv)},
		"script":        bash(strings.Repeat("echo a; ", shell.Work/8+1)),
		"wrappers":      bash(strings.Repeat("ssh ", 8000)),
		"executions":    bash("find " + strings.Repeat("-exec find ", 2500)),
		"substitutions": bash("rm -r " + strings.Repeat(`"$(rm -r `, 6000) + strings.Repeat(`)"`, 6000)),
		"arguments":     {Name: "bash", Arguments: strings.Repeat("[", 2<<20)},
		"SQL":           {Name: "execute_sql", Arguments: strings.Repeat("drop table x ", 1<<20)},
	} {
		p, ok := g.Propose([]wire.Call{call}, c)
		if !ok || name != "substitutions" && !p.Unread {
			t.Errorf("%s: guarded %v, unread %v", name, ok, p.Unread)
		}
	}
	if p, ok := g.Propose([]wire.Call{{Name: "write_file", Arguments: `{"content":"` + strings.Repeat("rm -rf x; ", 90<<10) + `"}`}}, c); ok {
		t.Errorf("a long file is taken for a command: %s", p.Rule.Name)
	}
	if p, _ := g.Propose([]wire.Call{bash("rm -rf x")}, c); p.Unread {
		t.Error("a short command is said not to be read")
	}
}

// TestListsWithinListsAreReadOnce: the values of a few hundred kilobytes were copied
// at each of thousands of levels.
func TestListsWithinListsAreReadOnce(t *testing.T) {
	const levels, values, most = 5000, 10_000, 64 << 20
	g, c := builtIn(), comparer(t)
	dir := strings.Repeat("[", levels) + strings.Repeat("0,", values) + "0" + strings.Repeat("]", levels)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	if _, ok := g.Propose([]wire.Call{{Name: "bash", Arguments: `{"command":"rm -rf x","dir":` + dir + `}`}}, c); !ok {
		t.Error("not guarded")
	}
	runtime.ReadMemStats(&after)
	if took := after.TotalAlloc - before.TotalAlloc; took > most {
		t.Errorf("%d bytes for %d", took, len(dir))
	}
}

func TestASampleOfSomeOfTheActionsDissents(t *testing.T) {
	g, c := builtIn(), comparer(t)
	both := []wire.Call{bash("rm -rf build"), bash("git push --force")}
	p, _ := g.Propose(both, c)
	for _, calls := range [][]wire.Call{both[:1], both[1:]} {
		if agrees(g, p, c, calls...) {
			t.Errorf("%v agrees with both calls", calls)
		}
	}
	if !agrees(g, p, c, []wire.Call{both[1], both[0]}...) {
		t.Error("the order of calls counts")
	}
	one, _ := g.Propose(both[:1], c)
	if agrees(g, one, c, both...) {
		t.Error("a call beyond the action is none against it")
	}
}

// TestWhereACommandWorksIsPartOfTheAction: the same words elsewhere do another
// thing.
func TestWhereACommandWorksIsPartOfTheAction(t *testing.T) {
	g, c := builtIn(), comparer(t)
	at := func(key, place string) []wire.Call {
		return []wire.Call{{Name: "bash", Arguments: `{"command":"rm -rf build","` + key + `":"` + place + `"}`}}
	}
	for _, key := range []string{"cwd", "workdir", "working_directory", "dir", "directory", "host", "server", "user", "database", "db"} {
		p, ok := g.Propose(at(key, "a"), c)
		if !ok || !agrees(g, p, c, at(key, "a")...) || agrees(g, p, c, at(key, "b")...) {
			t.Errorf("%s does not tell two actions apart", key)
		}
	}
	for _, to := range []string{"cd", "pushd", "chdir", "Set-Location"} {
		p, _ := g.Propose([]wire.Call{bash(to + " a && rm -rf build")}, c)
		if agrees(g, p, c, bash(to+" b && rm -rf build")) {
			t.Errorf("%s does not tell two actions apart", to)
		}
	}
	p, _ := g.Propose([]wire.Call{bash("ssh one rm -rf build")}, c)
	if agrees(g, p, c, bash("ssh two rm -rf build")) {
		t.Error("two hosts are one")
	}
}

func TestOfTheRulesThatMayHoldOneThatRefusesIsStrictest(t *testing.T) {
	rules := []config.Guard{
		{Name: "alerts", Tool: "bash", OnFailure: config.HeldRefuse},
		{Name: "elsewhere", Tool: "delete_*", Action: config.GuardHold, OnFailure: config.HeldRefuse},
		{Name: "releases", Tool: "bash", Action: config.GuardHold},
		{Name: "refuses", Tool: "bash", Action: config.GuardHold, OnFailure: config.HeldRefuse},
	}
	tools := []wire.Tool{{Name: "bash"}}
	if rule, refuses := guard.New(rules).Strictest(wire.View{Tools: tools}); rule.Name != "refuses" || !refuses {
		t.Errorf("%s, %v", rule.Name, refuses)
	}
	if rule, refuses := guard.New(rules[:3]).Strictest(wire.View{Tools: tools}); rule.Name != "releases" || refuses {
		t.Errorf("%s, %v", rule.Name, refuses)
	}
}

func TestARuleThatNeedsHoldingIsSeenFromTheTools(t *testing.T) {
	g := guard.New([]config.Guard{{Name: "a", Tool: "delete_*", Action: config.GuardHold}, {Name: "b", Tool: "bash"}})
	if !g.Holds() || !g.MayHold(wire.View{Tools: []wire.Tool{{Name: "bash"}, {Name: "delete_file"}}}) || g.MayHold(wire.View{Tools: []wire.Tool{{Name: "bash"}}}) || g.MayHold(wire.View{}) || !g.MayHold(wire.View{HiddenTools: true}) {
		t.Error("only offers of delete_* may have to be held")
	}
	if builtIn().Holds() {
		t.Error("a built-in rule holds")
	}
}

func FuzzPropose(f *testing.F) {
	f.Add("bash", `{"command":"rm -rf x"}`)
	f.Add("execute_sql", `{"query":"drop table 'x"}`)
	f.Add("delete_a", "{")
	g := builtIn()
	c, err := ensemble.NewComparer(wire.View{Tools: []wire.Tool{{Name: "bash"}}}, "")
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, tool, arguments string) {
		calls := []wire.Call{{Name: tool, Arguments: arguments}}
		if p, ok := g.Propose(calls, c); ok && !agrees(g, p, c, calls...) {
			t.Errorf("a reply does not propose what it proposes: %q", p.Action())
		}
	})
}

func TestToolsAreKnownHoweverTheirNamesAreWritten(t *testing.T) {
	for name, rule := range map[string]string{
		"deleteUser": "delete-tool", "API-delete-a-block": "delete-tool", "mcp__fs__delete_file": "delete-tool", "DeleteObject": "delete-tool",
		"fs.remove_tree": "delete-tool", "refundCharge": "payment-tool", "send-email": "mail-tool", "undeleteUser": "", "listDeleted": "",
	} {
		if got := matched(t, builtIn(), wire.Call{Name: name, Arguments: "{}"}); got != rule {
			t.Errorf("%s: %q, want %q", name, got, rule)
		}
	}
}
