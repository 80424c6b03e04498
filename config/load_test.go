package config

import (
	"errors"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// update rewrites the golden messages.
var update = flag.Bool("update", false, "write testdata/*.txt anew")

// home is the least environment that Load can work with.
func home(extra ...string) []string {
	return append([]string{"HOME=/home/ada"}, extra...)
}

// file writes a configuration and returns flags that name it.
func file(t *testing.T, text string) Overrides {
	t.Helper()
	name := filepath.Join(t.TempDir(), "hotmess.yaml")
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return Overrides{Config: &name}
}

// load loads what must be valid.
func load(t *testing.T, env []string, flags Overrides) Config {
	t.Helper()
	c, _, err := Load(env, flags)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// refused loads what must not be valid and returns the message.
func refused(t *testing.T, env []string, flags Overrides) string {
	t.Helper()
	c, _, err := Load(env, flags)
	if err == nil {
		t.Fatal("accepted")
	}
	if diff := cmp.Diff(Config{}, c); diff != "" {
		t.Errorf("refused, yet there is a configuration: %s", diff)
	}
	return err.Error()
}

func TestExampleEqualsDefaults(t *testing.T) {
	name := "../hotmess.example.yaml"
	want := Default()
	want.DataDir = "/home/ada/.local/state/hotmess"
	if diff := cmp.Diff(want, load(t, home(), Overrides{Config: &name})); diff != "" {
		t.Errorf("hotmess.example.yaml is not the defaults (-want +got):\n%s", diff)
	}
}

func TestExampleNamesEveryKey(t *testing.T) {
	data, err := os.ReadFile("../hotmess.example.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range allKeys() {
		if !strings.Contains(string(data), key+":") {
			t.Errorf("hotmess.example.yaml does not show %s", key)
		}
	}
}

func TestBadFilesSayWhatToMend(t *testing.T) {
	names, err := filepath.Glob("testdata/bad-*.yaml")
	if err != nil || len(names) == 0 {
		t.Fatalf("no files: %v", err)
	}
	for _, name := range names {
		t.Run(filepath.Base(name), func(t *testing.T) {
			golden := strings.TrimSuffix(name, ".yaml") + ".txt"
			got := refused(t, home(), Overrides{Config: &name}) + "\n"
			if *update {
				if err := os.WriteFile(golden, []byte(got), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), got); diff != "" {
				t.Errorf("message (-want +got):\n%s", diff)
			}
		})
	}
}

func TestLaterSourcesWin(t *testing.T) {
	text := "listen: 127.0.0.1:1001\nsampling: {samples: 3, rate: 0.3}\nadmin: {listen: \"127.0.0.1:1002\"}\n"
	flags := file(t, text)
	samples := 5
	flags.Samples = &samples
	c := load(t, home("HOTMESS_SAMPLES=4", "HOTMESS_RATE=0.4"), flags)
	got := []any{c.Listen, c.Admin.Listen, c.NATS.Listen, c.Sampling.Rate, c.Sampling.Samples}
	want := []any{"127.0.0.1:1001", "127.0.0.1:1002", Default().NATS.Listen, Rate{Share: 0.4}, 5}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("file, file, default, environment, flag (-want +got):\n%s", diff)
	}
}

func TestEveryFlagSetsItsKey(t *testing.T) {
	listen, admin, up, dir, bus := "127.0.0.1:11", "127.0.0.1:12", "http://up", "/d", "127.0.0.1:13"
	mode, samples, rate := Ensemble, 7, Rate{Share: 0.5}
	c := load(t, home(), Overrides{
		Listen: &listen, Admin: &admin, Upstream: &up, Mode: &mode, Samples: &samples, Rate: &rate, DataDir: &dir, NATS: &bus,
	})
	want := Default()
	want.Listen, want.Admin.Listen, want.Upstream, want.DataDir, want.NATS.Listen = listen, admin, up, dir, bus
	want.Sampling.Mode, want.Sampling.Samples, want.Sampling.Rate = mode, samples, rate
	want.Ensemble.Samples.Max = samples
	if diff := cmp.Diff(want, c); diff != "" {
		t.Error(diff)
	}
}

func TestFileOfEnvironmentYieldsToFlag(t *testing.T) {
	byEnv, byFlag := file(t, "listen: 127.0.0.1:1"), file(t, "listen: 127.0.0.1:2")
	env := home("HOTMESS_CONFIG=" + *byEnv.Config)
	if got := load(t, env, Overrides{}).Listen; got != "127.0.0.1:1" {
		t.Errorf("HOTMESS_CONFIG: listen = %s", got)
	}
	if got := load(t, env, byFlag).Listen; got != "127.0.0.1:2" {
		t.Errorf("--config: listen = %s", got)
	}
}

func TestFilesWithoutContentAreDefaults(t *testing.T) {
	want := load(t, home(), Overrides{})
	for _, text := range []string{"", "\n", "# a comment\n", "---\n", "sampling:\n", "listen: null\n"} {
		if diff := cmp.Diff(want, load(t, home(), file(t, text))); diff != "" {
			t.Errorf("%q:\n%s", text, diff)
		}
	}
}

func TestAllProblemsAtOnce(t *testing.T) {
	flags := file(t, "sampling:\n  samples: 0\n  moed: off\n  timeout: 5\nlimits: {body: -1}\n")
	mode := Mode("obsreve")
	flags.Mode = &mode
	got := refused(t, home("HOTMESS_LOG_LEVEL=loud", "HOTMESS_RATE=much", "HOTMESS_MODEL=x"), flags)
	for _, want := range []string{
		":2:12: sampling.samples: 0 is not from 1 to 32",
		":3:3: sampling.moed: unknown key; did you mean mode?",
		`:4:12: sampling.timeout: "5" is not a duration`,
		":5:16: limits.body: -1 must be more than 0",
		`HOTMESS_LOG_LEVEL: log.level: "loud" is unknown; write debug, info, warn or error`,
		`HOTMESS_RATE: sampling.rate: "much" is not a rate`,
		"HOTMESS_MODEL: unknown variable; did you mean HOTMESS_MODE?",
		`--mode: sampling.mode: "obsreve" is unknown; write off, observe or ensemble; did you mean observe?`,
	} {
		if !strings.Contains(got, want) {
			t.Errorf("missing %q in:\n%s", want, got)
		}
	}
}

func TestProblemsCanBeTakenApart(t *testing.T) {
	_, _, err := Load(home("HOTMESS_SAMPLES=99"), Overrides{})
	var p *Problem
	if !errors.As(err, &p) || p.Key != "sampling.samples" || p.Where != "HOTMESS_SAMPLES" {
		t.Errorf("problem = %#v", p)
	}
}

func TestUnreadableFileIsNamed(t *testing.T) {
	name := filepath.Join(t.TempDir(), "gone.yaml")
	if got, want := refused(t, home(), Overrides{Config: &name}), name+": open: no such file or directory"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestHugeFileIsRefused(t *testing.T) {
	flags := file(t, strings.Repeat("#", maxFile+1))
	if got := refused(t, home(), flags); !strings.Contains(got, "larger than 256KiB") {
		t.Error(got)
	}
}

func TestDataDirFollowsXDG(t *testing.T) {
	dir := "/data"
	home2 := "~/mess"
	for name, tc := range map[string]struct {
		env   []string
		flags Overrides
		want  string
	}{
		"home":           {home(), Overrides{}, "/home/ada/.local/state/hotmess"},
		"state home":     {home("XDG_STATE_HOME=/state"), Overrides{}, "/state/hotmess"},
		"relative state": {home("XDG_STATE_HOME=state"), Overrides{}, "/home/ada/.local/state/hotmess"},
		"set":            {nil, Overrides{DataDir: &dir}, "/data"},
		"tilde":          {home("XDG_STATE_HOME=/state"), Overrides{DataDir: &home2}, "/home/ada/mess"},
	} {
		if got := load(t, tc.env, tc.flags).DataDir; got != tc.want {
			t.Errorf("%s: data_dir = %s, want %s", name, got, tc.want)
		}
	}
	if got := refused(t, nil, Overrides{}); !strings.Contains(got, "HOME is not set") {
		t.Error(got)
	}
}

func TestRouteKeepsApartZeroAndInherited(t *testing.T) {
	route := "routes: [{name: a, match: {model: \"x*\"}, sampling: {%}}]"
	c := load(t, home(), file(t, strings.Replace(route, "%", "rate: 0", 1)))
	s := c.Routes[0].Sampling
	if s.Samples != nil || s.Mode != "" || s.Rate == nil || *s.Rate != (Rate{}) {
		t.Errorf("sampling = %+v", s)
	}
	got := refused(t, home(), file(t, strings.Replace(route, "%", "samples: 0", 1)))
	if !strings.Contains(got, "routes[0].sampling.samples: 0 is not from 1 to 32") {
		t.Error(got)
	}
}

func TestListReplacesDefaultList(t *testing.T) {
	if got := load(t, home(), file(t, "client_headers: [session]")).ClientHeaders; !slices.Equal(got, []string{"session"}) {
		t.Errorf("client_headers = %q", got)
	}
	if got := load(t, home(), file(t, "client_headers: []")).ClientHeaders; len(got) != 0 {
		t.Errorf("client_headers = %q", got)
	}
}

func TestLoadLeavesDefaultsAlone(t *testing.T) {
	want := Default()
	load(t, home("HOTMESS_SAMPLES=9"), file(t, "client_headers: [mode]\nupstreams: [{name: a, url: \"http://a\"}]"))
	if diff := cmp.Diff(want, Default()); diff != "" {
		t.Error(diff)
	}
}

func FuzzLoad(f *testing.F) {
	f.Add("sampling: {samples: 2_000, rate: auto}", "x")
	f.Add("listen: ${HOTMESS_X}\nroutes: [{name: a}]", "y")
	f.Add("a: [\n---\n? b", "")
	f.Add("limits: {body: 1e9TiB}\nadmin: &a {token: *a}", "")
	names, _ := filepath.Glob("testdata/bad-*.yaml")
	for _, name := range names {
		data, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(data), "1")
	}
	f.Fuzz(func(t *testing.T, text, value string) {
		env := map[string]string{"HOME": "/h", "HOTMESS_X": value, "HOTMESS_RATE": value}
		l := loader{cfg: Default(), env: env, at: origins{}, expanded: map[string]bool{}}
		l.decode("hotmess.yaml", []byte(text))
		l.problems = append(l.problems, applyEnv(&l.cfg, l.env, l.at)...)
		l.check()
		if err := l.cfg.Validate(); err != nil && len(l.problems) == 0 {
			t.Errorf("check missed %v", err)
		}
	})
}
