package alerts

import (
	"fmt"
	"strings"
)

// annotate writes what a person reads. It speaks of disagreement: what is
// measured without labels is not incoherence.
func annotate(a Alert) map[string]string {
	return map[string]string{
		"summary":     summary(a),
		"description": strings.Join([]string{measured(a.Evidence), compared(a.Evidence), advice(a)}, " "),
	}
}

func summary(a Alert) string {
	route, threshold := a.Labels["route"], a.Evidence.Threshold
	switch {
	case a.Status == Pending:
		return fmt.Sprintf("disagreement above %g on %s, not yet for long", threshold, route)
	case a.Status == Firing:
		return fmt.Sprintf("disagreement above %g on %s", threshold, route)
	case a.Evidence.ResolvedBy == ruleRemoved:
		return fmt.Sprintf("no longer judged: the rule for %s was removed", route)
	default:
		return fmt.Sprintf("disagreement no longer above %g on %s", threshold, route)
	}
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
		percent(e.Disagreement), e.Pairs, e.Conversations, interval, percent(e.MeasuredShare))
}

func compared(e Evidence) string {
	if e.Bound == nil {
		return fmt.Sprintf("There is no lower bound to compare with the threshold %g.", e.Threshold)
	}
	side := "at or below"
	if *e.Bound > e.Threshold {
		side = "above"
	}
	return fmt.Sprintf("The anytime-valid lower bound (%s confidence, %d conversations) is %.2f, %s the threshold %g.",
		percent(e.BoundConfidence), e.BoundConversations, *e.Bound, side, e.Threshold)
}

func advice(a Alert) string {
	switch a.Status {
	case Pending:
		return "Next: wait; it fires if this holds."
	case Firing:
		return "Next: see at /api/v1/routes since when, undo what changed then, or let this route vote (sampling.mode: ensemble)."
	default:
		return "Next: nothing to do."
	}
}
