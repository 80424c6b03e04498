package ensemble

import (
	"testing"
	"testing/synctest"
	"time"
)

func TestVerbatimExtrasAreThePrimarysOwnBytes(t *testing.T) {
	s := &script{primary: says("a", 0)}
	call := newCall(t)
	call.Verbatim = true
	newRunner(s, &turnstile{}).Extras(t.Context(), call, 1, 1)
	_, finish := newRunner(s, &turnstile{}).Vote(t.Context(), call, Policy{Rules: Rules{Level: LevelExact, Max: 2}, Measure: true})
	finish()
	if len(s.calls) != 3 {
		t.Fatalf("%d calls", len(s.calls))
	}
	for i, sent := range s.calls {
		if s.bodies[i] != requestBody || sent.Header.Get("Idempotency-Key") != "k1" || sent.Header.Get("X-Request-Id") != "r1" {
			t.Errorf("call %d: %s, %v", i, s.bodies[i], sent.Header)
		}
	}
}

// TestExtrasStartOnlyWhileASignatureIsGood lets the gate hold an extra for ten
// seconds.
func TestExtrasStartOnlyWhileASignatureIsGood(t *testing.T) {
	for left, want := range map[time.Duration]string{
		11 * time.Second: "-", 9 * time.Second: "signed", 0: "signed", -time.Hour: "signed",
	} {
		synctest.Test(t, func(t *testing.T) {
			s := &script{primary: says("a", 0)}
			call := newCall(t)
			call.Verbatim, call.Expires = true, time.Now().Add(left)
			samples := newRunner(s, &turnstile{wait: 10 * time.Second}).Extras(t.Context(), call, 1, 1)
			if got := missings(samples); got != want {
				t.Errorf("%v left: %s, want %s", left, got, want)
			}
		})
	}
}
