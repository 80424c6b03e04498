package bench

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/elazarl/goproxy"

	"hotmess/config"
	"hotmess/sidecar"
)

// upstream answers every chat completion with a small reply: at once, or as
// 50 events, which are 2 ms apart if the request says paced.
func upstream(b *testing.B) *httptest.Server {
	b.Helper()
	s := httptest.NewServer(answers())
	b.Cleanup(s.Close)
	return s
}

// answers is the handler of upstream.
func answers() http.Handler {
	unary := []byte(`{"id":"chatcmpl-1","object":"chat.completion","model":"m","choices":[{"index":0,"message":{"role":"assistant","content":"ok"},"finish_reason":"stop"}],"usage":{"prompt_tokens":10,"completion_tokens":1}}`)
	event := []byte(`data: {"id":"chatcmpl-1","object":"chat.completion.chunk","model":"m","choices":[{"index":0,"delta":{"content":"word "},"finish_reason":null}]}` + "\n\n")
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		if !bytes.Contains(body[:min(len(body), 200)], []byte(`"stream":true`)) {
			w.Header().Set("Content-Type", "application/json")
			_, _ = w.Write(unary)
			return
		}
		w.Header().Set("Content-Type", "text/event-stream")
		paced := bytes.Contains(body, []byte("paced"))
		for range 50 {
			if paced {
				time.Sleep(2 * time.Millisecond)
			}
			_, _ = w.Write(event)
			w.(http.Flusher).Flush()
		}
		_, _ = io.WriteString(w, `data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}`+"\n\ndata: [DONE]\n\n")
	})
}

// transport is what the bare proxies use: tuned as hotmess's own.
func transport() *http.Transport {
	return &http.Transport{DisableCompression: true, MaxIdleConns: 1024, MaxIdleConnsPerHost: 256}
}

// bareReverseProxy is the standard library's, with nothing but a target.
func bareReverseProxy(b *testing.B, to *url.URL) string {
	b.Helper()
	s := httptest.NewServer(&httputil.ReverseProxy{
		Rewrite:    func(pr *httputil.ProxyRequest) { pr.SetURL(to) },
		Transport:  transport(),
		BufferPool: &buffers{},
	})
	b.Cleanup(s.Close)
	return s.URL
}

// bareGoproxy is goproxy with the same behind its NonproxyHandler.
func bareGoproxy(b *testing.B, to *url.URL) string {
	b.Helper()
	p := goproxy.NewProxyHttpServer()
	p.NonproxyHandler = &httputil.ReverseProxy{
		Rewrite:    func(pr *httputil.ProxyRequest) { pr.SetURL(to) },
		Transport:  transport(),
		BufferPool: &buffers{},
	}
	s := httptest.NewServer(p)
	b.Cleanup(s.Close)
	return s.URL
}

// buffers implements httputil.BufferPool.
type buffers struct{ pool sync.Pool }

func (p *buffers) Get() []byte {
	if b, ok := p.pool.Get().(*[]byte); ok {
		return *b
	}
	return make([]byte, 32<<10)
}

func (p *buffers) Put(b []byte) { p.pool.Put(&b) }

// hotmess is the URL of a whole sidecar in the given mode.
func hotmess(b *testing.B, to string, change func(*config.Config)) string {
	b.Helper()
	return "http://" + running(b, to, change).Listen
}

// running is a whole sidecar in the given mode.
func running(b *testing.B, to string, change func(*config.Config)) config.Running {
	b.Helper()
	c := config.Default()
	c.Listen, c.Admin.Listen, c.NATS.Listen = "127.0.0.1:0", "127.0.0.1:0", "127.0.0.1:0"
	c.DataDir, c.Upstream = b.TempDir(), to
	c.NATS.MaxStore = 256 << 20
	c.Budget.ExtraTokensPerHour = 1 << 40
	change(&c)
	s, err := sidecar.New(b.Context(), sidecar.Options{Config: c, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		b.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx) }()
	b.Cleanup(func() {
		stop()
		if err := <-done; err != nil {
			b.Error(err)
		}
	})
	return s.Running()
}

// A target is one way to the upstream.
type target struct {
	name, url string
	// through makes a client that goes this way, with connections of its own;
	// nil: the URL is enough.
	through func() *http.Client
}

func (t target) client() *http.Client {
	if t.through == nil {
		return &http.Client{Transport: transport()}
	}
	return t.through()
}

// clients makes a client for each way.
func clients(ways []target) []*http.Client {
	all := make([]*http.Client, len(ways))
	for i, t := range ways {
		all[i] = t.client()
	}
	return all
}

