package backtest

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"hotmess/alerts"
)

func TestBrokenLinesAreNamedAndTheRestIsUsed(t *testing.T) {
	g := newTraffic(1)
	g.converse(1, 2, .5)
	good := g.lines(t).String()
	long := `{"v":1,"id":"` + strings.Repeat("x", maxLine) + `"}`
	text := strings.Join([]string{
		"not json", `{"v":1,"id":"a"}`, `{"v":9,"id":"a","time":"2026-11-01T12:00:00Z"}`, `{"v":1,"id":7}`, "", long, `[1]`,
	}, "\n") + "\n" + strings.TrimSuffix(good, "\n")
	l := &Log{}
	if err := l.Read("f.jsonl", strings.NewReader(text)); err != nil {
		t.Fatal(err)
	}
	if len(l.observations) != 2 || l.left.Broken != 6 {
		t.Errorf("%d observations and %d broken lines, want 2 and 6", len(l.observations), l.left.Broken)
	}
	for i, want := range []string{"f.jsonl:1: is not JSON", "f.jsonl:2: is no observation: id or time", "f.jsonl:3: is no observation of version 1", "f.jsonl:4: is no observation", "f.jsonl:6: is longer than", "f.jsonl:7: is no observation"} {
		if i >= len(l.left.Named) || !strings.HasPrefix(l.left.Named[i], want) {
			t.Errorf("named %q, want %q", l.left.Named, want)
		}
	}
}

func TestOnlyTheFirstBrokenLinesAreNamed(t *testing.T) {
	l := &Log{}
	if err := l.Read("f", strings.NewReader(strings.Repeat("x\n", 50))); err != nil {
		t.Fatal(err)
	}
	if l.left.Broken != 50 || len(l.left.Named) != maxNamed {
		t.Errorf("%d broken, %d named", l.left.Broken, len(l.left.Named))
	}
	_, err := Run(t.Context(), settings(above(.3)), l)
	if !errors.Is(err, errEmpty) || !strings.Contains(err.Error(), "50 broken lines") || !strings.Contains(err.Error(), "f:1:") {
		t.Errorf("got %v", err)
	}
}

func TestEventsAreUnwrappedAndOldOnesLeftOut(t *testing.T) {
	g := newTraffic(1)
	g.converse(2, 1, .5)
	l := &Log{Since: epoch.Add(time.Second)}
	for _, o := range append(g.all, g.all[1]) {
		data, err := json.Marshal(o)
		if err != nil {
			t.Fatal(err)
		}
		event, err := json.Marshal(alerts.Event{SpecVersion: "1.0", Type: alerts.ObservationType, ID: o.ID, Data: data})
		if err != nil {
			t.Fatal(err)
		}
		if err := l.Add("here", event); err != nil {
			t.Fatal(err)
		}
	}
	l.sort()
	if all := l.observations; len(all) != 1 || l.left.Old != 1 || l.left.Doubled != 1 {
		t.Errorf("%d observations, left out %+v", len(all), l.left)
	}
}

func TestObservationsAreSortedByTime(t *testing.T) {
	g := newTraffic(1)
	g.converse(3, 2, .5)
	g.all[0], g.all[5] = g.all[5], g.all[0]
	l := g.log()
	l.sort()
	all := l.observations
	for i := range all[1:] {
		if all[i+1].Time.Before(all[i].Time) {
			t.Fatalf("%s before %s", all[i].Time, all[i+1].Time)
		}
	}
}

func TestReadErrorsNameTheFile(t *testing.T) {
	err := (&Log{}).Read("f.jsonl", iotest.ErrReader(io.ErrUnexpectedEOF))
	if !errors.Is(err, io.ErrUnexpectedEOF) || !strings.Contains(err.Error(), "f.jsonl") {
		t.Errorf("got %v", err)
	}
}

func FuzzLog(f *testing.F) {
	f.Add([]byte(`{"v":1,"id":"a","time":"2026-11-01T12:00:00Z","differ":{"target":true}}` + "\n"))
	f.Add([]byte(`{"specversion":"1.0","type":"dev.hotmess.observation.v1","data":{"v":1,"id":"a","time":"2026-11-01T12:00:00Z"}}`))
	f.Add([]byte("\n\n{}\r\n[]"))
	f.Fuzz(func(t *testing.T, text []byte) {
		l := &Log{}
		if err := l.Read("f", bytes.NewReader(text)); err != nil {
			t.Fatal(err)
		}
		lines := 0
		for line := range bytes.Lines(text) {
			if len(bytes.TrimSpace(line)) > 0 {
				lines++
			}
		}
		if got := len(l.observations) + len(l.labels) + l.left.Broken + l.left.Others + l.left.Old; got != lines {
			t.Errorf("%d of %d lines are accounted for", got, lines)
		}
		if len(l.observations) == 0 {
			return
		}
		s := settings(above(.3))
		s.Placebos = 0
		if _, err := Run(t.Context(), s, l); err != nil {
			t.Errorf("run: %v", err)
		}
	})
}

// TestShownOutputIsTheGoldenOne holds the page to what is printed.
func TestShownOutputIsTheGoldenOne(t *testing.T) {
	page, err := os.ReadFile("../docs/backtest.md")
	if err != nil {
		t.Fatal(err)
	}
	printed, err := os.ReadFile("testdata/planted.txt")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(page, append([]byte("```text\n"), append(printed, "```"...)...)) {
		t.Error("docs/backtest.md shows another output than testdata/planted.txt")
	}
}
