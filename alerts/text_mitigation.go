package alerts

import "fmt"

// The stages of a mitigation, which are strata of its alert.
const (
	// StageVoting: all conversations of the route vote.
	StageVoting = "voting"
	// StageHalf: a random half of them steps back, and is compared.
	StageHalf = "half"
)

// mitigationWording is that of mitigation.
func mitigationWording() wording {
	return wording{
		holds: func(a Alert) string {
			if a.Labels["stratum"] == StageHalf {
				return onRoute("half of the conversations vote, to see whether they still have to,")(a)
			}
			return onRoute("requests vote because an alert fires")(a)
		},
		over: func(a Alert) string {
			if a.Labels["stratum"] == StageHalf {
				return onRoute("the trial with half of the conversations is over")(a)
			}
			return onRoute("not all requests vote any more")(a)
		},
		seen: mitigationSeen,
		next: fixed("look for the cause of the alert; votes lessen variance and cost extras, within the budget. To end them, take mitigate out of the rule and reload."),
	}
}

// mitigationSeen says why the route votes and for how long.
func mitigationSeen(a Alert) string {
	e := a.Evidence
	text := fmt.Sprintf("Since %s, for %s.", shown(e.Detail["entered"]), shown(e.Detail["rules"]))
	stay, ok := e.number("stay_seconds")
	if !ok {
		return details(e)
	}
	text += fmt.Sprintf(" All of it votes for at least %.0f min", stay/60)
	text += "; then half of the conversations step back and are compared."
	if returns, _ := e.number("returns"); returns > 0 {
		text += fmt.Sprintf(" Returns within a day: %.0f.", returns)
	}
	return text
}
