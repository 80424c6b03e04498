package proxy

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"hotmess/config"
	"hotmess/monitor"
)

// instant is an upstream in memory that answers every call alike.
type instant struct{ body string }

func (i instant) RoundTrip(r *http.Request) (*http.Response, error) {
	_, _ = io.Copy(io.Discard, r.Body)
	_ = r.Body.Close()
	return &http.Response{
		StatusCode: http.StatusOK, ProtoMajor: 1, ProtoMinor: 1, Request: r,
		Header:        http.Header{"Content-Type": {"application/json"}},
		ContentLength: int64(len(i.body)), Body: io.NopCloser(strings.NewReader(i.body)),
	}, nil
}

// BenchmarkHandler is the hot path without a network: what one request costs
// in each mode with nothing drawn.
func BenchmarkHandler(b *testing.B) {
	for _, m := range []config.Mode{config.Off, config.Observe} {
		b.Run(string(m), func(b *testing.B) {
			h, stop := benchHandler(b, m)
			defer stop()
			body := strings.NewReader("")
			r := httptest.NewRequest(http.MethodPost, chatPath, nil)
			r.Header.Set("Authorization", "Bearer k")
			r.Header.Set("User-Agent", "bench/1")
			b.ReportAllocs()
			for b.Loop() {
				body.Reset(question)
				r.Body, r.ContentLength = io.NopCloser(body), int64(len(question))
				h.ServeHTTP(httptest.NewRecorder(), r)
			}
		})
	}
}

func benchHandler(b *testing.B, m config.Mode) (*Handler, func()) {
	b.Helper()
	c := config.Default()
	c.Upstream = "http://upstream.test/v1"
	c.Sampling.Mode, c.Sampling.Rate = m, config.Rate{}
	mon, err := monitor.New(monitor.Settings{Budget: c.Budget})
	if err != nil {
		b.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- mon.Run(ctx) }()
	h := NewHandler(Settings{
		Config: c, Upstreams: NewUpstreams(nil, c.Resolve()[""]), Transport: instant{completion("p", "yes")},
		Monitor: mon, Sealer: NewSealer(nil), Log: slog.New(slog.DiscardHandler), Now: time.Now,
	})
	return h, func() {
		h.Close()
		cancel()
		<-ended
	}
}
