package alerts

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gofrs/flock"
	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// BusSettings are what OpenBus needs.
type BusSettings struct {
	// Listen is host:port of the server's client port. If the port is taken,
	// one of the next, or any; port 0 is any. See Bus.URL.
	Listen string
	// Dir is the data directory: the store goes to Dir/jetstream, the key that
	// clients need to Dir/nats.creds.
	Dir string
	// MaxStore bounds the store in bytes (nats.max_store); 80 % of the free
	// disk bounds it too.
	MaxStore int64
	// Instance names this sidecar in what is published.
	Instance string
	Log      *slog.Logger
}

// A Bus is the embedded NATS server, its store, and the one goroutine (Run)
// that publishes. All methods are safe for concurrent use, and none but Run,
// Close and OpenBus waits for NATS.
type Bus struct {
	settings BusSettings
	limit    int64
	lock     *flock.Flock
	srv      *server.Server
	nc       *nats.Conn
	js       jetstream.JetStream
	kv       jetstream.KeyValue

	// elsewhere is elsewherePatience, but for tests.
	elsewhere time.Duration

	observations chan observation
	wake         chan struct{}
	mu           sync.Mutex
	entries      []entry // in order; the first may be in work

	closed    sync.Once
	stopping  atomic.Bool // no more observations are taken
	dropped   atomic.Int64
	failures  atomic.Int64
	published atomic.Int64
	// failedAt is when NATS last refused something, in Unix nanoseconds.
	failedAt atomic.Int64
}

// OpenBus takes the store of the data directory, starts the server and
// creates the streams. The caller runs Run, and calls Close after it.
func OpenBus(ctx context.Context, s BusSettings) (*Bus, error) {
	lock, err := lockStore(ctx, s.Dir)
	if err != nil {
		return nil, err
	}
	b := &Bus{
		settings:     s,
		lock:         lock,
		elsewhere:    elsewherePatience,
		observations: make(chan observation, maxObservations),
		wake:         make(chan struct{}, 1),
	}
	if err := b.open(ctx); err != nil {
		return nil, errors.Join(err, b.Close(ctx))
	}
	return b, nil
}

func (b *Bus) open(ctx context.Context) (err error) {
	if b.limit, err = storeLimit(b.settings.Dir, b.settings.MaxStore); err != nil {
		return err
	}
	key, err := ensureKey(filepath.Join(b.settings.Dir, CredsFile))
	if err != nil {
		return fmt.Errorf("data_dir %s: %w", b.settings.Dir, err)
	}
	if b.srv, err = openServer(ctx, b.settings, key, b.limit); err != nil {
		return err
	}
	b.nc, b.js, err = connect(b.srv, key,
		jetstream.WithPublishAsyncMaxPending(maxUnacked),
		jetstream.WithPublishAsyncTimeout(writeTimeout),
		jetstream.WithPublishAsyncErrHandler(func(_ jetstream.JetStream, _ *nats.Msg, _ error) { b.lost() }))
	if err != nil {
		return err
	}
	b.kv, err = ensureStreams(ctx, b.js, b.limit)
	return err
}

// URL is nats://host:port as bound. A client needs the key as well.
func (b *Bus) URL() string { return b.srv.ClientURL() }

// Dropped counts the observations that were not stored: the queue was full,
// they were not publishable, or NATS refused them.
func (b *Bus) Dropped() int64 { return b.dropped.Load() }

// Healthy reports whether NATS takes what is published: it is connected and
// refused nothing in the last 30 s. It is one atomic read or two: fit for a
// readiness probe.
func (b *Bus) Healthy() bool {
	return b.nc.IsConnected() && !b.failedLately()
}

// Close stops the server, once Run has returned, and gives the store free. It
// waits for the server to write what it has; ctx bounds that. Only the first
// call does anything.
func (b *Bus) Close(ctx context.Context) (err error) {
	b.closed.Do(func() { err = b.close(ctx) })
	return err
}

func (b *Bus) close(ctx context.Context) error {
	b.stopping.Store(true)
	b.dropped.Add(int64(len(b.observations))) // what Run had no time for
	if b.nc != nil {
		b.nc.Close()
	}
	if b.srv != nil {
		done := make(chan struct{})
		go func() { // ends with the server
			defer close(done)
			stopServer(b.srv)
		}()
		select {
		case <-done:
		case <-ctx.Done():
			return fmt.Errorf("stop the embedded NATS server: %w", ctx.Err())
		}
	}
	if err := b.lock.Unlock(); err != nil {
		return fmt.Errorf("data_dir %s: unlock the alert store: %w", b.settings.Dir, err)
	}
	return nil
}
