package monitor

import (
	"context"
	"errors"
	"log/slog"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"hotmess/budget"
	"hotmess/config"
)

const (
	// queueLength bounds the observations that wait to be taken in.
	queueLength = 4096
	// sweepEvery is how often silent conversations are looked for.
	sweepEvery = 10 * time.Second
	// snapshotEvery is how often the memory is written to disk.
	snapshotEvery = 30 * time.Second
)

// ErrStopped is what Sync returns once Run has ended.
var ErrStopped = errors.New("monitor has stopped")

// Settings are what a Monitor is made from.
type Settings struct {
	Budget config.Budget
	// Prices and Routes are those of the configuration; of the routes, the
	// budgets count.
	Prices []config.Price
	Routes []config.Route
	// Dir is the data directory; empty: nothing outlasts the process.
	Dir string
	// Now is the clock; nil: time.Now.
	Now func() time.Time
	// FalseAlarmConversations is K of a rule: its detectors are to raise at
	// most one false alarm per K conversations of the sidecar. It is asked
	// whenever a value is judged; nil: 1,000 for every rule.
	FalseAlarmConversations func(rule string) int
	// BaselineConversations is how many conversations a baseline is learnt
	// from; 0: 200.
	BaselineConversations int
	// Instance names this sidecar; observations without an instance get it.
	Instance string
	// Log is where trouble is told; nil: nowhere.
	Log *slog.Logger
	// Labelling is what labels need; the zero value takes outcomes and tests of
	// requests that are still remembered.
	Labelling Labelling
}

// A Monitor is the memory across requests. All methods are safe for concurrent
// use; see the package comment for who owns what.
type Monitor struct {
	now      func() time.Time
	log      *slog.Logger
	instance string
	since    time.Time

	// These guard themselves: the request path uses them.
	names       *names
	escalations *escalations
	arrivals    *arrivals
	ratios      *ratios
	paces       *budget.Paces
	gate        *budget.Gate
	meters      *meters
	unread      unread
	outputs     outputs
	store       *store

	queue   chan message
	closing sync.RWMutex // guards closed against sends to queue
	closed  bool
	stopped chan struct{}

	mu     sync.Mutex // guards all below
	routes map[string]*route
	// promise is what detectors go by.
	promise *promise
	live    *conversations
	recent  *recent
	totals  Totals
	// What labels have said, of which requests, and which wait for theirs;
	// labelledCount is how many labelled series there are.
	judged        *judgements
	waiting       *waiting
	labelledCount int
	labelling     Labelling
	// mitigations are the routes that vote because an alert fires; the request
	// path reads mitigated.
	mitigations mitigations
	mitigated   atomic.Pointer[map[string]half]
	// curved is the number of series that curves are kept of, sketched that of
	// routes with sketches.
	curved, sketched int
	// named is the number of arguments that are told apart, see content.
	named int
}

// A message is an observation to take in, or a mark that Sync waits for. It is
// small, as there is room for queueLength of them from the start.
type message struct {
	observation *Observation
	mark        chan struct{}
}

// New makes a Monitor and restores the snapshot of an earlier one. A damaged
// snapshot, or one of another version, is set aside under another name and
// said in the log.
func New(s Settings) (*Monitor, error) {
	if s.Now == nil {
		s.Now = time.Now
	}
	if s.Log == nil {
		s.Log = slog.New(slog.DiscardHandler)
	}
	m := &Monitor{
		now: s.Now, log: s.Log, instance: s.Instance, since: s.Now(),
		names: newNames(maxRoutes), arrivals: newArrivals(), ratios: newRatios(),
		escalations: newEscalations(), paces: budget.NewPaces(),
		meters: newMeters(), store: newStore(s.Dir),
		queue: make(chan message, queueLength), stopped: make(chan struct{}),
		judged: newJudgements(maxJudged, maxJudgedBytes), waiting: newWaiting(maxWaitingLabels, maxWaitingBytes), labelling: s.Labelling,
		routes: map[string]*route{}, live: newConversations(maxConversations),
		recent: newRecent(maxRecent, maxRecentBytes),
	}
	m.gate = budget.NewGate(budget.Costs{Budget: s.Budget, Prices: s.Prices, Routes: s.Routes}, s.Now, m.meters.cost.settled)
	m.promise = newPromise(s, m.armed)
	m.mitigations = mitigations{}
	if err := m.load(); err != nil {
		return nil, err
	}
	m.publishMitigated()
	return m, nil
}

