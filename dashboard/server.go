package dashboard

import (
	"crypto/subtle"
	"encoding/json"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"hotmess/alerts"
	"hotmess/config"
	"hotmess/monitor"
)

// headerTimeout bounds how long a client may take to send a request's head.
const headerTimeout = 10 * time.Second

// Settings are what the admin port reports on. All fields are required.
type Settings struct {
	Monitor *monitor.Monitor
	Alerts  *alerts.Engine
	// Healthy reports whether the alert store works; a sidecar without it is
	// degraded, not unready.
	Healthy func() bool
	// AddUpstream makes a base URL an upstream and returns its name.
	AddUpstream func(*url.URL) (string, error)
	// AcceptBaseline starts the baselines of a route anew and returns how many
	// there were; ok is false if there is no such route.
	AcceptBaseline func(route string) (n int, ok bool)
	// Observing is how many requests are still being measured.
	Observing func() int64
	// Tunnels counts, by host, what passed the traffic port unopened.
	Tunnels  func() map[string]int64
	Instance string
	Token    config.Secret
	Leases   *Leases
	Log      *slog.Logger
}

// A Server answers the admin port.
type Server struct {
	Settings
	mux *http.ServeMux
}

// New makes the server of the admin port.
func New(s Settings) *http.Server {
	d := &Server{Settings: s, mux: http.NewServeMux()}
	d.mux.HandleFunc("GET /livez", d.livez)
	d.mux.HandleFunc("GET /readyz", d.readyz)
	d.mux.HandleFunc("GET /metrics", d.metrics)
	d.mux.HandleFunc("GET /api/v1/routes", d.routes)
	d.mux.HandleFunc("GET /api/v1/requests/{id}", d.request)
	d.mux.HandleFunc("GET /api/v1/alerts", d.alerts)
	d.mux.HandleFunc("GET /api/v1/summary", d.summary)
	d.mux.HandleFunc("GET /api/v1/lease", d.lease)
	d.mux.HandleFunc("POST /api/v1/upstreams", d.addUpstream)
	d.mux.HandleFunc("POST /api/v1/labels", d.labels)
	d.mux.HandleFunc("POST /api/v1/baseline", d.acceptBaseline)
	d.mux.HandleFunc("GET /{$}", d.index)
	return &http.Server{Handler: d, ReadHeaderTimeout: headerTimeout, ErrorLog: slog.NewLogLogger(s.Log.Handler(), slog.LevelDebug)}
}

// ServeHTTP lets a request through to its page, or says why not.
func (d *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	health := r.URL.Path == "/livez" || r.URL.Path == "/readyz"
	switch {
	case !ownHost(r.Host) && d.Token == "":
		refuse(w, http.StatusForbidden, "the Host header names another machine: ask by IP address or as localhost")
	case foreign(r):
		refuse(w, http.StatusForbidden, "requests from web pages of another origin are refused")
	case !health && !d.authorised(r):
		w.Header().Set("WWW-Authenticate", "Bearer")
		refuse(w, http.StatusUnauthorized, "send the token of admin.token as Authorization: Bearer")
	default:
		d.mux.ServeHTTP(w, r)
	}
}

// foreign reports whether a page of another origin makes the request. A person
// who follows a link to the port is let in.
func foreign(r *http.Request) bool {
	switch r.Header.Get("Sec-Fetch-Site") {
	case "same-origin", "none":
		return false
	case "":
		_, host, _ := strings.Cut(r.Header.Get("Origin"), "://")
		return r.Header.Get("Origin") != "" && host != r.Host
	}
	follows := r.Method == http.MethodGet && r.Header.Get("Sec-Fetch-Mode") == "navigate" && r.Header.Get("Sec-Fetch-Dest") == "document"
	return !follows
}

// authorised reports whether r carries the token, if one is asked for.
func (d *Server) authorised(r *http.Request) bool {
	want := d.Token.Reveal()
	got := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
	return want == "" || subtle.ConstantTimeCompare([]byte(got), []byte(want)) == 1
}

// ownHost reports whether a Host header is an address or localhost: what no
// foreign name server can point elsewhere.
func ownHost(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	host = strings.Trim(host, "[]")
	_, err := netip.ParseAddr(host)
	return err == nil || host == "localhost" || host == ""
}

// refuse answers with an error in JSON.
func refuse(w http.ResponseWriter, status int, message string) {
	writeJSON(w, status, map[string]string{"error": message})
}

// writeJSON answers with v. An error means that the client is gone.
func writeJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	_ = e.Encode(v)
}
