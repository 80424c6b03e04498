package sidecar

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"hotmess/config"
)

const question = `{"model":"m","max_tokens":50,"messages":[{"role":"user","content":"hello"}]}`

// patience is how long a test waits for what has to come.
const patience = time.Minute

// model is an upstream that says something else every time.
func model(t *testing.T) string {
	t.Helper()
	n := make(chan int, 1)
	n <- 0
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		i := <-n
		n <- i + 1
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(w, `{"id":"r%d","model":"m","choices":[{"index":0,"finish_reason":"stop","message":{"role":"assistant","content":"say %d"}}],"usage":{"prompt_tokens":10,"completion_tokens":5,"total_tokens":15}}`, i, i)
	}))
	t.Cleanup(s.Close)
	return s.URL
}

// settings are a configuration with free ports, a directory of its own, and
// every request drawn.
func settings(t *testing.T) config.Config {
	t.Helper()
	c := config.Default()
	c.Listen, c.Admin.Listen, c.NATS.Listen = "127.0.0.1:0", "127.0.0.1:0", "127.0.0.1:0"
	c.DataDir = filepath.Join(t.TempDir(), "data")
	c.Sampling = c.Sampling.PairsOnly()
	c.Sampling.Rate = config.Rate{Share: 1}
	return c
}

func options(c config.Config) Options {
	return Options{Config: c, Log: slog.New(slog.DiscardHandler)}
}

// A line is a running sidecar.
type line struct {
	*Sidecar
	t     *testing.T
	stop  context.CancelFunc
	ended chan error
}

