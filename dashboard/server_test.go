package dashboard

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"hotmess/alerts"
	"hotmess/config"
	"hotmess/monitor"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// port makes the admin port over a real monitor and an engine without rules.
func port(t *testing.T, edit func(*Settings)) http.Handler {
	t.Helper()
	mon, err := monitor.New(monitor.Settings{Instance: "box"})
	if err != nil {
		t.Fatal(err)
	}
	s := Settings{
		Monitor: mon, Alerts: &alerts.Engine{}, Healthy: func() bool { return true },
		AddUpstream:    func(u *url.URL) (string, error) { return "env-" + u.Hostname(), nil },
		AcceptBaseline: func(route string) (int, bool) { return 4, route == "billing" },
		Observing:      func() int64 { return 3 },
		Tunnels:        func() map[string]int64 { return map[string]int64{"github.com:443": 2} },
		Instance:       "box", Leases: NewLeases(time.Minute), Log: slog.New(slog.DiscardHandler),
	}
	if edit != nil {
		edit(&s)
	}
	return New(s).Handler
}

// ask sends one request with pairs of header names and values; Host is one.
func ask(h http.Handler, method, path, body string, header ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, "http://127.0.0.1:4142"+path, strings.NewReader(body))
	for i := 0; i < len(header); i += 2 {
		if header[i] == "Host" {
			r.Host = header[i+1]
			continue
		}
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func TestForeignHostsAndPagesAreRefused(t *testing.T) {
	h := port(t, nil)
	for name, c := range map[string]struct {
		header []string
		want   int
	}{
		"plain":                {nil, 200},
		"localhost":            {[]string{"Host", "localhost:4142"}, 200},
		"IPv6":                 {[]string{"Host", "[::1]:4142"}, 200},
		"rebound name":         {[]string{"Host", "evil.example:4142"}, 403},
		"other origin":         {[]string{"Origin", "https://evil.example"}, 403},
		"null origin":          {[]string{"Origin", "null"}, 403},
		"own origin":           {[]string{"Origin", "http://127.0.0.1:4142"}, 200},
		"other site":           {[]string{"Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "no-cors"}, 403},
		"other local port":     {[]string{"Sec-Fetch-Site", "same-site", "Sec-Fetch-Mode", "cors"}, 403},
		"own page":             {[]string{"Sec-Fetch-Site", "same-origin", "Sec-Fetch-Mode", "cors", "Origin", "http://127.0.0.1:4142"}, 200},
		"typed in":             {[]string{"Sec-Fetch-Site", "none", "Sec-Fetch-Mode", "navigate"}, 200},
		"link that is clicked": {[]string{"Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", "document"}, 200},
		"frame":                {[]string{"Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", "iframe"}, 403},
	} {
		if got := ask(h, "GET", "/api/v1/routes", "", c.header...).Code; got != c.want {
			t.Errorf("%s: status %d, want %d", name, got, c.want)
		}
	}
	w := ask(h, "POST", "/api/v1/upstreams", `{"url":"http://h"}`, "Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", "document")
	if w.Code != http.StatusForbidden {
		t.Errorf("a form of another site adds an upstream: %d", w.Code)
	}
}

func TestTokenIsAskedOfAllButHealth(t *testing.T) {
	h := port(t, func(s *Settings) { s.Token = config.Secret("secret") })
	for _, c := range []struct {
		path, auth string
		want       int
	}{
		{"/livez", "", 200},
		{"/readyz", "", 200},
		{"/metrics", "", 401},
		{"/", "", 401},
		{"/api/v1/routes", "Bearer wrong", 401},
		{"/api/v1/routes", "Bearer secret", 200},
		{"/api/v1/lease", "", 401},
		{"/nothing", "", 401},
	} {
		w := ask(h, "GET", c.path, "", "Authorization", c.auth, "Host", "box.example")
		if w.Code != c.want {
			t.Errorf("%s with %q: status %d, want %d", c.path, c.auth, w.Code, c.want)
		}
		if strings.Contains(w.Body.String(), "secret") {
			t.Errorf("%s tells the token", c.path)
		}
	}
}

func TestHealthTellsTheInstance(t *testing.T) {
	h := port(t, func(s *Settings) { s.Healthy = func() bool { return false } })
	for path, want := range map[string]string{"/livez": `"ok"`, "/readyz": `"degraded"`} {
		w := ask(h, "GET", path, "")
		if w.Code != 200 || !strings.Contains(w.Body.String(), want) || !strings.Contains(w.Body.String(), `"box"`) {
			t.Errorf("%s: %d %s", path, w.Code, w.Body)
		}
	}
}

func TestPagesAreJSONWithoutRequests(t *testing.T) {
	h := port(t, nil)
	for _, path := range []string{"/api/v1/routes", "/api/v1/alerts"} {
		w := ask(h, "GET", path, "")
		if w.Code != 200 || !json.Valid(w.Body.Bytes()) || w.Header().Get("Content-Type") != "application/json" {
			t.Errorf("%s: %d %s", path, w.Code, w.Body)
		}
		if strings.Contains(w.Body.String(), ": null") {
			t.Errorf("%s holds null for an empty list: %s", path, w.Body)
		}
	}
	if w := ask(h, "GET", "/api/v1/requests/unknown", ""); w.Code != 404 || !strings.Contains(w.Body.String(), "X-Hotmess-Id") {
		t.Errorf("unknown request: %d %s", w.Code, w.Body)
	}
}

func TestAddUpstreamChecksWhatItIsGiven(t *testing.T) {
	h := port(t, nil)
	for body, want := range map[string]int{
		`{"url":"https://h/v1"}`:           200,
		`{"url":"ftp://h"}`:                400,
		`{"url":"http://"}`:                400,
		`{"url":"http://:80"}`:             400,
		`{"url":"http://h/#x"}`:            400,
		`{"url":"https://me:planted@h:x"}`: 400,
		`{`:                                400,
		`{"url":"http://h/` + strings.Repeat("x", 8192) + `"}`: 400,
	} {
		w := ask(h, "POST", "/api/v1/upstreams", body)
		if w.Code != want {
			t.Errorf("%.40s: status %d, want %d", body, w.Code, want)
		}
		if strings.Contains(w.Body.String(), "planted") {
			t.Errorf("repeats the password: %s", w.Body)
		}
	}
}

func TestAcceptBaselineSaysWhatItDid(t *testing.T) {
	h := port(t, nil)
	for _, c := range []struct {
		body   string
		status int
		want   string
	}{
		{`{"route": "billing"}`, http.StatusOK, `"baselines": 4`},
		{`{"route": "biling"}`, http.StatusNotFound, "no route of that name"},
		{`{"route": ""}`, http.StatusBadRequest, "not JSON of the form"},
		{`billing`, http.StatusBadRequest, "not JSON of the form"},
		{`{"route": "` + strings.Repeat("x", maxBaselineBody) + `"}`, http.StatusBadRequest, "not JSON of the form"},
	} {
		w := ask(h, http.MethodPost, "/api/v1/baseline", c.body)
		if w.Code != c.status || !strings.Contains(w.Body.String(), c.want) {
			t.Errorf("%.40s: %d %s", c.body, w.Code, w.Body)
		}
	}
	if w := ask(h, http.MethodPost, "/api/v1/baseline", `{"route": "billing"}`, "Origin", "https://evil.example"); w.Code != http.StatusForbidden {
		t.Errorf("a foreign page may accept baselines: %d", w.Code)
	}
}

func TestLeasedSidecarOutlivesItsLastLeaseByTheGrace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := NewLeases(3 * time.Second)
		began := time.Now()
		ended := make(chan time.Duration)
		go func() {
			l.Unheld(context.Background())
			ended <- time.Since(began)
		}()
		time.Sleep(2 * time.Second) // virtual
		first := l.take()
		time.Sleep(time.Minute)
		second := l.take()
		first()
		time.Sleep(time.Minute)
		second()
		if got, want := <-ended, 2*time.Second+2*time.Minute+3*time.Second; got != want {
			t.Errorf("ended after %v, want %v", got, want)
		}
	})
}

