package bench

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/elazarl/goproxy"

	"hotmess/config"
)

// hosts are how many hosts are opened for the first time.
const hosts = 30

func hostName(i int) string { return fmt.Sprintf("llm-%d.example", i) }

// BenchmarkFirstConnect prints the time from a CONNECT to the end of the TLS
// handshake: of the first connection to a host, for which a certificate has to
// be signed, and of later ones. Nothing is called behind it. Ratios are to
// goproxy's ConnectMitm.
func BenchmarkFirstConnect(b *testing.B) {
	for b.Loop() {
		ways := []opener{mitmOpener(b), hotmessOpener(b)}
		firsts, laters := make([][]time.Duration, len(ways)), make([][]time.Duration, len(ways))
		for n := range 10 * hosts {
			for _, i := range rand.Perm(len(ways)) {
				took := ways[i].open(b, hostName(n%hosts))
				if n < hosts {
					firsts[i] = append(firsts[i], took)
				} else {
					laters[i] = append(laters[i], took)
				}
			}
		}
		for i, w := range ways {
			fmt.Printf("%-22s first p50 %-9s (%.2f×)  later p50 %-9s (%.2f×)\n", w.name,
				median(firsts[i]).Round(time.Microsecond), ratio(median(firsts[i]), median(firsts[0])),
				median(laters[i]).Round(time.Microsecond), ratio(median(laters[i]), median(laters[0])))
		}
	}
}

// An opener is a proxy that opens TLS.
type opener struct {
	name, proxy string
	trusted     *x509.CertPool
}

func mitmOpener(b *testing.B) opener {
	b.Helper()
	p := quietGoproxy()
	p.CertStore = &kept{}
	p.OnRequest().HandleConnect(goproxy.AlwaysMitm)
	s := httptest.NewServer(p)
	b.Cleanup(s.Close)
	return opener{"goproxy ConnectMitm", s.Listener.Addr().String(), pool(goproxysOwn(b))}
}

func hotmessOpener(b *testing.B) opener {
	b.Helper()
	r := running(b, "", func(c *config.Config) {
		unsampled(c)
		for i := range hosts {
			c.Upstreams = append(c.Upstreams, config.Upstream{Name: fmt.Sprintf("llm-%d", i), URL: "https://" + hostName(i) + "/v1"})
		}
	})
	return opener{"hotmess", r.Listen, pool(authorityOf(b, r))}
}

func pool(cert *x509.Certificate) *x509.CertPool {
	p := x509.NewCertPool()
	p.AddCert(cert)
	return p
}

// open makes a connection to a host and says how long it took.
func (o opener) open(b *testing.B, host string) time.Duration {
	b.Helper()
	began := time.Now()
	conn, err := net.Dial("tcp", o.proxy)
	if err != nil {
		b.Fatal(err)
	}
	defer conn.Close()
	if err := askFor(conn, host+":443"); err != nil {
		b.Fatal(o.name, err)
	}
	secure := tls.Client(conn, &tls.Config{ServerName: host, RootCAs: o.trusted})
	if err := secure.Handshake(); err != nil {
		b.Fatal(o.name, err)
	}
	took := time.Since(began)
	_, _ = secure.Write([]byte{'x'}) // who says nothing may distrust the certificate
	return took
}

// askFor asks a proxy for a tunnel.
func askFor(conn net.Conn, address string) error {
	if _, err := fmt.Fprintf(conn, "CONNECT %s HTTP/1.1\r\nHost: %s\r\n\r\n", address, address); err != nil {
		return err
	}
	res, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		return err
	}
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("the proxy answered %s", res.Status)
	}
	return nil
}

// BenchmarkTunnel prints what goes through a blind tunnel, in MiB a second of one
// connection, each direction by itself; ratios are to goproxy.
func BenchmarkTunnel(b *testing.B) {
	server := sinkAndSource(b)
	s := httptest.NewServer(quietGoproxy())
	b.Cleanup(s.Close)
	ways := []struct{ name, proxy string }{
		{"direct", ""},
		{"goproxy tunnel", s.Listener.Addr().String()},
		{"hotmess tunnel", running(b, "http://127.0.0.1:9", unsampled).Listen},
	}
	for b.Loop() {
		for _, direction := range []string{"up", "down"} {
			rates := make([][]float64, len(ways))
			for range 11 {
				for _, i := range rand.Perm(len(ways)) {
					rates[i] = append(rates[i], transfer(b, ways[i].proxy, server, direction))
				}
			}
			for i := range rates {
				slices.Sort(rates[i])
			}
			for i, w := range ways {
				fmt.Printf("%-22s %-4s %6.0f MiB/s (%.2f×)\n", w.name, direction, rates[i][5], rates[i][5]/rates[1][5])
			}
		}
	}
}

// volume is what is sent through a tunnel, in bytes.
const volume = 256 << 20

// transfer sends volume in one direction and returns the rate in MiB a second.
func transfer(b *testing.B, proxy, server, direction string) float64 {
	b.Helper()
	to := proxy
	if to == "" {
		to = server
	}
	conn, err := new(net.Dialer).DialContext(context.Background(), "tcp", to)
	if err != nil {
		b.Fatal(err)
	}
	defer conn.Close()
	if proxy != "" {
		if err := askFor(conn, server); err != nil {
			b.Fatal(err)
		}
	}
	began := time.Now()
	if _, err := io.WriteString(conn, direction+"\n"); err != nil {
		b.Fatal(err)
	}
	if direction == "up" {
		err = pour(conn)
	}
	if err != nil {
		b.Fatal(err)
	}
	got, err := io.Copy(io.Discard, conn)
	if err != nil || direction == "down" && got != volume {
		b.Fatal(got, err)
	}
	return volume / float64(1<<20) / time.Since(began).Seconds()
}

// pour sends volume.
func pour(to io.Writer) error {
	piece := []byte(strings.Repeat("x", 256<<10))
	for range volume / len(piece) {
		if _, err := to.Write(piece); err != nil {
			return err
		}
	}
	return nil
}

// sinkAndSource is a server that takes volume and answers with one byte, or
// sends it, as the first line says.
func sinkAndSource(b *testing.B) string {
	b.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go serveVolume(conn)
		}
	}()
	return l.Addr().String()
}

func serveVolume(conn net.Conn) {
	defer conn.Close()
	lines := bufio.NewReader(conn)
	line, err := lines.ReadString('\n')
	if err != nil {
		return
	}
	if line == "down\n" {
		_ = pour(conn)
		return
	}
	_, _ = io.CopyN(io.Discard, lines, volume)
	_, _ = conn.Write([]byte{'x'})
}
