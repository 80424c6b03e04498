package demo

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"path/filepath"

	"hotmess/alerts"
	"hotmess/config"
)

// maxEvent bounds one line of watch.
const maxEvent = 1 << 20

// events receives alerts over NATS, the way hotmess watch does.
type events struct {
	lines chan alertLine
}

// newEvents makes an events that holds what nobody has read yet.
func newEvents() *events { return &events{lines: make(chan alertLine, 64)} }

// An alertLine is what the demo prints of an alert.
type alertLine struct {
	status, route, summary string
	bound                  float64
}

// watch receives until ctx ends.
func (e *events) watch(ctx context.Context, url, dir string) error {
	r, w := io.Pipe()
	watching := make(chan error, 1)
	go func() {
		err := alerts.Watch(ctx, alerts.WatchSettings{URL: url, Creds: filepath.Join(dir, "nats.creds"), JSON: true, Out: w})
		watching <- err
		_ = w.CloseWithError(io.EOF)
	}()
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, maxEvent)
	for lines.Scan() {
		if line, ok := parseAlert(lines.Bytes()); ok {
			e.lines <- line
		}
	}
	err := <-watching
	if ctx.Err() != nil {
		return nil
	}
	return err
}

// parseAlert reads one event of the rule that the demo is about.
func parseAlert(event []byte) (alertLine, bool) {
	var e alerts.Event
	var a alerts.Alert
	if json.Unmarshal(event, &e) != nil || json.Unmarshal(e.Data, &a) != nil {
		return alertLine{}, false
	}
	line := alertLine{status: string(a.Status), route: a.Labels["route"], summary: a.Annotations["summary"]}
	if a.Evidence.Bound != nil {
		line.bound = *a.Evidence.Bound
	}
	return line, line.status != "" && a.Labels["alertname"] == config.RuleDisagreementHigh
}

// String is the line as printed.
func (l alertLine) String() string {
	return fmt.Sprintf("%-8s  %s (lower bound %.2f)", l.status, l.summary, l.bound)
}
