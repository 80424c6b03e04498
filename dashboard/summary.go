package dashboard

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"hotmess/monitor"
)

// A headline is the disagreement of one route over the last hour.
type headline struct {
	Route         string   `json:"route"`
	Kind          string   `json:"kind"`
	Level         string   `json:"level"`
	Pinned        bool     `json:"pinned,omitempty"`
	Disagreement  *float64 `json:"disagreement,omitempty"`
	Low           *float64 `json:"low,omitempty"`
	High          *float64 `json:"high,omitempty"`
	Pairs         int64    `json:"pairs"`
	Conversations int64    `json:"conversations"`
}

// syncTimeout bounds how long a summary waits for what the monitor has queued.
const syncTimeout = time.Second

// summary reports totals, with all that was observed before it was asked for.
func (d *Server) summary(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), syncTimeout)
	defer cancel()
	observing := d.Observing()
	if err := d.Monitor.Sync(ctx); err != nil {
		d.Log.Debug("summary without the latest observations", slog.Any("error", err))
	}
	t := d.Monitor.Totals()
	writeJSON(w, http.StatusOK, map[string]any{
		"instance": d.Instance, "observing": observing, "requests": t.Requests, "measured": t.Measured,
		"unmeasured": d.Monitor.Unmeasured(), "extra_tokens": t.ExtraTokens,
		"tunnels": d.Tunnels(),
		"routes":  headlines(d.Monitor.Routes()), "alerts": d.alertSummary(), "totals": t,
	})
}

// headlines picks the headline series of every route, over the last hour.
func headlines(routes []monitor.RouteReport) []headline {
	lines := []headline{}
	for _, r := range routes {
		for _, s := range r.Windows[0].Series {
			if e := s.Disagreement; s.Headline {
				lines = append(lines, headline{
					Route: r.Route, Kind: s.Kind, Level: s.Level, Pinned: s.Pinned,
					Disagreement: e.Value, Low: e.Low, High: e.High, Pairs: e.Pairs, Conversations: e.Conversations,
				})
			}
		}
	}
	return lines
}

// An alertLine is one alert as the summary lists it.
type alertLine struct {
	Rule   string `json:"rule"`
	Route  string `json:"route"`
	Status string `json:"status"`
}

// alertSummary lists what is pending or firing.
func (d *Server) alertSummary() []alertLine {
	lines := []alertLine{}
	for _, a := range d.Alerts.Alerts() {
		lines = append(lines, alertLine{Rule: a.Labels["alertname"], Route: a.Labels["route"], Status: string(a.Status)})
	}
	return lines
}