// relaying are the ways that only pass calls on: direct first, the bare
// ReverseProxy second.
func relaying(b *testing.B) []target {
	b.Helper()
	up := upstream(b)
	to, err := url.Parse(up.URL)
	if err != nil {
		b.Fatal(err)
	}
	return []target{
		{name: "direct", url: up.URL},
		{name: "ReverseProxy", url: bareReverseProxy(b, to)},
		{name: "goproxy", url: bareGoproxy(b, to)},
		off(b, up.URL),
	}
}

// observing are the ways that measure: direct first, sampling off second. They
// are timed apart from the others, for what they do behind a call takes the
// processor from the next.
func observing(b *testing.B) []target {
	b.Helper()
	up := upstream(b)
	return []target{
		{name: "direct", url: up.URL},
		off(b, up.URL),
		{name: "hotmess observe, auto", url: hotmess(b, up.URL, func(*config.Config) {})},
		{name: "hotmess observe, N=5", url: hotmess(b, up.URL, fiveSamples)},
	}
}

// fiveSamples measures every request.
func fiveSamples(c *config.Config) { c.Sampling.Samples, c.Sampling.Rate = 5, config.Rate{Share: 1} }

// unsampled turns sampling off.
func unsampled(c *config.Config) { c.Sampling.Mode = config.Off }

// off is a sidecar with sampling off.
func off(b *testing.B, up string) target {
	b.Helper()
	return target{name: "hotmess off", url: hotmess(b, up, unsampled)}
}

// call makes one request and returns the time to the first byte of the body
// and to its end.
func call(client *http.Client, t target, body []byte) (first, whole time.Duration, err error) {
	began := time.Now()
	res, err := client.Post(t.url+"/v1/chat/completions", "application/json", bytes.NewReader(body))
	if err != nil {
		return 0, 0, err
	}
	defer res.Body.Close()
	one := make([]byte, 1)
	if _, err := io.ReadFull(res.Body, one); err != nil {
		return 0, 0, err
	}
	first = time.Since(began)
	_, err = io.Copy(io.Discard, res.Body)
	return first, time.Since(began), err
}

// request is a body of the given size.
func request(stream bool, size int) []byte {
	head := fmt.Sprintf(`{"stream":%t,"model":"m","messages":[{"role":"user","content":"`, stream)
	return []byte(head + strings.Repeat("x", max(0, size-len(head)-4)) + `"}]}`)
}

// BenchmarkAdded prints what each way adds to a direct call at one connection:
// the median over interleaved rounds, and its ratio to the bare ReverseProxy's.
func BenchmarkAdded(b *testing.B) { added(b, relaying(b)) }

// BenchmarkAddedObserving is BenchmarkAdded for the ways that measure; ratios
// are to sampling off. Calls follow each other without a pause, so what is done
// behind one call counts against the next: the worst case.
func BenchmarkAddedObserving(b *testing.B) { added(b, observing(b)) }

func added(b *testing.B, ways []target) {
	b.Helper()
	for _, c := range []struct {
		name   string
		body   []byte
		rounds int
	}{
		{"unary 100 B", request(false, 100), 3000},
		{"unary 200 kB", request(false, 200<<10), 500},
		{"unary 1 MiB", request(false, 1<<20), 150},
		{"unary 8 MiB", request(false, 8<<20), 30},
		{"stream 50 events", request(true, 100), 1000},
	} {
		b.Run(c.name, func(b *testing.B) {
			for b.Loop() {
				printAdded(b, ways, c.body, c.rounds)
			}
		})
	}
}

// printAdded measures and prints one table. Ratios are to the second way.
func printAdded(b *testing.B, ways []target, body []byte, rounds int) {
	b.Helper()
	by := clients(ways)
	firsts, wholes := make([][]time.Duration, len(ways)), make([][]time.Duration, len(ways))
	for range rounds {
		// Each round has an order of its own, for a call is not free of what
		// the one before it left running.
		for _, i := range rand.Perm(len(ways)) {
			t := ways[i]
			first, whole, err := call(by[i], t, body)
			if err != nil {
				b.Fatal(t.name, err)
			}
			firsts[i], wholes[i] = append(firsts[i], first), append(wholes[i], whole)
		}
	}
	bareFirst, bareWhole := median(firsts[1])-median(firsts[0]), median(wholes[1])-median(wholes[0])
	for i, t := range ways {
		first, whole := median(firsts[i])-median(firsts[0]), median(wholes[i])-median(wholes[0])
		fmt.Printf("%-22s first byte +%-10s (%.2f×)  whole +%-10s (%.2f×)  p99 %s\n", t.name,
			first.Round(100*time.Nanosecond), ratio(first, bareFirst), whole.Round(100*time.Nanosecond), ratio(whole, bareWhole),
			quantile(wholes[i], 0.99).Round(time.Microsecond))
	}
}

