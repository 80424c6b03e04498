package alerts

// The terms of a labelled error, as Detail names the one that rose.
const (
	biasRose     = "bias2"
	varianceRose = "variance"
)

// errorWording is that of error_rising.
func errorWording() wording {
	return wording{
		holds: onRoute("labelled error rose above its baseline"),
		over:  onRoute("labelled error is back at its baseline"),
		seen:  func(a Alert) string { return spaced(terms(a.Evidence), learned(a, "error")) },
		next:  remedy,
	}
}

// varianceWording is that of variance_high.
func varianceWording() wording {
	return wording{
		holds: onRoute("labelled variance rose above its baseline"),
		over:  onRoute("labelled variance is back at its baseline"),
		seen: func(a Alert) string {
			return spaced("Replies to one request are right and wrong by turns more often than before.", learned(a, "variance"))
		},
		next: fixed(forVariance),
	}
}

// rose is the term of the error that most of its rise is; empty if that is not
// known.
func rose(e Evidence) string { return e.word("onset_term") }

func terms(e Evidence) string {
	switch rose(e) {
	case biasRose:
		return "What rose is bias²: replies are consistently wrong."
	case varianceRose:
		return "What rose is variance: replies to one request are right and wrong by turns."
	}
	return "Which term of the error rose is not known yet."
}

// forVariance is what helps against variance.
const forVariance = "let this route vote (sampling.mode: ensemble), and shorten reasoning and history."

func remedy(a Alert) string {
	switch rose(a.Evidence) {
	case biasRose:
		return "look for a wrong goal, a hacked reward or a bad prompt; votes do not help."
	case varianceRose:
		return forVariance
	}
	return "label some more requests; more labels tell whether votes would help."
}
