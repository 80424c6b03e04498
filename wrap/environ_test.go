package wrap

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"hotmess/config"
)

// lookup returns the variable's value in env.
func lookup(env []string, name string) string { return newVars(env).get(name) }

func TestBaseURLsLeadToTheSidecar(t *testing.T) {
	const gw = "https://gw.example/v1"
	e := Endpoints{Listen: "127.0.0.1:4141", Client: "Aider", Names: map[string]string{gw: "env-1a2b3c"}}
	fresh := map[string]string{
		"OPENAI_BASE_URL": "http://127.0.0.1:4141/~aider/v1", "OPENAI_API_BASE": "http://127.0.0.1:4141/~aider/v1",
		"ANTHROPIC_BASE_URL": "http://127.0.0.1:4141/~aider", "GOOGLE_GEMINI_BASE_URL": "http://127.0.0.1:4141/~aider",
		"HOTMESS_URL": "http://127.0.0.1:4141/~aider",
	}
	for name, tc := range map[string]struct {
		env  []string
		want map[string]string
	}{
		"nothing set": {nil, nil},
		"taken over, sibling follows": {[]string{"OPENAI_BASE_URL=" + gw + "/"}, map[string]string{
			"OPENAI_BASE_URL": "http://127.0.0.1:4141/~aider/env-1a2b3c", "OPENAI_API_BASE": "http://127.0.0.1:4141/~aider/env-1a2b3c",
		}},
		"old name taken over": {[]string{"OPENAI_API_BASE=" + gw}, map[string]string{
			"OPENAI_BASE_URL": "http://127.0.0.1:4141/~aider/env-1a2b3c", "OPENAI_API_BASE": "http://127.0.0.1:4141/~aider/env-1a2b3c",
		}},
		"empty counts as not set": {[]string{"OPENAI_BASE_URL="}, nil},
		"nested run is left": {[]string{"ANTHROPIC_BASE_URL=http://localhost:4141/~outer"}, map[string]string{
			"ANTHROPIC_BASE_URL": "http://localhost:4141/~outer",
		}},
		"refused upstream is left": {[]string{"ANTHROPIC_BASE_URL=https://other.example"}, map[string]string{
			"ANTHROPIC_BASE_URL": "https://other.example",
		}},
		"no URL is left": {[]string{"GOOGLE_GEMINI_BASE_URL=gemini"}, map[string]string{
			"GOOGLE_GEMINI_BASE_URL": "gemini",
		}},
		"the last entry counts": {[]string{"OPENAI_BASE_URL=x", "OPENAI_BASE_URL=" + gw}, map[string]string{
			"OPENAI_BASE_URL": "http://127.0.0.1:4141/~aider/env-1a2b3c", "OPENAI_API_BASE": "http://127.0.0.1:4141/~aider/env-1a2b3c",
		}},
	} {
		t.Run(name, func(t *testing.T) {
			out, _ := Environ(tc.env, e)
			for variable, value := range fresh {
				if w, ok := tc.want[variable]; ok {
					value = w
				}
				if got := lookup(out, variable); got != value {
					t.Errorf("%s = %q, want %q", variable, got, value)
				}
			}
		})
	}
}

func TestWhatWasThereIsSaidWithoutSecrets(t *testing.T) {
	const gw = "https://me:hunter2@gw.example/v1?key=hunter3"
	_, notes := Environ([]string{"OPENAI_BASE_URL=" + gw}, Endpoints{Listen: "127.0.0.1:1", Names: map[string]string{gw: "env-1"}})
	said := strings.Join(notes, "\n")
	if !strings.Contains(said, "https://gw.example/v1") || strings.Contains(said, "hunter") {
		t.Errorf("notes: %s", said)
	}
}

func TestOtherVariablesAreKept(t *testing.T) {
	in := []string{"PATH=/bin", "HTTPS_PROXY=http://proxy:3128", "EMPTY=", "=odd"}
	out, _ := Environ(in, Endpoints{Listen: "127.0.0.1:1"})
	for _, entry := range in {
		if !slices.Contains(out, entry) {
			t.Errorf("%q is gone", entry)
		}
	}
}

