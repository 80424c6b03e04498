package main

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"hotmess/wire"
)

// output runs a command line as main does.
func output(t *testing.T, env []string, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	var files [2]*os.File
	for i := range files {
		f, err := os.CreateTemp(t.TempDir(), "out")
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		files[i] = f
	}
	code = run(args, &console{env: env, stdin: os.Stdin, stdout: files[0], stderr: files[1]})
	var texts [2]string
	for i, f := range files {
		raw, err := os.ReadFile(f.Name())
		if err != nil {
			t.Fatal(err)
		}
		texts[i] = string(raw)
	}
	return texts[0], texts[1], code
}

// evalQuestions is a data set of one question.
const evalQuestions = `{"dataset":"d","question_id":"1","question":"Which? A) this B) that","reference":"B"}` + "\n"

func TestEvalCommandAsksWithTheKeyAndNeverTellsIt(t *testing.T) {
	const key = "sk-test-very-secret"
	calls := 0
	var seen http.Header
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		calls++ // one at a time
		seen = r.Header
		_, _ = io.Copy(io.Discard, r.Body)
		fmt.Fprintf(w, `{"id":"m%d","type":"message","role":"assistant","content":[{"type":"text","text":"Answer: B"}],"stop_reason":"end_turn","usage":{"input_tokens":1000,"output_tokens":200}}`, calls)
	}))
	defer server.Close()
	t.Chdir(t.TempDir())
	if err := os.WriteFile("set.jsonl", []byte(evalQuestions), 0o600); err != nil {
		t.Fatal(err)
	}
	args := []string{
		"eval", "set.jsonl", "--upstream", server.URL, "--dialect", "anthropic-messages", "--model", "a/b", "--condition", "high",
		"-n", "3", "--concurrency", "1", "--price", "1,10",
	}
	stdout, stderr, code := output(t, []string{"OPENAI_API_KEY=other", "ANTHROPIC_API_KEY=" + key}, args...)
	if code != exitOK || calls != 3 || seen.Get("X-Api-Key") != key {
		t.Fatalf("exit code %d after %d calls with %v: %s", code, calls, seen, stderr)
	}
	if want, _, _ := output(t, nil, "report", "set.a-b.high.jsonl"); stdout != want || !strings.Contains(want, "Incoherence") {
		t.Errorf("it does not end in the report:\n%s", stdout)
	}
	// 3000 tokens at a dollar and 600 at ten dollars a million are 0.9 cents.
	if !strings.Contains(stderr, "1/1 questions · 3/3 samples · 3.0k+600 tokens · $0.01") {
		t.Errorf("progress: %s", stderr)
	}
	texts := stdout + stderr
	for _, name := range []string{"set.a-b.high.jsonl", "set.a-b.high.jsonl.journal"} {
		raw, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		texts += string(raw)
	}
	if strings.Contains(texts, key) {
		t.Error("the key is told")
	}
}

func TestEvalCommandNamesWhatIsWrong(t *testing.T) {
	set := filepath.Join(t.TempDir(), "set.jsonl")
	if err := os.WriteFile(set, []byte(evalQuestions), 0o600); err != nil {
		t.Fatal(err)
	}
	for want, flags := range map[string][]string{
		"--samples: 1 is too few": {"-n", "1"},
		"--price: wants two":      {"--price", "1"},
		"--price: 1,-2 are no":    {"--price=1,-2"},
		"--body: is not JSON":     {"--body", "{"},
		"--body: ":                {"--body", "[1]"},
		"--extract: ":             {"--extract", "roman"},
		"--dialect must be one":   {"--dialect", "esperanto"},
		"--upstream: ":            {"--upstream", "ftp://x"},
	} {
		_, stderr, code := output(t, nil, append([]string{"eval", set, "--model", "m", "--out", filepath.Join(t.TempDir(), "o")}, flags...)...)
		if code == exitOK || !strings.Contains(stderr, want) {
			t.Errorf("%v: exit code %d, %s", flags, code, stderr)
		}
	}
}

func TestKeysComeFromTheVariablesOfSDKs(t *testing.T) {
	env := []string{"OPENAI_API_KEY=o", "ANTHROPIC_API_KEY=a", "GEMINI_API_KEY=", "GOOGLE_API_KEY=g"}
	for d, want := range map[wire.Dialect]string{
		wire.OpenAIChat: "o", wire.OpenAIResponses: "o", wire.AnthropicMessages: "a", wire.GeminiGenerate: "g",
	} {
		if got := apiKey(env, d).Reveal(); got != want {
			t.Errorf("%s: %q, want %q", d, got, want)
		}
	}
	if got := apiKey(nil, wire.OpenAIChat); got != "" {
		t.Errorf("a key from nowhere: %q", got.Reveal())
	}
}

func TestResultsAreNamedAfterWhatWasAsked(t *testing.T) {
	for want, from := range map[string][3]string{
		"set.m.jsonl":              {"/data/set.jsonl", "m", ""},
		"set.org-m-1-x.low.jsonl":  {"set.jsonl", "org/m-1:x", "low"},
		"plain.models-m.a-b.jsonl": {"plain", "models/m", "a b"},
	} {
		if got := resultName(from[0], from[1], from[2]); got != want {
			t.Errorf("%v: %s, want %s", from, got, want)
		}
	}
}
