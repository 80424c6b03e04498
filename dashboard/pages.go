package dashboard

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"time"

	"hotmess/monitor"
)

// maxUpstreamBody bounds the body of POST /api/v1/upstreams.
const maxUpstreamBody = 4 << 10

// index says what there is to ask for.
func (d *Server) index(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = io.WriteString(w, "hotmess "+d.Instance+"\n\n/api/v1/routes\n/api/v1/requests/{id}\n/api/v1/alerts\n/api/v1/summary\n/api/v1/labels\n/api/v1/baseline\n/metrics\n/livez\n/readyz\n")
}

// livez says that the process answers.
func (d *Server) livez(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, http.StatusOK, map[string]string{"status": "ok", "instance": d.Instance})
}

// readyz says whether traffic can be served. It can without an alert store.
func (d *Server) readyz(w http.ResponseWriter, _ *http.Request) {
	status := map[string]string{"status": "ok", "alerts": "ok", "instance": d.Instance}
	if !d.Healthy() {
		status["status"], status["alerts"] = "degraded", "the NATS store does not answer: alerts are kept in memory until it does"
	}
	writeJSON(w, http.StatusOK, status)
}

// metrics writes the Prometheus page.
func (d *Server) metrics(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
	d.Monitor.WriteMetrics(w)
	d.Alerts.WriteMetrics(w)
}

// routes reports every route.
func (d *Server) routes(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, http.StatusOK, map[string]any{"instance": d.Instance, "routes": d.Monitor.Routes()})
}

// request reports one observation, and where its length lies among those of its
// route.
func (d *Server) request(w http.ResponseWriter, r *http.Request) {
	o, ok := d.Monitor.Request(r.PathValue("id"))
	if !ok {
		refuse(w, http.StatusNotFound, "no observation under this X-Hotmess-Id: it is not finished yet, was not read (mode off, or another dialect), or is older than the latest ones that are kept")
		return
	}
	reply := struct {
		monitor.Observation
		Placement *monitor.Placement `json:"placement,omitempty"`
	}{Observation: o}
	if p, ok := d.Monitor.Placement(o.ID); ok {
		reply.Placement = &p
	}
	writeJSON(w, http.StatusOK, reply)
}

// alerts reports what is pending or firing.
func (d *Server) alerts(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, http.StatusOK, map[string]any{"alerts": d.Alerts.Alerts()})
}

// addUpstream makes a base URL an upstream of its own.
func (d *Server) addUpstream(w http.ResponseWriter, r *http.Request) {
	var ask struct {
		URL string `json:"url"`
	}
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxUpstreamBody)).Decode(&ask); err != nil {
		refuse(w, http.StatusBadRequest, "the body is not JSON of the form {\"url\": \"https://…\"}")
		return
	}
	base, err := parseBase(ask.URL)
	if err != nil {
		refuse(w, http.StatusBadRequest, err.Error())
		return
	}
	name, err := d.AddUpstream(base)
	if err != nil {
		refuse(w, http.StatusConflict, err.Error())
		return
	}
	writeJSON(w, http.StatusOK, map[string]string{"name": name})
}

// errNotBase does not repeat the URL, which may hold a password.
var errNotBase = errors.New("url is not an http or https base URL")

// parseBase reads a base URL.
func parseBase(s string) (*url.URL, error) {
	u, err := url.Parse(s)
	if err != nil || u.Hostname() == "" || (u.Scheme != "http" && u.Scheme != "https") || u.Fragment != "" {
		return nil, errNotBase
	}
	return u, nil
}

// leaseBeat is how often a held lease is written to, so that both ends notice
// when the other is gone.
const leaseBeat = 5 * time.Second

// lease is held open by the processes that need the sidecar.
func (d *Server) lease(w http.ResponseWriter, r *http.Request) {
	defer d.Leases.take()()
	out := http.NewResponseController(w)
	w.WriteHeader(http.StatusOK)
	beat := time.NewTicker(leaseBeat)
	defer beat.Stop()
	for {
		if _, err := io.WriteString(w, "\n"); err != nil {
			return
		}
		if err := out.Flush(); err != nil {
			return
		}
		select {
		case <-r.Context().Done():
			return
		case <-d.Leases.closing:
			return
		case <-beat.C:
		}
	}
}
