// Package estimate holds the formulas: what is measured of a request or a
// question, and how sure one can be of a figure over many of them.
//
// It is a leaf of pure functions. Live measuring (monitor) and offline
// reports use the same ones, so a number on the page and a number in a report
// cannot differ by formula (ADR 0013). Nothing here reads a clock, logs, or
// keeps anything.
//
// Per question, from the counts of its answer classes: Disagreement, OneHot,
// Outcomes, Vectors, ZeroOne, KL. Scores are unbiased from two samples on and
// are never clipped, since clipping one by one biases their sum.
//
// Over questions: a Figure, which carries value, interval and n. A cluster is
// what is independent of others: a question in a report, a conversation live.
// RatioOf and ShareOf take cluster totals, RatioFromSums and ShareFromSums
// take sums over clusters that were merged before.
//
// What cannot be computed is absent and says why. A NaN or an infinity that
// comes in makes the figure absent; none ever comes out.
package estimate
