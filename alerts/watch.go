package alerts

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

const (
	defaultSince  = time.Hour
	dialTimeout   = 2 * time.Second
	reconnectWait = 250 * time.Millisecond
)

// WatchSettings are what Watch needs.
type WatchSettings struct {
	// URL is nats://host:port of a sidecar, Creds the path of its nats.creds.
	URL, Creds string
	// JSON prints each event as one line of JSON instead of a readable line.
	JSON bool
	// Observations prints observations instead of alerts.
	Observations bool
	Out          io.Writer
	// Since is how far back events are printed; 0: one hour. Alerts that
	// still fire are printed however old they are.
	Since time.Duration
}

// Watch prints the events of the last hour and the alerts that still fire, then
// every event as it comes, until ctx ends; then it returns nil. It waits for
// a sidecar that restarts on the same port, but fails at once if there is
// none at the start. The only other error is one of Out.
func Watch(ctx context.Context, s WatchSettings) error {
	if s.Since == 0 {
		s.Since = defaultSince
	}
	nc, js, err := dial(s.URL, s.Creds)
	if err != nil {
		return err
	}
	defer nc.Close()
	p := &printer{out: s.Out, json: s.JSON, seen: map[string]bool{}, broken: make(chan error, 1)}
	start := time.Now().Add(-s.Since)
	stream := ObservationStream
	if !s.Observations {
		stream = AlertStream
		if err := printFiring(ctx, js, start, p); err != nil {
			return err
		}
	}
	stop, err := follow(ctx, js, stream, start, p)
	defer stop()
	if err != nil {
		return err
	}
	select {
	case <-ctx.Done():
		return nil
	case err := <-p.broken:
		return fmt.Errorf("print events: %w", err)
	}
}

// dial connects once; only later are losses waited out. The caller closes the
// connection.
func dial(url, creds string) (*nats.Conn, jetstream.JetStream, error) {
	key, err := readKey(creds)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, nil, fmt.Errorf("%w: a sidecar that starts makes it; start one with hotmess serve, or name the right --data-dir or --creds", err)
	case err != nil:
		return nil, nil, err
	}
	auth, err := login(key)
	if err != nil {
		return nil, nil, err
	}
	nc, err := nats.Connect(url, auth, nats.Name("hotmess"), nats.Timeout(dialTimeout),
		nats.MaxReconnects(-1), nats.ReconnectWait(reconnectWait))
	switch {
	case errors.Is(err, nats.ErrAuthorization):
		return nil, nil, fmt.Errorf("sidecar at %s refuses the key in %s, which is of another data_dir: %w", url, creds, err)
	case err != nil:
		return nil, nil, fmt.Errorf("no sidecar answers at %s, start one with hotmess serve: %w", url, err)
	}
	js, err := jetstream.New(nc, jetstream.WithDefaultTimeout(writeTimeout))
	if err != nil {
		nc.Close()
		return nil, nil, fmt.Errorf("open JetStream: %w", err)
	}
	return nc, js, nil
}

// printFiring prints the alerts that still fire and were last told before
// start, oldest first; follow prints all later ones.
func printFiring(ctx context.Context, js jetstream.JetStream, start time.Time, p *printer) error {
	kv, err := js.KeyValue(ctx, StateBucket)
	if err != nil {
		return fmt.Errorf("open bucket %s: %w", StateBucket, err)
	}
	found, err := records(ctx, kv, func(string, error) {}) // the sidecar logs the unreadable
	if err != nil {
		return err
	}
	slices.SortFunc(found, func(a, b record) int { return a.Event.Time.Compare(b.Event.Time) })
	for _, r := range found {
		a, err := r.Event.alert()
		if err != nil || a.Status != Firing || !r.Published || !madeAt(r.Event.ID).Before(start) {
			continue
		}
		p.print(r.Event)
	}
	return nil
}

// madeAt is the real time in a UUIDv7; zero for any other id. The event's own
// time is that of the sidecar's clock, which a demo lets run ahead.
func madeAt(id string) time.Time {
	u, err := uuid.Parse(id)
	if err != nil || u.Version() != 7 {
		return time.Time{}
	}
	sec, nsec := u.Time().UnixTime()
	return time.Unix(sec, nsec)
}

// follow prints what a stream got since start, and gets. What it returns ends
// that, and is set in any case.
func follow(ctx context.Context, js jetstream.JetStream, stream string, start time.Time, p *printer) (func(), error) {
	consumer, err := js.OrderedConsumer(ctx, stream, since(start))
	if err != nil {
		return func() {}, fmt.Errorf("follow stream %s: %w", stream, err)
	}
	running, err := consumer.Consume(p.receive)
	if err != nil {
		return func() {}, fmt.Errorf("follow stream %s: %w", stream, err)
	}
	return func() {
		running.Stop()
		<-running.Closed()
	}, nil
}

// since delivers what a stream got from start on.
func since(start time.Time) jetstream.OrderedConsumerConfig {
	return jetstream.OrderedConsumerConfig{DeliverPolicy: jetstream.DeliverByStartTimePolicy, OptStartTime: &start}
}
