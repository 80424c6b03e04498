// Package bench holds the benchmarks that compare hotmess with what it is
// measured against: a direct call, the bare ReverseProxy of the standard
// library, a bare goproxy, and goproxy's own way of opening TLS. All run in one
// process, in turn, so that ratios can be read off one run; absolute figures
// belong to the machine.
//
//	go test -run '^$' -bench . -benchtime 1x ./bench
//
//	Added, Throughput, PacedStream     by base URL
//	Forward…                           by proxy, TLS opened; HTTP/1.1 and HTTP/2
//	FirstConnect, Tunnel               CONNECT by itself, blind tunnels
//	Dialects                           what reading costs, by dialect
package bench
