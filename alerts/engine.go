package alerts

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"hotmess/config"
)

const defaultEvery = time.Second

// Settings are what New needs.
type Settings struct {
	// Rules in the order of config.Alerts.All. Where several of one kind are
	// for the same route with the same severity, the first holds; a disabled
	// one switches those after it off.
	Rules  []config.Rule
	Source Source
	// Mitigator is told, after each evaluation, where rules with mitigate fire;
	// nil: nobody is.
	Mitigator Mitigator
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

// An Engine judges the readings by the rules once a second and stores what the
// judging tells. All methods are safe for concurrent use.
type Engine struct {
	settings Settings

	mu    sync.Mutex
	judge judging
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
	e := &Engine{settings: s}
	e.judge = newJudging(s.Rules, s.Instance, e.submit)
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
	firing, may, err := e.judgeAll(readings)
	if e.settings.Mitigator != nil {
		e.settings.Mitigator.Mitigate(firing, may)
	}
	return err
}

// judgeAll judges under the lock. It also gives what a Mitigator takes.
func (e *Engine) judgeAll(readings []Reading) (firing map[string][]string, may func(string) bool, err error) {
	now := e.settings.Now().UTC()
	e.mu.Lock()
	defer e.mu.Unlock()
	err = e.judge.judge(now, readings)
	rules := e.judge.rules // replaced as a whole, never changed
	return e.judge.mitigated(), func(route string) bool { return config.MitigatesOn(rules, route) }, err
}

// Alerts returns what is pending or firing, firing first, then by route and
// fingerprint.
func (e *Engine) Alerts() []Alert {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.judge.active()
}

// Reload replaces the rules, or keeps them where one is wrong. The next
// evaluation resolves the alerts that no rule is for any more.
func (e *Engine) Reload(rules []config.Rule) error {
	if err := checkRules(rules); err != nil {
		return err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.judge.rules = slices.Clone(rules)
	return nil
}

// submit queues an item's state, with the event that tells of it unless that is
// nil. The caller holds the lock.
func (e *Engine) submit(it *item, event *Event) {
	it.waiting++
	e.settings.Bus.submit(entry{
		key:     token(it.alert.Fingerprint),
		event:   event,
		subject: alertSubject(it.alert.Labels["route"], it.alert.Labels["alertname"]),
		ended:   it.life.status == inactive,
		done: func() {
			e.mu.Lock()
			defer e.mu.Unlock()
			it.waiting--
		},
	})
}

// restore takes up an alert where its last event left it, and sends that
// event again if the alert stream may not have it.
func (e *Engine) restore(r record) error {
	a, err := r.Event.alert()
	if err != nil {
		return err
	}
	it := &item{alert: a, told: r.Event.Time, seen: e.settings.Now().UTC()}
	if a.Status == Pending || a.Status == Firing {
		it.life = life{status: a.Status, starts: a.StartsAt}
	}
	e.judge.items[identityOf(a.Labels)] = it
	if !r.Published {
		e.submit(it, &r.Event)
	}
	return nil
}
