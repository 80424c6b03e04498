package e2e

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/nats-io/nats.go"
)

// An event is what a subscriber sees of an alert.
type event struct {
	SpecVersion     string    `json:"specversion"`
	ID              string    `json:"id"`
	Source          string    `json:"source"`
	Type            string    `json:"type"`
	Subject         string    `json:"subject"`
	Time            time.Time `json:"time"`
	DataContentType string    `json:"datacontenttype"`
	Data            struct {
		Status      string            `json:"status"`
		Labels      map[string]string `json:"labels"`
		Annotations map[string]string `json:"annotations"`
		StartsAt    time.Time         `json:"startsAt"`
		EndsAt      *time.Time        `json:"endsAt"`
		Fingerprint string            `json:"fingerprint"`
	} `json:"data"`
}

// watch starts hotmess watch --json on a data directory.
func watch(t *testing.T, dir string) *process {
	t.Helper()
	return start(t, nil, "watch", "--json", "--data-dir", dir)
}

// alerts are the events that a watch has printed whole.
func (p *process) alerts(t *testing.T) []event {
	t.Helper()
	printed := p.stdout.String()
	printed = printed[:strings.LastIndex(printed, "\n")+1]
	var all []event
	for line := range strings.Lines(printed) {
		all = append(all, decode[event](t, []byte(line)))
	}
	return all
}

// statuses are those of the events, in their order.
func statuses(all []event) []string {
	var s []string
	for _, e := range all {
		s = append(s, e.Data.Status)
	}
	return s
}

// alertConfig lets a rule fire a second after its condition holds, and no other
// that the traffic may set off.
const alertConfig = `
sampling: {samples: 2, rate: 1}
budget: {extra_tokens_per_hour: 100_000_000}
alerts:
  rules:
    - {rule: disagreement_high, route: "openai.*", threshold: 0.3, for: 1s, keep_firing_for: 1h, severity: page}
    - {rule: repeating, enabled: false}
    - {rule: conversation_incoherent, enabled: false}
`

func TestAlertFromIncoherenceToASubscriber(t *testing.T) {
	t.Parallel()
	const steps = 20 // the tool calls of a conversation, all measured
	model := simulate(t, "--steps", fmt.Sprint(steps), "--accuracy", "0.97", "--turn-after", fmt.Sprint(2*4*steps), "--turn-to", "0.2", "--reasoning", "16")
	config := writeConfig(t, alertConfig)
	s := serve(t, model, "--config", config)
	before := watch(t, s.dir)
	heard := subscribe(t, s)
	began := time.Now()
	for n := 1; !alertIs(t, s, "firing"); n++ {
		if time.Since(began) > patience {
			t.Fatalf("no alert after %d conversations; routes: %s", n, s.ask(t, "/api/v1/routes"))
		}
		workOn(t, s, fmt.Sprint("task ", n))
		if n == 4 && len(before.alerts(t)) > 0 {
			t.Fatal("an alert before the model turned incoherent")
		}
	}
	eventually(t, "the watch that was there sees both", func() bool {
		return cmp.Equal(statuses(before.alerts(t)), []string{"pending", "firing"})
	})
	want := before.alerts(t)
	checkEvents(t, s, want)
	after := watch(t, s.dir)
	eventually(t, "the watch that comes later sees both", func() bool { return len(after.alerts(t)) == 2 })
	same(t, "the later watch", want, after.alerts(t))
	for _, e := range want {
		if got := <-heard; got != e.ID {
			t.Errorf("a subscriber heard %s, the watch printed %s", got, e.ID)
		}
	}
	s.stop(t)
	again := serveOn(t, s.dir, model, "--config", config)
	staysFiring(t, again, want)
}

// alertIs asks whether there is an alert of a status.
func alertIs(t *testing.T, s *sidecar, status string) bool {
	t.Helper()
	list := decode[struct {
		Alerts []struct {
			Status string `json:"status"`
		} `json:"alerts"`
	}](t, s.ask(t, "/api/v1/alerts"))
	return len(list.Alerts) == 1 && list.Alerts[0].Status == status
}

// checkEvents holds a pending and a firing event to the published contract.
func checkEvents(t *testing.T, s *sidecar, all []event) {
	t.Helper()
	r, _ := readRunning(s.dir)
	for _, e := range all {
		if e.SpecVersion != "1.0" || e.Type != "dev.hotmess.alert.v1" || e.Source != "/hotmess/"+r.Instance ||
			e.Subject != "openai.m" || e.DataContentType != "application/json" || e.Time.IsZero() || len(e.ID) != 36 {
			t.Errorf("not the CloudEvent that was agreed on: %+v", e)
		}
		same(t, "labels", map[string]string{
			"alertname": "disagreement_high", "route": "openai.m", "kind": "action", "level": "target",
			"severity": "page", "instance": r.Instance,
		}, e.Data.Labels)
		if e.Data.EndsAt != nil || e.Data.Annotations["summary"] == "" || len(e.Data.Fingerprint) != 16 {
			t.Errorf("alert: %+v", e.Data)
		}
	}
	pending, firing := all[0], all[1]
	if !pending.Data.StartsAt.Equal(firing.Data.StartsAt) || pending.Data.Fingerprint != firing.Data.Fingerprint || pending.ID == firing.ID {
		t.Errorf("pending %+v and firing %+v are not of one life", pending, firing)
	}
	if held := firing.Time.Sub(pending.Time); held < time.Second {
		t.Errorf("it fired after %s, before its for of 1s", held)
	}
}

// subscribe follows the alerts as a NATS client of anyone's, and gives their
// ids.
func subscribe(t *testing.T, s *sidecar) <-chan string {
	t.Helper()
	nc, err := nats.Connect(s.nats, credentials(t, s.dir))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(nc.Close)
	heard := make(chan string, 100)
	_, err = nc.Subscribe("hotmess.v1.alerts.>", func(m *nats.Msg) {
		var e event
		if json.Unmarshal(m.Data, &e) == nil && m.Header.Get("Nats-Msg-Id") == e.ID && m.Header.Get("Content-Type") == "application/cloudevents+json" {
			heard <- e.ID
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := nc.Flush(); err != nil {
		t.Fatal(err)
	}
	return heard
}

// staysFiring holds a restarted sidecar to having forgotten nothing: the alert
// fires on, and after some evaluations nobody has been told again.
func staysFiring(t *testing.T, s *sidecar, want []event) {
	t.Helper()
	eventually(t, "the alert fires again", func() bool { return alertIs(t, s, "firing") })
	w := watch(t, s.dir)
	eventually(t, "what was told is there", func() bool { return len(w.alerts(t)) >= len(want) })
	began := time.Now()
	eventually(t, "three evaluations have passed", func() bool { return time.Since(began) > 3*time.Second })
	if !alertIs(t, s, "firing") {
		t.Error("the alert does not fire any more")
	}
	same(t, "events after a restart", want, w.alerts(t))
}

// credentials reads nats.creds, which is the seed of an NKEY.
func credentials(t *testing.T, dir string) nats.Option {
	t.Helper()
	file := filepath.Join(dir, "nats.creds")
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Fatalf("%s: %v, %v", file, info, err)
	}
	login, err := nats.NkeyOptionFromSeed(file)
	if err != nil {
		t.Fatal(err)
	}
	return login
}
