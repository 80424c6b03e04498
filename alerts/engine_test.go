package alerts

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"hotmess/config"
)

var update = flag.Bool("update", false, "rewrite golden files")

func patient(r *config.Rule) {
	r.For, r.KeepFiringFor = new(config.Duration(time.Minute)), new(config.Duration(time.Minute))
}

func TestAlertIsPublishedPendingFiringResolved(t *testing.T) {
	f := newFixture(t, rule(patient))
	f.sees(0, 0.41)
	f.sees(time.Minute, 0.41)
	f.sees(time.Minute, 0.2)
	f.sees(time.Minute, 0.2)
	alerts := f.alerts()
	var got []Status
	for _, a := range alerts {
		got = append(got, a.Status)
		if !a.StartsAt.Equal(epoch) || a.Fingerprint != alerts[0].Fingerprint {
			t.Errorf("%s starts at %v with fingerprint %s", a.Status, a.StartsAt, a.Fingerprint)
		}
	}
	if diff := cmp.Diff([]Status{Pending, Firing, Resolved}, got); diff != "" {
		t.Fatalf("statuses (-want +got):\n%s", diff)
	}
	if end := alerts[2].EndsAt; end == nil || !end.Equal(epoch.Add(3*time.Minute)) || alerts[1].EndsAt != nil {
		t.Errorf("resolved ends at %v, firing at %v", end, alerts[1].EndsAt)
	}
	if active := f.engine.Alerts(); len(active) != 0 {
		t.Errorf("active after the end: %v", active)
	}
	f.sees(time.Hour, 0.2)
	if n := len(f.engine.judge.items); n != 0 {
		t.Errorf("%d alerts still held an hour after the end", n)
	}
}

func TestAlertEventIsTheGoldenContract(t *testing.T) {
	f := newFixture(t, rule(nil))
	f.sees(0, 0.41)
	f.stored()
	messages := streamed(t, f.bus, AlertStream)
	if len(messages) != 1 {
		t.Fatalf("%d messages, want 1", len(messages))
	}
	m := messages[0]
	var e Event
	if err := json.Unmarshal(m.Data, &e); err != nil {
		t.Fatal(err)
	}
	if m.Header.Get("Nats-Msg-Id") != e.ID || m.Header.Get("Content-Type") != "application/cloudevents+json" {
		t.Errorf("headers = %v for event %s", m.Header, e.ID)
	}
	if m.Subject != "hotmess.v1.alerts.billing.disagreement_high" {
		t.Errorf("subject = %s", m.Subject)
	}
	if age := time.Since(madeAt(e.ID)); age < 0 || age > time.Minute {
		t.Errorf("the id %s is no UUIDv7 of now", e.ID)
	}
	body := bytes.Replace(m.Data, []byte(e.ID), []byte("01932a54-0000-7000-8000-000000000000"), 1)
	var pretty bytes.Buffer
	if err := json.Indent(&pretty, body, "", "  "); err != nil {
		t.Fatal(err)
	}
	golden(t, "alert_firing.json", pretty.String()+"\n")
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", name, diff)
	}
}

func TestNoRuleMeansNoAlert(t *testing.T) {
	f := newFixture(t)
	f.sees(0, 0.99)
	if got := f.statuses(); len(got) != 0 {
		t.Errorf("published %v", got)
	}
}

func TestMissingReadingKeepsAnAlertFiring(t *testing.T) {
	f := newFixture(t, rule(nil))
	f.sees(0, 0.41)
	f.source.list = nil
	f.evaluate(time.Hour)
	active := f.engine.Alerts()
	if len(active) != 1 || active[0].Status != Firing {
		t.Fatalf("active = %v, want it firing", active)
	}
	if b := active[0].Evidence.Bound; b == nil || *b != 0.41 {
		t.Errorf("evidence lost its last bound: %v", b)
	}
}

func TestFiringAlertIsRepeated(t *testing.T) {
	f := newFixture(t, rule(nil))
	f.sees(0, 0.41)
	f.stored()
	f.sees(4*time.Hour-time.Second, 0.41)
	f.stored()
	f.sees(time.Second, 0.45)
	events := f.events()
	if diff := cmp.Diff([]Status{Firing, Firing}, f.statuses()); diff != "" {
		t.Fatalf("statuses (-want +got):\n%s", diff)
	}
	if events[0].ID == events[1].ID {
		t.Error("the repeat has the id of the first: consumers would drop it")
	}
}

