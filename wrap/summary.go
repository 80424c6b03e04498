package wrap

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"time"
)

const (
	// settlePatience is how long the summary waits for requests that are still
	// being measured.
	settlePatience = 3 * time.Second
	settlePoll     = 50 * time.Millisecond
)

// A Summary is what the sidecar has counted since it started. Fields that it
// does not send stay zero.
type Summary struct {
	// Observing is how many requests are still being measured.
	Observing int64 `json:"observing"`
	// Requests were received, Measured of them sampled.
	Requests int64 `json:"requests"`
	Measured int64 `json:"measured"`
	// Unmeasured counts the others by reason.
	Unmeasured map[string]int64 `json:"unmeasured"`
	// ExtraTokens were used by extras, in billed weight.
	ExtraTokens int64 `json:"extra_tokens"`
	// Tunnels counts, by host, what passed without being opened.
	Tunnels map[string]int64 `json:"tunnels"`
	Routes  []RouteSummary   `json:"routes"`
	Alerts  []AlertSummary   `json:"alerts"`
}

// A RouteSummary is the disagreement of one route as it stands.
type RouteSummary struct {
	Route string `json:"route"`
	// Kind is what was compared: answers or actions, say.
	Kind string `json:"kind"`
	// Disagreement, 0..1, and its interval; nil where it cannot be computed.
	Disagreement *float64 `json:"disagreement"`
	Low          *float64 `json:"low"`
	High         *float64 `json:"high"`
	// Pairs of samples in Conversations are what it is computed from.
	Pairs         int64 `json:"pairs"`
	Conversations int64 `json:"conversations"`
}

// An AlertSummary is one alert as it stands.
type AlertSummary struct {
	Rule   string `json:"rule"`
	Route  string `json:"route"`
	Status string `json:"status"`
}

// since subtracts the counts of before. After a restart the sidecar may count
// from zero again; then before is left out, as for any counter that was reset.
func (s Summary) since(before Summary) Summary {
	if s.Requests < before.Requests {
		return s
	}
	s.Requests -= before.Requests
	s.Measured = max(0, s.Measured-before.Measured)
	s.ExtraTokens = max(0, s.ExtraTokens-before.ExtraTokens)
	s.Unmeasured = less(s.Unmeasured, before.Unmeasured)
	s.Tunnels = less(s.Tunnels, before.Tunnels)
	return s
}

// less subtracts counts by name and leaves out those that are gone.
func less(now, before map[string]int64) map[string]int64 {
	left := make(map[string]int64, len(now))
	for name, n := range now {
		if n -= before[name]; n > 0 {
			left[name] = n
		}
	}
	return left
}

// lines is the summary as people read it.
func (s Summary) lines() []string {
	out := []string{s.counts()}
	if len(s.Tunnels) > 0 {
		out = append(out, "seen, not opened: "+listed(s.Tunnels))
	}
	for _, r := range s.Routes {
		out = append(out, r.line())
	}
	for _, a := range s.Alerts {
		if a.Status == "firing" {
			out = append(out, fmt.Sprintf("alert firing: %s on %s", a.Rule, a.Route))
		}
	}
	return out
}

func (s Summary) counts() string {
	line := fmt.Sprintf("requests: %d, measured: %d, extra tokens: %d", s.Requests, s.Measured, s.ExtraTokens)
	if len(s.Unmeasured) == 0 {
		return line
	}
	return line + "; not measured: " + listed(s.Unmeasured)
}

// listed is counts by name, the largest first.
func listed(counts map[string]int64) string {
	byCount := func(a, b string) int {
		return cmp.Or(cmp.Compare(counts[b], counts[a]), cmp.Compare(a, b))
	}
	var parts []string
	for _, name := range slices.SortedFunc(maps.Keys(counts), byCount) {
		parts = append(parts, fmt.Sprintf("%s %d", name, counts[name]))
	}
	return strings.Join(parts, ", ")
}

func (r RouteSummary) line() string {
	what := "disagreement"
	if r.Kind != "" {
		what += " of " + r.Kind
	}
	if r.Disagreement == nil {
		return fmt.Sprintf("%s: no %s yet (%d pairs)", r.Route, what, r.Pairs)
	}
	line := fmt.Sprintf("%s: %s %.2f", r.Route, what, *r.Disagreement)
	if r.Low != nil && r.High != nil {
		line += fmt.Sprintf(" (%.2f to %.2f)", *r.Low, *r.High)
	}
	return line + fmt.Sprintf(" from %d pairs in %d conversations", r.Pairs, r.Conversations)
}

// settled fetches the summary once the command's last requests are measured, or
// settlePatience has passed: extras may run for long.
func (s *sidecar) settled(ctx context.Context) (Summary, error) {
	for deadline := time.Now().Add(settlePatience); ; {
		now, err := s.admin().summary(ctx)
		if err != nil || now.Observing == 0 || time.Now().After(deadline) || !sleep(ctx, settlePoll) {
			return now, err
		}
	}
}

// exists reports whether there is such a file. A sidecar that was not started
// by run logs elsewhere.
func exists(file string) bool {
	_, err := os.Stat(file)
	return err == nil
}

// report writes the summary of what the sidecar counted after before.
func (s *sidecar) report(ctx context.Context, w io.Writer, before Summary) {
	lines := []string{"no summary: the sidecar does not answer"}
	if now, err := s.settled(ctx); err == nil {
		lines = now.since(before).lines()
	}
	if s.restarts > 0 {
		lines = append(lines, fmt.Sprintf("restarts of the sidecar: %d; the counts are those since the last", s.restarts))
	}
	if log := LogFile(s.worker.DataDir); exists(log) {
		lines = append(lines, "log: "+log)
	}
	for _, line := range lines {
		fmt.Fprintf(w, "hotmess: %s\n", line)
	}
}
