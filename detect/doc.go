// Package detect tells when a series has come above a level, or above what it used
// to be, while it is watched: every figure here may be looked at after every value,
// for as long as one likes.
//
//	value of a conversation ──▶ Bound     a lower bound of the mean, ever valid
//	                        ──▶ Detector  Baseline, then Wager: has the mean risen?
//	pair of a conversation  ──▶ Ranks     is this one extreme among those before it?
//
// # Promises
//
// A Bound is above the truth with probability BoundAlpha at most, over its whole life
// (ADR 7). A Detector raises at most one false alarm per K values, and L detectors
// whose threshold is K·L one per K conversations together (ADR 14). Of conversations
// that are alike, Ranks flag a share of RankLevel at most, however often one looks.
// None of it asks for independence of values; Ranks ask that conversations are
// exchangeable.
//
// # State
//
// They are values of one series, which their owner guards. Nothing reads a clock,
// logs or knows what is measured; times are given, and only told. The JSON of
// Detector, Ranks, Course and BoundState is that of snapshots: RestoreX takes over
// what can be one, and starts anew with what cannot.
//
// # Testing
//
// Promises are held by simulation with correlated conversations, within derived
// tolerances; tests with a breach in them show that it would be seen.
package detect
