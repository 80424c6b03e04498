package sim

import "slices"

// checkItems refuses what the real API refuses of the items that a client
// sends back: reasoning that was altered or is not known, items of different
// draws that are mixed, ids that come twice or are too long, calls without results
// and results without calls. Past items come from the server's own memory.
func (s *Server) checkItems(past, present []item) *failure {
	if fail := checkIDs(present); fail != nil {
		return fail
	}
	for n := range present {
		if present[n].Type != "reasoning" {
			continue
		}
		if fail := s.checkReasoning(&present[n]); fail != nil {
			return fail
		}
	}
	if fail := checkDraws(past, present); fail != nil {
		return fail
	}
	return checkCalls(slices.Concat(past, present))
}

// maxItemID bounds the id of an item, in bytes.
const maxItemID = 64

// checkIDs sees that no two items have one id.
func checkIDs(items []item) *failure {
	seen := map[string]bool{}
	for n, i := range items {
		switch {
		case len(i.ID) > maxItemID:
			return badRequest("input", "input[%d].id is longer than %d characters", n, maxItemID)
		case seen[i.ID]:
			return badRequest("input", "duplicate item with id '%s'", i.ID)
		}
		seen[i.ID] = i.ID != ""
	}
	return nil
}

// checkReasoning verifies the encrypted content of a reasoning item, or, if it
// has none, that the item is stored. Its id is set to the true one.
func (s *Server) checkReasoning(i *item) *failure {
	if i.Encrypted == "" {
		if _, ok := s.storedItem(i.ID); !ok {
			return itemNotFound(i.ID)
		}
		return nil
	}
	draw, ok := s.unseal(i.Encrypted, "reasoning")
	if !ok || (i.ID != "" && i.ID != reasoningID(draw)) {
		return &failure{kind: invalid, code: "invalid_encrypted_content", message: "encrypted content could not be verified"}
	}
	i.ID = reasoningID(draw)
	return nil
}

// checkDraws sees that reasoning and what it led to stay together.
func checkDraws(past, present []item) *failure {
	thought := map[string]bool{}
	for _, i := range past {
		if draw, ok := i.draw(); ok && i.Type == "reasoning" {
			thought[draw] = true
		}
	}
	for n, i := range present {
		draw, ok := i.draw()
		switch {
		case !ok:
		case i.Type == "reasoning":
			thought[draw] = true
			if !followed(draw, present[n+1:]) {
				return badRequest("input", "reasoning item '%s' came without the item that has to follow it", i.ID)
			}
		case i.isModels() && i.ID != "" && reasoned(draw) && !thought[draw]:
			return badRequest("input", "item '%s' of type '%s' came without its reasoning item '%s'", i.ID, i.Type, reasoningID(draw))
		}
	}
	return nil
}

// followed reports whether the next item is one of the same draw. A message
// need not have an id, by which it could be told.
func followed(draw string, rest []item) bool {
	if len(rest) == 0 || !rest[0].isModels() {
		return false
	}
	next, ok := rest[0].draw()
	return next == draw || (!ok && !rest[0].isCall())
}

// checkCalls sees that calls and results come in pairs, calls first.
func checkCalls(items []item) *failure {
	open := map[string]bool{}
	for _, i := range items {
		switch {
		case i.isCall():
			open[i.CallID] = true
		case i.isResult():
			if !open[i.CallID] {
				return badRequest("input", "no tool call found for the output with call_id '%s'", i.CallID)
			}
			open[i.CallID] = false
		}
	}
	for _, i := range items {
		if i.isCall() && open[i.CallID] {
			return badRequest("input", "no tool output found for the call '%s'", i.CallID)
		}
	}
	return nil
}
