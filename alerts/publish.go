package alerts

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/cenkalti/backoff/v5"
)

const (
	// maxObservations is the length of the queue, maxObservationBytes the most
	// of one observation: 64 MiB at the very worst, about 2 MiB as they are.
	maxObservations     = 1024
	maxObservationBytes = 64 << 10
	// maxUnacked is how many observations are under way to the store.
	maxUnacked = 256

	writeTimeout  = 5 * time.Second
	repairTimeout = time.Second
	flushTimeout  = 5 * time.Second
	healthWindow  = 30 * time.Second
	firstRetry    = 100 * time.Millisecond
	lastRetry     = 5 * time.Second
)

// An observation is one that is to be published, or a label.
type observation struct {
	label     bool
	route, id string
	at        time.Time
	payload   []byte
}

// Observation queues one observation, a JSON object of at most 64 KiB, to be
// published under the id. It never waits: where the queue is full, the payload
// too long, or Run at its end, it returns false and the observation is counted
// as dropped. The payload must not be changed afterwards.
func (b *Bus) Observation(route, id string, at time.Time, payload []byte) bool {
	return b.enqueue(observation{route: route, id: id, at: at, payload: payload})
}

func (b *Bus) enqueue(o observation) bool {
	if len(o.payload) <= maxObservationBytes && !b.stopping.Load() {
		select {
		case b.observations <- o:
			return true
		default:
		}
	}
	b.dropped.Add(1)
	return false
}

// Run publishes until ctx ends, and then what is queued, for 5 s at most. It
// is the one goroutine that talks to JetStream; run it once. The error says
// how many alert events could not be stored; their alerts, still true after a
// restart, are raised again then.
func (b *Bus) Run(ctx context.Context) error {
	pause := backoff.NewExponentialBackOff()
	pause.InitialInterval, pause.MaxInterval = firstRetry, lastRetry
	retry := time.NewTimer(0)
	defer retry.Stop()
	for {
		select {
		case <-ctx.Done():
			b.stopping.Store(true)
			return b.flush(context.WithoutCancel(ctx))
		case o := <-b.observations:
			b.publishObservation(o)
			continue
		case <-b.wake:
		case <-retry.C:
		}
		if b.writeEntries(ctx) {
			pause.Reset()
		} else {
			retry.Reset(pause.NextBackOff())
		}
	}
}

// submit queues a change of an alert, to be written in order and tried until
// the store has it.
func (b *Bus) submit(e entry) {
	b.mu.Lock()
	b.entries = append(b.entries, e)
	b.mu.Unlock()
	select {
	case b.wake <- struct{}{}:
	default:
	}
}

// writeEntries writes the queue until it is empty or the store refuses.
func (b *Bus) writeEntries(ctx context.Context) bool {
	for {
		e, ok := b.firstEntry()
		if !ok {
			return true
		}
		if err := b.write(ctx, e); err != nil {
			b.refused(ctx, err)
			return false
		}
		b.removeFirst()
		e.done()
	}
}

func (b *Bus) firstEntry() (entry, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.entries) == 0 {
		return entry{}, false
	}
	return b.entries[0], true
}

func (b *Bus) removeFirst() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.entries[0] = entry{}
	b.entries = b.entries[1:]
}

// refused logs the first refusal of an outage only, and puts back what may be
// missing: someone may have deleted a stream.
func (b *Bus) refused(ctx context.Context, err error) {
	if !b.failedLately() {
		b.settings.Log.Error("alert store refuses an alert, it will be tried again", "error", err)
	}
	b.failed()
	ctx, cancel := context.WithTimeout(ctx, repairTimeout)
	defer cancel()
	_, err = ensureStreams(ctx, b.js, b.limit)
	if err != nil {
		b.settings.Log.Debug("alert store cannot be repaired", "error", err)
	}
}

func (b *Bus) failed() {
	b.failures.Add(1)
	b.failedAt.Store(time.Now().UnixNano())
}

func (b *Bus) failedLately() bool {
	return time.Since(time.Unix(0, b.failedAt.Load())) < healthWindow
}

// lost counts an observation that NATS refused.
func (b *Bus) lost() {
	b.dropped.Add(1)
	b.failed()
}

// publishObservation sends without waiting for the store, except where
// maxUnacked are under way already: then for 200 ms.
func (b *Bus) publishObservation(o observation) {
	kind, subject := ObservationType, observationSubject(b.settings.Instance, o.route)
	if o.label {
		kind, subject = LabelType, labelSubject(b.settings.Instance)
	}
	event, err := newEvent(kind, b.settings.Instance, o.route, o.id, o.at, json.RawMessage(o.payload))
	if err != nil {
		b.dropped.Add(1)
		return
	}
	m, err := event.message(subject)
	if err != nil {
		b.dropped.Add(1)
		return
	}
	if _, err := b.js.PublishMsgAsync(m); err != nil {
		b.lost()
	}
}

// flush empties the queues, alerts first, within flushTimeout.
func (b *Bus) flush(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, flushTimeout)
	defer cancel()
	for !b.writeEntries(ctx) {
		select {
		case <-ctx.Done():
			return fmt.Errorf("flush alerts: %d events are not stored", b.waiting())
		case <-time.After(firstRetry):
		}
	}
	for len(b.observations) > 0 && ctx.Err() == nil {
		b.publishObservation(<-b.observations)
	}
	select {
	case <-b.js.PublishAsyncComplete():
	case <-ctx.Done():
	}
	return nil
}

func (b *Bus) waiting() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.entries)
}
