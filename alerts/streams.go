package alerts

import (
	"context"
	"fmt"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

const (
	alertAge       = 90 * 24 * time.Hour
	observationAge = 14 * 24 * time.Hour
	labelAge       = 90 * 24 * time.Hour
	// dedupWindow is how long the store knows the id of an alert event: longer
	// than a restart takes.
	dedupWindow = 24 * time.Hour

	maxAlertBytes = 64 << 20
	maxStateBytes = 16 << 20
	maxLabelBytes = 32 << 20
)

// shares splits the store's bytes: a quarter at most for alerts, an eighth at
// most for state, the rest for observations and the labels of them. They add up
// to limit.
func shares(limit int64) (alerts, state, observations int64) {
	alerts = min(maxAlertBytes, limit/4)
	state = min(maxStateBytes, limit/8)
	return alerts, state, limit - alerts - state
}

// ensureStreams creates what is missing, brings the rest to the current
// settings, and returns the state bucket.
func ensureStreams(ctx context.Context, js jetstream.JetStream, limit int64) (jetstream.KeyValue, error) {
	alertBytes, stateBytes, observationBytes := shares(limit)
	labelBytes := min(maxLabelBytes, observationBytes/8)
	observationBytes -= labelBytes
	// Observations first: where the store shrinks, they give way.
	for _, c := range []jetstream.StreamConfig{
		{Name: ObservationStream, Subjects: []string{ObservationSubjects}, MaxAge: observationAge, MaxBytes: observationBytes},
		{Name: AlertStream, Subjects: []string{AlertSubjects}, MaxAge: alertAge, MaxBytes: alertBytes, Duplicates: dedupWindow},
		{Name: LabelStream, Subjects: []string{LabelSubjects}, MaxAge: labelAge, MaxBytes: labelBytes, Duplicates: dedupWindow},
	} {
		c.Storage, c.Discard, c.Compression = jetstream.FileStorage, jetstream.DiscardOld, jetstream.S2Compression
		if _, err := js.CreateOrUpdateStream(ctx, c); err != nil {
			return nil, fmt.Errorf("nats.max_store: stream %s of %d bytes: %w", c.Name, c.MaxBytes, err)
		}
	}
	kv, err := js.CreateOrUpdateKeyValue(ctx, jetstream.KeyValueConfig{
		Bucket: StateBucket, History: 1, MaxBytes: stateBytes, Storage: jetstream.FileStorage,
	})
	if err != nil {
		return nil, fmt.Errorf("nats.max_store: bucket %s of %d bytes: %w", StateBucket, stateBytes, err)
	}
	return kv, nil
}