func start(t *testing.T, o Options) *line {
	t.Helper()
	s, err := New(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	l := &line{s, t, cancel, make(chan error, 1)}
	go func() { l.ended <- s.Run(ctx) }()
	t.Cleanup(func() { cancel(); http.DefaultClient.CloseIdleConnections() })
	return l
}

// end waits for the end of Run.
func (l *line) end() {
	l.t.Helper()
	select {
	case err := <-l.ended:
		if err != nil {
			l.t.Error(err)
		}
	case <-time.After(patience):
		l.t.Fatal("the sidecar does not end")
	}
}

func (l *line) close() {
	l.t.Helper()
	l.stop()
	l.end()
}

// ask sends a chat completion and gives its reply.
func (l *line) ask() *http.Response {
	l.t.Helper()
	res, err := http.Post("http://"+l.Running().Listen+"/v1/chat/completions", "application/json", strings.NewReader(question))
	if err != nil {
		l.t.Fatal(err)
	}
	_, _ = io.Copy(io.Discard, res.Body)
	_ = res.Body.Close()
	return res
}

// page asks the admin port.
func (l *line) page(path string) (int, string) {
	l.t.Helper()
	res, err := http.Get("http://" + l.Running().Admin + path)
	if err != nil {
		l.t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		l.t.Fatal(err)
	}
	return res.StatusCode, string(b)
}

// measured waits until a request is taken in.
func (l *line) measured(id string) {
	l.t.Helper()
	for deadline := time.Now().Add(patience); ; {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		err := l.Monitor.Sync(ctx)
		cancel()
		if err != nil || time.Now().After(deadline) {
			l.t.Fatalf("request %s is never observed: %v", id, err)
		}
		if _, ok := l.Monitor.Request(id); ok {
			return
		}
	}
}

func TestSidecarServesMeasuresAndStops(t *testing.T) {
	c := settings(t)
	c.Upstream = model(t)
	l := start(t, options(c))
	id := l.ask().Header.Get("X-Hotmess-Id")
	l.measured(id)
	for path, want := range map[string]string{
		"/livez": `"ok"`, "/readyz": l.Running().Instance, "/metrics": "hotmess_requests_total", "/api/v1/requests/" + id: `"exact": true`,
		"/api/v1/routes": `"pairs": 1`, "/api/v1/summary": `"requests": 1`, "/api/v1/alerts": `"alerts": []`,
	} {
		if code, body := l.page(path); code != 200 || !strings.Contains(body, want) {
			t.Errorf("%s: %d %s", path, code, body)
		}
	}
	if r, err := config.ReadRunning(c.DataDir); err != nil || r.Listen != l.Running().Listen {
		t.Errorf("serve.json: %+v, %v", r, err)
	}
	l.close()
	if _, err := net.Dial("tcp", l.Running().Listen); err == nil {
		t.Error("the port is still open")
	}
}

func TestWindowsAndSpentBudgetOutlastARestart(t *testing.T) {
	c := settings(t)
	c.Upstream = model(t)
	hour := time.Now().UTC().Hour()
	l := start(t, options(c))
	l.measured(l.ask().Header.Get("X-Hotmess-Id"))
	spent, instance := l.Monitor.Totals().SpentThisHour, l.Running().Instance
	l.close()
	l = start(t, options(c))
	defer l.close()
	if got := l.Running().Instance; got != instance {
		t.Errorf("the instance is now %s", got)
	}
	if _, body := l.page("/api/v1/routes"); !strings.Contains(body, `"pairs": 1`) {
		t.Errorf("the pair is forgotten: %s", body)
	}
	if got := l.Monitor.Totals().SpentThisHour; (got != spent || spent != 15) && time.Now().UTC().Hour() == hour {
		t.Errorf("spent %d, before the restart %d", got, spent)
	}
}

func TestReloadChangesTheMode(t *testing.T) {
	c := settings(t)
	c.Upstream = model(t)
	l := start(t, options(c))
	defer l.close()
	if got := l.ask().Header.Get("X-Hotmess-Mode"); got != "observe" {
		t.Errorf("mode %q", got)
	}
	c.Sampling.Mode = config.Off
	if err := l.Reload(c); err != nil {
		t.Fatal(err)
	}
	if got := l.ask().Header.Get("X-Hotmess-Mode"); got != "off" {
		t.Errorf("mode %q", got)
	}
	c.Sampling.Mode = config.Ensemble
	c.Alerts.Rules = []config.Rule{{Rule: "nonsense"}}
	if err := l.Reload(c); err == nil {
		t.Error("a bad rule is taken over")
	}
	if got := l.ask().Header.Get("X-Hotmess-Mode"); got != "off" {
		t.Errorf("half of a bad configuration is taken over: mode %q", got)
	}
}

func TestLeasedSidecarEndsWithItsLastLease(t *testing.T) {
	o := options(settings(t))
	o.Leased = true
	s, err := New(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	s.leases.Grace = time.Millisecond
	l := &line{s, t, func() {}, make(chan error, 1)}
	go func() { l.ended <- s.Run(context.Background()) }()
	l.end()
}

func TestStopEndsHeldLeases(t *testing.T) {
	l := start(t, options(settings(t)))
	res, err := http.Get("http://" + l.Running().Admin + "/api/v1/lease")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	l.close()
	if _, err := io.ReadAll(res.Body); err != nil {
		t.Error(err)
	}
}

func TestRequestInFlightIsFinishedAtTheEnd(t *testing.T) {
	began, free := make(chan struct{}), make(chan struct{})
	up := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		close(began)
		<-free
		_, _ = io.WriteString(w, "whole")
	}))
	defer up.Close()
	c := settings(t)
	c.Upstream, c.Sampling.Mode = up.URL, config.Off
	l := start(t, options(c))
	got := make(chan string, 1)
	go func() {
		res, err := http.Get("http://" + l.Running().Listen + "/v1/models")
		if err != nil {
			got <- err.Error()
			return
		}
		defer res.Body.Close()
		b, _ := io.ReadAll(res.Body)
		got <- string(b)
	}()
	<-began
	l.stop()
	close(free)
	l.end()
	if g := <-got; g != "whole" {
		t.Errorf("got %q", g)
	}
}

