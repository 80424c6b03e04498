package sidecar

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats.go"

	"hotmess/alerts"
	"hotmess/monitor"
)

const letterQuestion = `{"model":"m","max_tokens":50,"messages":[{"role":"user","content":"Which one? Answer with the letter only."}]}`

// letters is an upstream that answers A.
func letters(t *testing.T) string {
	t.Helper()
	var n atomic.Int64
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(w, `{"id":"r%d","model":"m","choices":[{"index":0,"finish_reason":"stop","message":{"role":"assistant","content":"The answer is A."}}],"usage":{"prompt_tokens":10,"completion_tokens":5,"total_tokens":15}}`, n.Add(1))
	}))
	t.Cleanup(s.Close)
	return s.URL
}

// files are the contents of all files below a directory.
func files(t *testing.T, dir string) (contents []string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		b, err := os.ReadFile(name)
		contents = append(contents, string(b))
		return err
	})
	if err != nil || len(contents) < 3 {
		t.Fatalf("%d files, %v", len(contents), err)
	}
	return contents
}

// send sends a request and gives its id.
func (l *line) send(body string, header ...string) string {
	l.t.Helper()
	r, err := http.NewRequestWithContext(l.t.Context(), http.MethodPost, "http://"+l.Running().Listen+"/v1/chat/completions", strings.NewReader(body))
	if err != nil {
		l.t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		l.t.Fatal(err)
	}
	defer res.Body.Close()
	_, _ = io.Copy(io.Discard, res.Body)
	return res.Header.Get("X-Hotmess-Id")
}

// post sends labels to the admin port.
func (l *line) post(body string) (reply monitor.LabelReply) {
	l.t.Helper()
	res, err := http.Post("http://"+l.Running().Admin+"/api/v1/labels", "application/json", strings.NewReader(body))
	if err != nil {
		l.t.Fatal(err)
	}
	defer res.Body.Close()
	if err := json.NewDecoder(res.Body).Decode(&reply); err != nil {
		l.t.Fatal(err)
	}
	return reply
}

// labelledAs waits until labels count for as many requests.
func (l *line) labelledAs(n int64) monitor.LabelledReport {
	l.t.Helper()
	deadline := time.Now().Add(patience)
	for {
		for _, r := range l.Monitor.Routes() {
			for _, rep := range r.Labelled {
				if rep.Window == "30d" && rep.Accuracy.N == n {
					return rep
				}
			}
		}
		if err := l.Monitor.Sync(l.t.Context()); err != nil || time.Now().After(deadline) {
			l.t.Fatalf("never %d labelled requests: %v", n, err)
		}
	}
}

func TestLabelsComeInEveryWayAndFindStoredRequests(t *testing.T) {
	c := settings(t)
	c.Upstream = letters(t)
	c.ClientHeaders = append(c.ClientHeaders, "label")
	l := start(t, options(c))
	var ids []string
	for range 4 {
		ids = append(ids, l.send(letterQuestion, "X-Hotmess-Session", "s"))
	}
	// By header: the request before this one, which is the fourth.
	last := l.send(letterQuestion, "X-Hotmess-Session", "s", "X-Hotmess-Label", "pass")
	l.labelledAs(1)
	// By API: the right answer, which is brought into the samples' form.
	if reply := l.post(`{"request":"` + ids[0] + `","answer":"(a)"}`); reply.Accepted != 1 {
		t.Errorf("%+v", reply)
	}
	if rep := l.labelledAs(2); rep.Kind != "answer" || *rep.Accuracy.Value != 1 {
		t.Errorf("%+v", rep)
	}
	// By NATS, which says what became of it.
	auth, err := nats.NkeyOptionFromSeed(filepath.Join(c.DataDir, alerts.CredsFile))
	if err != nil {
		t.Fatal(err)
	}
	nc, err := nats.Connect(l.Running().NATS, auth)
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	m, err := nc.Request(alerts.LabelSubject, []byte(`{"request":"`+ids[1]+`","outcome":"fail"}`+"\nodd"), patience)
	if err != nil {
		t.Fatal(err)
	}
	var reply monitor.LabelReply
	if err := json.Unmarshal(m.Data, &reply); err != nil || reply.Accepted != 1 || reply.Refused != 1 {
		t.Errorf("%s, %v", m.Data, err)
	}
	if m, err = nc.Request(alerts.LabelSubject, nil, patience); err != nil || !strings.Contains(string(m.Data), "no label in it") {
		t.Errorf("%v, %v", m, err)
	}
	const others = `{"request":"01890000-0000-7000-8000-000000000000","outcome":"pass"}` // of 2023
	for body, want := range map[string]bool{others: true, others + "\n" + `{"request":"` + ids[1] + `","outcome":"fail"}`: false} {
		if answer, elsewhere := l.takeMessage(t.Context(), []byte(body)); elsewhere != want || !strings.Contains(string(answer), `"status":"unknown"`) {
			t.Errorf("%s: %s, elsewhere: %v", body, answer, elsewhere)
		}
	}
	l.labelledAs(3)
	nc.Close()
	l.close()

	// After a restart the memory has no observations: the store has.
	l = start(t, options(c))
	if reply := l.post(`[{"request":"` + last + `","answer":"A"},{"request":"` + ids[0] + `","answer":"A"}]`); reply.Accepted != 2 ||
		reply.Results[0].Status != monitor.LabelCounted || reply.Results[1].Status != monitor.LabelRepeated {
		t.Errorf("%+v", reply)
	}
	l.labelledAs(4)
	l.close()
}

func TestAnswersAreNotKeptAsText(t *testing.T) {
	c := settings(t)
	c.Upstream = letters(t)
	l := start(t, options(c))
	id := l.send(letterQuestion)
	l.post(`{"request":"` + id + `","answer":"A) planted answer"}`)
	l.labelledAs(1)
	l.close()
	for _, file := range files(t, c.DataDir) {
		if strings.Contains(file, "planted answer") {
			t.Error("the answer is on the disk")
		}
	}
}

// TestLabelsOfHeadersAreTakenWithoutNATS ends NATS first: that must end neither
// them nor, as a stage that fails does, the sidecar.
func TestLabelsOfHeadersAreTakenWithoutNATS(t *testing.T) {
	s, err := New(t.Context(), options(settings(t)))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Run(canceled()) }() // closes what New has opened
	if err := s.bus.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	for range cap(s.headerLabels) + 2 {
		s.headerLabel(monitor.Label{})
	}
	if n := s.droppedLabels.Load(); n != 2 {
		t.Errorf("%d labels dropped, want 2", n)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- s.takeLabels(ctx) }()
	for deadline := time.Now().Add(patience); len(s.headerLabels) > 0 && time.Now().Before(deadline); {
		runtime.Gosched()
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if n, told := len(s.headerLabels), s.droppedLabels.Load() == 0; n > 0 || !told {
		t.Errorf("%d labels left, the log has those dropped: %v", n, told)
	}
}

// canceled is a context that has ended.
func canceled() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}
