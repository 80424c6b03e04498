package alerts

import "fmt"

// highWording is that of disagreement_high.
func highWording() wording {
	return wording{
		holds: func(a Alert) string {
			return fmt.Sprintf("disagreement above %g on %s", threshold(a), a.Labels["route"])
		},
		over: func(a Alert) string {
			return fmt.Sprintf("disagreement no longer above %g on %s", threshold(a), a.Labels["route"])
		},
		seen: func(a Alert) string { return measured(a.Evidence) + " " + compared(a) },
		next: fixed("see at /api/v1/routes since when, undo what changed then, or let this route vote (sampling.mode: ensemble)."),
	}
}

// risingWording is that of disagreement_rising.
func risingWording() wording {
	return wording{
		holds: onRoute("disagreement rose above its baseline"),
		over:  onRoute("disagreement is back at its baseline"),
		seen:  func(a Alert) string { return measured(a.Evidence) + " " + learned(a, "disagreement") },
		next: func(a Alert) string {
			return fmt.Sprintf("undo what changed; let this route vote (sampling.mode: ensemble); or, if it was on purpose, hotmess baseline accept %s.", a.Labels["route"])
		},
	}
}

// threshold is that of a disagreement_high alert.
func threshold(a Alert) float64 {
	if a.Evidence.Threshold == nil {
		return 0
	}
	return *a.Evidence.Threshold
}

func measured(e Evidence) string {
	if e.Disagreement == nil {
		return "Nothing was measured in the last hour."
	}
	interval := "no interval yet"
	if e.DisagreementLow != nil {
		interval = fmt.Sprintf("95 %% interval %s to %s", percent(e.DisagreementLow), percent(e.DisagreementHigh))
	}
	return fmt.Sprintf("Over the last hour two samples of one request differed in %s of %d pairs from %d conversations (%s); %s of the drawn requests were measured.",
		percent(e.Disagreement), count(e.Pairs), count(e.Conversations), interval, percent(e.MeasuredShare))
}

func count(n *int) int {
	if n == nil {
		return 0
	}
	return *n
}

func compared(a Alert) string {
	e := a.Evidence
	if e.Bound == nil {
		return fmt.Sprintf("There is no lower bound to compare with the threshold %g.", threshold(a))
	}
	side := "at or below"
	if *e.Bound > threshold(a) {
		side = "above"
	}
	return fmt.Sprintf("The anytime-valid lower bound (%s confidence, %d conversations) is %.2f, %s the threshold %g.",
		percent(e.BoundConfidence), count(e.BoundConversations), *e.Bound, side, threshold(a))
}

// learned says what the detector of a route compares with, since when it is
// otherwise, and what such an alert promises. The rest is in the evidence.
func learned(a Alert, what string) string {
	e := a.Evidence
	base, hasBase := e.number("baseline")
	high, hasHigh := e.number("baseline_high")
	n, hasN := e.number("baseline_conversations")
	if !hasBase || !hasHigh || !hasN {
		return details(e)
	}
	text := fmt.Sprintf("The baseline %s is %.3g, at most %.3g, learnt from %.0f conversations.", what, base, high, n)
	if onset, ok := e.number("onset_mean"); ok {
		since, _ := e.number("onset_conversations")
		text = spaced(text, fmt.Sprintf("Since about %s it is %.3g, over %.0f conversations.", shown(e.Detail["onset_at"]), onset, since))
	}
	if k, ok := e.number("false_alarm_conversations"); ok {
		text = spaced(text, fmt.Sprintf("All such alerts of a sidecar are false at most once in %.0f conversations.", k))
	}
	return text
}
