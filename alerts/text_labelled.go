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
		seen:  func(a Alert) string { return spaced(terms(a.Evidence), learned(a, "variance")) },
		next:  remedy,
	}
}

// rose is the term of the error that rose most over its baseline, by its name or
// by the numbers; empty if that is not known.
func rose(e Evidence) string {
	if name, ok := e.Detail["rose"].(string); ok {
		return name
	}
	bias, hasBias := risen(e, biasRose)
	variance, hasVariance := risen(e, varianceRose)
	switch {
	case !hasBias || !hasVariance:
		return ""
	case bias > variance:
		return biasRose
	default:
		return varianceRose
	}
}

func risen(e Evidence, term string) (float64, bool) {
	now, ok := e.number(term)
	before, has := e.number("baseline_" + term)
	return now - before, ok && has
}

func terms(e Evidence) string {
	switch rose(e) {
	case biasRose:
		return "What rose is bias²: replies are consistently wrong."
	case varianceRose:
		return "What rose is variance: replies to one request are right and wrong by turns."
	}
	return "Which term of the error rose is not known yet."
}

func remedy(a Alert) string {
	switch rose(a.Evidence) {
	case biasRose:
		return "look for a wrong goal, a hacked reward or a bad prompt; votes do not help."
	case varianceRose:
		return "let this route vote (sampling.mode: ensemble), and shorten reasoning and history."
	}
	return "label some more requests; more labels tell whether votes would help."
}
