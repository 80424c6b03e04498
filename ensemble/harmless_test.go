package ensemble

import (
	"testing"

	"hotmess/monitor"
	"hotmess/wire"
)

func TestExclusionNamesWhatMakesExtrasHarmful(t *testing.T) {
	for _, c := range []struct {
		view wire.View
		cred wire.CredentialKind
		want monitor.Reason
	}{
		{wire.View{Choices: 1}, wire.CredentialKey, ""},
		{wire.View{Choices: 1}, wire.CredentialNone, ""},
		{wire.View{Choices: 1, Stored: true, Pinned: true}, wire.CredentialKey, ""},
		{wire.View{Choices: 1, Chain: wire.Chain{Previous: "r"}}, wire.CredentialKey, ""},
		{wire.View{Choices: 1, Chain: wire.Chain{Previous: "m", Once: true}}, wire.CredentialKey, monitor.ReasonChain},
		{wire.View{Choices: 1, Background: true}, wire.CredentialKey, monitor.ReasonBackground},
		{wire.View{Choices: 1, ProviderTools: true}, wire.CredentialKey, monitor.ReasonProviderTools},
		{wire.View{Choices: 1}, wire.CredentialSubscription, monitor.ReasonSubscription},
		{wire.View{Choices: 1}, wire.CredentialSigned, monitor.ReasonSigned},
	} {
		if got := Exclusion(c.view, c.cred); got != c.want {
			t.Errorf("%+v with %s: %q, want %q", c.view, c.cred, got, c.want)
		}
	}
}

func TestRepliesOfOneIDAreOneDraw(t *testing.T) {
	sample := func(number int, id string) Sample {
		return Sample{Number: number, Reply: wire.Reply{ID: id}, Keys: Keys{LevelExact: "a"}}
	}
	failed := Sample{Number: 1, Reply: wire.Reply{ID: "x"}, Missing: monitor.ReasonTruncated}
	samples := []Sample{sample(0, "p"), failed, sample(2, "x"), sample(3, "p"), sample(4, ""), sample(5, ""), sample(6, "x")}
	MarkDependent(samples)
	if got, want := missings(samples), "- truncated - not_independent - - not_independent"; got != want {
		t.Errorf("missing: %s, want %s", got, want)
	}
	if samples[3].Keys != nil {
		t.Error("a repeated reply has keys")
	}
}

func TestExtrasOfARequestThatCannotBeEditedAreMissing(t *testing.T) {
	s := &script{}
	call := newCall(t)
	call.Body = []byte("[]")
	if got := missings(newRunner(s, &turnstile{}).Extras(t.Context(), call, 1, 2)); got != "malformed malformed" || len(s.calls) != 0 {
		t.Errorf("missing: %s, %d calls", got, len(s.calls))
	}
}
