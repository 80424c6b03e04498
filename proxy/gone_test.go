package proxy

import (
	"bufio"
	"context"
	"net/http"
	"strings"
	"testing"

	"hotmess/config"
	"hotmess/monitor"
)

// TestClientsThatHangUpOnTheEndMarkAreMeasured has a client read up to [DONE]
// while the upstream's body is still open, as openai-node does.
func TestClientsThatHangUpOnTheEndMarkAreMeasured(t *testing.T) {
	u := &script{
		primary: func(w http.ResponseWriter, r *http.Request) {
			streams("p", "whole")(w, r)
			<-r.Context().Done()
		},
		extra: func(_ int, w http.ResponseWriter, r *http.Request) { streams("e", "whole")(w, r) },
	}
	r := newRig(t, u, inMode(config.Observe, 2))
	ctx, hangUp := context.WithCancel(context.Background())
	defer hangUp()
	res, err := r.try(ctx, http.MethodPost, chatPath, streamed, firstCall, "1")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	lines := bufio.NewReader(res.Body)
	for line := ""; !strings.Contains(line, "[DONE]"); {
		if line, err = lines.ReadString('\n'); err != nil {
			t.Fatal(err)
		}
	}
	hangUp()
	o := r.observation()
	if o.Reason != "" || len(o.Differ) == 0 || o.Outcome != monitor.OutcomeGone {
		t.Errorf("reason %q, outcome %q, differ %v", o.Reason, o.Outcome, o.Differ)
	}
}
