package main

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

func TestSimNamesTheFlagsThatAreWrong(t *testing.T) {
	log := filepath.Join(t.TempDir(), "truth.jsonl")
	args := []string{
		"sim", "--truth-log", log, "--accuracy=2", "--wrong=-1", "--turn-after=-1", "--turn-to=-1", "--compound=2", "--steps=-1", "--parallel=-2",
		"--refusals=NaN", "--deletions=-3", "--delete-wrong=1.5", "--first=-5s", "--per-token=-1ms", "--jitter=7",
	}
	_, stderr, code := output(t, nil, args...)
	lines := strings.Split(strings.TrimSpace(stderr), "\n")
	if code != exitError || len(lines) != len(args)-3 {
		t.Errorf("exit code %d, %d lines for %d flags: %s", code, len(lines), len(args)-3, stderr)
	}
	for _, arg := range args[3:] {
		flag, value, _ := strings.Cut(arg, "=")
		if !strings.Contains(stderr, "error: "+flag+": "+value+" is ") {
			t.Errorf("%s: not in %s", arg, stderr)
		}
	}
	if _, err := os.Stat(log); err == nil {
		t.Error("a log was begun for nothing")
	}
}

func TestSimTakesNoFlagThatDoesNothing(t *testing.T) {
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"--delete-wrong=.1"}, `^hotmess: error: --deletions: is 0, so that --delete-wrong and --delete-vary do nothing\n$`},
		{[]string{"--wrong=0"}, `error: --wrong: 0 is less than 1\n`},
		{[]string{"--steps=0"}, `error: --steps: 0 is less than 1\n`},
		{[]string{"--parallel=0"}, `error: --parallel: 0 is less than 1\n`},
	} {
		if _, stderr, code := output(t, nil, append([]string{"sim"}, c.args...)...); code != exitError || !regexp.MustCompile(c.want).MatchString(stderr) {
			t.Errorf("%v: exit code %d, %s", c.args, code, stderr)
		}
	}
}

func TestSimWithoutReasoningDoesNotReason(t *testing.T) {
	for reasoning, want := range map[int]int{0: -1, -1: -1, 7: 7} {
		s := simCommand{Accuracy: 1, Wrong: 1, Steps: 1, Parallel: 1, Reasoning: reasoning}
		server, closeLog, err := s.server(io.Discard)
		if err != nil {
			t.Fatal(err)
		}
		closeLog()
		if got := server.Reasoning.Median; got != want {
			t.Errorf("--reasoning %d: median %d, want %d", reasoning, got, want)
		}
	}
}

func TestSimSaysThatItsLogIsFull(t *testing.T) {
	const full = "/dev/full"
	if _, err := os.Stat(full); err != nil {
		t.Skip("no device here that is always full")
	}
	s := simCommand{Accuracy: 1, Wrong: 1, Steps: 1, Parallel: 1, TruthLog: full}
	var told bytes.Buffer
	server, closeLog, err := s.server(&told)
	if err != nil {
		t.Fatal(err)
	}
	defer closeLog()
	for range 2 {
		w := httptest.NewRecorder()
		server.ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/v1/chat/completions", strings.NewReader(`{"model":"m","messages":[{"role":"user","content":"hello"}]}`)))
		if w.Code != http.StatusOK {
			t.Errorf("status %d: %s", w.Code, w.Body)
		}
	}
	if n := strings.Count(told.String(), "--truth-log: write /dev/full: "); n != 1 || server.Summary().LogFailures != 2 {
		t.Errorf("told %d times of %d failures: %s", n, server.Summary().LogFailures, &told)
	}
}
