package monitor

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"hotmess/budget"
	"hotmess/config"
)

// filled is a Monitor that has seen a bit of everything, and its clock.
func filled(t *testing.T, dir string) (*Monitor, *testClock) {
	t.Helper()
	m, clock := newTestIn(t, dir)
	source := newCorrelated(0.3, 0.2, 1)
	for i := range 300 {
		o := measured(string(rune('a'+i%40)), base.Add(time.Duration(i)*time.Second), source.rng.IntN(3) == 0)
		o.Pinned = i%5 == 0
		o.Samples = []SampleRecord{{Output: Length{Tokens: i, Source: SourceUsage}}}
		m.take(o)
		m.Learn("m", 3000, 1000)
	}
	clock.advance(conversationSilence)
	m.sweep()
	m.Gate().Hear("u", 200, ok(1))
	return m, clock
}

func TestSnapshotRestoresEverythingItHolds(t *testing.T) {
	dir := t.TempDir()
	m, clock := filled(t, dir)
	settle, _ := m.Gate().Enter(t.Context(), budget.Ask{Upstream: "u", Worst: budget.Spend{Output: 1000}})
	settle(budget.Spend{Output: 700}, false)
	m.save()
	again, err := New(Settings{Budget: config.Default().Budget, Dir: dir, Now: clock.now})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(m.Readings(), again.Readings()); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(m.Routes(), again.Routes()); diff != "" {
		t.Error(diff)
	}
	if got := again.Totals().SpentThisHour; got != 700 {
		t.Errorf("spent %d", got)
	}
	if got, want := again.EstimateTokens("m", 9000), m.EstimateTokens("m", 9000); got != want {
		t.Errorf("ratio lost: %d tokens, want %d", got, want)
	}
	before, _ := json.Marshal(m.snapshot())
	after, _ := json.Marshal(again.snapshot())
	if !bytes.Equal(before, after) {
		t.Error("the snapshot of the restored differs from the one it was restored from")
	}
}

func TestRestoredConversationGoesOnWhereItWas(t *testing.T) {
	dir := t.TempDir()
	m, clock := newTestIn(t, dir)
	conversationOf(m, "c", base, true, false)
	m.save()
	again, err := New(Settings{Dir: dir, Now: clock.now})
	if err != nil {
		t.Fatal(err)
	}
	conversationOf(again, "c", base.Add(time.Minute), true)
	r := headlines(again)
	if len(r) != 1 || r[0].Pairs != 3 || r[0].Conversation != 1 {
		t.Errorf("readings %+v", r)
	}
}

func TestSnapshotIsADeepCopy(t *testing.T) {
	m, _ := filled(t, "")
	conversationOf(m, "open", base.Add(time.Hour), true)
	s := m.snapshot()
	before, _ := json.Marshal(s)
	for i := range 50 {
		m.take(measured(string(rune('a'+i)), base.Add(time.Hour), true))
	}
	conversationOf(m, "open", base.Add(time.Hour), true)
	if after, _ := json.Marshal(s); !bytes.Equal(before, after) {
		t.Error("a snapshot changed with the memory it was taken of")
	}
}

func TestUnsettledReservationCountsAsSpentAfterACrash(t *testing.T) {
	dir := t.TempDir()
	m, clock := filled(t, dir)
	_, _ = m.Gate().Enter(t.Context(), budget.Ask{Upstream: "u", Worst: budget.Spend{Output: 5000}})
	m.save()
	again, _ := New(Settings{Budget: config.Default().Budget, Dir: dir, Now: clock.now})
	if got := again.Totals().SpentThisHour; got != 5000 {
		t.Errorf("spent %d", got)
	}
	clock.advance(time.Hour)
	later, _ := New(Settings{Budget: config.Default().Budget, Dir: dir, Now: clock.now})
	if got := later.Totals().SpentThisHour; got != 0 {
		t.Errorf("spent %d in a later hour", got)
	}
}

