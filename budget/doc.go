// Package budget decides whether an extra may run, and what it cost.
//
//	Ask ──▶ Gate.Enter ──▶ accounts: is there room for the worst case?
//	                       slots, throttle: is there room upstream?
//	        Settle     ──▶ accounts: the worst case gives way to what was used
//	Hear               ──▶ throttle: refusals and the user's own quota
//	Partial ──▶ Paces.Likely ──▶ what a call used that did not tell
//
// Extras spend somebody's money and share the quota of the user's own calls, which
// come first. So the worst case of an extra is reserved before it starts, in every
// budget that it counts in, and what it used takes its place after it. The primary
// never asks. Why it is so is in ADR 20; what a user sees of it, in docs/cost.md.
//
// # Units
//
// Tokens are counted by their weight at the price of fresh ones, money in 1e-9 USD:
// whole numbers, which merge exactly. Budgets of tokens run by UTC hours, those of
// money by UTC days.
//
// # Ownership
//
// Gate and Paces are safe for concurrent use and stand on the path of extras, never
// on that of the primary. Accounts, slots and paces have a lock each, and never take
// another one while holding it. All is bounded: 256 extras wait at most, 100
// upstreams are told apart, and accounts are those of configured routes. Routes of
// Paces are as many as the caller tells apart.
//
// # What a crash loses
//
// Nothing is written here: State and Restore are for who keeps the memory. A state
// counts what is reserved as spent, so that extras in flight at a crash are paid; what
// was spent since the last state is forgotten.
package budget
