package proxy

import (
	"bufio"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
)

// openedConn is a client's connection whose TLS was opened.
func (f *forwardRig) openedConn() *tls.Conn {
	f.t.Helper()
	config := trusting(f.authority.cert)
	config.ServerName = "127.0.0.1"
	conn := tls.Client(f.behindConnect(""), config)
	if err := conn.Handshake(); err != nil {
		f.t.Fatal(err)
	}
	return conn
}

// TestShutdownTakesNoMoreRequestsEitherWay: what is in flight in one way does not
// keep the other one open.
func TestShutdownTakesNoMoreRequestsEitherWay(t *testing.T) {
	arrived, finish := make(chan struct{}), make(chan struct{})
	f := newForwardRig(t, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/v1/slow" {
			close(arrived)
			<-finish
		}
	}), inMode("off", 1))
	idle := f.openedConn()
	fmt.Fprintf(idle, "GET /v1/models HTTP/1.1\r\nHost: x\r\n\r\n")
	lines := bufio.NewReader(idle)
	if res, err := http.ReadResponse(lines, nil); err != nil || res.StatusCode != http.StatusOK {
		t.Fatalf("%+v, %v", res, err)
	}
	answered := make(chan int, 1)
	go func() {
		res := f.do(http.MethodGet, "/v1/slow", "")
		answered <- res.StatusCode
	}()
	receive(t, arrived, "the call in flight")
	stopped := make(chan error, 1)
	go func() { stopped <- f.server.Shutdown(context.Background()) }()
	ended := make(chan error, 1)
	go func() { _, err := io.ReadAll(lines); ended <- err }()
	if err := receive(t, ended, "the end of the idle connection"); err != nil {
		t.Error(err)
	}
	close(finish)
	if status := receive(t, answered, "the reply in flight"); status != http.StatusOK {
		t.Errorf("status %d", status)
	}
	if err := receive(t, stopped, "the end"); err != nil {
		t.Error(err)
	}
}

func TestShutdownIsNoError(t *testing.T) {
	for range 20 {
		f := newForwardRig(t, http.NotFoundHandler(), nil)
		if err := f.server.Shutdown(context.Background()); err != nil {
			t.Error(err)
		}
		receive(t, f.served, "the end of the serving")
		if strings.Contains(f.log.String(), "level=ERROR") {
			t.Fatalf("log: %s", f.log.String())
		}
	}
}
