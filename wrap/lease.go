package wrap

import (
	"context"
	"fmt"
	"io"
	"net/http"

	"hotmess/config"
)

// A Lease keeps a worker alive: it is one open request to the worker's admin
// port. The worker ends some time after its last lease.
type Lease struct {
	cancel context.CancelFunc
	lost   chan struct{}
}

// Hold takes a lease from the worker whose admin port is addr (host:port),
// sending token where it is not empty. ctx bounds the lease, not only the call.
// The caller must Release it.
func Hold(ctx context.Context, addr string, token config.Secret) (*Lease, error) {
	ctx, cancel := context.WithCancel(ctx)
	req, err := (admin{addr, token}).request(ctx, http.MethodGet, "/api/v1/lease", nil)
	if err != nil {
		cancel()
		return nil, err
	}
	resp, err := transport().RoundTrip(req) //nolint:bodyclose // it is the lease: follow closes it
	if err != nil {
		cancel()
		return nil, fmt.Errorf("take a lease: %w", err)
	}
	if resp.StatusCode != http.StatusOK {
		_ = resp.Body.Close()
		cancel()
		return nil, fmt.Errorf("take a lease: %w", refused(resp.StatusCode))
	}
	l := &Lease{cancel: cancel, lost: make(chan struct{})}
	go l.follow(resp.Body)
	return l, nil
}

// follow reads the beats until the worker, or Release, ends them.
func (l *Lease) follow(beats io.ReadCloser) {
	defer close(l.lost)
	defer l.cancel()
	defer beats.Close()
	_, _ = io.Copy(io.Discard, beats) // any end, clean or not, is the end of the lease
}

// Lost is closed when the lease has ended: the worker died or is stopping, or
// Release was called.
func (l *Lease) Lost() <-chan struct{} { return l.lost }

// Release ends the lease and waits until it has.
func (l *Lease) Release() {
	l.cancel()
	<-l.lost
}
