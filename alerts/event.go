package alerts

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/nats-io/nats.go"
)

// The types of the events, and what travels beside them.
const (
	AlertType       = "dev.hotmess.alert.v1"
	ObservationType = "dev.hotmess.observation.v1"
	LabelType       = "dev.hotmess.label.v1"

	eventContentType = "application/cloudevents+json"
	dataContentType  = "application/json"
	specVersion      = "1.0"
)

// An Event is a CloudEvent in structured JSON form, the one form that the
// NATS binding 1.0 knows.
type Event struct {
	SpecVersion string `json:"specversion"`
	// ID is a UUIDv7, of a label its content's hash. An event that is delivered
	// twice has the same ID twice.
	ID string `json:"id"`
	// Source is /hotmess/<instance>.
	Source string `json:"source"`
	// Type is AlertType, ObservationType or LabelType.
	Type string `json:"type"`
	// Subject is the route.
	Subject         string          `json:"subject"`
	Time            time.Time       `json:"time"`
	DataContentType string          `json:"datacontenttype"`
	Data            json.RawMessage `json:"data"`
}

// newEvent fails where data is not JSON.
func newEvent(kind, instance, route, id string, at time.Time, data json.RawMessage) (Event, error) {
	if !json.Valid(data) {
		return Event{}, fmt.Errorf("event %s of %s: data is not JSON", id, kind)
	}
	return Event{
		SpecVersion:     specVersion,
		ID:              id,
		Source:          "/hotmess/" + instance,
		Type:            kind,
		Subject:         route,
		Time:            at.UTC(),
		DataContentType: dataContentType,
		Data:            data,
	}, nil
}

// newAlertEvent wraps an alert.
func newAlertEvent(instance, id string, at time.Time, a Alert) (Event, error) {
	data, err := json.Marshal(a)
	if err != nil {
		return Event{}, fmt.Errorf("encode alert: %w", err)
	}
	return newEvent(AlertType, instance, a.Labels["route"], id, at, data)
}

// alert reads an alert event's data.
func (e Event) alert() (Alert, error) {
	var a Alert
	if err := json.Unmarshal(e.Data, &a); err != nil {
		return a, fmt.Errorf("decode alert: %w", err)
	}
	return a, nil
}

// message is the event as it goes over NATS.
func (e Event) message(subject string) (*nats.Msg, error) {
	body, err := json.Marshal(e)
	if err != nil {
		return nil, fmt.Errorf("encode event: %w", err)
	}
	m := nats.NewMsg(subject)
	m.Data = body
	m.Header.Set("Content-Type", eventContentType)
	m.Header.Set(nats.MsgIdHdr, e.ID)
	return m, nil
}
