package proxy

import (
	"net/http"
	"strconv"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"hotmess/config"
	"hotmess/monitor"
)

const otherID = "01a2016c-61e0-7e7a-b2e2-359072d7ffeb"

// labelled asks with the header of labels in a session, and lists the labels
// that came of it all and the ids of the requests.
func labelled(t *testing.T, honoured bool, values ...string) (ids []string, labels []monitor.Label) {
	t.Helper()
	r := newRig(t, &script{primary: says("p", "a"), extra: saysEach("a")}, func(c *config.Config) {
		if honoured {
			c.ClientHeaders = append(c.ClientHeaders, "label")
		}
	})
	got := make(chan monitor.Label, 100)
	r.handler.label = func(l monitor.Label) { got <- l }
	for _, v := range values {
		header := []string{"X-Hotmess-Session", "s", firstCall, "1"}
		if v == "retry" {
			header = append(header, "X-Stainless-Retry-Count", "1", "X-Hotmess-Label", "fail")
		} else {
			header = append(header, "X-Hotmess-Label", v)
		}
		res := r.ask(question, header...)
		read(t, res)
		ids = append(ids, res.Header.Get("X-Hotmess-Id"))
		r.settled()
	}
	for len(got) > 0 {
		labels = append(labels, <-got)
	}
	return ids, labels
}

func TestHeaderLabelsTheRequestBeforeInTheConversation(t *testing.T) {
	ids, labels := labelled(t, true, "pass", "fail", "", "odd", "pass", otherID+"=fail", "x=pass", "retry", "pass")
	want := []monitor.Label{
		{V: 1, Request: ids[0], Outcome: "fail", Source: "header"},
		{V: 1, Request: ids[3], Outcome: "pass", Source: "header"},
		{V: 1, Request: otherID, Outcome: "fail", Source: "header"},
		{V: 1, Request: ids[7], Outcome: "pass", Source: "header"},
	}
	if diff := cmp.Diff(want, labels, cmpopts.IgnoreFields(monitor.Label{}, "Time")); diff != "" {
		t.Error(diff)
	}
}

func TestHeaderLabelsNothingUnlessConfigured(t *testing.T) {
	if _, labels := labelled(t, false, "pass", "fail", otherID+"=fail"); len(labels) != 0 {
		t.Errorf("%+v", labels)
	}
}

func TestLabelHeaderStaysHere(t *testing.T) {
	h := http.Header{"X-Hotmess-Label": {"pass"}, "Accept": {"*/*"}}
	if stripOwn(h); len(h) != 1 {
		t.Errorf("%v", h)
	}
}

func TestConversationsBeyondTheTableAreForgotten(t *testing.T) {
	var turns turns
	for i := range maxTurns + 1 {
		if _, ok := turns.advance(strconv.Itoa(i), "1"); ok {
			t.Fatal("a conversation that is new has a request before")
		}
	}
	if _, ok := turns.advance("0", "2"); ok {
		t.Error("the first conversation is still there")
	}
	if before, ok := turns.advance(strconv.Itoa(maxTurns), "2"); !ok || before != "1" {
		t.Errorf("before the latest: %q", before)
	}
	if len(turns.last) != maxTurns || len(turns.ring) != maxTurns {
		t.Errorf("%d and %d remembered", len(turns.last), len(turns.ring))
	}
	if _, ok := turns.advance(strconv.Itoa(maxTurns), "1"); ok {
		t.Error("a request that was read late is put behind a later one")
	}
}
