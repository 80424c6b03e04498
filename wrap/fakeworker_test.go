package wrap

import (
	"encoding/json"
	"flag"
	"fmt"
	"hash/fnv"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"sync/atomic"
	"syscall"
	"time"

	"hotmess/config"
)

// A fake is a worker without LLMs: it answers traffic with the path it was asked
// for and counts it.
type fake struct {
	running  config.Running
	requests atomic.Int64
	leases   chan int
}

// fakeWorker runs a fake until its leases are gone or it is told to stop.
func fakeWorker(args []string) int {
	fs := flag.NewFlagSet("serve", flag.ExitOnError)
	dir := fs.String("dir", "", "")
	listen := fs.String("listen", "", "")
	admin := fs.String("admin", "", "")
	fs.Bool("leased", false, "")
	crash := fs.Bool("crash", false, "")
	refuse := fs.Bool("refuse", false, "")
	_ = fs.Parse(args)
	switch {
	case *crash:
		return 2
	case *refuse:
		fmt.Fprintln(os.Stderr, "config: sampling.rate is wrong")
		return 1
	}
	traffic, err := net.Listen("tcp", *listen)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	people, err := net.Listen("tcp", *admin)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return newFake(traffic, people).serve(*dir, traffic, people)
}

func newFake(traffic, people net.Listener) *fake {
	return &fake{leases: make(chan int), running: config.Running{
		PID: os.Getpid(), Instance: fmt.Sprint("fake-", os.Getpid()),
		Listen: traffic.Addr().String(), Admin: people.Addr().String(),
		Upstreams: map[string]string{"corp": "https://llm.corp.example/v1"},
	}}
}

func (f *fake) serve(dir string, traffic, people net.Listener) int {
	signals := make(chan os.Signal, 4)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP)
	go func() { _ = http.Serve(traffic, http.HandlerFunc(f.echo)) }()
	go func() { _ = http.Serve(people, f.admin()) }()
	if err := config.WriteRunning(dir, f.running); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	fmt.Println("worker ready on", f.running.Listen)
	held := 0
	grace := time.NewTimer(10 * time.Second)
	for {
		select {
		case n := <-f.leases:
			held += n
			grace.Stop()
			if held == 0 {
				grace.Reset(300 * time.Millisecond)
			}
		case <-grace.C:
			return 0
		case sig := <-signals:
			fmt.Println("worker got", sig)
			if sig != syscall.SIGHUP {
				return 0
			}
		}
	}
}

func (f *fake) echo(w http.ResponseWriter, r *http.Request) {
	f.requests.Add(1)
	fmt.Fprintln(w, r.URL.Path)
}

func (f *fake) admin() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /livez", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(w, `{"status":"ok","instance":%q}`, f.running.Instance)
	})
	mux.HandleFunc("GET /api/v1/lease", f.lease)
	mux.HandleFunc("POST /api/v1/upstreams", func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		h := fnv.New32()
		h.Write(b)
		fmt.Fprintf(w, `{"name":"env-%06x"}`, h.Sum32()&0xffffff)
	})
	mux.HandleFunc("GET /api/v1/summary", func(w http.ResponseWriter, _ *http.Request) {
		_ = json.NewEncoder(w).Encode(Summary{Requests: f.requests.Load()})
	})
	return mux
}

func (f *fake) lease(w http.ResponseWriter, r *http.Request) {
	f.leases <- 1
	w.WriteHeader(http.StatusOK)
	w.(http.Flusher).Flush()
	<-r.Context().Done()
	f.leases <- -1
}
