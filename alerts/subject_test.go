package alerts

import (
	"regexp"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestTokenIsInjectiveAndFitForSubjects(t *testing.T) {
	fit := regexp.MustCompile(`^[A-Za-z0-9_=-]+$`)
	rapid.Check(t, func(t *rapid.T) {
		names := rapid.OneOf(rapid.String(), rapid.StringMatching(`[.*> =0-9A-Fa-f\x00\xff]{0,12}`), rapid.StringMatching(`[ab.]{120,140}`))
		a, b := names.Draw(t, "a"), names.Draw(t, "b")
		if !fit.MatchString(token(a)) {
			t.Fatalf("token(%q) = %q is not fit", a, token(a))
		}
		if len(token(a)) > 3*maxToken {
			t.Fatalf("token(%q) has %d bytes", a, len(token(a)))
		}
		if (a == b) != (token(a) == token(b)) {
			t.Fatalf("token(%q) = %q, token(%q) = %q", a, token(a), b, token(b))
		}
	})
}

func TestSubjectsHaveFixedDepth(t *testing.T) {
	if got, want := alertSubject("codex.gpt-5 >", "disagreement_high"), "hotmess.v1.alerts.codex=2Egpt-5=20=3E.disagreement_high"; got != want {
		t.Errorf("alertSubject = %q, want %q", got, want)
	}
	if got := strings.Count(observationSubject("", "a.b*c"), "."); got != 4 {
		t.Errorf("observationSubject has %d dots, want 4", got)
	}
}

func TestFingerprintTellsLabelSetsApart(t *testing.T) {
	same := fingerprint(map[string]string{"a": "1", "b": "2"})
	if got := fingerprint(map[string]string{"b": "2", "a": "1"}); got != same {
		t.Errorf("fingerprint depends on order: %s and %s", got, same)
	}
	for _, other := range []map[string]string{{"a": "1"}, {"a": "1b2"}, {"a": "2", "b": "1"}, {"a1": "", "b": "2"}} {
		if fingerprint(other) == same {
			t.Errorf("fingerprint of %v collides", other)
		}
	}
	// Stored alerts are found by it, so it must never change.
	if want := "72af170d97ad99fb"; same != want {
		t.Errorf("fingerprint = %s, want %s", same, want)
	}
}
