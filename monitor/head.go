package monitor

import (
	"encoding/json"

	"hotmess/alerts"
)

// A Head is the part of a recorded line that says what it holds: an observation or
// a label as such, or a CloudEvent.
type Head struct {
	SpecVersion string          `json:"specversion"`
	Type        string          `json:"type"`
	Data        json.RawMessage `json:"data"`
	Route       *string         `json:"route"`
	Request     *string         `json:"request"`
}

// A LineKind is what a recorded line holds.
type LineKind int

// The kinds of lines.
const (
	// LineUnknown: neither an observation nor a label, nor a CloudEvent.
	LineUnknown LineKind = iota
	LineObservation
	LineLabel
	// LineAlert is an event of an alert, LineEvent one that is not ours.
	LineAlert
	LineEvent
)

// Holds says what the line is, and gives the observation or label that it is or
// carries.
func (h Head) Holds(line []byte) (LineKind, []byte) {
	switch {
	case h.SpecVersion == "" && h.Route != nil:
		return LineObservation, line
	case h.SpecVersion == "" && h.Request != nil:
		return LineLabel, line
	case h.SpecVersion == "":
		return LineUnknown, nil
	case h.Type == alerts.ObservationType:
		return LineObservation, h.Data
	case h.Type == alerts.LabelType:
		return LineLabel, h.Data
	case h.Type == alerts.AlertType:
		return LineAlert, nil
	}
	return LineEvent, nil
}
