// Package backtest runs recorded observations through the rules of a
// configuration: what would have fired, how often the same traffic fires by
// chance, and which threshold keeps that rare.
//
//	files, or the store of a sidecar ──▶ Log ──▶ Run ──▶ Result ──▶ Print
//	                                            monitor.Replay, alerts.Rehearsal
//
// Labels in the log are taken in when they were given, those of the store with
// the observations.
//
// Nothing is computed here that a sidecar would compute otherwise: a fresh
// monitor takes the observations in order of time, and rules and lifecycles are
// those of alerts. They are judged once a minute of recorded time instead of
// once a second.
//
// A placebo is the same traffic with its conversations in another order: within
// each route, every conversation moves as a whole to the start of another one.
// What happened within conversations stays; what changed over time is gone. So
// whatever a statistical rule fires there is a false alarm.
package backtest
