package estimate

import (
	"math"
	"math/rand/v2"
	"testing"
)

func TestWithinShareFromSumsIsWithinShare(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	var questions []Counts
	var s WithinSums
	for range 60 {
		right := rng.IntN(6)
		c := Counts{N: []int{right, 5 - right}, Right: 0}
		questions = append(questions, c)
		p, v, ok := c.Within()
		if !ok {
			t.Fatal("five samples are enough")
		}
		s.N, s.P, s.V, s.G = s.N+1, s.P+p, s.V+v, s.G+1
		s.NN, s.NP, s.NV = s.NN+1, s.NP+p, s.NV+v
		s.PP, s.PV, s.VV = s.PP+p*p, s.PV+p*v, s.VV+v*v
	}
	want, got := WithinShare(questions), WithinShareFromSums(s, MinClusters)
	for _, pair := range [][2]*float64{{want.Value, got.Value}, {want.Low, got.Low}, {want.High, got.High}} {
		if pair[0] == nil || pair[1] == nil || math.Abs(*pair[0]-*pair[1]) > 1e-9 {
			t.Fatalf("got %+v, want %+v", got, want)
		}
	}
}

func TestWithinShareOfOneOutcomeIsAbsent(t *testing.T) {
	s := WithinSums{N: 20, P: 20, NN: 20, NP: 20, PP: 20, G: 20}
	if f := WithinShareFromSums(s, MinClusters); f.Value != nil || f.Absent != AbsentZero {
		t.Errorf("%+v", f)
	}
	if f := WithinShareFromSums(WithinSums{}, MinClusters); f.Absent != AbsentNone {
		t.Errorf("%+v", f)
	}
}
