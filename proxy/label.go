package proxy

import (
	"strings"
	"sync"

	"github.com/google/uuid"

	"hotmess/monitor"
)

// headerLabel says how an earlier request turned out: pass or fail for the one
// before in the same conversation, <id>=pass or <id>=fail for any.
const headerLabel = headerPrefix + "Label"

// sourceHeader is the source of such labels.
const sourceHeader = "header"

// readLabel reads a value of headerLabel; id is empty for the request before.
// What is malformed is as good as absent.
func readLabel(value string) (id, outcome string, ok bool) {
	value = strings.TrimSpace(value)
	if before, after, named := strings.Cut(value, "="); named {
		if u, err := uuid.Parse(before); err != nil || u.String() != before {
			return "", "", false
		}
		id, value = before, after
	}
	return id, value, value == monitor.Pass || value == monitor.Fail
}

// maxTurns bounds the conversations whose latest request is remembered.
const maxTurns = 20_000

// turns remembers the latest request of each conversation, for the labels of
// the next. The conversations that came first are forgotten first.
type turns struct {
	mu   sync.Mutex
	last map[string]string
	ring []string
	next int
}

// advance notes the request of a conversation and gives the one before it.
func (t *turns) advance(conversation, id string) (before string, ok bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	before, ok = t.last[conversation]
	if before > id {
		return "", false // read late: a UUIDv7 begins with its time
	}
	if t.last == nil {
		t.last = map[string]string{}
	}
	t.last[conversation] = id
	switch {
	case ok:
	case len(t.ring) < maxTurns:
		t.ring = append(t.ring, conversation)
	default:
		delete(t.last, t.ring[t.next])
		t.ring[t.next] = conversation
		t.next = (t.next + 1) % maxTurns
	}
	return before, ok
}

// labelNamed hands on a label of a request that the header names, of which the
// body need not be read.
func (x *exchange) labelNamed() {
	if id, outcome, ok := readLabel(x.asked.label); ok && id != "" {
		x.hand(id, outcome)
	}
}

// labelBefore hands on a label of the request before this one in the
// conversation. A retry by the client's library repeats the header of the request
// that it repeats, so there it is not heeded.
func (x *exchange) labelBefore(in inspection) {
	if !x.policy.honours["label"] {
		return
	}
	before, known := x.h.turns.advance(x.conversation(in.view), x.id)
	if id, outcome, ok := readLabel(x.asked.label); ok && id == "" && known && !in.retry {
		x.hand(before, outcome)
	}
}

func (x *exchange) hand(id, outcome string) {
	x.h.label(monitor.Label{V: monitor.LabelVersion, Request: id, Outcome: outcome, Time: x.began.UTC(), Source: sourceHeader})
}
