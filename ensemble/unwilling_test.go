package ensemble

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"hotmess/wire"
)

// TestAnUpstreamThatRefusesToTellUsageIsNotAskedAgain: the extra that found out is
// lost, those that follow are the client's own bytes.
func TestAnUpstreamThatRefusesToTellUsageIsNotAskedAgain(t *testing.T) {
	for name, c := range map[string]struct {
		status int
		asks   bool // the extra after it
	}{
		"bad request":   {http.StatusBadRequest, false},
		"unprocessable": {http.StatusUnprocessableEntity, false},
		"another error": {http.StatusInternalServerError, true},
		"no quota":      {http.StatusTooManyRequests, true},
		"taken":         {http.StatusOK, true},
	} {
		t.Run(name, func(t *testing.T) {
			call := streamedCall(t, wire.OpenAIChat)
			s := &script{extras: []reply{
				{status: c.status, body: "{}"},
				streamed(0, nil, chatDelta, chatEnd, "[DONE]"), streamed(0, nil, chatDelta, chatEnd, "[DONE]"),
			}}
			r := newRunner(s, &turnstile{})
			r.Unwilling = &Unwilling{}
			r.Extras(t.Context(), call, 1, 1)
			second := r.Extras(t.Context(), call, 1, 1)[0]
			call.Upstream = "another"
			r.Extras(t.Context(), call, 1, 1)
			for i, want := range []bool{true, c.asks, true} {
				if got := strings.Contains(s.bodies[i], "include_usage"); got != want {
					t.Errorf("extra %d asks for usage: %t, want %t: %s", i, got, want, s.bodies[i])
				}
			}
			if !c.asks && s.bodies[1] != string(call.Body) {
				t.Errorf("the next extra is %s", s.bodies[1])
			}
			if second.Missing != "" {
				t.Errorf("the next extra is missing: %s", second.Missing)
			}
		})
	}
}

// TestARefusalOfTheClientsOwnWishIsNoHint: its client asks for usage itself, or the
// reply tells it unasked.
func TestARefusalOfTheClientsOwnWishIsNoHint(t *testing.T) {
	for _, d := range wire.Dialects() {
		r := newRunner(&script{extras: []reply{{status: 400, body: "{}"}}}, &turnstile{})
		r.Unwilling = &Unwilling{}
		call := streamedCall(t, d)
		call.View.IncludeUsage = true
		r.Extras(t.Context(), call, 1, 1)
		if r.Unwilling.holds(call.Upstream) {
			t.Errorf("%s: remembered", d)
		}
	}
}

func TestUnwillingUpstreamsAreBounded(t *testing.T) {
	u := &Unwilling{}
	for i := range 3 * maxUnwilling {
		u.hear(fmt.Sprint("u", i), 400)
	}
	if len(u.upstreams) != maxUnwilling {
		t.Errorf("%d remembered", len(u.upstreams))
	}
}
