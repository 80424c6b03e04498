package sim

import "math/rand/v2"

// A deck deals the indices 0..n−1 in random order, again and again, such that
// any two cards dealt in a row differ and are evenly distributed over all
// ordered pairs of different indices.
//
// Within a round that holds for a random permutation. Between rounds: the
// first card of a round is swapped, if it repeats the last one, with one
// drawn from the others, which leaves it even over those.
type deck struct {
	cards []int
	next  int
}

// deal gives the next card of n; n must not change.
func (d *deck) deal(rng *rand.Rand, n int) int {
	if d.next == len(d.cards) {
		d.shuffle(rng, n)
	}
	card := d.cards[d.next]
	d.next++
	return card
}

func (d *deck) shuffle(rng *rand.Rand, n int) {
	last := -1
	if len(d.cards) > 0 {
		last = d.cards[len(d.cards)-1]
	}
	d.cards, d.next = rng.Perm(n), 0
	if d.cards[0] == last && n > 1 {
		other := 1 + rng.IntN(n-1)
		d.cards[0], d.cards[other] = d.cards[other], d.cards[0]
	}
}
