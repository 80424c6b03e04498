package e2e

import (
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// A nodeVisit is what a client did: what is answered, and then what fails.
// hotmess keeps its extras back after errors.
type nodeVisit struct{ answers, errors nodeStage }

// A nodeStage is what a client printed and what the API saw: the client's own
// calls, and all calls.
type nodeStage struct {
	printed  map[string]any
	own, all []nodeCall
}

// check holds a stage through a sidecar against one without.
func (s nodeStage) check(t *testing.T, w nodeWay, want nodeStage) {
	t.Helper()
	if len(s.own) != len(want.own) {
		t.Errorf("the client made %d calls, directly %d", len(s.own), len(want.own))
	}
	if w.mode == "ensemble" {
		s.isOfSamples(t)
		return
	}
	same(t, "the client saw", want.printed, s.printed)
	same(t, "the client asked", nodeAsked(want.own), nodeAsked(s.own))
}

// isOfSamples fails unless every reply that the client saw is one that the API
// gave: ids that stand together in what the client printed stand together in
// one reply.
func (s nodeStage) isOfSamples(t *testing.T) {
	t.Helper()
	for _, ids := range nodeReplies(s.printed) {
		gives := func(c nodeCall) bool {
			return c.Status == http.StatusOK && !slices.ContainsFunc(ids, func(id string) bool { return !strings.Contains(c.Reply, `"`+id+`"`) })
		}
		if !slices.ContainsFunc(s.all, gives) {
			t.Errorf("no reply of the API has the ids %q", ids)
		}
	}
}

// isReported fails unless the admin port says that all calls were measured but
// for those that have a reason not to, and that the API got no more calls of
// hotmess than that takes.
func (v nodeVisit) isReported(t *testing.T, s *sidecar, w nodeWay, want nodeVisit) {
	t.Helper()
	calls := slices.Concat(want.answers.own, want.errors.own)
	expected := summary{Requests: int64(len(calls)), Unmeasured: map[string]int64{}}
	for _, c := range calls {
		if reason := c.reason(w.mode); reason != "" {
			expected.Unmeasured[reason]++
		} else {
			expected.Measured++
		}
	}
	if diff := cmp.Diff(expected, s.summary(t)); diff != "" {
		t.Errorf("summary (-want +got):\n%s", diff)
	}
	for reason, n := range expected.Unmeasured {
		s.unmeasured(t, reason, int(n))
	}
	extras := int64(len(v.answers.all) + len(v.errors.all) - len(v.answers.own) - len(v.errors.own))
	switch {
	case w.mode != "ensemble" && extras != expected.Measured:
		t.Errorf("%d extras for %d measured calls", extras, expected.Measured)
	case w.mode == "ensemble" && s.metric(t, "hotmess_votes_total") != float64(expected.Measured):
		t.Errorf("%v votes on %d measured calls", s.metric(t, "hotmess_votes_total"), expected.Measured)
	}
}

// reason is why hotmess does not measure a call that it is to draw; empty if it
// does.
func (c nodeCall) reason(mode string) string {
	retries := c.Header.Get("X-Stainless-Retry-Count")
	switch {
	case c.Method != http.MethodPost, strings.Contains(strings.ToLower(c.URI), "count"):
		return "dialect"
	case mode == "off":
		return "off"
	case retries != "" && retries != "0":
		return "retry"
	case c.Status != http.StatusOK:
		return "failed"
	case strings.Contains(c.Body, `"thread":{"type":"continue"`):
		return "chain"
	}
	return ""
}

// A nodeQuestion is what an API sees of a call, but for what is hop by hop, and
// what the client accepts: Node.js wants brotli over TLS alone.
type nodeQuestion struct {
	Method, URI, Body string
	Header            http.Header
}

func nodeAsked(calls []nodeCall) []nodeQuestion {
	var list []nodeQuestion
	for _, c := range calls {
		h := c.Header.Clone()
		h.Del("Connection")
		h.Del("Accept-Encoding")
		list = append(list, nodeQuestion{c.Method, c.URI, c.Body, h})
	}
	return list
}

// nodeReplies are the ids of each reply in what a client printed: that of an
// object with those inside of it.
func nodeReplies(printed any) [][]string {
	if object, ok := printed.(map[string]any); ok {
		if _, ok := object["id"].(string); ok {
			return [][]string{nodeIDs(object)}
		}
	}
	var list [][]string
	for _, inner := range nodeInside(printed) {
		list = append(list, nodeReplies(inner)...)
	}
	return list
}

// nodeIDs are all ids within a value. Those in arguments of tools are numbers.
func nodeIDs(printed any) (ids []string) {
	if object, ok := printed.(map[string]any); ok {
		if id, ok := object["id"].(string); ok {
			ids = append(ids, id)
		}
	}
	for _, inner := range nodeInside(printed) {
		ids = append(ids, nodeIDs(inner)...)
	}
	return ids
}

// nodeInside is the values of an object or a list.
func nodeInside(value any) []any {
	switch v := value.(type) {
	case map[string]any:
		return slices.Collect(maps.Values(v))
	case []any:
		return v
	}
	return nil
}

// counted waits until n requests are counted, measured or not.
func (s *sidecar) counted(t *testing.T, n int) {
	t.Helper()
	s.settled(t, n)
	eventually(t, "all requests are measured or not", func() bool {
		got := s.summary(t)
		sum := got.Measured
		for _, n := range got.Unmeasured {
			sum += n
		}
		return sum == int64(n)
	})
}
