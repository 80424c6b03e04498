package proxy

import (
	"slices"
	"strconv"
	"testing"

	"hotmess/wire"
)

// asking is an exchange of a client, and maybe of a session that it names.
func asking(h *Handler, client, named string) *exchange {
	return &exchange{h: h, client: client, named: named}
}

func TestConversationIdentity(t *testing.T) {
	h := &Handler{seal: NewSealer([]byte("key"))}
	first := wire.View{Model: "m", FirstUser: "fix the bug", LastUser: "fix the bug", System: "today is Monday"}
	later := wire.View{Model: "m", FirstUser: "fix the bug", LastUser: "tool result", System: "today is Tuesday", Tools: []wire.Tool{{Name: "new"}}}
	c := asking(h, "c", "")
	if c.conversation(first) != c.conversation(later) {
		t.Error("a later turn is another conversation")
	}
	other, model := first, first
	other.FirstUser, model.Model = "another bug", "n"
	upstream := wire.View{Chain: wire.Chain{Conversation: "conv_1"}}
	all := []string{
		c.conversation(first), c.conversation(other), c.conversation(model), asking(h, "d", "").conversation(first),
		asking(h, "c", "session").conversation(first), asking(h, "c", "session 2").conversation(first), c.conversation(upstream),
	}
	slices.Sort(all)
	if n := len(slices.Compact(all)); n != len(all) {
		t.Errorf("%d conversations, want %d", n, len(all))
	}
	if s := asking(h, "c", "session"); s.conversation(first) != s.conversation(other) {
		t.Error("one session is two conversations")
	}
}

func TestChainedRequestsAreOneConversation(t *testing.T) {
	h := &Handler{seal: NewSealer([]byte("key"))}
	x := asking(h, "c", "")
	first := wire.View{Model: "m", FirstUser: "fix the bug", Stored: true}
	x.follow(inspection{view: first}, wire.Reply{ID: "resp_1"})
	second := wire.View{Model: "m", FirstUser: "now the next", Stored: true, Chain: wire.Chain{Previous: "resp_1"}}
	if x.conversation(second) != x.conversation(first) {
		t.Error("the second turn is another conversation")
	}
	x.follow(inspection{view: second}, wire.Reply{ID: "resp_2"})
	third := wire.View{Model: "m", Chain: wire.Chain{Previous: "resp_2"}}
	if x.conversation(third) != x.conversation(first) {
		t.Error("the third turn is another conversation")
	}
	if unknown := (wire.View{Chain: wire.Chain{Previous: "resp_9"}}); x.conversation(unknown) == x.conversation(first) {
		t.Error("a chain whose beginning was not seen is taken for this one")
	}
}

func TestRepliesThatNobodyCanNameAreNotRemembered(t *testing.T) {
	h := &Handler{seal: NewSealer([]byte("key"))}
	x := asking(h, "c", "")
	x.follow(inspection{view: wire.View{FirstUser: "a"}}, wire.Reply{ID: "resp_1"})
	x.follow(inspection{view: wire.View{FirstUser: "a", Stored: true}}, wire.Reply{})
	if n := len(h.chains.of); n != 0 {
		t.Errorf("%d remembered", n)
	}
}

func TestOldestChainsAreForgottenFirst(t *testing.T) {
	var c chains
	for i := range maxChained + 2 {
		c.add(strconv.Itoa(i), "conversation")
		c.add(strconv.Itoa(i), "another")
	}
	if len(c.of) != maxChained || len(c.ring) != maxChained {
		t.Errorf("%d remembered, %d in the ring", len(c.of), len(c.ring))
	}
	for i, want := range map[int]bool{0: false, 1: false, 2: true, maxChained + 1: true} {
		if got, ok := c.find(strconv.Itoa(i)); ok != want || (ok && got != "conversation") {
			t.Errorf("%d: %q, %v", i, got, ok)
		}
	}
}