func TestLeasesEndWithTheirContext(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	l := NewLeases(time.Hour)
	cancel()
	l.Unheld(ctx)
}

func TestHeldLeaseEndsWithThePort(t *testing.T) {
	var leases *Leases
	h := port(t, func(s *Settings) { leases = s.Leases })
	server := httptest.NewServer(h)
	defer server.Close()
	client := server.Client()
	res, err := client.Get(server.URL + "/api/v1/lease")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if held, _ := leases.state(); held != 1 {
		t.Errorf("%d leases held", held)
	}
	leases.Close()
	if _, err := io.ReadAll(res.Body); err != nil {
		t.Error(err)
	}
}

func TestLeaseEndsWithItsHolder(t *testing.T) {
	var leases *Leases
	h := port(t, func(s *Settings) { leases = s.Leases })
	server := httptest.NewServer(h)
	defer server.Close()
	ctx, let := context.WithCancel(context.Background())
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, server.URL+"/api/v1/lease", nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := server.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	_, changed := leases.state()
	let()
	_ = res.Body.Close()
	<-changed
	if held, _ := leases.state(); held != 0 {
		t.Errorf("%d leases held", held)
	}
}

func TestSummaryTellsWhatPassedUnopened(t *testing.T) {
	res := ask(port(t, nil), http.MethodGet, "/api/v1/summary", "")
	var got struct {
		Observing int64            `json:"observing"`
		Tunnels   map[string]int64 `json:"tunnels"`
	}
	if err := json.Unmarshal(res.Body.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	if got.Observing != 3 || got.Tunnels["github.com:443"] != 2 {
		t.Errorf("summary %s", res.Body)
	}
}
