package backtest

import (
	"cmp"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"
	"unicode"

	"hotmess/config"
)

// clockForm is how times are printed, in UTC.
const clockForm = "2006-01-02 15:04Z"

// Print writes a result for people.
func (r Result) Print(out io.Writer) error {
	p := &page{table: tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)}
	p.line("%d observations of %d routes in %d conversations, %s to %s",
		r.Observations, r.Routes, r.Conversations, r.From.Format(clockForm), r.To.Format(clockForm))
	if r.Labels > 0 {
		p.line("%d labels", r.Labels)
	}
	p.left(r.Left)
	p.fired(r.Alerts)
	p.placebo(r.Placebo)
	p.thresholds(r.Thresholds)
	return cmp.Or(p.err, p.table.Flush())
}

// A page keeps the first error of what it writes.
type page struct {
	table *tabwriter.Writer
	err   error
}

// line writes one line; cells are parted by tabs. What comes from a log cannot
// steer the terminal.
func (p *page) line(format string, args ...any) {
	text := strings.Map(func(r rune) rune {
		if r != '\t' && !unicode.IsPrint(r) {
			return unicode.ReplacementChar
		}
		return r
	}, fmt.Sprintf(format, args...))
	if _, err := fmt.Fprintln(p.table, text); p.err == nil {
		p.err = err
	}
}

// heading begins a section; what follows is aligned for itself.
func (p *page) heading(format string, args ...any) {
	p.err = cmp.Or(p.err, p.table.Flush())
	p.line("")
	p.line(format, args...)
}

func (p *page) left(l Left) {
	for _, part := range []struct {
		n    int
		what string
	}{{l.Broken, "broken lines"}, {l.Others, "events of other types"}, {l.Old, "older observations"}, {l.Doubled, "observations that came twice"}, {l.Strays, "labels without a request here, or that do not fit it"}} {
		if part.n > 0 {
			p.line("left out: %d %s", part.n, part.what)
		}
	}
	for _, name := range l.Named {
		p.line("  %s", name)
	}
	if more := l.Broken - len(l.Named); more > 0 {
		p.line("  and %d more", more)
	}
}

func (p *page) fired(all []Fired) {
	if len(all) == 0 {
		p.heading("No rule would have fired.")
		return
	}
	p.heading("What would have fired")
	p.line("FIRED\tENDED\tRULE\tROUTE\tOF\tWHY")
	for _, f := range all {
		ended := "still firing"
		if f.EndsAt != nil {
			ended = f.EndsAt.UTC().Format(clockForm)
		}
		p.line("%s\t%s\t%s\t%s\t%s\t%s", f.FiredAt.Format(clockForm), ended, f.Labels["alertname"], f.Labels["route"], of(f.Labels), f.why())
	}
}

// maxHash is how much of a conversation's HMAC is printed.
const maxHash = 12

// of names what an alert is about within its route.
func of(labels map[string]string) string {
	var parts []string
	if kind := labels["kind"]; kind != "" {
		parts = append(parts, strings.TrimSuffix(kind+"/"+labels["level"], "/"))
	}
	if labels["pinned"] != "" {
		parts = append(parts, "pinned")
	}
	if stratum := labels["stratum"]; stratum != "" {
		parts = append(parts, stratum)
	}
	if id := labels["conversation"]; id != "" {
		parts = append(parts, "conversation "+id[:min(maxHash, len(id))])
	}
	return cmp.Or(strings.Join(parts, " "), "-")
}

// why is the evidence in a few words.
func (f Fired) why() string {
	e := f.Evidence
	switch {
	case e.Bound != nil && e.Threshold != nil:
		return fmt.Sprintf("lower bound %.2f above %g, %d conversations", *e.Bound, *e.Threshold, *e.BoundConversations)
	case e.Disagreement != nil && e.DisagreementLow != nil:
		return fmt.Sprintf("D %.2f (%.2f to %.2f), %d pairs, %d conversations", *e.Disagreement, *e.DisagreementLow, *e.DisagreementHigh, *e.Pairs, *e.Conversations)
	case e.Disagreement != nil:
		return fmt.Sprintf("D %.2f, %d pairs, %d conversations", *e.Disagreement, *e.Pairs, *e.Conversations)
	}
	return f.Annotations["summary"]
}

func (p *page) placebo(b Placebo) {
	if b.Runs == 0 {
		return
	}
	p.heading("Placebo: the same conversations in %d other orders (seed %d); what fires there is a false alarm", b.Runs, b.Seed)
	p.line("RULE\tFIRED IN\tSHARE (95 %%)\tALERTS\tPER 1,000 CONVERSATIONS")
	var absent []RuleRate // last, since a row of two cells ends the columns
	for _, r := range b.Rules {
		if r.Share == nil {
			absent = append(absent, r)
			continue
		}
		p.line("%s\t%d of %d\t%.0f %% (%.0f to %.0f)\t%d\t%.2f", r.Rule, r.Fired, r.Judged, 100**r.Share, 100**r.Low, 100**r.High, r.Alerts, *r.PerThousand)
	}
	for _, r := range absent {
		p.line("%s\t%s", r.Rule, r.Absent)
	}
}

func (p *page) thresholds(all []Threshold) {
	if len(all) == 0 {
		return
	}
	p.heading("Thresholds for %s that fire in at most %g %% of such orders (from %d placebos)",
		config.RuleDisagreementHigh, 100*all[0].FalseAlarms, all[0].Runs)
	p.line("ROUTE\tOF\tTHRESHOLD")
	for _, t := range all {
		value := t.Absent
		if t.Threshold != nil {
			value = fmt.Sprintf("%.2f", *t.Threshold)
		}
		labels := map[string]string{"kind": t.Kind, "level": t.Level}
		if t.Pinned {
			labels["pinned"] = "true"
		}
		p.line("%s\t%s\t%s", cmp.Or(t.Route, "(all)"), of(labels), value)
	}
}

// Progress is a Settings.Progress that tells out how far things are, at most
// every two seconds, and nothing of what takes less.
func Progress(out io.Writer, now func() time.Time) func(done, total int64) {
	m := &meter{out: out, now: now, told: now()}
	return m.hear
}
