package dashboard

import (
	"errors"
	"io"
	"net/http"
	"os"
	"time"

	"hotmess/monitor"
)

const (
	// sourceAPI is the source of labels that name none.
	sourceAPI = "api"
	// bodyTimeout bounds how long a body of labels may take to come.
	bodyTimeout = time.Minute
)

// labels takes labels in. It answers with 200 if all are accepted and with 422
// if one is refused: the body says which, and why; the others count.
func (d *Server) labels(w http.ResponseWriter, r *http.Request) {
	conn := http.NewResponseController(w)
	_ = conn.SetReadDeadline(time.Now().Add(bodyTimeout)) // a recorder of a test has none
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, monitor.MaxLabelBody))
	_ = conn.SetReadDeadline(time.Time{})
	var tooBig *http.MaxBytesError
	switch {
	case errors.As(err, &tooBig):
		refuse(w, http.StatusRequestEntityTooLarge, "the body has more than 8 MiB: send the labels in parts")
		return
	case errors.Is(err, os.ErrDeadlineExceeded):
		refuse(w, http.StatusRequestTimeout, "the body took longer than "+bodyTimeout.String()+": send the labels in parts")
		return
	case err != nil:
		refuse(w, http.StatusBadRequest, "the body broke off")
		return
	}
	reply, err := d.Monitor.LabelBody(r.Context(), body, sourceAPI)
	switch {
	case err != nil:
		refuse(w, http.StatusBadRequest, "labels: "+err.Error())
	case reply.Refused > 0:
		writeJSON(w, http.StatusUnprocessableEntity, reply)
	default:
		writeJSON(w, http.StatusOK, reply)
	}
}
