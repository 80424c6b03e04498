package main

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"hotmess/config"
)

// TestErrorsSayWhatToChange runs command lines as people get them wrong. Each
// message has the flag, file or key that is meant, and what to do about it.
func TestErrorsSayWhatToChange(t *testing.T) {
	dir := t.TempDir()
	file := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	empty, odd := file("empty.jsonl", ""), file("odd.jsonl", "odd\n")
	none := filepath.Join(dir, "none")
	gone := filepath.Join(dir, "gone") // where a sidecar was
	broken := filepath.Join(dir, "broken")
	for _, d := range []string{gone, broken} {
		if err := os.Mkdir(d, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	if err := config.WriteRunning(gone, config.Running{Admin: "127.0.0.1:1", NATS: "nats://127.0.0.1:1"}); err != nil {
		t.Fatal(err)
	}
	running := file(filepath.Join("broken", config.RunningFile), `{"pid"`)
	refusing := adminPort(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusUnauthorized) })
	for _, c := range []struct {
		args string
		code int
		want []string
	}{
		{"report " + empty, 1, []string{"nothing to report", "no line in " + empty}},
		{"report " + odd, 1, []string{odd + ":1", "not JSON"}},
		{"report " + none, 1, []string{none, "no such file"}},
		{"report --labels " + none + " " + odd, 1, []string{"--labels: ", none}},
		{"report --since 7d --nats x --creds y " + odd, 1, []string{"--since: is about the store", "--nats: is about", "--creds: is about"}},
		{"backtest --nats x --creds y " + odd, 1, []string{"--nats: is about the store", "--creds: is about"}},
		{"report --data-dir " + none, 1, []string{"data_dir " + none, "hotmess serve", "--data-dir"}},
		{"report --data-dir " + broken, 1, []string{running, "a sidecar that starts writes it anew"}},
		{"report --data-dir " + gone, 1, []string{filepath.Join(gone, "nats.creds"), "hotmess serve", "--creds"}},
		{"watch --data-dir " + gone, 1, []string{filepath.Join(gone, "nats.creds"), "hotmess serve", "--creds"}},
		{"backtest --data-dir " + gone, 1, []string{filepath.Join(gone, "nats.creds"), "hotmess serve", "--creds"}},
		{"backtest " + odd, 1, []string{"no observation", odd + ":1"}},
		{"backtest --placebo=-1 " + odd, 1, []string{"--placebo: -1 is not from 0 to"}},
		{"backtest --false-alarms 2 " + odd, 1, []string{"--false-alarms: 2 is not between 0 and 1"}},
		{"backtest --since 7 " + odd, 2, []string{"--since", "7d"}},
		{"eval --model m " + odd, 1, []string{odd, "dataset, question_id, question and reference", "line 1"}},
		{"eval --model m " + none, 1, []string{none, "no such file"}},
		{"label --data-dir " + gone + " id pass", 1, []string{"127.0.0.1:1", "hotmess serve"}},
		{"label --data-dir " + gone + " " + none, 1, []string{none, "pass or fail"}},
		{"label " + refusing + " id pass", 1, []string{"admin.token", "HOTMESS_ADMIN_TOKEN"}},
		{"baseline accept r --data-dir " + gone, 1, []string{"127.0.0.1:1", "hotmess serve"}},
		{"healthcheck --data-dir " + gone, 1, []string{"127.0.0.1:1", "hotmess serve"}},
		{"ca show --data-dir " + odd + "/d", 1, []string{"data_dir: ", odd}},
		{"ca show --data-dir " + dir + " --bundle " + none + "/b", 1, []string{"--bundle: ", none}},
		{"run", 2, []string{"hotmess run -- CMD"}},
		{"run --data-dir " + odd + "/d -- true", 125, []string{"data_dir: ", odd}},
		{"check " + none, 1, []string{none, "no such file"}},
		{"serve --listen here", 1, []string{"--listen: ", "127.0.0.1:4141"}},
		{"sim --replay " + none, 1, []string{"--replay: ", none}},
		{"sim --replay " + odd, 1, []string{"--replay " + odd, "line 1"}},
	} {
		_, stderr, code := output(t, os.Environ(), strings.Fields(c.args)...)
		if code != c.code {
			t.Errorf("%s: exit code %d, want %d", c.args, code, c.code)
		}
		for _, want := range c.want {
			if !strings.Contains(stderr, want) {
				t.Errorf("%s: %q is not in %q", c.args, want, stderr)
			}
		}
	}
}
