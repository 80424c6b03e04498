package alerts

import "fmt"

// modelWording is that of model_changed.
func modelWording() wording {
	return wording{
		holds: onRoute("another model answers"),
		over:  onRoute("the model has been the same for a while"),
		seen: func(a Alert) string {
			what, from, to := a.Evidence.word("what"), a.Evidence.word("from"), a.Evidence.word("to")
			if what == "" {
				return details(a.Evidence)
			}
			return fmt.Sprintf("As its replies say, %s, since %s.", change(Change{What: what, From: from, To: to}), shown(a.Evidence.Detail["since"]))
		},
		next: func(a Alert) string {
			return fmt.Sprintf("if it was on purpose, hotmess baseline accept %s; else name the version of the model that you want.", a.Labels["route"])
		},
	}
}

// starvedWording is that of sampling_starved.
func starvedWording() wording {
	return wording{
		holds: onRoute("less than half of what should be is measured"),
		over:  onRoute("at least half of what should be is measured again"),
		seen: func(a Alert) string {
			text := fmt.Sprintf("Of the requests that were drawn in the last hour %s were measured.", percent(a.Evidence.MeasuredShare))
			if reasons, ok := a.Evidence.Detail["reasons"].(string); ok {
				text = spaced(text, fmt.Sprintf("Why not: %s.", reasons))
			}
			return text
		},
		next: fixed("see the reasons in docs/traffic.md; the commonest are a spent budget and the provider's rate limit."),
	}
}

// failingWording is that of upstream_failing.
func failingWording() wording {
	return wording{
		holds: onRoute("the upstream fails"),
		over:  onRoute("the upstream answers again"),
		seen: func(a Alert) string {
			failed, hasFailed := a.Evidence.number("failed")
			requests, hasRequests := a.Evidence.number("requests")
			if !hasFailed || !hasRequests {
				return details(a.Evidence)
			}
			return fmt.Sprintf("Of the %.0f requests that ended in the last five minutes %.0f failed.", requests, failed)
		},
		next: fixed("see the provider's status; hotmess passes its errors on as they are."),
	}
}
