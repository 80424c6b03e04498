package alerts

import (
	"encoding/json"
	"errors"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/nats-io/nats.go"
)

func TestBusTakesTheNextFreePort(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	s := busSettings(t.TempDir())
	s.Listen = taken.Addr().String()
	b := openBus(t, s)
	if strings.HasSuffix(b.URL(), strconv.Itoa(taken.Addr().(*net.TCPAddr).Port)) || !strings.HasPrefix(b.URL(), "nats://127.0.0.1:") {
		t.Errorf("URL = %s, want another port than %s", b.URL(), taken.Addr())
	}
	if !b.Healthy() {
		t.Error("not healthy")
	}
}

// TestBusesThatStartTogetherShareThePortsOut starts several at the same moment
// on the same port, which only one can have.
func TestBusesThatStartTogetherShareThePortsOut(t *testing.T) {
	probe, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	listen := probe.Addr().String()
	if err := probe.Close(); err != nil {
		t.Fatal(err)
	}
	const n = 4
	buses, errs := make([]*Bus, n), make([]error, n)
	var opening sync.WaitGroup
	for i := range n {
		s := busSettings(t.TempDir())
		s.Listen = listen
		opening.Go(func() { buses[i], errs[i] = OpenBus(t.Context(), s) })
	}
	opening.Wait()
	urls := map[string]bool{}
	for i, b := range buses {
		if errs[i] != nil {
			t.Errorf("bus %d: %v", i, errs[i])
			continue
		}
		urls[b.URL()] = true
		closeBus(t, b)
	}
	if len(urls) != n && !t.Failed() {
		t.Errorf("%d buses have the ports %v", n, urls)
	}
}

func TestOpenBusNamesWhatToChange(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	tests := map[string]struct {
		change func(*BusSettings)
		want   string
	}{
		"unwritable directory": {func(s *BusSettings) { s.Dir = filepath.Join(file, "data") }, "data_dir " + file},
		"store is a file": {func(s *BusSettings) {
			if err := os.WriteFile(filepath.Join(s.Dir, storeDir), nil, 0o600); err != nil {
				t.Fatal(err)
			}
		}, "data_dir "},
		"tiny store":      {func(s *BusSettings) { s.MaxStore = 1 << 20 }, "nats.max_store"},
		"no port":         {func(s *BusSettings) { s.Listen = "127.0.0.1" }, "nats.listen"},
		"bad port":        {func(s *BusSettings) { s.Listen = "127.0.0.1:nats" }, "nats.listen"},
		"foreign address": {func(s *BusSettings) { s.Listen = "192.0.2.1:4143" }, "nats.listen"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			s := busSettings(t.TempDir())
			tt.change(&s)
			b, err := OpenBus(t.Context(), s)
			if err == nil {
				closeBus(t, b)
			}
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("OpenBus = %v, want %q", err, tt.want)
			}
		})
	}
}

func TestSecondBusOnOneStoreIsRefused(t *testing.T) {
	s := busSettings(t.TempDir())
	first := openBus(t, s)
	if _, err := OpenBus(t.Context(), s); err == nil || !strings.Contains(err.Error(), "data_dir "+s.Dir+": in use by another hotmess") {
		t.Fatalf("second OpenBus = %v", err)
	}
	closeBus(t, first)
	openBus(t, s) // free again
}

func TestStoreCanShrinkAndGrow(t *testing.T) {
	s := busSettings(t.TempDir())
	for i, size := range []int64{256 << 20, 64 << 20, 512 << 20} {
		s.MaxStore = size
		b := openBus(t, s)
		if b.srv.JetStreamConfig().MaxStore != size {
			t.Errorf("the server's limit is %d, want %d", b.srv.JetStreamConfig().MaxStore, size)
		}
		stop := runBus(t, b)
		b.Observation("r", strconv.Itoa(i), epoch, []byte("{}"))
		stop()
		if n := len(streamed(t, b, ObservationStream)); n != i+1 {
			t.Errorf("%d observations at size %d, want %d: some were lost", n, size, i+1)
		}
		closeBus(t, b)
	}
}

