package guard_test

import (
	"encoding/json"
	"testing"

	"hotmess/config"
	"hotmess/ensemble"
	"hotmess/guard"
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
		"echo hi | mail -s hi ada@example.org":    "mail-tool",
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
		if got := p.ProposedBy(g, []wire.Call{bash(command)}, c); got != want {
			t.Errorf("%s: %v, want %v", command, got, want)
		}
	}
	if p.ProposedBy(g, nil, c) {
		t.Error("a reply without a call proposes it")
	}
}

func TestASampleOfSomeOfTheActionsDissents(t *testing.T) {
	g, c := builtIn(), comparer(t)
	both := []wire.Call{bash("rm -rf build"), bash("git push --force")}
	p, _ := g.Propose(both, c)
	for _, calls := range [][]wire.Call{both[:1], both[1:]} {
		if p.ProposedBy(g, calls, c) {
			t.Errorf("%v agrees with both calls", calls)
		}
	}
	if !p.ProposedBy(g, []wire.Call{both[1], both[0]}, c) {
		t.Error("the order of calls counts")
	}
	one, _ := g.Propose(both[:1], c)
	if one.ProposedBy(g, both, c) {
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
		if !ok || !p.ProposedBy(g, at(key, "a"), c) || p.ProposedBy(g, at(key, "b"), c) {
			t.Errorf("%s does not tell two actions apart", key)
		}
	}
	for _, to := range []string{"cd", "pushd", "chdir", "Set-Location"} {
		p, _ := g.Propose([]wire.Call{bash(to + " a && rm -rf build")}, c)
		if p.ProposedBy(g, []wire.Call{bash(to + " b && rm -rf build")}, c) {
			t.Errorf("%s does not tell two actions apart", to)
		}
	}
	p, _ := g.Propose([]wire.Call{bash("ssh one rm -rf build")}, c)
	if p.ProposedBy(g, []wire.Call{bash("ssh two rm -rf build")}, c) {
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
	if rule, refuses := guard.New(rules).Strictest(tools); rule.Name != "refuses" || !refuses {
		t.Errorf("%s, %v", rule.Name, refuses)
	}
	if rule, refuses := guard.New(rules[:3]).Strictest(tools); rule.Name != "releases" || refuses {
		t.Errorf("%s, %v", rule.Name, refuses)
	}
}

func TestARuleThatNeedsHoldingIsSeenFromTheTools(t *testing.T) {
	g := guard.New([]config.Guard{{Name: "a", Tool: "delete_*", Action: config.GuardHold}, {Name: "b", Tool: "bash"}})
	if !g.Holds() || !g.MayHold([]wire.Tool{{Name: "bash"}, {Name: "delete_file"}}) || g.MayHold([]wire.Tool{{Name: "bash"}}) || g.MayHold(nil) {
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
		if p, ok := g.Propose(calls, c); ok && !p.ProposedBy(g, calls, c) {
			t.Errorf("a reply does not propose what it proposes: %q", p.Action())
		}
	})
}
