package backtest

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"hotmess/alerts"
	"hotmess/config"
)

// errEmpty is returned for a log in which nothing is.
var errEmpty = errors.New("there is no observation to run rules on: record some with hotmess watch -o observations --json, or take a longer time with --since")

// Settings say what is tried on a log.
type Settings struct {
	// Alerts are the rules.
	Alerts config.Alerts
	// Placebos is how many orders of the conversations are tried; 0: none.
	Placebos int
	// Seed picks the orders.
	Seed uint64
	// FalseAlarms is the share of placebos, between 0 and 1, in which a
	// proposed threshold may fire.
	FalseAlarms float64
	// Progress, unless nil, hears how many observations and labels of all were
	// played. It
	// is called from several goroutines.
	Progress func(done, total int64)
}

// Check says what is wrong with the settings, by the flags that set them.
func (s Settings) Check() error {
	var problems []error
	if s.Placebos < 0 || s.Placebos > maxPlacebos {
		problems = append(problems, fmt.Errorf("--placebo: %d is not from 0 to %d", s.Placebos, maxPlacebos))
	}
	if !(s.FalseAlarms > 0 && s.FalseAlarms < 1) {
		problems = append(problems, fmt.Errorf("--false-alarms: %g is not between 0 and 1", s.FalseAlarms))
	}
	return errors.Join(problems...)
}

// maxPlacebos bounds the work.
const maxPlacebos = 10_000

// A Result is all that a backtest found.
type Result struct {
	Observations  int       `json:"observations"`
	Labels        int       `json:"labels"`
	Conversations int       `json:"conversations"`
	Routes        int       `json:"routes"`
	From          time.Time `json:"from"`
	To            time.Time `json:"to"`
	Left          Left      `json:"left_out"`
	// Alerts are those that would have fired, in order of firing.
	Alerts     []Fired     `json:"alerts"`
	Placebo    Placebo     `json:"placebo"`
	Thresholds []Threshold `json:"thresholds"`
}

// A Fired is an alert that would have fired, with the evidence of that moment.
// Its status is resolved if it ended within the log.
type Fired struct {
	FiredAt time.Time `json:"firedAt"`
	alerts.Alert
}

// Run plays the log as it was recorded and in other orders. The error is that
// of bad settings, of an empty log, or of ctx.
func Run(ctx context.Context, s Settings, log *Log) (Result, error) {
	if err := s.Check(); err != nil {
		return Result{}, err
	}
	log.sort()
	if len(log.observations) == 0 {
		return Result{Left: log.left}, log.left.explain(errEmpty)
	}
	b := &backtest{Settings: s, log: log}
	b.record = b.asRecorded()
	b.routes = blocks(b.record)
	last := len(log.observations) - 1
	result := Result{
		Observations: len(log.observations), Labels: len(log.labels), Routes: len(b.routes),
		From: log.observations[0].Time.UTC(), To: log.observations[last].Time.UTC(),
	}
	for _, all := range b.routes {
		result.Conversations += len(all)
	}
	var strays int
	var err error
	if result.Alerts, strays, err = b.recorded(ctx); err != nil {
		return result, err
	}
	runs, err := b.placebos(ctx)
	if err != nil {
		return result, err
	}
	result.Left = log.left
	result.Left.Strays += strays
	result.Placebo = summarise(s, runs, result.Conversations)
	result.Thresholds = propose(s.FalseAlarms, runs)
	return result, nil
}

// A backtest is one Run.
type backtest struct {
	Settings
	log *Log
	// record is the log as it is played, routes what of it belongs together.
	record []played
	routes map[string][]block
	played atomic.Int64
}

// progress counts observations and labels.
func (b *backtest) progress(n int) {
	done := b.played.Add(int64(n))
	if b.Progress != nil {
		b.Progress(done, int64(len(b.record))*int64(1+b.Placebos))
	}
}

