package sidecar

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"os"
	"slices"
	"sync/atomic"
	"time"

	"hotmess/alerts"
	"hotmess/config"
	"hotmess/dashboard"
	"hotmess/monitor"
	"hotmess/proxy"
)

// Options are what a sidecar is made of.
type Options struct {
	// Config is validated, with DataDir resolved.
	Config config.Config
	Log    *slog.Logger
	// Now is the clock; nil: time.Now. The demo has one that runs faster.
	Now func() time.Time
	// Leased ends the sidecar when no process holds a lease on it any more.
	Leased bool
}

// A Sidecar is the whole line, bound and ready to run.
type Sidecar struct {
	Monitor *monitor.Monitor
	Alerts  *alerts.Engine

	log     *slog.Logger
	handler *proxy.Handler
	bus     *alerts.Bus
	leases  *dashboard.Leases
	leased  bool
	traffic listening
	admin   listening
	running config.Running
	dir     string
	// rules are those of the configuration that holds.
	rules atomic.Pointer[config.Alerts]
	// tlsHosts are the hosts whose TLS may be opened; fixed at the start.
	tlsHosts []string
	// headerLabels are labels from headers that wait to be taken in, droppedLabels
	// counts those for which there was no room, until the log has it.
	headerLabels  chan monitor.Label
	droppedLabels atomic.Int64
}

// listening is a server and the port that it is bound to.
type listening struct {
	server   server
	listener net.Listener
}

// A server serves a port, as http.Server does.
type server interface {
	Serve(l net.Listener) error
	Shutdown(ctx context.Context) error
	Close() error
}

// New binds and opens everything. On an error nothing stays open.
func New(ctx context.Context, o Options) (_ *Sidecar, err error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	s := &Sidecar{
		log: o.Log, leased: o.Leased, leases: dashboard.NewLeases(leaseGrace), dir: o.Config.DataDir,
		tlsHosts: o.Config.TLSHosts(), headerLabels: make(chan monitor.Label, maxHeaderLabels),
	}
	defer func() {
		if err != nil {
			s.abandon()
		}
	}()
	if err := s.bind(ctx, o.Config); err != nil {
		return nil, err
	}
	keys, err := openKeys(o.Config.DataDir)
	if err != nil {
		return nil, err
	}
	if err := s.openAlerts(ctx, o, keys); err != nil {
		return nil, err
	}
	if err := s.openTraffic(ctx, o, keys); err != nil {
		return nil, err
	}
	if err := config.WriteRunning(s.dir, s.running); err != nil {
		return nil, fmt.Errorf("data_dir %s: %w", s.dir, err)
	}
	return s, nil
}

// bind takes the two ports.
func (s *Sidecar) bind(ctx context.Context, c config.Config) (err error) {
	var lc net.ListenConfig
	if s.traffic.listener, err = lc.Listen(ctx, "tcp", c.Listen); err != nil {
		return fmt.Errorf("listen: cannot take %s: %w", c.Listen, err)
	}
	if s.admin.listener, err = lc.Listen(ctx, "tcp", c.Admin.Listen); err != nil {
		return fmt.Errorf("admin.listen: cannot take %s: %w", c.Admin.Listen, err)
	}
	return nil
}

// openAlerts opens the store and what is built on it, last room first.
func (s *Sidecar) openAlerts(ctx context.Context, o Options, k keys) (err error) {
	s.bus, err = alerts.OpenBus(ctx, alerts.BusSettings{
		Listen: o.Config.NATS.Listen, Dir: o.Config.DataDir, MaxStore: int64(o.Config.NATS.MaxStore), Instance: k.instance, Log: o.Log,
	})
	if err != nil {
		return err
	}
	s.rules.Store(&o.Config.Alerts)
	s.Monitor, err = monitor.New(monitor.Settings{
		Budget: o.Config.Budget, Dir: o.Config.DataDir,
		FalseAlarmConversations: func(rule string) int { return s.rules.Load().Conversations(rule) },
		Now:                     o.Now, Instance: k.instance, Log: o.Log, Labelling: s.labelling(proxy.NewSealer(k.hmac)),
	})
	if err != nil {
		return err
	}
	s.Alerts, err = alerts.New(ctx, alerts.Settings{
		Rules: o.Config.Alerts.All(), Source: s.Monitor, Bus: s.bus,
		Instance: k.instance, Now: o.Now, Log: o.Log,
	})
	return err
}