func TestUnusableSnapshotIsSetAsideAndSaid(t *testing.T) {
	for name, content := range map[string]string{
		"empty": "", "cut": `{"version":2,"rou`, "not json": "hello",
		"newer version": `{"version":99}`, "wrong type": `{"version":2,"routes":[]}`,
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			path := filepath.Join(dir, SnapshotFile)
			if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
				t.Fatal(err)
			}
			var log bytes.Buffer
			m, err := New(Settings{Dir: dir, Log: slog.New(slog.NewTextHandler(&log, nil))})
			if err != nil || len(m.Routes()) != 0 {
				t.Fatalf("new: %v, %d routes", err, len(m.Routes()))
			}
			aside, _ := filepath.Glob(path + ".unusable-*")
			if len(aside) != 1 || !strings.Contains(log.String(), aside[0]) {
				t.Fatalf("set aside as %v, log %q", aside, log.String())
			}
			if kept, _ := os.ReadFile(aside[0]); string(kept) != content {
				t.Errorf("set aside with other content: %q", kept)
			}
			m.save()
			if _, err := os.Stat(path); err != nil {
				t.Errorf("no new snapshot: %v", err)
			}
		})
	}
}

func TestUnwritableSnapshotIsSaidOncePerError(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "gone")
	var log bytes.Buffer
	m, err := New(Settings{Dir: dir, Log: slog.New(slog.NewTextHandler(&log, nil))})
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		m.save()
	}
	if n := strings.Count(log.String(), "\n"); n != 1 {
		t.Errorf("%d log lines of one error: %s", n, log.String())
	}
	if got := m.Totals().SnapshotFailures; got != 3 {
		t.Errorf("%d failures counted", got)
	}
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	m.save()
	if _, err := os.Stat(filepath.Join(dir, SnapshotFile)); err != nil {
		t.Error(err)
	}
}

func TestUnchangedSnapshotIsNotWrittenAgain(t *testing.T) {
	dir := t.TempDir()
	m, _ := filled(t, dir)
	m.save()
	path := filepath.Join(dir, SnapshotFile)
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	m.save()
	if _, err := os.Stat(path); err == nil {
		t.Error("the same snapshot was written twice")
	}
	m.take(measured("z", base, true))
	m.save()
	if _, err := os.Stat(path); err != nil {
		t.Error(err)
	}
}

func TestRunWritesASnapshotAfterTheQueueIsEmpty(t *testing.T) {
	dir := t.TempDir()
	m, clock := newTestIn(t, dir)
	for range 100 {
		m.Observe(measured("c", base, true))
	}
	start(t, m)()
	again, err := New(Settings{Dir: dir, Now: clock.now})
	if err != nil {
		t.Fatal(err)
	}
	if r := headlines(again); len(r) != 1 || r[0].Pairs != 100 {
		t.Errorf("readings %+v", r)
	}
}

func TestSilentRouteIsLeftBehindByARestart(t *testing.T) {
	dir := t.TempDir()
	m, clock := filled(t, dir)
	m.save()
	clock.advance(31 * 24 * time.Hour)
	again, err := New(Settings{Dir: dir, Now: clock.now})
	if err != nil || len(again.Routes()) != 0 {
		t.Errorf("%v, %d routes after 31 days", err, len(again.Routes()))
	}
}

func FuzzDecodeSnapshotNeverPanics(f *testing.F) {
	m, err := New(Settings{Now: func() time.Time { return base }})
	if err != nil {
		f.Fatal(err)
	}
	m.take(measured("c", base, true))
	b, err := json.Marshal(m.snapshot())
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	f.Add([]byte(`{"version":2,"routes":{"r":{"series":[{"key":{},"bound":{}}],"traffic":[[],[],[{"b":9e9}]]}}}`))
	f.Add([]byte(`{"version":2,"conversations":[{"key":{"route":"r"},"tracks":[{"unit":null}]}]}`))
	f.Add(fmt.Appendf(nil, `{"version":%d,"routes":{"r":{"traffic":[[],[],[{"b":9e9}]],"detection":{
		"series":[{"key":{},"rising":{"baseline":{"strata":[{"to":-5,"n":1,"bound":0.5}]}}}],"overlong":{"limit":9,"pending":[{"r":[1]}]},
		"labelled":[{"key":{},"detection":null}],"flags":[{}],"changes":{"tracked":{"m":{"x":null}}}}}},
		"conversations":[{"key":{"route":"r"},"spell":{"r":[1]},"tracks":[{"course":{"n":-1,"max":-3,"ranked":true}}]}]}`, snapshotVersion))
	f.Fuzz(func(t *testing.T, b []byte) {
		s, err := decodeSnapshot(b)
		if err != nil {
			return
		}
		m, err := New(Settings{Now: func() time.Time { return base }})
		if err != nil {
			t.Fatal(err)
		}
		m.restore(s)
		m.take(measured("c", base, true))
		m.sweep()
		m.Readings()
		m.Routes()
	})
}
