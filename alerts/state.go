package alerts

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/nats-io/nats.go/jetstream"
)

const stateVersion = 1

// A record is what StateBucket holds of an active alert under its
// fingerprint: its last event, which is the whole state, and whether the
// alert stream has it. It is put before the event is published, so a crash in
// between loses nothing: the same event goes out again after the restart.
type record struct {
	V         int    `json:"v"`
	Subject   string `json:"subject"`
	Event     Event  `json:"event"`
	Published bool   `json:"published"`
}

// An entry is one change of an alert on its way to the store.
type entry struct {
	key string
	// event is published, unless it is nil.
	event   *Event
	subject string
	// ended removes the record afterwards.
	ended bool
	// done is called from Run, once the store has it all.
	done func()
}

// write puts, publishes and marks, or removes; every step may be repeated.
func (b *Bus) write(ctx context.Context, e entry) error {
	ctx, cancel := context.WithTimeout(ctx, writeTimeout)
	defer cancel()
	if e.event != nil {
		if err := b.publishAlert(ctx, e); err != nil {
			return err
		}
	}
	if !e.ended {
		return b.put(ctx, e, true)
	}
	if err := b.kv.Purge(ctx, e.key); err != nil {
		return fmt.Errorf("remove alert state: %w", err)
	}
	return nil
}

func (b *Bus) publishAlert(ctx context.Context, e entry) error {
	if err := b.put(ctx, e, false); err != nil {
		return err
	}
	m, err := e.event.message(e.subject)
	if err != nil {
		return err
	}
	ack, err := b.js.PublishMsg(ctx, m, jetstream.WithExpectStream(AlertStream))
	if err != nil {
		return fmt.Errorf("publish alert: %w", err)
	}
	if !ack.Duplicate {
		b.published.Add(1)
	}
	return nil
}

func (b *Bus) put(ctx context.Context, e entry, published bool) error {
	value, err := json.Marshal(record{V: stateVersion, Subject: e.subject, Event: *e.event, Published: published})
	if err != nil {
		return fmt.Errorf("encode alert state: %w", err)
	}
	if _, err := b.kv.Put(ctx, e.key, value); err != nil {
		return fmt.Errorf("store alert state: %w", err)
	}
	return nil
}

// restoreRecords reads what is left of an earlier run, and clears the marks
// that ended alerts leave in the bucket.
func (b *Bus) restoreRecords(ctx context.Context, bad func(key string, err error)) ([]record, error) {
	if err := b.kv.PurgeDeletes(ctx, jetstream.DeleteMarkersOlderThan(-1)); err != nil {
		return nil, fmt.Errorf("clear alert state: %w", err)
	}
	return records(ctx, b.kv, bad)
}

// records reads all that StateBucket holds. One that cannot be read is passed
// to bad and left out.
func records(ctx context.Context, kv jetstream.KeyValue, bad func(key string, err error)) ([]record, error) {
	w, err := kv.WatchAll(ctx, jetstream.IgnoreDeletes())
	if err != nil {
		return nil, fmt.Errorf("read alert state: %w", err)
	}
	var found []record
	for {
		select {
		case <-ctx.Done():
			return nil, errors.Join(ctx.Err(), w.Stop())
		case item := <-w.Updates():
			if item == nil { // all that was there
				return found, w.Stop()
			}
			r, err := decodeRecord(item.Value())
			if err != nil {
				bad(item.Key(), err)
				continue
			}
			found = append(found, r)
		}
	}
}

func decodeRecord(value []byte) (record, error) {
	var r record
	if err := json.Unmarshal(value, &r); err != nil {
		return r, fmt.Errorf("decode alert state: %w", err)
	}
	if r.V != stateVersion {
		return r, fmt.Errorf("decode alert state: version %d is not %d", r.V, stateVersion)
	}
	return r, nil
}