func TestStageThatFailsStopsTheLineAndIsNamed(t *testing.T) {
	s, err := New(t.Context(), options(settings(t)))
	if err != nil {
		t.Fatal(err)
	}
	_ = s.traffic.listener.Close()
	err = s.Run(context.Background())
	if err == nil || !strings.Contains(err.Error(), "traffic: ") {
		t.Errorf("got %v", err)
	}
}

func TestStartErrorsNameTheKeyAndLeaveNothingOpen(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	listen := unused()
	for name, c := range map[string]struct {
		edit func(*config.Config)
		want string
	}{
		"listen":       {func(c *config.Config) { c.Listen = taken.Addr().String() }, "listen: cannot take " + taken.Addr().String()},
		"admin.listen": {func(c *config.Config) { c.Admin.Listen = taken.Addr().String() }, "admin.listen: cannot take " + taken.Addr().String()},
		"data_dir": {func(c *config.Config) {
			c.DataDir = filepath.Join(t.TempDir(), "file")
			if err := os.WriteFile(c.DataDir, nil, 0o600); err != nil {
				t.Fatal(err)
			}
		}, "data_dir: "},
		"own port":       {func(c *config.Config) { c.Upstream = "http://localhost:" + portOf(listen) + "/v1" }, "upstream: is this sidecar's own port"},
		"own named port": {func(c *config.Config) { c.Upstreams = []config.Upstream{{Name: "me", URL: "http://" + listen}} }, "upstreams: me: is this sidecar's own port"},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := settings(t)
			cfg.Listen = listen
			c.edit(&cfg)
			if _, err := New(t.Context(), options(cfg)); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
			again, err := net.Listen("tcp", listen)
			if err != nil {
				t.Fatalf("the port is left open: %v", err)
			}
			_ = again.Close()
			if _, err := config.ReadRunning(cfg.DataDir); err == nil {
				t.Error("serve.json says that it runs")
			}
		})
	}
}

// unused is a loopback address on which nobody listens, nor will by chance: its port
// is below those that systems give to whoever asks for any (32768 and up on Linux,
// 49152 elsewhere).
func unused() string {
	for {
		l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", 20_000+rand.IntN(12_000)))
		if err == nil {
			_ = l.Close()
			return l.Addr().String()
		}
	}
}

func portOf(addr string) string { return addr[strings.LastIndexByte(addr, ':')+1:] }

func TestTwoSidecarsDoNotShareADirectory(t *testing.T) {
	c := settings(t)
	l := start(t, options(c))
	defer l.close()
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := New(ctx, options(c)); err == nil || !strings.Contains(err.Error(), "data_dir") {
		t.Errorf("got %v", err)
	}
	if code, _ := l.page("/livez"); code != 200 {
		t.Errorf("the first sidecar: status %d", code)
	}
}

func TestUpstreamThatIsTheSidecarIsNotAdded(t *testing.T) {
	l := start(t, options(settings(t)))
	defer l.close()
	for base, want := range map[string]int{
		"http://" + l.Running().Listen + "/v1":                   http.StatusConflict,
		"http://LOCALHOST:" + portOf(l.Running().Listen) + "/v1": http.StatusConflict,
		"http://127.0.0.1:1/v1":                                  http.StatusOK,
	} {
		res, err := http.Post("http://"+l.Running().Admin+"/api/v1/upstreams", "application/json", strings.NewReader(`{"url":"`+base+`"}`))
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
		if res.StatusCode != want {
			t.Errorf("%s: status %d, want %d", base, res.StatusCode, want)
		}
	}
}

func TestCheckNamesEveryProblem(t *testing.T) {
	c := config.Default()
	c.Routes = []config.Route{{Name: "a"}, {Name: "b", Extract: "regexp:("}}
	c.Alerts.Rules = []config.Rule{{Rule: "nonsense"}}
	err := Check(c)
	if err == nil || !strings.Contains(err.Error(), "routes[1].extract: ") || !strings.Contains(err.Error(), "alerts.rules[0]: ") {
		t.Errorf("got %v", err)
	}
	if err := Check(config.Default()); err != nil {
		t.Errorf("the defaults: %v", err)
	}
}