func ratio(a, b time.Duration) float64 { return float64(a) / float64(b) }

func median(d []time.Duration) time.Duration { return quantile(d, 0.5) }

func quantile(d []time.Duration, q float64) time.Duration {
	sorted := slices.SortedFunc(slices.Values(d), cmp.Compare)
	return sorted[int(q*float64(len(sorted)-1))]
}

// BenchmarkThroughput prints the requests a second of each way at 64
// connections, in interleaved rounds, and the ratio to the bare ReverseProxy's.
func BenchmarkThroughput(b *testing.B) { printThroughput(b, relaying(b)) }

// BenchmarkThroughputObserving is BenchmarkThroughput for the ways that
// measure; ratios are to sampling off.
func BenchmarkThroughputObserving(b *testing.B) { printThroughput(b, observing(b)) }

func printThroughput(b *testing.B, ways []target) {
	b.Helper()
	body := request(false, 100)
	for b.Loop() {
		rates := make([][]float64, len(ways))
		for range 5 {
			for _, i := range rand.Perm(len(ways)) {
				rates[i] = append(rates[i], throughput(b, ways[i], body))
			}
		}
		for i, t := range ways {
			slices.Sort(rates[i])
			slices.Sort(rates[1])
			fmt.Printf("%-22s %8.0f requests/s (%.2f×)\n", t.name, rates[i][2], rates[i][2]/rates[1][2])
		}
	}
}

// throughput runs 64 connections for half a second.
func throughput(b *testing.B, t target, body []byte) float64 {
	b.Helper()
	client := t.client()
	defer client.CloseIdleConnections()
	runtime.GC()
	var calls, failed atomic.Int64
	began := time.Now()
	var all sync.WaitGroup
	for range 64 {
		all.Go(func() {
			for time.Since(began) < 500*time.Millisecond {
				if _, _, err := call(client, t, body); err != nil {
					failed.Add(1)
				}
				calls.Add(1)
			}
		})
	}
	all.Wait()
	if n := failed.Load(); n > 0 {
		b.Errorf("%s: %d of %d calls failed", t.name, n, calls.Load())
	}
	return float64(calls.Load()) / time.Since(began).Seconds()
}

// BenchmarkPacedStream prints the time to the first event and the time between
// events of a stream that takes 0.1 s, as models' do: there is time for the
// extras behind it.
func BenchmarkPacedStream(b *testing.B) { printPaced(b, observing(b)) }

func printPaced(b *testing.B, ways []target) {
	b.Helper()
	by := clients(ways)
	body := []byte(`{"stream":true,"model":"m","messages":[{"role":"user","content":"paced"}]}`)
	for b.Loop() {
		firsts, gaps := make([][]time.Duration, len(ways)), make([][]time.Duration, len(ways))
		for range 60 {
			for _, i := range rand.Perm(len(ways)) {
				first, between := events(b, by[i], ways[i], body)
				firsts[i], gaps[i] = append(firsts[i], first), append(gaps[i], between...)
			}
		}
		for i, t := range ways {
			fmt.Printf("%-22s first event p50 %-9s p99 %-9s  between events p50 %-9s p99 %s\n", t.name,
				quantile(firsts[i], 0.5).Round(time.Microsecond), quantile(firsts[i], 0.99).Round(time.Microsecond),
				quantile(gaps[i], 0.5).Round(time.Microsecond), quantile(gaps[i], 0.99).Round(time.Microsecond))
		}
	}
}

// events makes one streamed call and returns the time to its first event and
// the times between the others.
func events(b *testing.B, client *http.Client, t target, body []byte) (first time.Duration, between []time.Duration) {
	b.Helper()
	began := time.Now()
	res, err := client.Post(t.url+"/v1/chat/completions", "application/json", bytes.NewReader(body))
	if err != nil {
		b.Fatal(t.name, err)
	}
	defer res.Body.Close()
	last := began
	lines := bufio.NewScanner(res.Body)
	for lines.Scan() {
		if !bytes.HasPrefix(lines.Bytes(), []byte("data:")) {
			continue
		}
		now := time.Now()
		if last.Equal(began) {
			first = now.Sub(began)
		} else {
			between = append(between, now.Sub(last))
		}
		last = now
	}
	return first, between
}
