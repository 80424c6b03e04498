package alerts

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"unicode"

	"github.com/nats-io/nats.go/jetstream"
	"github.com/tidwall/gjson"
)

// maxSeen bounds the ids by which a printer knows what it printed; beyond, an
// event that is delivered twice may be printed twice.
const maxSeen = 10_000

// A printer prints events one at a time. Safe for concurrent use.
type printer struct {
	out  io.Writer
	json bool
	// broken takes the first error of out.
	broken chan error

	mu   sync.Mutex
	seen map[string]bool
}

// receive prints a message. One that is no event of ours is passed over.
func (p *printer) receive(m jetstream.Msg) {
	var e Event
	if err := json.Unmarshal(m.Data(), &e); err == nil {
		p.print(e)
	}
}

func (p *printer) print(e Event) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.seen[e.ID] {
		return
	}
	if len(p.seen) >= maxSeen {
		clear(p.seen)
	}
	p.seen[e.ID] = true
	if _, err := io.WriteString(p.out, p.line(e)+"\n"); err != nil {
		select {
		case p.broken <- err:
		default: // the first one counts
		}
	}
}

func (p *printer) line(e Event) string {
	if p.json {
		b, err := json.Marshal(e)
		if err != nil { // e was JSON a moment ago
			return "{}"
		}
		return string(b)
	}
	if e.Type == ObservationType {
		return printable(e.Time.UTC().Format("2006-01-02 15:04:05Z") + " " + observationLine(e))
	}
	return printable(e.Time.UTC().Format("2006-01-02 15:04:05Z") + " " + alertLine(e))
}

func alertLine(e Event) string {
	a, err := e.alert()
	if err != nil {
		return fmt.Sprintf("%-8s %s: the alert %s is unreadable", "?", e.Subject, e.ID)
	}
	return fmt.Sprintf("%-8s %s: %s. %s", strings.ToUpper(string(a.Status)), identityOf(a.Labels).short(),
		a.Annotations["summary"], a.Annotations["description"])
}

// maxShownID is how much of a conversation's HMAC a line shows.
const maxShownID = 12

// short names what an alert is about, for a line.
func (id identity) short() string {
	parts := []string{id.rule, id.route, series(id.kind, id.level), id.stratum}
	if id.pinned {
		parts = append(parts, "pinned")
	}
	if id.conversation != "" {
		parts = append(parts, "conversation "+id.conversation[:min(maxShownID, len(id.conversation))])
	}
	return strings.Join(slices.DeleteFunc(parts, func(s string) bool { return s == "" }), " ")
}

// observationLine reads the few fields of an observation that a line has room
// for.
func observationLine(e Event) string {
	kind, level := gjson.GetBytes(e.Data, "kind").String(), gjson.GetBytes(e.Data, "headline").String()
	reason := gjson.GetBytes(e.Data, "reason").String()
	differ := gjson.GetBytes(e.Data, "differ."+gjson.Escape(level))
	outcome := "samples agree"
	switch {
	case reason != "":
		outcome = "not measured: " + reason
	case level == "" || !differ.Exists():
		outcome = "measured, without a headline level"
	case differ.Bool():
		outcome = "samples differ"
	}
	return fmt.Sprintf("%-8s %s %s: %s", "observed", e.Subject, series(kind, level), outcome)
}

// series names a kind and its level, if there is one.
func series(kind, level string) string {
	if level == "" {
		return kind
	}
	return kind + "/" + level
}

// printable keeps names from outside from steering the terminal.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return unicode.ReplacementChar
		}
		return r
	}, s)
}
