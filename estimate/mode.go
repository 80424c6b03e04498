package estimate

// modes lists the classes with the most samples, and how many those are.
func modes(counts []int) (classes []int, most int) {
	for c, n := range counts {
		switch {
		case n == 0 || n < most:
		case n > most:
			most, classes = n, []int{c}
		default:
			classes = append(classes, c)
		}
	}
	return classes, most
}

// ZeroOne is the 0/1 decomposition of one question (paper eq. 4, Domingos
// 2000): bias is 1 if the mode is wrong, and bias + variance is the share of
// samples that are wrong. With the mode right, variance is 1 − p_mode; with
// the mode wrong it lowers the error and is −p_right, which is a·(1 − p_mode)
// with a = −p_right/(1 − p_mode): the paper's a = −1 holds for two classes
// only. Several modes count in equal parts. Since a belongs to the question,
// there is no 0/1 incoherence. ok is false without a sample.
func ZeroOne(counts []int, right int) (bias, variance float64, ok bool) {
	c := Counts{N: counts, Right: right}
	share, ok := c.Accuracy()
	if !ok {
		return 0, 0, false
	}
	bias = 1 - modeRight(c)
	return bias, 1 - share - bias, true
}

// modeRight is the probability that the mode, drawn among equals, is right.
func modeRight(c Counts) float64 {
	tied, most := modes(c.N)
	if c.Right < 0 || most == 0 || c.N[c.Right] != most {
		return 0
	}
	return 1 / float64(len(tied))
}

// KL is the paper's main form for answers that are one class with certainty
// (paper eq. 1), to the leading order in L = −ln d and in units of it:
//
//	err = 1 − p_right,  bias2 = p_mode − p_right,  variance = 1 − p_mode.
//
// Incoherence in this form is Σ variance / Σ err: the runs that leave the
// mode over those that miss the right class. 1 − p_mode is biased low at small
// N, so this form is for comparison with the paper at N ≥ 30. Tests hold it
// to the definition with all small terms.
func KL(counts []int, right int) (err, bias2, variance float64, ok bool) {
	c := Counts{N: counts, Right: right}
	share, ok := c.Accuracy()
	if !ok {
		return 0, 0, 0, false
	}
	n, _ := total(counts)
	_, most := modes(counts)
	mode := float64(most) / float64(n)
	return 1 - share, mode - share, 1 - mode, true
}
