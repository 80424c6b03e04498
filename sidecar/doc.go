// Package sidecar puts the rooms together: it builds the line from its end to
// its beginning, runs it, and stops it from its beginning to its end.
//
//	traffic ──▶ proxy ──▶ monitor ──▶ alerts ──▶ bus
//	              │          └──▶ admin
//	              └──▶ outer proxy, if there is one ──▶ upstreams, tunnels
//
// Building binds every port and opens every file, so that what is wrong is
// said at once and nothing is left half started. Stopping follows the data: no
// new requests, then the extras, then the monitor with its snapshot, then the
// alerts, then the bus with what it has queued, last the admin port.
package sidecar
