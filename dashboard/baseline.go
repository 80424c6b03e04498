package dashboard

import (
	"encoding/json"
	"net/http"
)

// maxBaselineBody bounds the body of POST /api/v1/baseline.
const maxBaselineBody = 4 << 10

// acceptBaseline starts the baselines of a route anew.
func (d *Server) acceptBaseline(w http.ResponseWriter, r *http.Request) {
	var ask struct {
		Route string `json:"route"`
	}
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxBaselineBody)).Decode(&ask); err != nil || ask.Route == "" {
		refuse(w, http.StatusBadRequest, `the body is not JSON of the form {"route": "…"}`)
		return
	}
	n, ok := d.AcceptBaseline(ask.Route)
	if !ok {
		refuse(w, http.StatusNotFound, "there is no route of that name; /api/v1/routes lists them")
		return
	}
	writeJSON(w, http.StatusOK, map[string]any{"route": ask.Route, "baselines": n})
}
