// Package demo is the tour: a simulated model, a small agent with tools, and
// the real sidecar between them, in one process.
//
//	agents ──▶ sidecar ──▶ simulated model (turns incoherent half way)
//	              └──▶ NATS ──▶ watch, printed beside what is true
//
// At the end one more agent cleans up: some of its deletions are wrong, and a guard
// rule holds them all until other samples propose the same.
//
// Nothing in it stands in for a part of hotmess: rules, estimators, ports and
// subjects are the product's own. What it changes is said on its first lines:
// time runs 60 times faster, so that a minute of traffic takes a second, and
// the budget is as much larger; one rule gets a threshold; every request is
// measured.
//
// The model is simulated, and so are its figures. It is made to err more once
// its own errors stand in the conversation (Sinha et al., arXiv 2509.09677),
// which is why voting, by keeping them out, brings the disagreement down as
// well as the error.
//
// # Testing
//
// One test runs the whole tour and reads what it prints.
package demo
