package detect

import "math"

const (
	// BoundAlpha is the probability that the bound ever exceeds the truth.
	BoundAlpha = 0.05
	// boundGrid is the number of hypotheses m = 0.01, 0.02 … 0.99.
	boundGrid = 99
	// boundBets is the number of bets made against each of them.
	boundBets = 4
	// boundCap is the most that one component is worth. At boundBets/α a
	// single component lifts the mean over all bets to 1/α, so the cap cannot
	// change when E first crosses.
	boundCap = boundBets / BoundAlpha
)

// A Bound is an anytime-valid lower confidence bound of the mean of a
// sequence of values in [0, 1], one for each conversation: it may be looked
// at after every value, as often as one likes, and is above the truth with
// probability at most α over the whole life of the series.
//
// For every m of a grid it bets against H0(m): E[x_t | past] ≤ m for all t.
// No independence is asked for. With bets c, the wealth factor of one value is
// 1 + c(x/m − 1), whose mean is at most 1 under H0(m) and which is never below
// 1 − c. The change may come at any time, so the stake is spread over all start
// times with weights w_t = 1/(t(t+1)), which sum to 1:
//
//	M_c ← (M_c + w_t)·(1 + c(x_t/m − 1)),   E(m) = mean over c of M_c.
//
// E plus the stake not yet placed is a nonnegative supermartingale that starts
// at 1, so P(E ever ≥ 1/α | H0(m)) ≤ α (Ville). Every factor falls with m,
// hence so does E, and the bound is the largest m with E(m) ≥ 1/α.
//
// Each M_c is capped at boundCap. Capping only takes wealth away, so it stays a
// supermartingale; it lets the bound come down within a few conversations
// after the disagreement has, instead of having to lose all it ever won.
//
// The weights are never restarted. A restart after an alarm would react to
// the next change sooner by 2 ln(t/t′) nats (6 nats from t = 1000 to t′ = 50),
// but each restart has an α of its own: the promise would hold per episode
// and no longer for the life of the series.
type Bound struct {
	units  int64
	wealth [boundGrid][boundBets]float64
	// lower is how many hypotheses, from the smallest m, are rejected.
	lower int
}

// NewBound makes a bound that has seen nothing.
func NewBound() *Bound { return &Bound{} }

// bets are the shares of wealth that are staked. No bet suits every change.
func bets() [boundBets]float64 { return [boundBets]float64{0.1, 0.2, 0.35, 0.6} }

// hypothesis is the k-th m of the grid.
func hypothesis(k int) float64 { return float64(k+1) / (boundGrid + 1) }

// Take adds the value of one more conversation, in [0, 1].
func (b *Bound) Take(x float64) {
	if math.IsNaN(x) {
		return
	}
	x = math.Min(1, math.Max(0, x))
	b.units++
	stake := 1 / (float64(b.units) * (float64(b.units) + 1))
	for k := range b.wealth {
		m := hypothesis(k)
		for i, c := range bets() {
			grown := (b.wealth[k][i] + stake) * (1 + c*(x/m-1))
			b.wealth[k][i] = math.Min(boundCap, grown)
		}
	}
	b.lower = b.rejected()
}

// rejected counts the hypotheses with E(m) ≥ 1/α.
func (b *Bound) rejected() int {
	for k := range b.wealth {
		if b.evidence(k) < 1/BoundAlpha {
			return k
		}
	}
	return boundGrid
}

// evidence is E of the k-th hypothesis.
func (b *Bound) evidence(k int) float64 {
	total := 0.0
	for _, w := range b.wealth[k] {
		total += w
	}
	return total / boundBets
}

// Value is the lower bound; ok is false while there is none.
func (b *Bound) Value() (m float64, ok bool) {
	if b.lower == 0 {
		return 0, false
	}
	return hypothesis(b.lower - 1), true
}

// Units is how many values it has taken.
func (b *Bound) Units() int64 { return b.units }

// A BoundState is the snapshot of a bound. JSON keeps float64 exactly.
type BoundState struct {
	Units  int64                         `json:"units"`
	Wealth [boundGrid][boundBets]float64 `json:"wealth"`
}

// State is the snapshot.
func (b *Bound) State() *BoundState {
	return &BoundState{Units: b.units, Wealth: b.wealth}
}

// RestoreBound is the inverse of State. Wealth that no bound can have makes it
// start anew: a bound must not alarm on what it did not see.
func RestoreBound(st *BoundState) *Bound {
	if st == nil || st.Units < 0 {
		return NewBound()
	}
	for _, row := range st.Wealth {
		for _, w := range row {
			if !(w >= 0 && w <= boundCap) {
				return NewBound()
			}
		}
	}
	b := &Bound{units: st.Units, wealth: st.Wealth}
	b.lower = b.rejected()
	return b
}
