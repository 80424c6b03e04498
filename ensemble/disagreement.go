package ensemble

// Disagreement is the share of unequal pairs among keys, 0..1:
//
//	D = 1 - Σ_c n_c (n_c - 1) / (N (N - 1))
//
// with n_c the number of keys of value c and N that of all keys. It is an
// unbiased estimate of 1 - Σ_c p_c², the probability that two samples of the
// request differ, for every N of at least 2. Below that there is no pair: ok is
// false.
func Disagreement(keys []string) (d float64, ok bool) {
	n := len(keys)
	if n < 2 {
		return 0, false
	}
	counts := make(map[string]int, n)
	equal := 0 // ordered pairs of equal keys
	for _, k := range keys {
		equal += 2 * counts[k]
		counts[k]++
	}
	return 1 - float64(equal)/float64(n*(n-1)), true
}