// openTraffic makes the handlers of both ports.
func (s *Sidecar) openTraffic(ctx context.Context, o Options, k keys) error {
	ups, err := upstreams(o.Config, s.traffic.listener.Addr())
	if err != nil {
		return err
	}
	add := addTo(ups, s.traffic.listener.Addr())
	for _, u := range remembered(s.dir) {
		if _, err := add(u); err != nil {
			s.log.Warn("remembered upstream is left out", slog.Any("error", err))
		}
	}
	out, err := newOuter(s.traffic.listener.Addr())
	if err != nil {
		return err
	}
	s.handler = proxy.NewHandler(proxy.Settings{
		Config: o.Config, Upstreams: ups, Transport: newTransport(out), Monitor: s.Monitor,
		Publish: s.publish, Label: s.headerLabel, Sealer: proxy.NewSealer(k.hmac), Instance: k.instance, Log: o.Log, Now: o.Now,
	})
	s.running = config.Running{
		PID: os.Getpid(), Instance: k.instance, Started: time.Now().UTC(),
		Listen: s.traffic.listener.Addr().String(), Admin: s.admin.listener.Addr().String(), NATS: s.bus.URL(),
		Upstreams: ups.URLs(),
	}
	forward := proxy.Forward{Dial: out.dial, Any: o.Config.AnyHost()}
	if authority := openAuthority(ctx, o.Config, o.Log); authority != nil {
		forward.Authority = authority
		s.running.CA, s.running.CASHA256 = AuthorityDir(s.dir), authority.Fingerprint()
	}
	traffic := proxy.NewServer(s.handler, forward)
	s.traffic.server = traffic
	s.admin.server = dashboard.New(dashboard.Settings{
		Monitor: s.Monitor, Alerts: s.Alerts, Healthy: s.bus.Healthy, Observing: s.handler.Observing, Tunnels: traffic.Tunnels,
		AddUpstream: s.addUpstream(ups), AcceptBaseline: s.Monitor.AcceptBaseline,
		Instance: k.instance, Token: o.Config.Admin.Token, Leases: s.leases, Log: o.Log,
	})
	return nil
}

// upstreams makes the table of upstreams and refuses one that is the sidecar
// itself.
func upstreams(c config.Config, own net.Addr) (*proxy.Upstreams, error) {
	table := c.Resolve()
	only := table[""] // that of --upstream
	delete(table, "")
	if loops(only, own) {
		return nil, fmt.Errorf("upstream: %w", errLoop)
	}
	for name, u := range table {
		if loops(u, own) {
			return nil, fmt.Errorf("upstreams: %s: %w", name, errLoop)
		}
	}
	return proxy.NewUpstreams(table, only), nil
}

// addTo adds to a table what does not lead back to the sidecar.
func addTo(ups *proxy.Upstreams, own net.Addr) func(*url.URL) (string, error) {
	return func(u *url.URL) (string, error) {
		if loops(u, own) {
			return "", errLoop
		}
		return ups.Add(u)
	}
}

// addUpstream adds to the table what a wrapped command's environment named,
// and remembers it for the next start.
func (s *Sidecar) addUpstream(ups *proxy.Upstreams) func(*url.URL) (string, error) {
	add := addTo(ups, s.traffic.listener.Addr())
	return func(u *url.URL) (string, error) {
		name, err := add(u)
		if err != nil {
			return "", err
		}
		if err := remember(s.dir, u); err != nil {
			s.log.Warn("upstream is forgotten at the next start", slog.String("upstream", name), slog.Any("error", err))
		}
		return name, nil
	}
}

// errLoop is wrapped by errors about upstreams that are the sidecar itself.
var errLoop = errors.New("is this sidecar's own port: requests would go round for ever")

// publish hands an observation to the bus. Where it does not fit, it is
// dropped and counted there.
func (s *Sidecar) publish(o monitor.Observation) {
	payload, err := json.Marshal(o)
	if err != nil {
		s.log.Error("observation cannot be encoded", slog.String("id", o.ID), slog.Any("error", err))
		return
	}
	s.bus.Observation(o.Route, o.ID, o.Time, payload)
}

// Running says where the sidecar listens.
func (s *Sidecar) Running() config.Running { return s.running }

// Reload takes over a new configuration as far as that is possible without a
// restart: sampling, routes, voting, budget, limits.body and alert rules. One
// that wants the TLS of another host opened is refused as a whole: agents trust
// an authority that does not cover it.
func (s *Sidecar) Reload(c config.Config) error {
	for _, host := range c.TLSHosts() {
		if !slices.Contains(s.tlsHosts, host) {
			return fmt.Errorf("upstreams: the TLS of %s cannot be opened before a restart: run hotmess ca renew, then start hotmess and the agents again", host)
		}
	}
	if err := s.Alerts.Reload(c.Alerts.All()); err != nil {
		return err
	}
	s.rules.Store(&c.Alerts)
	s.Monitor.Gate().Reload(c.Budget)
	s.handler.Reload(c)
	return nil
}

// abandon closes what New had opened when it came to an error.
func (s *Sidecar) abandon() {
	for _, l := range []net.Listener{s.traffic.listener, s.admin.listener} {
		if l != nil {
			_ = l.Close()
		}
	}
	if s.bus != nil {
		ctx, cancel := context.WithTimeout(context.Background(), closeTimeout)
		defer cancel()
		if err := s.bus.Close(ctx); err != nil {
			s.log.Warn("close the alert store", slog.Any("error", err))
		}
	}
}

// errStopped is the cause of a stage that ended on its own.
var errStopped = errors.New("stopped by itself")
