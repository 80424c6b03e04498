package alerts

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/gofrs/flock"
	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/nats-io/nkeys"
)

const (
	storeDir = "jetstream"
	lockFile = "jetstream.lock"

	// startTimeout bounds the server's start, which replays its store.
	startTimeout = 30 * time.Second
	readyPoll    = 100 * time.Millisecond
	// lockPatience is how long another process's lock is waited for: one that
	// is stopping writes what it has first.
	lockPatience = 3 * time.Second
	lockPoll     = 50 * time.Millisecond
	// syncInterval bounds what a power loss can take; a crash takes nothing.
	syncInterval = 10 * time.Second
	// maxMemory bounds JetStream in memory: consumers of watch.
	maxMemory = 64 << 20
	maxConns  = 256
)

// lockStore takes the data directory's store for this process: two servers on
// one store lose messages, and the server itself does not check.
func lockStore(ctx context.Context, dir string) (*flock.Flock, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("data_dir %s: create: %w", dir, err)
	}
	lock := flock.New(filepath.Join(dir, lockFile))
	ctx, cancel := context.WithTimeout(ctx, lockPatience)
	defer cancel()
	_, err := lock.TryLockContext(ctx, lockPoll)
	if errors.Is(err, context.DeadlineExceeded) {
		return nil, fmt.Errorf("data_dir %s: in use by another hotmess; stop it, or set another data_dir", dir)
	}
	if err != nil {
		return nil, fmt.Errorf("data_dir %s: lock the alert store: %w", dir, err)
	}
	return lock, nil
}

// openServer is startServer for a store that may have been larger. Such a
// store the server refuses to change, even to smaller streams, unless it has
// room for the old ones: so they shrink on a server without a limit first.
func openServer(ctx context.Context, s BusSettings, key nkeys.KeyPair, limit int64) (*server.Server, error) {
	srv, err := startServer(ctx, s, key, limit)
	if err != nil {
		return nil, err
	}
	_, reserved, err := srv.JetStreamReservedResources()
	if err == nil && reserved <= limit {
		return srv, nil
	}
	stopServer(srv)
	if err != nil {
		return nil, fmt.Errorf("read size of the alert store: %w", err)
	}
	if err := shrink(ctx, s, key, limit); err != nil {
		return nil, err
	}
	return startServer(ctx, s, key, limit)
}

func shrink(ctx context.Context, s BusSettings, key nkeys.KeyPair, limit int64) error {
	srv, err := startServer(ctx, s, key, math.MaxInt64)
	if err != nil {
		return err
	}
	defer stopServer(srv)
	nc, js, err := connect(srv, key)
	if err != nil {
		return err
	}
	defer nc.Close()
	_, err = ensureStreams(ctx, js, limit)
	return err
}

// connect reaches the server without the network.
func connect(srv *server.Server, key nkeys.KeyPair, opts ...jetstream.JetStreamOpt) (*nats.Conn, jetstream.JetStream, error) {
	auth, err := login(key)
	if err != nil {
		return nil, nil, err
	}
	nc, err := nats.Connect("", nats.InProcessServer(srv), auth, nats.Name("hotmess"),
		nats.MaxReconnects(-1), nats.ReconnectBufSize(-1)) // no buffer: a refusal is to be seen
	if err != nil {
		return nil, nil, fmt.Errorf("connect to the embedded NATS server: %w", err)
	}
	js, err := jetstream.New(nc, append(opts, jetstream.WithDefaultTimeout(writeTimeout))...)
	if err != nil {
		nc.Close()
		return nil, nil, fmt.Errorf("open JetStream: %w", err)
	}
	return nc, js, nil
}

func stopServer(srv *server.Server) {
	srv.Shutdown()
	srv.WaitForShutdown()
}

// errPortLost says that another process took the port between probe and bind.
var errPortLost = errors.New("the port was taken meanwhile")

// startServer starts the embedded server with its store at most limit bytes.
// It looks for a port again if another process was faster.
func startServer(ctx context.Context, s BusSettings, key nkeys.KeyPair, limit int64) (*server.Server, error) {
	for range portsTried {
		srv, err := tryServer(ctx, s, key, limit)
		if !errors.Is(err, errPortLost) {
			return srv, err
		}
	}
	return nil, fmt.Errorf("nats.listen %s: %w, again and again", s.Listen, errPortLost)
}

func tryServer(ctx context.Context, s BusSettings, key nkeys.KeyPair, limit int64) (*server.Server, error) {
	public, err := key.PublicKey()
	if err != nil {
		return nil, fmt.Errorf("read NATS key: %w", err)
	}
	host, port, err := freePort(ctx, s.Listen)
	if err != nil {
		return nil, err
	}
	srv, err := server.NewServer(&server.Options{
		ServerName:         "hotmess",
		Host:               host,
		Port:               port,
		NoSigs:             true,
		NoLog:              true,
		MaxConn:            maxConns,
		Nkeys:              []*server.NkeyUser{{Nkey: public}},
		JetStream:          true,
		StoreDir:           s.Dir, // the server adds storeDir itself
		SyncInterval:       syncInterval,
		JetStreamMaxMemory: maxMemory,
		JetStreamMaxStore:  limit,
	})
	if err != nil {
		return nil, fmt.Errorf("set up NATS server: %w", err)
	}
	fatal := make(chan string, 1)
	srv.SetLoggerV2(&serverLog{log: s.Log, fatal: fatal}, false, false, false)
	srv.Start()
	if err := ready(ctx, srv, fatal); err != nil {
		stopServer(srv)
		// The server tells by text alone. To ask for the port once more would not
		// do: who had it may have been looking for one as well.
		if port > 0 && strings.Contains(err.Error(), errAddrInUse.Error()) {
			return nil, errPortLost
		}
		return nil, fmt.Errorf("start NATS server on %s:%d with its store in data_dir %s: %w", host, port, s.Dir, err)
	}
	return srv, nil
}

// ready waits until the server takes connections.
func ready(ctx context.Context, srv *server.Server, fatal <-chan string) error {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	for {
		select {
		case <-ctx.Done():
			return fmt.Errorf("not ready: %w", ctx.Err())
		case text := <-fatal:
			return errors.New(text)
		default:
		}
		if srv.ReadyForConnections(readyPoll) {
			return nil
		}
	}
}

// serverLog hands the server's warnings and errors to slog and drops the rest.
type serverLog struct {
	log *slog.Logger
	// fatal takes the first reason why the server cannot run.
	fatal chan<- string
}

// Fatalf does not end the process, whatever its name says.
func (l *serverLog) Fatalf(f string, v ...any) {
	select {
	case l.fatal <- fmt.Sprintf(f, v...):
	default:
		l.Errorf(f, v...)
	}
}

func (l *serverLog) Errorf(f string, v ...any) {
	l.log.Error("nats server", "message", fmt.Sprintf(f, v...))
}

func (l *serverLog) Warnf(f string, v ...any) {
	l.log.Warn("nats server", "message", fmt.Sprintf(f, v...))
}

func (l *serverLog) Noticef(string, ...any) {}
func (l *serverLog) Debugf(string, ...any)  {}
func (l *serverLog) Tracef(string, ...any)  {}
