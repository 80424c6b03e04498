package alerts

import "fmt"

// conversationWording is that of conversation_incoherent, which goes by
// disagreement and has no labels to know better.
func conversationWording() wording {
	return wording{
		holds: onRoute("the samples of one conversation disagree more than those of nearly all before it"),
		over:  onRoute("the samples of that conversation no longer stand out"),
		seen: func(a Alert) string {
			text := "Its running disagreement stands out among those of the route's latest conversations."
			rank, hasRank := a.Evidence.number("rank")
			of, hasOf := a.Evidence.number("reference_conversations")
			if !hasRank || !hasOf {
				return spaced(text, details(a.Evidence))
			}
			text = fmt.Sprintf("Among the route's latest %.0f conversations its running disagreement ranks in the top %.2g %%.", of, 100*rank)
			differ, hasDiffer := a.Evidence.number("conversation_differ")
			pairs, hasPairs := a.Evidence.number("conversation_pairs")
			if !hasDiffer || !hasPairs {
				return text
			}
			return spaced(text, fmt.Sprintf("So far %.0f of its %.0f measured pairs differed.", differ, pairs))
		},
		next: fixed("look at what this agent is doing; stop it, or start it anew with a shorter history."),
	}
}

// repeatingWording is that of repeating.
func repeatingWording() wording {
	return wording{
		holds: func(a Alert) string {
			if n, ok := a.Evidence.number("repeated"); ok {
				return fmt.Sprintf("the same call was made %.0f times in one conversation on %s", n, a.Labels["route"])
			}
			return onRoute("the same call is made again and again in one conversation")(a)
		},
		over: onRoute("no call is repeated any more in that conversation"),
		seen: fixed("One call stands in the conversation again and again with the same arguments."),
		next: fixed("look at what the tool answers that call; stop the agent, or let the answer say what else to do."),
	}
}

// overthinkingWording is that of overthinking.
func overthinkingWording() wording {
	return wording{
		holds: onRoute("replies reason longer than their baseline"),
		over:  onRoute("replies reason as long as their baseline again"),
		seen: func(a Alert) string {
			return spaced("More replies than before reason beyond the length that one in ten used to.", learned(a, "share of long replies"))
		},
		next: func(a Alert) string {
			return fmt.Sprintf("undo what changed; lower the reasoning effort or budget; or, if it was on purpose, hotmess baseline accept %s.", a.Labels["route"])
		},
	}
}

// spaced joins sentences, of which the second may be empty.
func spaced(first, second string) string {
	if second == "" {
		return first
	}
	return first + " " + second
}
