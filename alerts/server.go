package alerts

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/gofrs/flock"
	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nkeys"
)

const (
	storeDir = "jetstream"
	lockFile = "jetstream.lock"

	// portsTried is how many ports, from the configured one up, are tried
	// before the system is asked for any.
	portsTried = 16
	// startTimeout bounds the server's start, which replays its store.
	startTimeout = 30 * time.Second
	readyPoll    = 100 * time.Millisecond
	// syncInterval bounds what a power loss can take; a crash takes nothing.
	syncInterval = 10 * time.Second
	// maxMemory bounds JetStream in memory: consumers of watch.
	maxMemory = 64 << 20
	maxConns  = 256
)

// lockStore takes the data directory's store for this process: two servers on
// one store lose messages, and the server itself does not check.
func lockStore(dir string) (*flock.Flock, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("data_dir %s: create: %w", dir, err)
	}
	lock := flock.New(filepath.Join(dir, lockFile))
	ok, err := lock.TryLock()
	if err != nil {
		return nil, fmt.Errorf("data_dir %s: lock the alert store: %w", dir, err)
	}
	if !ok {
		return nil, fmt.Errorf("data_dir %s: in use by another hotmess; stop it, or set another data_dir", dir)
	}
	return lock, nil
}

// startServer starts the embedded server with its store at most limit bytes.
func startServer(ctx context.Context, s BusSettings, key nkeys.KeyPair, limit int64) (*server.Server, error) {
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
		srv.Shutdown()
		srv.WaitForShutdown()
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

// freePort picks the configured port, or the next free one; the server's -1
// asks the system.
func freePort(ctx context.Context, listen string) (host string, port int, err error) {
	host, text, err := net.SplitHostPort(listen)
	if err != nil {
		return "", 0, fmt.Errorf("nats.listen %q: %w", listen, err)
	}
	first, err := strconv.Atoi(text)
	if err != nil || first < 0 || first > 65535 {
		return "", 0, fmt.Errorf("nats.listen %q: the port is not a number from 0 to 65535", listen)
	}
	if first == 0 {
		return host, server.RANDOM_PORT, nil
	}
	for port := first; port < first+portsTried && port <= 65535; port++ {
		free, err := isFree(ctx, net.JoinHostPort(host, strconv.Itoa(port)))
		if err != nil {
			return "", 0, fmt.Errorf("nats.listen %q: %w", listen, err)
		}
		if free {
			return host, port, nil
		}
	}
	return host, server.RANDOM_PORT, nil
}

// isFree fails where another port would not help either.
func isFree(ctx context.Context, addr string) (bool, error) {
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", addr)
	if errors.Is(err, errAddrInUse) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	return true, l.Close()
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