// Run takes in observations, ends silent conversations and writes snapshots
// until ctx ends; then it takes in what is still queued and writes a last one.
// It is to be called once.
func (m *Monitor) Run(ctx context.Context) error {
	defer close(m.stopped)
	sweep, snapshot := time.NewTicker(sweepEvery), time.NewTicker(snapshotEvery)
	defer sweep.Stop()
	defer snapshot.Stop()
	for {
		select {
		case msg := <-m.queue:
			m.handle(msg)
		case <-sweep.C:
			m.outlive(m.sweep)
		case <-snapshot.C:
			m.outlive(m.save)
		case <-ctx.Done():
			m.drain()
			m.outlive(m.save)
			return nil
		}
	}
}

// drain takes in what is queued. No send can follow it.
func (m *Monitor) drain() {
	m.closing.Lock()
	m.closed = true
	m.closing.Unlock()
	for {
		select {
		case msg := <-m.queue:
			m.handle(msg)
		default:
			return
		}
	}
}

func (m *Monitor) handle(msg message) {
	if msg.mark != nil {
		close(msg.mark)
		return
	}
	defer m.rescue()
	m.take(*msg.observation)
}

// rescue, deferred, keeps a mistake of ours in one observation from ending the
// process and with it the calls in flight. The panic's value may quote content
// and is not logged.
func (m *Monitor) rescue() {
	if p := recover(); p != nil {
		m.meters.unmeasured(ReasonPanic)
		m.log.Error("panic while taking in an observation", slog.String("stack", string(debug.Stack())))
	}
}

// outlive calls f and keeps a mistake of ours in it from ending the process, as
// rescue does.
func (m *Monitor) outlive(f func()) {
	defer func() {
		if p := recover(); p != nil {
			m.log.Error("panic while looking after the memory", slog.String("stack", string(debug.Stack())))
		}
	}()
	f()
}

// Observe hands over an observation, whose maps and slices must not change any
// more. It never blocks: if the queue is full or Run has ended, the observation
// is dropped, counted under ReasonBusy, and the result is false.
func (m *Monitor) Observe(o Observation) bool {
	if o.Instance == "" {
		o.Instance = m.instance
	}
	m.meters.observed(m.names.resolve(o.Route), &o)
	if !m.enqueue(&o) {
		m.meters.unmeasured(ReasonBusy)
		return false
	}
	m.meters.unmeasured(o.Reason)
	return true
}

// enqueue hands an observation to Run, unless it would have to wait or Run has
// ended.
func (m *Monitor) enqueue(o *Observation) bool {
	m.closing.RLock()
	defer m.closing.RUnlock()
	if m.closed {
		return false
	}
	select {
	case m.queue <- message{observation: o}:
		return true
	default:
		return false
	}
}

// Sync waits until everything observed before is taken in. Run has to be
// running; after its end Sync returns ErrStopped.
func (m *Monitor) Sync(ctx context.Context) error {
	mark := make(chan struct{})
	select {
	case m.queue <- message{mark: mark}:
	case <-m.stopped:
		return ErrStopped
	case <-ctx.Done():
		return ctx.Err()
	}
	select {
	case <-mark:
		return nil
	case <-m.stopped:
		return ErrStopped
	case <-ctx.Done():
		return ctx.Err()
	}
}
