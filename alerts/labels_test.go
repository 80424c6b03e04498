package alerts

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"path/filepath"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
)

// dialled is a connection to a bus as a client has it.
func dialled(t *testing.T, b *Bus) *nats.Conn {
	t.Helper()
	auth, err := nats.NkeyOptionFromSeed(filepath.Join(b.settings.Dir, CredsFile))
	if err != nil {
		t.Fatal(err)
	}
	nc, err := nats.Connect(b.URL(), auth)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(nc.Close)
	return nc
}

func TestLabelsAreTakenAndAnswered(t *testing.T) {
	b := openBus(t, busSettings(t.TempDir()))
	ctx, cancel := context.WithCancel(t.Context())
	taken, done := make(chan string, 10), make(chan error, 1)
	go func() {
		done <- b.TakeLabels(ctx, func(_ context.Context, body []byte) ([]byte, bool) {
			taken <- string(body)
			return append([]byte("got "), body...), false
		})
	}()
	nc := dialled(t, b)
	answer := ask(t, nc, "one")
	if string(answer) != "got one" || <-taken != "one" {
		t.Errorf("answered %q", answer)
	}
	if err := nc.Publish(LabelSubject, []byte("two")); err != nil { // nobody waits for an answer
		t.Fatal(err)
	}
	if got := <-taken; got != "two" {
		t.Errorf("took %q", got)
	}
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

// TestOfTwoSidecarsTheOneThatKnowsAnswers has two sidecars on one NATS, as where a
// bridge joins theirs: each gets every label, and who asked hears of the one that
// has the request, whichever takes the message first.
func TestOfTwoSidecarsTheOneThatKnowsAnswers(t *testing.T) {
	b := openBus(t, busSettings(t.TempDir()))
	other := &Bus{settings: b.settings, nc: dialled(t, b), elsewhere: time.Hour}
	b.elsewhere = time.Millisecond
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 2)
	took := [2]chan string{make(chan string, 1), make(chan string, 1)}
	for i, bus := range []*Bus{b, other} {
		go func() {
			ended <- bus.TakeLabels(ctx, func(_ context.Context, body []byte) ([]byte, bool) {
				took[i] <- string(body)
				if i == 0 && string(body) == "its own" {
					return []byte("counted"), false
				}
				return []byte("unknown"), true
			})
		}()
	}
	nc := dialled(t, b)
	for listening(t, b) < 2 {
		runtime.Gosched()
	}
	for body, want := range map[string]string{"its own": "counted", "nobody's": "unknown"} {
		m, err := nc.Request(LabelSubject, []byte(body), 20*time.Second)
		if err != nil || string(m.Data) != want {
			t.Errorf("%s: answered %v, %v, want %s", body, m, err, want)
		}
		for i := range took {
			if got := <-took[i]; got != body {
				t.Errorf("sidecar %d took %q, want %q", i, got, body)
			}
		}
	}
	cancel()
	for range 2 {
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}
}

// listening is how many take labels.
func listening(t *testing.T, b *Bus) int {
	t.Helper()
	found, err := b.srv.Subsz(&server.SubszOptions{Subscriptions: true, Test: LabelSubject})
	if err != nil {
		t.Fatal(err)
	}
	return found.Total
}

// ask repeats a request until somebody listens.
func ask(t *testing.T, nc *nats.Conn, body string) []byte {
	t.Helper()
	deadline := time.Now().Add(time.Minute)
	for time.Now().Before(deadline) {
		m, err := nc.Request(LabelSubject, []byte(body), 5*time.Second)
		if err == nil {
			return m.Data
		}
	}
	t.Fatal("no answer")
	return nil
}

func TestAcceptedLabelsAreKeptOnce(t *testing.T) {
	b := openBus(t, busSettings(t.TempDir()))
	stop := runBus(t, b)
	for _, payload := range []string{`{"outcome":"pass"}`, `{"outcome":"pass"}`, `{"outcome":"fail"}`} {
		if !b.Label("request", epoch, []byte(payload)) {
			t.Fatal("refused")
		}
	}
	stop()
	found := streamed(t, b, LabelStream)
	if len(found) != 2 {
		t.Fatalf("%d labels kept, want 2", len(found))
	}
	var e Event
	if err := json.Unmarshal(found[0].Data, &e); err != nil {
		t.Fatal(err)
	}
	if e.Type != LabelType || string(e.Data) != `{"outcome":"pass"}` || found[0].Subject != "hotmess.v1.labels.test" {
		t.Errorf("kept %+v under %s", e, found[0].Subject)
	}
}

func TestObservationsAreFoundByTheTimeInTheirID(t *testing.T) {
	b := openBus(t, busSettings(t.TempDir()))
	stop := runBus(t, b)
	var ids []string
	for range 50 {
		id := uuid.Must(uuid.NewV7()).String()
		ids = append(ids, id)
		b.Observation("r", id, epoch, []byte(`{"id":"`+id+`"}`))
	}
	stop()
	missing := uuid.Must(uuid.NewV7()).String()
	found, err := b.Find(t.Context(), []string{ids[40], missing, ids[3], "no id", "00000000-0000-7000-8000-000000000000"})
	if err != nil || len(found) != 2 {
		t.Fatalf("found %d, %v", len(found), err)
	}
	for _, id := range []string{ids[3], ids[40]} {
		if !bytes.Equal(found[id], []byte(`{"id":"`+id+`"}`)) {
			t.Errorf("%s: %s", id, found[id])
		}
	}
	if found, err := b.Find(t.Context(), nil); err != nil || len(found) != 0 {
		t.Errorf("nothing: %v, %v", found, err)
	}
}

func TestLongSearchIsGivenUpAndSaid(t *testing.T) {
	b := openBus(t, busSettings(t.TempDir()))
	stop := runBus(t, b)
	var last string
	for range 20 {
		last = uuid.Must(uuid.NewV7()).String()
		b.Observation("r", last, epoch, []byte(`{}`))
	}
	stop()
	for limit, want := range map[uint64]error{5: errLongSearch, 20: nil, 50: nil} {
		found := map[string][]byte{}
		err := b.search(t.Context(), searches([]string{last})[0], limit, found)
		if !errors.Is(err, want) || (err == nil) != (len(found) == 1) {
			t.Errorf("limit %d: found %d, %v", limit, len(found), err)
		}
	}
}

func TestSearchOfAnEmptyStreamEnds(t *testing.T) {
	b := openBus(t, busSettings(t.TempDir()))
	found, err := b.Find(t.Context(), []string{uuid.Must(uuid.NewV7()).String()})
	if err != nil || len(found) != 0 {
		t.Errorf("%v, %v", found, err)
	}
}

func TestSearchesJoinWhatIsNearInTime(t *testing.T) {
	at := func(ms byte) string { return "01a2016c-61" + string([]byte{'0' + ms, '0'}) + "-7e7a-b2e2-359072d7ffeb" }
	later := "01a30000-0000-7e7a-b2e2-359072d7ffeb" // a day later
	all := searches([]string{later, at(3), at(1), "x"})
	if len(all) != 2 || len(all[0].wanted) != 2 || !all[1].wanted[later] {
		t.Fatalf("%+v", all)
	}
	if !all[0].from.Before(madeAt(at(1))) || !all[0].to.After(madeAt(at(3))) || !slices.IsSortedFunc(all, func(a, b search) int { return a.from.Compare(b.from) }) {
		t.Errorf("%+v", all)
	}
}