func TestServerAsksForTheKey(t *testing.T) {
	s := busSettings(t.TempDir())
	b := openBus(t, s)
	creds := filepath.Join(s.Dir, CredsFile)
	if nc, err := nats.Connect(b.URL()); !errors.Is(err, nats.ErrAuthorization) {
		t.Errorf("without a key: %v, connection %v", err, nc)
	}
	// What the nats command's --nkey does.
	auth, err := nats.NkeyOptionFromSeed(creds)
	if err != nil {
		t.Fatal(err)
	}
	nc, err := nats.Connect(b.URL(), auth)
	if err != nil {
		t.Fatal(err)
	}
	nc.Close()
	info, err := os.Stat(creds)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("creds: mode %v, %v", info.Mode(), err)
	}
}

func TestOpenCredsAreRefused(t *testing.T) {
	path := filepath.Join(t.TempDir(), CredsFile)
	if _, err := ensureKey(path); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, 0o640); err != nil {
		t.Fatal(err)
	}
	if _, err := ensureKey(path); err == nil || !strings.Contains(err.Error(), "chmod 600 "+path) {
		t.Errorf("ensureKey = %v", err)
	}
}

func TestKeyIsMadeOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), CredsFile)
	if _, err := readKey(path); !errors.Is(err, fs.ErrNotExist) {
		t.Fatalf("readKey = %v", err)
	}
	var seeds [2]string
	for i := range seeds {
		key, err := ensureKey(path)
		if err != nil {
			t.Fatal(err)
		}
		if seeds[i], err = key.PublicKey(); err != nil {
			t.Fatal(err)
		}
	}
	if seeds[0] != seeds[1] {
		t.Errorf("keys differ: %v", seeds)
	}
}

func TestObservationIsPublishedAsCloudEvent(t *testing.T) {
	b := openBus(t, busSettings(t.TempDir()))
	stop := runBus(t, b)
	if !b.Observation("a.b", "id-1", epoch, []byte(`{"v": 1}`)) {
		t.Fatal("refused")
	}
	if !b.Observation("a.b", "id-2", epoch, []byte(`{`)) { // found out later
		t.Fatal("refused")
	}
	stop() // flushes
	found := streamed(t, b, ObservationStream)
	if len(found) != 1 {
		t.Fatalf("%d observations stored, want 1", len(found))
	}
	var e Event
	if err := json.Unmarshal(found[0].Data, &e); err != nil {
		t.Fatal(err)
	}
	if e.ID != "id-1" || e.Type != ObservationType || e.Subject != "a.b" || e.Source != "/hotmess/test" || !e.Time.Equal(epoch) || string(e.Data) != `{"v":1}` {
		t.Errorf("event = %+v", e)
	}
	if found[0].Subject != "hotmess.v1.observations.test.a=2Eb" {
		t.Errorf("subject = %s", found[0].Subject)
	}
	if b.Dropped() != 1 {
		t.Errorf("dropped %d, want 1: the payload that is no JSON", b.Dropped())
	}
}

func TestFullQueueDropsAndCounts(t *testing.T) {
	b := openBus(t, busSettings(t.TempDir())) // nobody runs it
	for i := range maxObservations {
		if !b.Observation("r", "id", epoch, []byte(`{}`)) {
			t.Fatalf("observation %d refused", i)
		}
	}
	if b.Observation("r", "id", epoch, []byte(`{}`)) || b.Observation("r", "id", epoch, make([]byte, maxObservationBytes+1)) {
		t.Error("taken beyond the bounds")
	}
	if b.Dropped() != 2 {
		t.Errorf("dropped %d, want 2", b.Dropped())
	}
	closeBus(t, b)
	if b.Observation("r", "id", epoch, []byte(`{}`)) || b.Dropped() != maxObservations+3 {
		t.Errorf("dropped %d after Close, want all %d", b.Dropped(), maxObservations+3)
	}
}

func TestSharesFillTheStore(t *testing.T) {
	for _, limit := range []int64{minStore, 100 << 20, 1 << 30, 1 << 40} {
		alerts, state, observations := shares(limit)
		if alerts+state+observations != limit || alerts <= 0 || state <= 0 || observations < limit/2 {
			t.Errorf("shares(%d) = %d, %d, %d", limit, alerts, state, observations)
		}
	}
}
