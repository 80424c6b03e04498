package demo

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"path/filepath"
	"strings"

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
	rule, status, summary string
	// bound is that of disagreement_high; evidence and request, the request's
	// id, are told of split_decision.
	bound             float64
	evidence, request string
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

// parseAlert reads one event of the rules that the demo is about.
func parseAlert(event []byte) (alertLine, bool) {
	var e alerts.Event
	var a alerts.Alert
	if json.Unmarshal(event, &e) != nil || json.Unmarshal(e.Data, &a) != nil {
		return alertLine{}, false
	}
	line := alertLine{rule: a.Labels["alertname"], status: string(a.Status), summary: a.Annotations["summary"]}
	if a.Evidence.Bound != nil {
		line.bound = *a.Evidence.Bound
	}
	line.request, _ = a.Evidence.Detail["request"].(string)
	line.evidence, _, _ = strings.Cut(a.Annotations["description"], " Next:")
	return line, line.status != "" && (line.rule == config.RuleDisagreementHigh || line.rule == config.RuleSplitDecision)
}

// String is the line as printed.
func (l alertLine) String() string {
	if l.rule == config.RuleSplitDecision {
		return fmt.Sprintf("%-8s  %s\n    %s", l.status, l.summary, l.evidence)
	}
	return fmt.Sprintf("%-8s  %s (lower bound %.2f)", l.status, l.summary, l.bound)
}
