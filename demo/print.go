package demo

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
)

// say prints one line of the story.
func (t *tour) say(format string, args ...any) {
	fmt.Fprintf(t.Out, "\n"+format+"\n", args...)
}

// introduce says what runs where and what is not as in production.
func (t *tour) introduce() {
	r := t.sidecar.Running()
	fmt.Fprintf(t.Out, `hotmess demo: the model is SIMULATED, and so is every figure below.

  %d agents ──▶ hotmess %s ──▶ simulated model
                 ├──▶ admin http://%s
                 └──▶ NATS  %s

In another terminal:  go run . watch --data-dir %s

Not as in production: a second here stands for a minute, so watch shows times to
come, and the hourly budget is %d times larger to match; rule disagreement_high has the threshold %.2f
(it has none until you set one); rate is 1, so that every request is measured.
`, agentCount, r.Listen, r.Admin, strings.TrimPrefix(r.NATS, "nats://"), t.config.DataDir, speed, threshold)
}

// printAlert prints an alert as it arrives, with what is measured beside what
// is true.
func (t *tour) printAlert(a alertLine) {
	fmt.Fprintf(t.Out, "  ALERT over NATS: %s\n", a)
}

// A chapter is what one part of the story came to.
type chapter struct {
	name     string
	pairs    int64
	measured float64
	truth    float64
	calls    int64
	wrong    float64
}

// A ledger keeps the chapters and where the last one ended.
type ledger struct {
	chapters            []chapter
	headlined, differed int64
	calls, wrong        int64
}

// chapter closes one part of the story and prints its figures.
func (t *tour) chapter(ctx context.Context, name string) {
	if err := t.sidecar.Monitor.Sync(ctx); err != nil {
		slog.Debug("sync", slog.Any("error", err))
	}
	total, l := t.sidecar.Monitor.Totals(), &t.ledger
	calls, wrong := t.office.calls.Load(), t.office.wrong.Load()
	truth, _ := t.Model.Truth()
	c := chapter{
		name: name, truth: truth,
		pairs: total.Headlined - l.headlined, measured: share(total.Differed-l.differed, total.Headlined-l.headlined),
		calls: calls - l.calls, wrong: share(wrong-l.wrong, calls-l.calls),
	}
	l.headlined, l.differed, l.calls, l.wrong = total.Headlined, total.Differed, calls, wrong
	l.chapters = append(l.chapters, c)
	fmt.Fprintf(t.Out, "  disagreement measured %.3f (%d pairs), true %.3f · wrong calls given to the agents: %.1f %% of %d\n",
		c.measured, c.pairs, c.truth, 100*c.wrong, c.calls)
}

// share is a / b, and 0 where there was nothing to count.
func share(a, b int64) float64 {
	if b == 0 {
		return 0
	}
	return float64(a) / float64(b)
}

// conclude prints the table.
func (t *tour) conclude() {
	fmt.Fprintf(t.Out, "\n%-22s %10s %10s %8s %13s\n", "simulated", "measured D", "true D", "pairs", "wrong calls")
	for _, c := range t.ledger.chapters {
		fmt.Fprintf(t.Out, "%-22s %10.3f %10.3f %8d %11.1f %%\n", c.name, c.measured, c.truth, c.pairs, 100*c.wrong)
	}
	total := t.sidecar.Monitor.Totals()
	fmt.Fprintf(t.Out, "\nD is the disagreement: the probability that two samples of one request differ.\n"+
		"Tasks that began before the vote did had errors in their context already.\n"+
		"The extras cost %d tokens, of which %d are estimated.\n", total.ExtraTokens, total.EstimatedTokens)
}
