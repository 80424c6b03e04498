package proxy

import (
	"context"
	"io"
	"net/http"
	"testing"

	"hotmess/config"
	"hotmess/monitor"
)

// TestClientThatLeavesAtTheEndMarkHadAll hangs up as some SDKs do: once the
// stream has said that it is over, whether or not the connection has.
func TestClientThatLeavesAtTheEndMarkHadAll(t *testing.T) {
	for _, gone := range []string{config.GoneFinish, config.GoneStop} {
		t.Run(gone, func(t *testing.T) {
			cancelled := make(chan struct{})
			whole := chunk("p", "all") + done
			u := &script{
				primary: func(w http.ResponseWriter, r *http.Request) {
					w.Header().Set("Content-Type", "text/event-stream")
					send(w, whole)
					<-r.Context().Done()
					close(cancelled)
				},
				extra: func(_ int, w http.ResponseWriter, r *http.Request) {
					<-cancelled
					streams("e", "all")(w, r)
				},
			}
			r := newRig(t, u, func(c *config.Config) { inMode(config.Observe, 2)(c); c.Sampling.Gone = gone })
			ctx, hangUp := context.WithCancel(context.Background())
			defer hangUp()
			res, err := r.try(ctx, http.MethodPost, chatPath, streamed, firstCall, "1")
			if err != nil {
				t.Fatal(err)
			}
			if _, err := io.ReadFull(res.Body, make([]byte, len(whole))); err != nil {
				t.Fatal(err)
			}
			hangUp()
			_ = res.Body.Close()
			receive(t, cancelled, "the cancelling of the primary")
			if o := r.observation(); o.Outcome != monitor.OutcomeOK || o.Reason != "" || o.Differ == nil {
				t.Errorf("outcome %q, reason %q, samples %+v", o.Outcome, o.Reason, o.Samples)
			}
		})
	}
}

// TestClientThatLeavesAnErrorUnreadHadIt hangs up as SDKs do that are to ask again:
// the status says all that they want to know.
func TestClientThatLeavesAnErrorUnreadHadIt(t *testing.T) {
	cancelled := make(chan struct{})
	u := &script{primary: func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusServiceUnavailable)
		send(w, `{"error":`)
		<-r.Context().Done()
		close(cancelled)
	}}
	r := newRig(t, u, nil)
	ctx, hangUp := context.WithCancel(context.Background())
	defer hangUp()
	res, err := r.try(ctx, http.MethodPost, chatPath, question, firstCall, "1")
	if err != nil {
		t.Fatal(err)
	}
	hangUp()
	_ = res.Body.Close()
	receive(t, cancelled, "the cancelling of the primary")
	if o := r.observation(); o.Outcome != monitor.OutcomeError || o.Reason != monitor.ReasonFailed {
		t.Errorf("outcome %q, reason %q", o.Outcome, o.Reason)
	}
}
