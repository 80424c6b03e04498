package alerts

import "fmt"

// splitWording is that of split_decision.
func splitWording() wording {
	return wording{
		holds: onRoute("samples do not agree on an action that cannot be undone"),
		over:  onRoute("no action without a quorum any more in that conversation"),
		seen: func(a Alert) string {
			votes, hasVotes := a.Evidence.number("votes")
			agreed, hasAgreed := a.Evidence.number("agreed")
			if !hasVotes || !hasAgreed {
				return details(a.Evidence)
			}
			text := fmt.Sprintf("%.0f of %.0f samples propose what the reply does", agreed, votes)
			if rule := a.Evidence.word("guard"); rule != "" {
				text += ", which rule " + rule + " guards"
			}
			text += "."
			if argument := a.Evidence.word("argument"); argument != "" {
				text += " They differ in " + argument + "."
			}
			return spaced(text, became(a))
		},
		next: fixed("look at what the agent was about to do before it is done, or at what it did. Agreement would show that the model is sure, not that it is right."),
	}
}

// blindWording is that of guard_blind.
func blindWording() wording {
	return wording{
		holds: func(a Alert) string {
			if votes, ok := a.Evidence.number("votes"); ok && votes == 0 {
				return onRoute("an action that cannot be undone may have been proposed, and nobody could see it")(a)
			}
			return onRoute("an action that cannot be undone was proposed and no quorum could be asked for")(a)
		},
		over: onRoute("no action without a chance of a quorum any more in that conversation"),
		seen: func(a Alert) string {
			reason := a.Evidence.word("reason")
			if reason == "" {
				return details(a.Evidence)
			}
			text := "Its quorum is missing for the reason " + reason + "."
			if rule := a.Evidence.word("guard"); rule != "" {
				text = "Rule " + rule + " guards it; its quorum is missing for the reason " + reason + "."
			}
			return spaced(text, became(a))
		},
		next: func(a Alert) string {
			if a.Evidence.word("outcome") == "refused" {
				return "look at what the agent was about to do, and see to it that samples can be asked for."
			}
			return "look at what the agent did; " + sight(a.Evidence.word("reason")) + "."
		},
	}
}

// sight is what lets a guard see, by the reason why it did not.
func sight(reason string) string {
	const refuse = ", or let them refuse with on_failure: refuse"
	switch reason {
	case "too_big":
		return "raise limits.body for guards to see all" + refuse
	case "memory":
		return "raise limits.held for guards to see all" + refuse
	case "malformed", "duplicate_key", "encoding", "unreadable":
		return "see why guards cannot read the request or its reply" + refuse
	case "background":
		return "send requests that guards are to see without background"
	}
	return "give guards a budget" + refuse
}

// became says what became of the reply.
func became(a Alert) string {
	switch a.Evidence.word("outcome") {
	case "delivered", "released":
		return "The reply was delivered."
	case "refused":
		return "The reply was refused."
	case "replaced":
		return "Another sample was delivered in its place."
	}
	return ""
}
