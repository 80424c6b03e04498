package alerts

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// ReadObservations gives to take, in the order in which they were stored, the
// observations that the sidecar at url has got since a time, up to the latest
// one, and then likewise the labels. creds is the path of its nats.creds. What is
// given is the event as it was published; an error of take ends the reading and
// is returned.
func ReadObservations(ctx context.Context, url, creds string, start time.Time, take func(json.RawMessage) error) error {
	nc, js, err := dial(url, creds)
	if err != nil {
		return err
	}
	defer nc.Close()
	for _, stream := range []string{ObservationStream, LabelStream} {
		if err := readStream(ctx, js, stream, start, take); err != nil {
			return fmt.Errorf("read stream %s: %w", stream, err)
		}
	}
	return nil
}

func readStream(ctx context.Context, js jetstream.JetStream, stream string, start time.Time, take func(json.RawMessage) error) error {
	messages, pending, err := stored(ctx, js, stream, since(start))
	if err != nil || pending == 0 {
		return err
	}
	defer messages.Stop()
	return drain(ctx, messages, pending, take)
}

// stored begins to read what a stream holds now, and says how many messages
// that is. There is nothing to stop where it is 0.
func stored(ctx context.Context, js jetstream.JetStream, stream string, from jetstream.OrderedConsumerConfig) (jetstream.MessagesContext, uint64, error) {
	consumer, err := js.OrderedConsumer(ctx, stream, from)
	if err != nil {
		return nil, 0, err
	}
	info, err := consumer.Info(ctx)
	if err != nil || info.NumPending == 0 {
		return nil, 0, err
	}
	messages, err := consumer.Messages()
	return messages, info.NumPending, err
}

// drain reads n messages, or as many as are left when some expire meanwhile.
func drain(ctx context.Context, messages jetstream.MessagesContext, n uint64, take func(json.RawMessage) error) error {
	for range n {
		m, err := messages.Next(jetstream.NextContext(ctx))
		if err != nil {
			return err
		}
		if err := take(m.Data()); err != nil {
			return err
		}
		if meta, err := m.Metadata(); err == nil && meta.NumPending == 0 {
			return nil
		}
	}
	return nil
}
