// Package report says offline what was recorded: repeated samples of
// questions, runs of agents, observations of a sidecar and their labels go in,
// tables and figures come out.
//
//	Read ──▶ Data ──▶ New ──▶ Report ──▶ Text, JSON, HTML
//
// Reading goes line by line; a broken line is counted and named, and the rest
// is used. Memory is bounded (see data.go); what exceeds it ends with an error.
//
// Nothing is estimated here: all formulas are in estimate, which live figures
// use, too (ADR 0013), and labels are graded by monitor. What is here is which
// samples go into which figure. Sections are made once (Sections) and written
// in two forms, as text and as a page with figures.
//
// The question is the unit: every interval of a data set is over questions. In
// observations the conversation is. A figure that cannot be computed is absent
// and says why.
package report
