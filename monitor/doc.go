// Package monitor is the memory across requests: what was observed goes in,
// what can be said about a route comes out. It does no I/O on the request
// path.
//
//	Observe ──▶ queue ──▶ Run ──▶ windows, conversations, bounds ──▶ Routes, Readings, WriteMetrics
//	Arrived, Passed, Learn ──▶ counters that guard themselves; Gate ──▶ budget
//	Label ──▶ memory or archive ──▶ labelled windows ──▶ Routes, WriteMetrics
//	                        Run ──▶ snapshot file, every 30 s and at exit
//
// # Definitions
//
// A pair is samples 0 and 1, by launch number, of a request that was drawn
// beforehand; both ran to their end. The disagreement D = Σx/Σn is the share of
// pairs that differ. The conversation is the unit: intervals are robust
// against dependence within conversations (see interval), n is given as pairs
// and as conversations, and a figure that cannot be computed is absent with a
// reason. The bound that alerts rest on takes one value for each conversation
// (see unit) and holds whenever it is looked at (see room detect).
//
// Detectors of room detect, fed here (see detection), learn what a route does and tell
// when it does something else; docs/detection.md has what they promise. Routes
// that vote while an alert fires (see mitigation, trial) are in docs/cost.md.
//
// # Ownership
//
// The goroutine in Run is the only one that takes observations in. Windows,
// conversations, bounds and look-up are guarded by Monitor.mu, which it shares
// with readers and with Label, which works in the goroutine of who labels. On the
// request path only the first OutputP99 of a route waits for that lock. Names,
// arrivals, byte ratios and metrics have a lock each and never take another one while
// holding it; mitigated routes are read without any.
//
// # Bounds
//
// Memory is bounded whatever arrives: 200 routes (others are pooled as "other"
// and counted) of at most 24 series each; a series holds 138 buckets of 64
// bytes and, if it is a headline, a bound of 3 KiB; a route holds 138 buckets
// of four length histograms (480 bytes) and of traffic (216 bytes). Slots are
// allocated as they are used. That is 98 KiB for a route with full rings plus
// 12 KiB for each of its series: 34 MiB for 200 routes of six series. Curves of
// at most 64 headline series take 4 KiB for each of 78 buckets as a rule and 9 at
// worst, sketches of at most 64 routes 5 and 64. To that come 20,000 conversations
// of about 2 KiB, the latest 10,000 observations or 32 MiB, and a queue of 4,096
// observations. Labels add 256 labelled series of at most 160 KiB, curves of up to
// 64 of them, 20,000 labelled requests or 16 MiB, and as many bytes of labels that
// wait. Detection adds up to 35 KiB to a route, most of it while it learns, and
// 6 KiB to each of its headlines. 512 arguments, one more of each route and 24 series
// of free pairs of each take 100 to 450 bytes in each of 138 buckets. With 200 routes
// of all kinds, every bucket in use, all of it was 284 MiB.
//
// # What a crash loses
//
// Whatever was taken in since the last snapshot, at most 30 s, including spent
// budget of that time.
//
// # Testing
//
// Estimators are tested against closed forms and by simulation with correlated
// conversations, within derived tolerances. Clocks are injected; nothing sleeps.
package monitor