// recorded plays the log as it was. strays counts the labels that do not fit
// their request.
func (b *backtest) recorded(ctx context.Context) (all []Fired, strays int, err error) {
	fired := []Fired{}
	open := map[string]int{} // by fingerprint
	var r *replay
	r, err = newReplay(b.Alerts, b.Alerts.All(), b.record[0].at, func(a alerts.Alert) {
		n, known := open[a.Fingerprint]
		switch {
		case a.Status == alerts.Firing && !known:
			open[a.Fingerprint] = len(fired)
			fired = append(fired, Fired{FiredAt: r.clock.UTC(), Alert: a})
		case a.Status == alerts.Resolved && known:
			delete(open, a.Fingerprint)
			fired[n].Status, fired[n].EndsAt = a.Status, a.EndsAt
			fired[n].Evidence.ResolvedBy = a.Evidence.ResolvedBy
		}
	})
	if err != nil {
		return nil, 0, err
	}
	r.done = b.progress
	err = r.play(ctx, b.record)
	return fired, r.refused, err
}

// A placebo is what one shuffled order of the log fired.
type placebo struct {
	// fired counts firings by rule; judged are the rules that had something to
	// judge.
	fired  map[string]int
	judged map[string]bool
	// highest is the highest bound that each series ever had.
	highest map[series]float64
}

// A series is what a threshold is for.
type series struct {
	route, kind, level string
	pinned             bool
}

// placebos plays every order, several at a time.
func (b *backtest) placebos(ctx context.Context) ([]placebo, error) {
	runs := make([]placebo, b.Placebos)
	errs := make([]error, b.Placebos)
	var next atomic.Int64
	var work sync.WaitGroup
	for range min(b.Placebos, runtime.GOMAXPROCS(0)) {
		work.Go(func() {
			for n := next.Add(1) - 1; n < int64(b.Placebos); n = next.Add(1) - 1 {
				runs[n], errs[n] = b.placebo(ctx, uint64(n))
			}
		})
	}
	work.Wait()
	return runs, first(errs)
}

// first is the first error; the others are likely the same.
func first(errs []error) error {
	i := slices.IndexFunc(errs, func(err error) bool { return err != nil })
	if i < 0 {
		return nil
	}
	return errs[i]
}

// placebo plays one order.
func (b *backtest) placebo(ctx context.Context, run uint64) (placebo, error) {
	p := placebo{fired: map[string]int{}, judged: map[string]bool{}, highest: map[series]float64{}}
	firing := map[string]bool{}
	rules := slices.DeleteFunc(b.Alerts.All(), func(r config.Rule) bool { return !statistical(r.Rule) })
	r, err := newReplay(b.Alerts, rules, b.record[0].at, func(a alerts.Alert) {
		if a.Status == alerts.Firing && !firing[a.Fingerprint] {
			p.fired[a.Labels["alertname"]]++
		}
		firing[a.Fingerprint] = a.Status == alerts.Firing
	})
	if err != nil {
		return p, err
	}
	r.done, r.look = b.progress, p.look
	return p, r.play(ctx, shuffled(b.record, b.routes, b.Seed, run))
}

// rankedConversations is how many conversations of a series there are before
// conversation_incoherent, which has no reading until it holds, is judged.
const rankedConversations = 150

// look keeps the highest bound of each series, and which rules had something to
// judge.
func (p placebo) look(readings []alerts.Reading) {
	for _, r := range readings {
		if r.State == alerts.StateHolds || r.State == alerts.StateCleared || r.Units > 0 {
			p.judged[r.Rule] = true
		}
		if r.Units >= rankedConversations { // such conversations are compared with each other
			p.judged[config.RuleConversationIncoherent] = true
		}
		if r.Rule == config.RuleDisagreementHigh {
			s := series{r.Route, r.Kind, r.Level, r.Pinned}
			bound := 0.0
			if r.HasBound {
				bound = r.Bound
			}
			p.highest[s] = max(p.highest[s], bound)
		}
	}
}

// statistical reports whether a rule infers something that chance may feign.
// The others state facts, which a placebo cannot make false.
func statistical(rule string) bool {
	switch rule {
	case config.RuleRepeating, config.RuleModelChanged, config.RuleSamplingStarved, config.RuleUpstreamFailing:
		return false
	}
	return true
}