func TestRemovedRuleResolvesItsAlert(t *testing.T) {
	f := newFixture(t, rule(nil))
	f.sees(0, 0.41)
	if err := f.engine.Reload(nil); err != nil {
		t.Fatal(err)
	}
	f.sees(time.Second, 0.41)
	alerts := f.alerts()
	if len(alerts) != 2 || alerts[1].Status != Resolved || alerts[1].Evidence.ResolvedBy != "rule_removed" {
		t.Errorf("alerts = %+v", alerts)
	}
}

func TestBadReloadKeepsTheRules(t *testing.T) {
	f := newFixture(t, rule(nil))
	err := f.engine.Reload([]config.Rule{rule(nil), {Rule: "x"}})
	if err == nil || !strings.Contains(err.Error(), "alerts.rules[1]: rule: \"x\" is unknown") {
		t.Fatalf("Reload = %v", err)
	}
	f.sees(0, 0.41)
	if len(f.engine.Alerts()) != 1 {
		t.Error("the old rule is gone")
	}
}

func TestFirstRuleForARouteHolds(t *testing.T) {
	lenient := rule(func(r *config.Rule) { r.Route, r.Threshold = "bill*", 0.9 })
	page := rule(func(r *config.Rule) { r.Severity, r.Threshold = "page", 0.4 })
	f := newFixture(t, lenient, rule(nil), page)
	f.sees(0, 0.5)
	active := f.engine.Alerts()
	if len(active) != 1 || active[0].Labels["severity"] != "page" {
		t.Errorf("active = %v, want the page alone", active)
	}
}

func TestFlappingAlertRestsInFiring(t *testing.T) {
	f := newFixture(t, rule(nil))
	for range 30 {
		f.sees(time.Second, 0.41)
		f.sees(time.Second, 0.2)
		f.stored()
	}
	statuses := f.statuses()
	if len(statuses) > maxChanges {
		t.Errorf("%d events in an hour, want at most %d", len(statuses), maxChanges)
	}
	if last := statuses[len(statuses)-1]; last != Firing {
		t.Errorf("a flapping alert rests in %s", last)
	}
	f.sees(time.Hour, 0.2)
	alerts := f.alerts()
	last := alerts[len(alerts)-1]
	if last.Status != Resolved || last.Evidence.FoldedChanges != 25 {
		t.Errorf("after an hour: %s with %d folded changes, want resolved with 25", last.Status, last.Evidence.FoldedChanges)
	}
	f.sees(time.Second, 0.41)
	alerts = f.alerts()
	if last := alerts[len(alerts)-1]; last.Status != Firing || last.Evidence.FoldedChanges != 0 {
		t.Errorf("then: %s with %d folded changes, want firing with none", last.Status, last.Evidence.FoldedChanges)
	}
}

func TestPanickingSourceIsAnError(t *testing.T) {
	f := newFixture(t, rule(nil))
	f.engine.settings.Source = panicking{}
	if err := f.engine.Evaluate(t.Context()); err == nil || !strings.Contains(err.Error(), "out of range") {
		t.Errorf("Evaluate = %v", err)
	}
}

func TestRunGoesOnAfterAPanic(t *testing.T) {
	f := newFixture(t)
	calls := make(chan int)
	f.engine.settings.Every = time.Millisecond
	f.engine.settings.Source = panickingOnce{calls, new(int)}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- f.engine.Run(ctx) }()
	if first, second := <-calls, <-calls; first != 1 || second != 2 {
		t.Errorf("calls %d and %d", first, second)
	}
	cancel()
	for {
		select {
		case <-calls:
		case err := <-done:
			if err != nil {
				t.Errorf("Run = %v", err)
			}
			return
		}
	}
}

type panickingOnce struct {
	calls chan<- int
	n     *int
}

func (p panickingOnce) Readings() []Reading {
	*p.n++
	p.calls <- *p.n
	if *p.n == 1 {
		panic("once")
	}
	return nil
}

type panicking struct{}

func (panicking) Readings() []Reading { panic("index out of range") }

func TestMetricsEscapeRouteNames(t *testing.T) {
	f := newFixture(t, rule(nil))
	f.source.list = []Reading{reading("a\"b\\c\n\x00d\xff", 0.41), reading("calm", 0.1)}
	f.evaluate(0)
	f.stored()
	var out bytes.Buffer
	f.engine.WriteMetrics(&out)
	for _, want := range []string{
		`hotmess_alerts_firing{rule="disagreement_high",route="a\"b\\c\nd` + "\uFFFD" + `"} 1` + "\n",
		"hotmess_alerts_published_total 1\n",
		"hotmess_alerts_refused_total 0\n",
		"hotmess_bus_observations_dropped_total 0\n",
		"hotmess_bus_errors_total 0\n",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("metrics lack %q:\n%s", want, out.String())
		}
	}
}
