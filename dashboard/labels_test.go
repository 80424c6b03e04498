package dashboard

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/google/uuid"

	"hotmess/config"
	"hotmess/monitor"
)

// young is the id of a request of just now, whose label waits.
func young() string { return uuid.Must(uuid.NewV7()).String() }

func pass(id string) string { return `{"request":"` + id + `","outcome":"pass"}` }

func TestLabelsAreTakenEachForItself(t *testing.T) {
	h := port(t, nil)
	for _, c := range []struct {
		body              string
		status            int
		accepted, refused int
	}{
		{pass(young()), 200, 1, 0},
		{"[" + pass(young()) + "," + pass(young()) + "]", 200, 2, 0},
		{pass(young()) + "\nodd\n" + pass(young()), 422, 2, 1},
		{`{"request":"x","outcome":"pass"}`, 422, 0, 1},
	} {
		w := ask(h, "POST", "/api/v1/labels", c.body)
		var reply monitor.LabelReply
		if err := json.Unmarshal(w.Body.Bytes(), &reply); err != nil {
			t.Fatal(err)
		}
		if w.Code != c.status || reply.Accepted != c.accepted || reply.Refused != c.refused || len(reply.Results) != c.accepted+c.refused {
			t.Errorf("%s: %d %s", c.body, w.Code, w.Body)
		}
	}
}

func TestBodiesThatAreNoLabelsAreRefused(t *testing.T) {
	h := port(t, nil)
	for body, status := range map[string]int{
		"": 400, "[{]": 400, strings.Repeat(" ", monitor.MaxLabelBody+1): 413,
	} {
		if w := ask(h, "POST", "/api/v1/labels", body); w.Code != status || !strings.Contains(w.Body.String(), `"error"`) {
			t.Errorf("%.10q: %d %s", body, w.Code, w.Body)
		}
	}
	secret := port(t, func(s *Settings) { s.Token = "secret" })
	if w := ask(secret, "POST", "/api/v1/labels", pass(young())); w.Code != 401 {
		t.Errorf("without the token: %d", w.Code)
	}
	if w := ask(h, "POST", "/api/v1/labels", pass(young()), "Origin", "https://evil.example"); w.Code != 403 {
		t.Errorf("from another page: %d", w.Code)
	}
}

// send sends labels to a port and lists what was refused.
func send(t *testing.T, h http.Handler, token config.Secret, body string) (LabelCounts, []string, error) {
	t.Helper()
	server := httptest.NewServer(h)
	defer server.Close()
	var refused []string
	calls := 0
	s := LabelSender{
		Client:   Client{Addr: strings.TrimPrefix(server.URL, "http://"), Token: token},
		Refused:  func(line int, why string) { refused = append(refused, fmt.Sprintf("%d: %s", line, why)) },
		Progress: func(LabelCounts) { calls++ },
	}
	n, err := s.Send(t.Context(), strings.NewReader(body))
	if err == nil && n.Accepted+n.Refused > 0 && calls == 0 {
		t.Error("no progress was told")
	}
	return n, refused, err
}

func TestSenderNamesTheLinesThatAreRefused(t *testing.T) {
	var b strings.Builder
	for i := range 2*sendLabels + 10 { // more than two calls
		switch i {
		case 3:
			b.WriteString("\n")
		case sendLabels + 7, 2*sendLabels + 4:
			b.WriteString("{}\n")
		case 20:
			b.WriteString(`{"answer":"` + strings.Repeat("x", monitor.MaxLabelBytes) + "\"}\n")
		default:
			b.WriteString(pass(young()) + "\n")
		}
	}
	b.WriteString(pass(young())) // the last line has no end
	n, refused, err := send(t, port(t, nil), "", b.String())
	if err != nil || n.Accepted != 2*sendLabels+7 || n.Refused != 3 {
		t.Errorf("%+v, %v", n, err)
	}
	want := []string{"21: label: longer than", fmt.Sprint(sendLabels+8, ": label: request: missing"), fmt.Sprint(2*sendLabels+5, ": label: request: missing")}
	for i, w := range want {
		if i >= len(refused) || !strings.HasPrefix(refused[i], w) {
			t.Errorf("refused %q, want %q", refused, want)
			break
		}
	}
}

func TestSenderSendsArraysWhole(t *testing.T) {
	n, refused, err := send(t, port(t, nil), "", " [\n"+pass(young())+",\n{}\n]")
	if err != nil || n.Accepted != 1 || n.Refused != 1 || len(refused) != 1 || !strings.HasPrefix(refused[0], "2: ") {
		t.Errorf("%+v, %q, %v", n, refused, err)
	}
	if n, _, err := send(t, port(t, nil), "", ""); err != nil || n != (LabelCounts{}) {
		t.Errorf("nothing: %+v, %v", n, err)
	}
}

func TestSenderSaysWhyNothingWasSent(t *testing.T) {
	secret := port(t, func(s *Settings) { s.Token = "secret" })
	if _, _, err := send(t, secret, "", pass(young())); err == nil || !strings.Contains(err.Error(), "nothing was sent from line 1 on") || !strings.Contains(err.Error(), "admin.token") {
		t.Errorf("without the token: %v", err)
	}
	if n, _, err := send(t, secret, "secret", pass(young())); err != nil || n.Accepted != 1 {
		t.Errorf("with the token: %+v, %v", n, err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	s := LabelSender{Client: Client{Addr: "127.0.0.1:1"}, Refused: func(int, string) {}, Progress: func(LabelCounts) {}}
	if _, err := s.Send(ctx, strings.NewReader(pass(young()))); err == nil || !strings.Contains(err.Error(), "no sidecar answers") {
		t.Errorf("nobody there: %v", err)
	}
}

// A connection notes the deadlines that it is given.
type connection struct {
	*httptest.ResponseRecorder
	deadlines []time.Time
}

func (c *connection) SetReadDeadline(t time.Time) error {
	c.deadlines = append(c.deadlines, t)
	return nil
}

func TestSlowBodiesOfLabelsAreGivenUp(t *testing.T) {
	h := port(t, nil)
	for want, body := range map[int]io.Reader{
		http.StatusOK:             strings.NewReader(pass(young())),
		http.StatusRequestTimeout: iotest.ErrReader(os.ErrDeadlineExceeded),
	} {
		c := &connection{ResponseRecorder: httptest.NewRecorder()}
		r := httptest.NewRequest(http.MethodPost, "/api/v1/labels", body)
		r.Host = "127.0.0.1"
		h.ServeHTTP(c, r)
		if c.Code != want || len(c.deadlines) != 2 || time.Until(c.deadlines[0]) > bodyTimeout || !c.deadlines[1].IsZero() {
			t.Errorf("%d %s, deadlines %v", c.Code, c.Body, c.deadlines)
		}
	}
}
