// Package alerts turns what monitor measures into alerts that somebody can
// rely on: rules judge readings, a lifecycle decides when that is worth
// saying, and what is said is stored before it is sent.
//
//	Source ──Readings──▶ Engine ──entry──▶ Bus.Run ──▶ HOTMESS_STATE
//	                      rules             (the one    HOTMESS_ALERTS_V1
//	                      life              goroutine)       │
//	monitor ──Observation─────bounded queue──▶ │             ▼
//	                                           └▶ HOTMESS_OBSERVATIONS_V1 ──▶ Watch, anyone
//
//	anyone ──hotmess.v1.labels──▶ TakeLabels ──▶ monitor ──accepted──▶ Bus.Run ──▶ HOTMESS_LABELS_V1
//
// A judging, inside the Engine, applies the rules and neither waits nor stores;
// a Rehearsal is one for backtests. Of disagreement_high it compares the bound
// with the user's threshold, of every other rule monitor says how it stands.
//
// # Promises
//
// An alert is raised once the state bucket has taken it, and from then on is
// not lost: its record holds the event, which is published after it and
// marked then. After a crash in between, the same event, with the same id,
// goes out again, and the stream knows it for 24 hours. Until the bucket has
// it, an event waits in memory and is tried again. Delivery is at least once,
// in the order of an alert's life.
//
// Missing data never ends an alert, except that of a conversation that has ended.
// A pending alert that clears is not published again: it is followed by firing
// within the rule's `for`, or by nothing. A firing alert is published again every
// repeat interval. One alert makes at most 12 changes an hour; what would be more is
// counted in the next event, and the alert stays firing meanwhile.
//
// Observations may be dropped, and are counted then. No method that the
// request path calls waits for NATS.
//
// # The bus
//
// The server is embedded, listens on loopback unless told otherwise, and asks
// every client for the NKEY whose seed is in nats.creds of the data directory:
// whoever may read that file may read the alerts. With the nats command:
//
//	nats --server nats://127.0.0.1:4143 --nkey DATA_DIR/nats.creds sub 'hotmess.v1.alerts.>'
//
// Events are CloudEvents 1.0 in structured JSON; the golden file in testdata
// is the contract. Alerts are kept for 90 days, observations for 14, or as
// long as nats.max_store lasts.
//
// # Testing
//
// The lifecycle, limiter and names are pure and tested as such, with a clock
// from outside. Everything that stores or sends is tested against a real
// embedded server on a free port, never a mock.
package alerts
