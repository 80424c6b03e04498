package wrap

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"testing"

	"hotmess/config"
)

// fakeSidecar serves a fake's admin port in this process and writes its
// serve.json.
func fakeSidecar(t *testing.T) (dir string, srv *httptest.Server) {
	t.Helper()
	f := &fake{leases: make(chan int, 8)}
	srv = httptest.NewServer(f.admin())
	f.running = config.Running{PID: os.Getpid(), Instance: "me", Listen: "127.0.0.1:4141", Admin: srv.Listener.Addr().String()}
	t.Cleanup(srv.Close)
	dir = t.TempDir()
	if err := config.WriteRunning(dir, f.running); err != nil {
		t.Fatal(err)
	}
	return dir, srv
}

func TestLeaseIsLostWithTheSidecar(t *testing.T) {
	_, srv := fakeSidecar(t)
	l, err := Hold(t.Context(), srv.Listener.Addr().String(), "")
	if err != nil {
		t.Fatal(err)
	}
	select {
	case <-l.Lost():
		t.Fatal("lost while the sidecar lives")
	default:
	}
	srv.CloseClientConnections()
	<-l.Lost()
	l.Release()
}

func TestLeaseNeedsASidecar(t *testing.T) {
	srv := httptest.NewServer(nil)
	defer srv.Close()
	if _, err := Hold(t.Context(), srv.Listener.Addr().String(), ""); err == nil {
		t.Error("a server without leases gave one")
	}
}

func TestPortTakenByAnotherSidecarIsNotOurs(t *testing.T) {
	dir, _ := fakeSidecar(t)
	r, err := config.ReadRunning(dir)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := find(t.Context(), Worker{DataDir: dir}); err != nil {
		t.Fatal(err)
	}
	r.Instance = "former"
	if err := config.WriteRunning(dir, r); err != nil {
		t.Fatal(err)
	}
	if _, err := find(t.Context(), Worker{DataDir: dir}); err == nil {
		t.Error("another instance was taken for ours")
	}
}

func TestPrintedEnvironmentSurvivesTheShell(t *testing.T) {
	dir, _ := fakeSidecar(t)
	const odd = `it's, "q" \ $HOME`
	for _, shell := range []string{"sh", "fish"} {
		path, err := exec.LookPath(shell)
		if err != nil {
			continue
		}
		var printed strings.Builder
		o := PrintOptions{Worker: Worker{DataDir: dir, Env: []string{"NO_PROXY=" + odd}}, Shell: shell, Client: "me"}
		if _, err := PrintEnv(context.Background(), &printed, o); err != nil {
			t.Fatal(err)
		}
		out, err := exec.Command(path, "-c", printed.String()+`printf '%s\n' "$OPENAI_BASE_URL" "$NO_PROXY"`).Output()
		want := "http://127.0.0.1:4141/~me/v1\n" + `it's,"q",\,$HOME,127.0.0.1,localhost,::1` + "\n"
		if err != nil || string(out) != want {
			t.Errorf("%s: %q, %v; want %q", shell, out, err, want)
		}
	}
}

func TestPrintEnvNamesWhatToChange(t *testing.T) {
	for shell, want := range map[string]string{"tcsh": "--shell", "sh": "hotmess serve"} {
		_, err := PrintEnv(t.Context(), new(strings.Builder), PrintOptions{Worker: Worker{DataDir: t.TempDir()}, Shell: shell})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want a hint at %s", shell, err, want)
		}
	}
}

func TestLongLogIsSetAsideAtStart(t *testing.T) {
	dir := t.TempDir()
	f, err := openLog(dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Truncate(maxLog + 1); err != nil {
		t.Fatal(err)
	}
	f.Close()
	if f, err = openLog(dir); err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if n := size(f); n != 0 {
		t.Errorf("new log has %d bytes", n)
	}
	if fi, err := os.Stat(LogFile(dir) + ".1"); err != nil || fi.Size() != maxLog+1 {
		t.Errorf("old log: %v, %v", fi, err)
	}
}

func TestFormerPortsAreUsedWhenTheConfiguredAreTaken(t *testing.T) {
	_, srv := fakeSidecar(t)
	taken := srv.Listener.Addr().String()
	former := unused()
	for _, tc := range [][3]string{
		{taken, former, former}, {taken, "", "127.0.0.1:0"}, {former, taken, former}, {"127.0.0.1:0", former, former},
	} {
		if got := choose(tc[0], tc[1]); got != tc[2] {
			t.Errorf("choose(%s, %s) = %s, want %s", tc[0], tc[1], got, tc[2])
		}
	}
}

// TestRunWithAnotherTokenSaysSo: else it would be told, after a while, that the
// sidecar does not answer yet.
func TestRunWithAnotherTokenSaysSo(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/livez" && r.Header.Get("Authorization") != "Bearer right" {
			w.WriteHeader(http.StatusUnauthorized)
		}
		_, _ = io.WriteString(w, "{}")
	}))
	defer srv.Close()
	dir := t.TempDir()
	if err := config.WriteRunning(dir, config.Running{Admin: srv.Listener.Addr().String()}); err != nil {
		t.Fatal(err)
	}
	if _, err := openSidecar(t.Context(), Worker{DataDir: dir, Token: "wrong"}); !errors.Is(err, errToken) {
		t.Errorf("error %v, want %v", err, errToken)
	}
}
