// Package proxy owns the client's HTTP: it takes a request in, passes it on to
// its upstream, and chooses which reply goes back.
//
//	client ──▶ Server ──▶ Handler ──▶ ReverseProxy ──▶ upstream
//	             │           │             │ copy beside (observe)
//	             ▼           │             ▼
//	        blind tunnel     │          observer ──▶ wire ──▶ ensemble.Extras ──▶ monitor
//	                         └─ ensemble mode: the ReverseProxy's transport is a vote
//
// Server is the port, with both ways in: by base URL, and as a forward proxy
// that opens the TLS of upstreams and tunnels all else. One Handler serves both;
// a destination says what came of the way. There is one path for bytes:
// net/http/httputil.ReverseProxy. The three modes differ only in what is attached
// to it.
//
//   - off: nothing. The request is counted and timed.
//   - observe: both bodies are copied beside, into bounded spools, while they
//     pass. An observer goroutine reads the copies, runs the extras and hands
//     the observation on. It can fail, stall or panic without the client's
//     call noticing.
//   - ensemble: the request is read first; the transport of the ReverseProxy
//     is a vote that returns one whole recorded reply.
//
// A request is read before it is sent only where a configured route of its
// upstream is in ensemble mode, while a route votes for an alert, or where a guard
// rule holds replies: then a hold keeps what may have to wait from the client,
// while the observer sees the upstream's own reply. A quorum asks whether samples
// agree on what a reply proposes, before its delivery or beside it.
//
// Behind the reply, an observer also looks for signals: in the request's own
// history, against the schemas of its tools, and among the latest requests,
// whose bodies and texts are remembered as hashes alone.
//
// # Promises
//
// The request that leaves is the request that came, byte for byte, but for
// hop-by-hop headers, X-Hotmess-* headers and, by base URL, the upstream's own
// Host. Tunnels pass every byte, each direction by itself, without limits. The
// reply is the upstream's, plus X-Hotmess-* headers. A reply that breaks off
// breaks off for the client, after all that came of it. Nothing is retried. When
// the client hangs up, the primary is cancelled. What is done beside the call,
// in whichever goroutine, recovers from its own panics; each request is counted
// once, with the reason if it was not measured. All memory that bodies hold
// stands in one ledger and is back when the last observer has ended.
//
// # Testing
//
// Tests run the real handler against real servers on loopback; the promises of
// the design each have a test of that name.
package proxy
