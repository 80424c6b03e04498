package proxy

import (
	"io"
	"net/http"
	"slices"
	"strconv"
	"testing"

	"hotmess/config"
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

// TestTurnsOfAVoteAreOneConversation goes on from a reply while a drawn sample of
// the same request still runs.
func TestTurnsOfAVoteAreOneConversation(t *testing.T) {
	free := make(chan struct{})
	responds := func(id string) string {
		return `{"id":"` + id + `","object":"response","status":"completed","model":"m","output":[{"type":"message","id":"msg_1",` +
			`"role":"assistant","content":[{"type":"output_text","text":"yes"}]}],"usage":{"input_tokens":1,"output_tokens":1,"total_tokens":2}}`
	}
	u := &script{
		primary: func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.WriteString(w, responds(r.Header.Get(firstCall)))
		},
		extra: func(n int, w http.ResponseWriter, _ *http.Request) {
			if n == 0 {
				<-free
			}
			_, _ = io.WriteString(w, responds("extra_"+strconv.Itoa(n)))
		},
	}
	r := newRig(t, u, func(c *config.Config) {
		inMode(config.Ensemble, 2)(c)
		c.Sampling.Allow = []string{config.AllowStored}
	})
	read(t, r.do(http.MethodPost, "/v1/responses", `{"model":"m","input":"first"}`, firstCall, "resp_1"))
	read(t, r.do(http.MethodPost, "/v1/responses", `{"model":"m","input":"next","previous_response_id":"resp_1"}`, firstCall, "resp_2"))
	next := r.observation()
	close(free)
	if first := r.observation(); next.Conversation != first.Conversation || next.Vote == nil || first.Vote == nil {
		t.Errorf("the first turn is of conversation %s, vote %+v; the next of %s, vote %+v", first.Conversation, first.Vote, next.Conversation, next.Vote)
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
