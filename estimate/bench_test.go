package estimate_test

import (
	"testing"

	"hotmess/estimate"
)

// BenchmarkVoteCurve is the worst that reports meet: a hundred samples, most
// with an answer of their own.
func BenchmarkVoteCurve(b *testing.B) {
	q := estimate.Counts{N: []int{20, 8, 7, 5}, Right: 0}
	for range 60 {
		q.N = append(q.N, 1)
	}
	for b.Loop() {
		estimate.VoteCurve([]estimate.Counts{q}, []int{1, 2, 4, 8, 16, 32}, false)
	}
}

func BenchmarkSketchAdd(b *testing.B) {
	var s estimate.Sketch
	for i := 0; b.Loop(); i++ {
		s.Add(i * 7919 % 100_000)
	}
}
