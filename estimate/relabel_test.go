package estimate

import (
	"math"
	"math/rand/v2"
	"testing"
)

func clusters(values ...float64) []Pair {
	var all []Pair
	for _, v := range values {
		all = append(all, Pair{Num: v, Den: 1})
	}
	return all
}

// Of the 20 ways to put six clusters into two groups of three, one has all that
// differ in the second; of four with a single one that differs, half have it there.
func TestRelabelAgreesWithCountingTheDivisions(t *testing.T) {
	const shuffles = 20_000
	for _, c := range []struct {
		name          string
		first, second []Pair
		want          float64
	}{
		{"all against none", clusters(0, 0, 0), clusters(1, 1, 1), 1. / 20},
		{"none against all", clusters(1, 1, 1), clusters(0, 0, 0), 1},
		{"one of four", clusters(0, 0), clusters(1, 0), 1. / 2},
		{"one cluster in four is the second group", clusters(0, 0, 0), clusters(1), 1. / 4},
		{"no difference", clusters(.5, .5), clusters(.5, .5), 1},
		// Of 3 ways to choose the first of these, that with the large cluster makes
		// 0 against 2/2, the others 1/1 against 1/11.
		{"sizes count", []Pair{{0, 10}}, clusters(1, 1), 1. / 3},
	} {
		p, ok := Relabel(c.first, c.second, shuffles, 1)
		// Five standard errors of a share.
		if bound := 5*math.Sqrt(c.want*(1-c.want)/shuffles) + 1./shuffles; !ok || math.Abs(p-c.want) > bound {
			t.Errorf("%s: %g, %v, want %g", c.name, p, ok, c.want)
		}
	}
}

func TestRelabelRefusesWhatHasNoDifference(t *testing.T) {
	one := clusters(1)
	for name, c := range map[string]struct {
		first, second []Pair
		shuffles      int
	}{
		"no first":       {nil, one, 9},
		"no second":      {one, nil, 9},
		"no shuffle":     {one, one, 0},
		"no denominator": {one, []Pair{{1, 0}}, 9},
		"not finite":     {[]Pair{{math.NaN(), 1}}, one, 9},
	} {
		if p, ok := Relabel(c.first, c.second, c.shuffles, 1); ok {
			t.Errorf("%s: %g", name, p)
		}
	}
}

// TestRelabelKeepsItsLevel has groups of 10 and of 40 clusters that are alike, most
// of one pair that rarely differs and some of twenty. At .025 of 1,000 tests at most
// 41 may say otherwise: 25 and more than three standard errors.
func TestRelabelKeepsItsLevel(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 5))
	draw := func(n int) []Pair {
		var all []Pair
		for range n {
			c := Pair{Den: 1}
			if rng.IntN(5) == 0 {
				c.Den = 20
			}
			d := .1 * rng.Float64()
			for range int(c.Den) {
				if rng.Float64() < d {
					c.Num++
				}
			}
			all = append(all, c)
		}
		return all
	}
	said := 0
	for i := range 1000 {
		if p, _ := Relabel(draw(10), draw(40), 199, uint64(i)); p <= .025 {
			said++
		}
	}
	if said > 41 {
		t.Errorf("%d of 1000", said)
	}
}