func TestPresetListsEachForeignBaseURLOnce(t *testing.T) {
	env := []string{
		"OPENAI_BASE_URL=https://gw.example/v1/", "OPENAI_API_BASE=https://gw.example/v1",
		"ANTHROPIC_BASE_URL=http://127.0.0.1:4141", "GOOGLE_GEMINI_BASE_URL=ftp://x",
	}
	if d := cmp.Diff([]string{"https://gw.example/v1"}, Preset(env, "[::]:4141")); d != "" {
		t.Error(d)
	}
}

func TestNoProxyIsKeptApartFromLLMHosts(t *testing.T) {
	const loop = "127.0.0.1,localhost,::1"
	for name, tc := range map[string]struct {
		in, want string
		notes    []string
	}{
		"empty":            {"", loop, []string{"added 127.0.0.1"}},
		"kept":             {"git.corp, 10.0.0.0/8", "git.corp,10.0.0.0/8," + loop, []string{"added"}},
		"loopback there":   {"::1 localhost 127.0.0.1", "::1 localhost 127.0.0.1", nil},
		"vendor host":      {"api.openai.com,a.b," + loop, "a.b," + loop, []string{"removed api.openai.com"}},
		"vendor domain":    {".anthropic.com," + loop, loop, []string{"removed .anthropic.com"}},
		"with port":        {"*.openai.com:443," + loop, loop, []string{"removed *.openai.com:443"}},
		"upstream's host":  {"llm.corp," + loop, loop, []string{"removed llm.corp"}},
		"wider is kept":    {".corp," + loop, ".corp," + loop, []string{".corp is kept, though it covers llm.corp"}},
		"shared domain":    {".googleapis.com," + loop, ".googleapis.com," + loop, []string{"though it covers generativelanguage"}},
		"star":             {"*", "*", []string{"* is kept"}},
		"local model stay": {"127.0.0.2," + loop, "127.0.0.2," + loop, nil},
	} {
		t.Run(name, func(t *testing.T) {
			out, notes := Environ([]string{"NO_PROXY=" + tc.in}, Endpoints{Listen: "127.0.0.1:1", Hosts: []string{"llm.corp", "127.0.0.2"}})
			if got := lookup(out, "NO_PROXY"); got != tc.want {
				t.Errorf("NO_PROXY = %q, want %q", got, tc.want)
			}
			if got := lookup(out, "no_proxy"); got != tc.want {
				t.Errorf("no_proxy = %q, want a copy", got)
			}
			if len(notes) != len(tc.notes) {
				t.Fatalf("notes %q, want %q", notes, tc.notes)
			}
			for i, want := range tc.notes {
				if !strings.Contains(notes[i], want) {
					t.Errorf("note %q lacks %q", notes[i], want)
				}
			}
		})
	}
}

func TestHostsAreTheSameInAnyCase(t *testing.T) {
	s := &sidecar{running: config.Running{Upstreams: map[string]string{"router": "https://OpenRouter.ai/api/v1"}}}
	out, notes := Environ([]string{"NO_PROXY=OPENROUTER.ai", "OPENAI_BASE_URL=https://openRouter.ai/v1"}, Endpoints{Listen: "127.0.0.1:1", Hosts: s.hosts(), Way: WayProxy})
	if got := lookup(out, "NO_PROXY"); strings.Contains(strings.ToLower(got), "openrouter") {
		t.Errorf("NO_PROXY = %q", got)
	}
	if slices.ContainsFunc(notes, func(n string) bool { return strings.HasPrefix(n, "OPENAI_BASE_URL is left") }) {
		t.Errorf("notes: %q", notes)
	}
}

func TestBothSpellingsOfNoProxyAreKept(t *testing.T) {
	out, _ := Environ([]string{"NO_PROXY=a", "no_proxy=b,api.openai.com"}, Endpoints{Listen: "127.0.0.1:1"})
	upper, lower := lookup(out, "NO_PROXY"), lookup(out, "no_proxy")
	if upper != "a,127.0.0.1,localhost,::1" || lower != "b,127.0.0.1,localhost,::1" {
		t.Errorf("NO_PROXY=%q no_proxy=%q", upper, lower)
	}
}

func TestCommandNameBecomesAPathSegment(t *testing.T) {
	for in, want := range map[string]string{"Claude Code": "claude-code", "a/b?c#~d": "a-b-c--d", "über": "-ber", strings.Repeat("x", 99): strings.Repeat("x", 64)} {
		if got := segment(in); got != want {
			t.Errorf("segment(%q) = %q, want %q", in, got, want)
		}
	}
}
