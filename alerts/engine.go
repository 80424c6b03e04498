package alerts

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"hotmess/config"
)

const defaultEvery = time.Second

// Settings are what New needs.
type Settings struct {
	// Rules as configured. Where several are for the same route with the same
	// severity, the first holds.
	Rules  []config.Rule
	Source Source
	// Bus is open; the engine does not close it.
	Bus *Bus
	// Instance names this sidecar in labels and events.
	Instance string
	// Now is the clock that lifecycles go by; nil: time.Now.
	Now func() time.Time
	Log *slog.Logger
	// Every is the time between evaluations, in real time; 0: 1 s.
	Every time.Duration
}

// An Engine judges the readings by the rules and keeps the lifecycles. All
// methods are safe for concurrent use.
type Engine struct {
	settings Settings

	mu    sync.Mutex
	rules []config.Rule
	items map[identity]*item
}

// New restores the lifecycles that the store holds, and sends again what it
// may not have published.
func New(ctx context.Context, s Settings) (*Engine, error) {
	if err := checkRules(s.Rules); err != nil {
		return nil, err
	}
	if s.Now == nil {
		s.Now = time.Now
	}
	if s.Every == 0 {
		s.Every = defaultEvery
	}
	e := &Engine{settings: s, rules: slices.Clone(s.Rules), items: map[identity]*item{}}
	found, err := s.Bus.restoreRecords(ctx, func(key string, err error) {
		s.Log.Error("alert state is unreadable and left out", "key", key, "error", err)
	})
	if err != nil {
		return nil, err
	}
	for _, r := range found {
		if err := e.restore(r); err != nil {
			s.Log.Error("alert state is unreadable and left out", "subject", r.Subject, "error", err)
		}
	}
	return e, nil
}

// Run evaluates until ctx ends. An evaluation that fails is logged, once
// until another succeeds, and the next is tried.
func (e *Engine) Run(ctx context.Context) error {
	tick := time.NewTicker(e.settings.Every)
	defer tick.Stop()
	failing := false
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		err := e.Evaluate(ctx)
		if err != nil && !failing && ctx.Err() == nil {
			e.settings.Log.Error("alert rules could not be evaluated", "error", err)
		}
		failing = err != nil
	}
}

// Evaluate judges all readings once. It waits for the Source, never for NATS:
// the events of changes are queued. A panic of the Source is an error.
func (e *Engine) Evaluate(ctx context.Context) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("evaluate alert rules: panic: %v", p)
		}
	}()
	if err := ctx.Err(); err != nil {
		return err
	}
	readings := e.settings.Source.Readings()
	now := e.settings.Now().UTC()
	e.mu.Lock()
	defer e.mu.Unlock()
	seen := map[identity]bool{}
	var problems []error
	for i := range readings {
		problems = append(problems, e.judgeReading(now, &readings[i], seen))
	}
	for id, it := range e.items {
		if !seen[id] {
			problems = append(problems, e.judgeUnseen(now, id, it))
		}
		if it.finished(now) {
			delete(e.items, id)
		}
	}
	return errors.Join(problems...)
}

// judgeReading applies the rules that are for the reading, in their order.
func (e *Engine) judgeReading(now time.Time, reading *Reading, seen map[identity]bool) error {
	var problems []error
	for _, r := range e.rules {
		id := identify(r, reading)
		if seen[id] || !config.Fits(r.Route, reading.Route) {
			continue
		}
		seen[id] = true
		it := e.items[id]
		c := judge(r, reading)
		if it == nil {
			if c != holds {
				continue
			}
			it = newItem(id, e.settings.Instance)
			e.items[id] = it
		}
		problems = append(problems, e.step(now, it, c, r, reading))
	}
	return errors.Join(problems...)
}

// judgeUnseen is for an alert without a reading: it stays as it is, unless
// its rule is gone.
func (e *Engine) judgeUnseen(now time.Time, id identity, it *item) error {
	r, ok := e.ruleFor(id)
	if !ok {
		return e.dismiss(now, it)
	}
	return e.step(now, it, absent, r, nil)
}

func (e *Engine) ruleFor(id identity) (config.Rule, bool) {
	i := slices.IndexFunc(e.rules, func(r config.Rule) bool {
		return r.Rule == id.rule && severityOf(r) == id.severity && config.Fits(r.Route, id.route)
	})
	if i < 0 {
		return config.Rule{}, false
	}
	return e.rules[i], true
}

func identify(r config.Rule, reading *Reading) identity {
	return identity{
		rule: r.Rule, severity: severityOf(r),
		route: reading.Route, kind: reading.Kind, level: reading.Level, pinned: reading.Pinned,
	}
}

// Alerts returns what is pending or firing, firing first, then by route and
// fingerprint.
func (e *Engine) Alerts() []Alert {
	e.mu.Lock()
	defer e.mu.Unlock()
	active := []Alert{}
	for _, it := range e.items {
		if it.life.status == Pending || it.life.status == Firing {
			active = append(active, it.snapshot())
		}
	}
	slices.SortFunc(active, func(a, b Alert) int {
		if a.Status != b.Status {
			return strings.Compare(string(a.Status), string(b.Status)) // firing < pending
		}
		return strings.Compare(a.Labels["route"]+" "+a.Fingerprint, b.Labels["route"]+" "+b.Fingerprint)
	})
	return active
}

// Reload replaces the rules, or keeps them where one is wrong. The next
// evaluation resolves the alerts that no rule is for any more.
func (e *Engine) Reload(rules []config.Rule) error {
	if err := checkRules(rules); err != nil {
		return err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.rules = slices.Clone(rules)
	return nil
}
